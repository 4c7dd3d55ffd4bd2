"""The alert state machine and what is stored of it."""
