"""Use cases: the order of steps, and what happens when a step fails."""
