"""Rules as they ship, and how it shows that somebody has edited one in place."""

import hashlib

FOLDER = "shipped"
"""Where rules ship to, under the path of the rules; one of the same name outside it wins."""


def own_source(source: str) -> str | None:
    """Return where a rule that wins over the shipped one at *source* stands; None if that is it."""
    path, _, name = source.rpartition("/")
    return f"{path.removesuffix(FOLDER)}{name}" if path.endswith(f"/{FOLDER}") else None


def digest(text: str) -> str:
    """Return what tells *text* from any other; how its lines end makes no difference."""
    lines = "\n".join(text.splitlines()).rstrip()
    return hashlib.sha256(lines.encode()).hexdigest()[:12]
