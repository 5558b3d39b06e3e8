"""The customer driver: QA's way to walk a person through real journeys in virtual time."""
