"""What journeys may do to the world: small classes with injected adapters."""
