"""Default rules: their place in SSM, and how edits of them are detected."""

import hashlib

from vdm_alerts.core.rules.toml_text import normalize_text

DEFAULT_FOLDER = "shipped"
"""The folder of the default rules, under the path of the rules.

A custom rule, which is outside this folder, replaces the default rule of the same name.
"""


def custom_rule_path(source: str) -> str | None:
    """Return the path of the custom rule that replaces a default rule.

    *source* is the path of the default rule. Returns None if *source* is a custom rule.
    """
    path, _, name = source.rpartition("/")
    if not path.endswith(f"/{DEFAULT_FOLDER}"):
        return None
    return f"{path.removesuffix(DEFAULT_FOLDER)}{name}"


def fingerprint(text: str) -> str:
    """Return a hash of *text* that ignores a byte order mark, line ends and trailing blanks.

    Consoles and editors can change these without a change of the rule.
    """
    normalized = "\n".join(normalize_text(text).splitlines()).rstrip()
    return hashlib.sha256(normalized.encode()).hexdigest()[:12]
