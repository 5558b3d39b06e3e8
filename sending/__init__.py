"""Channels (one file per provider: send, verify, parse), rendering, signed links."""
