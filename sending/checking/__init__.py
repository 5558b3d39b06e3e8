"""What a mail must be to be worth receiving: rules, and what they find."""
