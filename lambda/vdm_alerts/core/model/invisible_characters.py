"""Characters that a reader does not see, such as spaces without width and control characters."""

import re
import unicodedata

INVISIBLE = re.compile(
    r"[\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]"
)
"""A space other than the plain one, a line separator, or a character without width.

Such characters get into a text by accident.
"""


def describe(character: str) -> str:
    """Return the code and the name of *character*, such as "U+00A0 (no-break space)"."""
    name = unicodedata.name(character, "unassigned").lower()
    return f"U+{ord(character):04X} ({name})"


def escape_invisible(text: str) -> str:
    """Return *text* on one line, with the TOML escape of every character that is not printable.

    Otherwise, such characters could forge lines of a notification, change the direction of its
    text, or control a terminal.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _escape(letter) for letter in text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"  # noqa: PLR2004 - of TOML
