"""Sender names: the forms that SES accepts, and the masking of addresses."""

import hashlib
import re

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_IDENTITY = re.compile(r"(?:[^@\s*]+@)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_ADDRESS = re.compile(r'(?<!\S)(\S*"[^"]++"|\S+)@(?=\S)((?:[\w-]+(?:\.[\w-]+)*)?)')
"""The local part and the domain of an address in a text.

As in `domain_of`, the last "@" ends the local part, which may contain any character. Only a local
part in quotes contains spaces. A match starts only where a word does, so that the time to find all
addresses is linear in the length of the text.
"""
_PLAIN_LOCAL_PART = re.compile(r"""([(<\["'{]*)([\w.!#$%&'*+/=?^`{|}~-]+)""")
"""The local part of nearly every address, after the brackets and quotes that a text puts it in."""


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
    distinct, and lets a reader who knows an address find it. Text that follows no space may be a
    part of the address, so it is masked, too.
    """
    return _ADDRESS.sub(_mask_address, text)


def _mask_address(address: re.Match[str]) -> str:
    plain = _PLAIN_LOCAL_PART.fullmatch(address[1])
    opening, local_part = plain.groups() if plain else ("", address[1])
    address_text = f"{local_part}@{address[2]}".lower()
    address_hash = hashlib.sha256(address_text.encode(errors="replace")).hexdigest()[:8]
    first_letter = local_part.lstrip('"')[:1]
    return f"{opening}{first_letter}***{address_hash}@{address[2]}"
