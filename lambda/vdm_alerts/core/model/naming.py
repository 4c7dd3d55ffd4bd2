"""What may be in a name that SES is asked about, and how much of one is for everybody to see."""

import hashlib
import re

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_IDENTITY = re.compile(r"(?:[^@\s*]+@)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_LOCAL = r"""(?:"[^"]+"|[\w.!#$%&'*+/=?^`{|}~-]+)"""
_ADDRESS = re.compile(rf"({_LOCAL})@([\w-]+(?:\.[\w-]+)*)")


def is_well_formed(name: str) -> bool:
    """Say whether SES takes *name* for a configuration set, a provider or a tenant.

    It answers with nothing for one that does not exist, and refuses a whole call for one that
    could not. Source: https://github.com/floci-io/floci (SesMetricsController.java).
    """
    return _NAME.fullmatch(name) is not None


def is_well_formed_identity(name: str) -> bool:
    """Say whether SES takes *name* for an identity: a domain or an address. Source: the same."""
    return _IDENTITY.fullmatch(name) is not None


def domain_of(identity: str) -> str | None:
    """Return the domain that the address *identity* is in, in lower case; None for no address."""
    _, at, domain = identity.rpartition("@")
    return domain.lower() if at else None


def masked(text: str) -> str:
    """Return *text* with every e-mail address in it made unreadable, each still told from others.

    "anna@example.com" becomes "a***4f2d0c11@example.com". Whoever knows the address finds it again.
    """
    return _ADDRESS.sub(_masked, text)


def _masked(address: re.Match[str]) -> str:
    digest = hashlib.sha256(address[0].lower().encode()).hexdigest()[:8]
    first = address[1].lstrip('"')[:1]
    return f"{first}***{digest}@{address[2]}"
