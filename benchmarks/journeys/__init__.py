"""What journeys cost: our whole way beside the smallest workflow of the same shape."""
