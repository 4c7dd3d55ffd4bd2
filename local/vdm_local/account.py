"""Which account and Region the local AWS is."""

ACCOUNT = "111122223333"
"""An account id that AWS's documentation uses for examples, so it is nobody's."""
REGION = "eu-west-1"
