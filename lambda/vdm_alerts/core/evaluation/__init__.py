"""Rule evaluation: counts and a rule become a verdict."""
