"""Faults of the deployed function in the local AWS, and what reached its subscribers."""
