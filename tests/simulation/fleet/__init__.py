"""A deterministic simulation of a fleet: many targets, one table, one topic, one delivery step."""
