"""Implementations of the ports on AWS, one module per service and purpose."""
