"""The gateway: HTTP in, problem documents out. One router per resource, built by `create_app`."""
