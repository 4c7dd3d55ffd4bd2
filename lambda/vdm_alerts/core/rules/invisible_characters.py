"""Characters that look like a space or like nothing, and get into a text by accident."""

import re
import unicodedata

INVISIBLE = re.compile(
    r"[\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]"
)
"""A space other than the plain one, a line separator, or a character without width."""


def describe(character: str) -> str:
    """Return the code and the name of *character*, such as "U+00A0 (no-break space)"."""
    name = unicodedata.name(character, "unassigned").lower()
    return f"U+{ord(character):04X} ({name})"


def escape_invisible(text: str) -> str:
    """Return *text* with the TOML escape of every invisible character in its place."""
    return INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04X}", text)
