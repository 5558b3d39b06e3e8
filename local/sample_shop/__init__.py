"""The sample shop of the demo: an outdoor outfitter, its goods, its customers and their stories."""
