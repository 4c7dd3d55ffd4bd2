"""Sender names: the forms that SES accepts, and the masking of addresses."""

import hashlib
import re

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_IDENTITY = re.compile(r"(?:[^@\s*]+@)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_LOCAL_PART = r"""(?:"[^"]+"|[\w.!#$%&'*+/=?^`{|}~-]+)"""
_ADDRESS = re.compile(rf"({_LOCAL_PART})@([\w-]+(?:\.[\w-]+)*)")


def is_well_formed(name: str) -> bool:
    """Return whether SES accepts *name* as a name that is not an identity.

    Such names are those of configuration sets, providers and tenants.
    For a well-formed name that does not exist, SES returns no data. For a malformed name, SES
    rejects the whole call. Source: https://github.com/floci-io/floci (SesMetricsController.java).
    """
    return _NAME.fullmatch(name) is not None


def is_well_formed_identity(name: str) -> bool:
    """Return whether SES accepts *name* as an identity.

    An identity is a domain or an email address.
    Source: https://github.com/floci-io/floci (SesMetricsController.java).
    """
    return _IDENTITY.fullmatch(name) is not None


def domain_of(identity: str) -> str | None:
    """Return the lower-case domain of an address, or None if it is none."""
    _, separator, domain = identity.rpartition("@")
    return domain.lower() if separator else None


def mask_addresses(text: str) -> str:
    """Return *text* with the local part of every email address masked.

    "anna@example.com" becomes "a***4f2d0c11@example.com". The hash keeps different addresses
    distinct, and lets a reader who knows an address find it.
    """
    return _ADDRESS.sub(_mask_address, text)


def _mask_address(address: re.Match[str]) -> str:
    address_hash = hashlib.sha256(address[0].lower().encode()).hexdigest()[:8]
    first_letter = address[1].lstrip('"')[:1]
    return f"{first_letter}***{address_hash}@{address[2]}"
