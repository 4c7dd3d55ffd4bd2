"""The operator's desk: what a person runs by hand, beside the function and never in it."""
