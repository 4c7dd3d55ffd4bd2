"""Statistics without domain rules: counts in, probabilities out."""
