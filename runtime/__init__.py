"""The machinery under the journeys: what makes a story a workflow that can be looked after."""
