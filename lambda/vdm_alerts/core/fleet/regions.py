"""AWS Regions and their partitions.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

import re

_AREA = "central|north|south|east|west|northeast|northwest|southeast|southwest"
_REGION = re.compile(rf"[a-z]{{2,4}}(?:-[a-z]{{2,4}})?-(?:{_AREA})-[1-9][0-9]?")
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
"""The partitions other than "aws", by the beginning of the names of their Regions."""


def is_region(name: str) -> bool:
    """Return whether *name* has the form of a Region, such as "eu-west-1".

    A Region of this form might not exist: AWS adds Regions.
    """
    return _REGION.fullmatch(name) is not None


def partition_of(region: str) -> str:
    """Return the partition of *region*: "aws", "aws-cn" or "aws-us-gov"."""
    for beginning, partition in _PARTITIONS.items():
        if region.startswith(beginning):
            return partition
    return "aws"
