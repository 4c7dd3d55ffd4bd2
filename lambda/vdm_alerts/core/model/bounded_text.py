"""Texts of bounded size, because a stored item has a maximum size."""

import hashlib


def bounded(text: str, max_bytes: int) -> str:
    """Return *text*, cut if its UTF-8 has more than *max_bytes* bytes.

    A cut text ends with a hash of the whole text, so that different texts stay different.
    """
    encoded = text.encode(errors="backslashreplace")
    if len(encoded) <= max_bytes:
        return text
    end = f"… ({hashlib.sha256(encoded).hexdigest()[:16]})"
    return encoded[: max_bytes - len(end.encode())].decode(errors="ignore") + end
