"""Tables, sessions, queries and migrations: the only SQL of the house."""
