"""What a person wrote, as it is shown back to them."""

import difflib
from collections.abc import Iterable
from datetime import date, time

LONGEST_SHOWN = 40
"""Letters of what somebody wrote that are as many as help to find it."""


def shown(value: object) -> str:
    """Return *value* as a person wrote it, near enough, and never long."""
    if isinstance(value, date | time):
        return value.isoformat()
    text = f'"{value}"' if isinstance(value, str) else f"{value!r:.99}"
    return shortened(text)


def shortened(text: str) -> str:
    """Return *text*, or as much of its beginning as helps to find it."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def suggestion(word: object, known: Iterable[str]) -> str:
    """Return the ending of a sentence that offers what was probably meant."""
    names = list(known)
    near = difflib.get_close_matches(str(word).lower(), names, n=1, cutoff=0.65)
    return f'; did you mean "{near[0]}"?' if near else f"; it takes {', '.join(names)}"
