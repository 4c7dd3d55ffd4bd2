"""Implementations of the ports, one package per platform."""
