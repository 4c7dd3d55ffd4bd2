"""A rule as it ships: its text under a seal that breaks when somebody edits it in place."""

import hashlib
import re

FOLDER = "shipped"
"""Where rules ship to, under the path of the rules; one of the same name outside it wins."""

_SEALED = re.compile(r"(?:#.*\n)*?# Seal ([0-9a-f]{16})\b.*\n([\s\S]*)")


def sealed(text: str, own: str) -> str:
    """Return *text*, a TOML document, as it ships; *own* is the parameter that wins over it."""
    return (
        "# Shipped with VDM Alerts; a later deployment may replace it. To change it, save yours\n"
        f"# as the parameter {own}, which then counts instead.\n"
        f"# Seal {_digest(text)} of all below.\n"
        f"{text}"
    )


def is_edited(text: str) -> bool:
    """Say whether *text*, found where rules ship to, is another than what was shipped."""
    match = _SEALED.fullmatch(text.replace("\r\n", "\n"))
    return match is None or match[1] != _digest(match[2])


def _digest(text: str) -> str:
    """Return a digest of *text*, whatever blank lines it ends in."""
    return hashlib.sha256(text.rstrip().encode()).hexdigest()[:16]
