"""Everything on this machine: embedded Temporal, supervised processes, replay, the sample shop."""
