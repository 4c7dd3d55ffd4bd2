"""Numbers in, probabilities out."""
