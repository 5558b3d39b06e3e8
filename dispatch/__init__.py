"""The way to Temporal: delivering starts and signals, and looking after single runs."""
