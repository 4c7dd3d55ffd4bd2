"""How error messages quote what a user wrote."""

import difflib
import reprlib
from collections.abc import Iterable
from datetime import date, time

from vdm_alerts.core.model.invisible_characters import escape_invisible

MAX_QUOTED_LENGTH = 40
"""The maximum number of characters that an error message quotes."""
_REPR = reprlib.Repr()
"""The `repr` of the first few levels and items of a value, however deep and long it is."""
_REPR.maxstring = _REPR.maxlong = _REPR.maxother = 2 * MAX_QUOTED_LENGTH


def quote(value: object) -> str:
    """Return *value* as in the TOML text, approximately, and shortened.

    Invisible characters become escapes, so that the reader can see them.
    """
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{shorten(value)}"' if isinstance(value, str) else _REPR.repr(value)
    return shorten(escape_invisible(text))


def shorten(text: str) -> str:
    """Return *text*, cut to `MAX_QUOTED_LENGTH` characters if it is longer."""
    return text if len(text) <= MAX_QUOTED_LENGTH else f"{text[: MAX_QUOTED_LENGTH - 1]}…"


def suggestion(word: object, valid_names: Iterable[str]) -> str:
    """Return the sentence of an error message that suggests a valid name.

    If no name is similar to *word*, in any case, the sentence lists all *valid_names*.
    """
    names = {name.lower(): name for name in valid_names}
    similar = difflib.get_close_matches(str(word).lower(), names, n=1, cutoff=0.65)
    if similar:
        return f'Did you mean "{names[similar[0]]}"?'
    return f"Use one of {', '.join(names.values())}."
