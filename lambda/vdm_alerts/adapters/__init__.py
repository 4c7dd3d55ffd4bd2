"""Implementations of the ports: on AWS, and in memory."""
