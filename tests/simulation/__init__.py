"""Deterministic simulation: the real run in a world that fails wherever it can."""
