"""The vocabulary: metrics, scopes, rates, findings and their words."""
