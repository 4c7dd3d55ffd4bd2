"""Email addresses in the CDK context, and the errors in them."""

import json
import re
from collections.abc import Iterator, Sequence

from vdm_alerts.core.model.invisible_characters import INVISIBLE, escape_invisible
from vdm_alerts.core.rules.quoting import quote

MAX_LENGTH = 254
"""Largest length of an address: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3.

The path there has 256 characters, with an angle bracket at each end.
"""
MAX_SHOWN = MAX_LENGTH + 50
"""Characters of an address that an error shows."""

_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[^\W_][\w-]*(?:\.[^\W_][\w-]*)+")
_FIXES = (
    (re.compile(r"^$"), "Delete it, or add an address."),
    (re.compile(r"[<>]"), 'Use the address only, without a name, "<" and ">".'),
    (re.compile(r"^mailto:", re.IGNORECASE), 'Delete "mailto:".'),
    (INVISIBLE, "Delete the invisible character."),
    (re.compile(r","), "Put each address in its own quotes."),
    (re.compile(r"[\s;]"), "Delete the spaces, and separate addresses by commas."),
    (re.compile(rf".{{{MAX_LENGTH + 1}}}"), f"Use at most {MAX_LENGTH} characters."),
    (re.compile(r""), 'Use a form like "ops@example.com".'),
)
"""How to fix a text that is not an address. The first pattern that matches applies."""


def split_addresses(value: object) -> Sequence[object]:
    """Return the entries of *value*: a text with commas, a list, or a text with a JSON list.

    The CDK passes a value on the command line as text. Raises ValueError for any other value.
    """
    if isinstance(value, str) and value.lstrip().startswith("["):
        text = value
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            message = f"{_shown(text)} is not a JSON list."
            raise ValueError(message) from error
    if isinstance(value, str):
        return [entry for entry in value.split(",") if entry.strip()]
    if isinstance(value, list):
        return value
    message = f"{quote(value)} is not a text or a list."
    raise ValueError(message)


def is_address(text: str) -> bool:
    """Say whether *text* is a valid address."""
    return len(text) <= MAX_LENGTH and _ADDRESS.fullmatch(text) is not None


def address_errors(entries: Sequence[object]) -> Iterator[str]:
    """Yield an error for each of *entries* that is invalid, or repeats one in another case."""
    spellings: dict[str, str] = {}
    for entry in entries:
        if not isinstance(entry, str):
            yield f"{quote(entry)} is not an email address. Use a text in quotes."
            continue
        address = entry.strip()
        if not is_address(address):
            fix = next(fix for pattern, fix in _FIXES if pattern.search(address))
            yield f'"{_shown(address)}" is not an email address. {fix}'
        elif (first := spellings.setdefault(address.lower(), address)) != address:
            yield (
                f'"{address}" is "{first}" in another case, and would get every message twice. '
                "Delete one of them."
            )


def _shown(text: str) -> str:
    """Return *text* on one line, cut if it is longer than an address."""
    line = escape_invisible(text)
    return line if len(line) <= MAX_SHOWN else f"{line[: MAX_SHOWN - 1]}…"
