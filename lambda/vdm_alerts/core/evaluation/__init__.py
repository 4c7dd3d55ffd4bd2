"""Counts and a rule become a verdict."""
