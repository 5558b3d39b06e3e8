"""What the intake costs: events accepted a second, beside an intake that only inserts them."""
