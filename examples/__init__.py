"""Programs to copy and change: Dormouse beside the shops that there are."""
