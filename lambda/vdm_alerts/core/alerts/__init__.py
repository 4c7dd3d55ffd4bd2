"""The alert state machine and the state that is stored between runs."""
