"""Rules as they ship, and how it shows that somebody has edited one in place."""

import hashlib

DEFAULT_FOLDER = "shipped"
"""Where rules ship to, under the path of the rules; one of the same name outside it wins."""


def custom_rule_path(source: str) -> str | None:
    """Return where a rule that wins over the shipped one at *source* stands; None if that is it."""
    path, _, name = source.rpartition("/")
    return (
        f"{path.removesuffix(DEFAULT_FOLDER)}{name}"
        if path.endswith(f"/{DEFAULT_FOLDER}")
        else None
    )


def fingerprint(text: str) -> str:
    """Return what tells *text* from any other; how its lines end makes no difference."""
    lines = "\n".join(text.splitlines()).rstrip()
    return hashlib.sha256(lines.encode()).hexdigest()[:12]
