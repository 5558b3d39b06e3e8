"""Journeys: one file each, told in the vocabulary of `journey.py`, listed in `catalogue.py`."""
