"""The account and the Region of the local AWS."""

ACCOUNT = "111122223333"
"""An account id from AWS documentation, which belongs to no customer."""
REGION = "eu-west-1"
