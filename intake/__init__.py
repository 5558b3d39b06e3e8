"""Taking in: who did it, what follows from it, and both in one transaction."""
