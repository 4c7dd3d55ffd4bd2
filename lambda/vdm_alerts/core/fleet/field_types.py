"""The types of values in a fleet file, and their parsers.

Each parser raises ValueError with the expected form of the value.
"""

import json
import re
from collections.abc import Mapping
from typing import NewType

from vdm_alerts.core.fleet.regions import is_region
from vdm_alerts.core.rules.quoting import quote

MAX_ALIAS_LENGTH = 40
"""The maximum number of characters in an alias, which the subjects of notifications contain."""
MAX_TAGS = 50
"""The maximum number of tags of a target, as of an AWS resource.

Source: https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
"""
MAX_TAG_KEY_LENGTH = 128
MAX_TAG_VALUE_LENGTH = 256
MAX_TAGS_SIZE = 4_000
"""Bytes of the tags of a target together, as SNS counts them: as JSON, with escapes.

The payload of each notification about the target has them, and is in a message four times.
"""
ACCOUNT = re.compile(r"[0-9]{12}")
_PREFIX = re.compile(r"(?!aws|ssm)[a-z][a-z0-9-]{2,29}")
_ROLE_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")
"""Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"""
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9+=,.@:/_-]{2,1224}")
"""Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_UNIT_OR_ROOT = re.compile(r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32}")
"""Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html"""

AccountId = NewType("AccountId", str)
"""The ID of an AWS account: 12 digits."""
RegionName = NewType("RegionName", str)
"""The name of an AWS Region."""
RoleName = NewType("RoleName", str)
"""The name of an IAM role, without a path."""
ExternalId = NewType("ExternalId", str)
"""The external ID of a trust policy."""
Alias = NewType("Alias", str)
"""A name for an account: printable, at most `MAX_ALIAS_LENGTH` characters."""
Tags = NewType("Tags", dict)  # type: ignore[type-arg]  # Of texts: cattrs needs a class.
"""The tags of a target."""
Prefix = NewType("Prefix", str)
"""The prefix of a deployment: the name of its stack."""
OrganizationId = NewType("OrganizationId", str)
"""The ID of an AWS organization."""
MemberId = NewType("MemberId", str)
"""The ID of an account, an organizational unit or a root."""


def parse_account(value: object) -> AccountId:
    """Return the ID of an account."""
    if not isinstance(value, str) or not ACCOUNT.fullmatch(value):
        message = (
            f"{quote(value)} is not an account ID. Use 12 digits, in quotes, for example "
            '"222222222222".'
        )
        raise ValueError(message)
    return AccountId(value)


def parse_region(value: object) -> RegionName:
    """Return the name of a Region."""
    if not isinstance(value, str) or not is_region(value):
        message = f'{quote(value)} is not a Region. Use a name such as "eu-west-1".'
        raise ValueError(message)
    return RegionName(value)


def parse_prefix(value: object) -> Prefix:
    """Return the prefix of a deployment."""
    if not isinstance(value, str) or not _PREFIX.fullmatch(value):
        message = (
            f"{quote(value)} is not a valid prefix. Use the name of the stack: 3 to 30 characters "
            "of a-z, 0-9 and -, first a letter, not starting with aws or ssm."
        )
        raise ValueError(message)
    return Prefix(value)


def parse_role_name(value: object) -> RoleName:
    """Return the name of a role."""
    if not isinstance(value, str) or not _ROLE_NAME.fullmatch(value):
        message = (
            f"{quote(value)} is not the name of an IAM role. Use 1 to 64 characters of a-z, A-Z, "
            "0-9 and +=,.@_-, without a path or an ARN."
        )
        raise ValueError(message)
    return RoleName(value)


def parse_external_id(value: object) -> ExternalId:
    """Return an external ID."""
    if not isinstance(value, str) or not _EXTERNAL_ID.fullmatch(value):
        message = (
            f"{quote(value)} is not an external ID. Use 2 to 1224 characters of a-z, A-Z, 0-9 and "
            "+=,.@:/_-"
        )
        raise ValueError(message)
    return ExternalId(value)


def parse_alias(value: object) -> Alias:
    """Return the alias of an account."""
    if not isinstance(value, str) or not value.isprintable() or value != value.strip() or not value:
        message = (
            f"{quote(value)} is not an alias. Use a short name of printable characters, in "
            'quotes, without spaces around it, for example "shop".'
        )
        raise ValueError(message)
    if len(value) > MAX_ALIAS_LENGTH:
        message = f"{quote(value)} has {len(value)} characters. Use at most {MAX_ALIAS_LENGTH}."
        raise ValueError(message)
    if ACCOUNT.fullmatch(value):
        message = f"{quote(value)} looks like an account ID. Use a name."
        raise ValueError(message)
    return Alias(value)


def parse_tags(value: object) -> Tags:
    """Return a table of texts."""
    if not isinstance(value, dict):
        message = f'{quote(value)} is not a table. Use a table of texts: {{ team = "growth" }}.'
        raise ValueError(message)  # noqa: TRY004 - cattrs treats every error of a value alike
    if len(value) > MAX_TAGS:
        message = f"has {len(value)} tags. Use at most {MAX_TAGS}."
        raise ValueError(message)
    _check_tags(value)
    payload = json.dumps(value, ensure_ascii=False)
    size = len(json.dumps(payload, ensure_ascii=False).encode())
    if size > MAX_TAGS_SIZE:
        message = (
            f"has {size:,} bytes, because each notification contains all tags as JSON. Use at most "
            f"{MAX_TAGS_SIZE:,}: fewer tags, or shorter texts."
        )
        raise ValueError(message)
    return Tags(value)


def _check_tags(tags: Mapping[str, object]) -> None:
    """Raise ValueError with the first invalid tag of *tags*."""
    for key, tag in tags.items():
        if not key.isprintable() or not 0 < len(key) <= MAX_TAG_KEY_LENGTH:
            message = (
                f"has the key {quote(key)}. Use 1 to {MAX_TAG_KEY_LENGTH} printable characters."
            )
            raise ValueError(message)
        if not isinstance(tag, str) or not tag.isprintable() or len(tag) > MAX_TAG_VALUE_LENGTH:
            message = (
                f"has the value {quote(tag)} for {quote(key)}. Use a text of at most "
                f"{MAX_TAG_VALUE_LENGTH} printable characters, in quotes."
            )
            raise ValueError(message)


def parse_organization_id(value: object) -> OrganizationId:
    """Return the ID of an organization."""
    if not isinstance(value, str) or not _ORGANIZATION.fullmatch(value):
        message = (
            f"{quote(value)} is not the ID of an AWS organization. Use an ID such as "
            '"o-abcdefghij".'
        )
        raise ValueError(message)
    return OrganizationId(value)


def parse_member_id(value: object) -> MemberId:
    """Return the ID of an account, an organizational unit or a root."""
    if not isinstance(value, str) or not (
        ACCOUNT.fullmatch(value) or _UNIT_OR_ROOT.fullmatch(value)
    ):
        message = (
            f"{quote(value)} is not an account, an organizational unit or a root. Use 12 digits, "
            'or an ID such as "ou-abcd-12345678" or "r-abcd", in quotes.'
        )
        raise ValueError(message)
    return MemberId(value)
