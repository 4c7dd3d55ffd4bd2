"""What is decided, and nothing else: no network, no environment, no clock, no log."""
