"""Use cases: the order of their steps, and what happens when a step fails."""
