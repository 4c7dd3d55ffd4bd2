"""The account and the Region of the local AWS."""

import os

ACCOUNT = "111122223333"
"""An account id from AWS documentation, which belongs to no customer."""
REGION = "eu-west-1"
NO_ACCOUNT = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Variables that hide AWS accounts configured on this machine from SDKs."""
