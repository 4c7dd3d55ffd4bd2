"""What is asked of VDM, of whom, and what is remembered of it."""
