"""What people are told: when, how much at a time, and in which words."""
