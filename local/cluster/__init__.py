"""A production-like installation on this machine: Temporal's own server in roles, PostgreSQL."""
