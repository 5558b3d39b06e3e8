"""The doctor: what is wrong with a deployment, and the cure of each in one sentence."""
