"""TOML texts as editors and consoles save them."""

import re

from vdm_alerts.core.model.invisible_characters import INVISIBLE, describe

_BYTE_ORDER_MARKS = ("\ufeff", "\u00ef\u00bb\u00bf")
"""The UTF-8 byte order mark, and its three bytes if read in the Windows code page 1252.

The AWS CLI reads `file://` in the encoding of the system:
https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-file.html
"""
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"{3,5}|\Z)'  # Ends with up to five quotes, if two of them are content.
    r"|'''.*?(?:'{3,5}|\Z)"
    r'|"(?:\\[^\n]|[^"\\\n])*"?'  # An unclosed string takes the rest of its line.
    r"|'[^'\n]*'?"
    r"|#[^\n]*"
    rf"|(?P<invisible>{INVISIBLE.pattern}+)",
    re.DOTALL,
)
"""A string, a comment, or invisible characters outside of both."""


def normalize_text(text: str) -> str:
    """Return *text* without a byte order mark, and with a line feed at the end of each line."""
    for mark in _BYTE_ORDER_MARKS:
        text = text.removeprefix(mark)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def replace_invisible(text: str) -> tuple[str, list[str]]:
    """Return *text* without invisible characters outside of strings, and an error for each run.

    Comments may contain them. Lines in *text* end with line feeds.
    """
    if not INVISIBLE.search(text):  # The fast path of large scenarios.
        return text, []
    errors: list[str] = []

    def replace(token: re.Match[str]) -> str:
        if not (characters := token["invisible"]):
            return token[0]
        line = text.count("\n", 0, token.start()) + 1
        column = token.start() - text.rfind("\n", 0, token.start())
        fix = "Use a plain space." if characters.isspace() else "Delete it."
        errors.append(
            f"contains {describe(characters[0])} outside of quotes "
            f"(at line {line}, column {column}). {fix}"
        )
        return " " if characters.isspace() else ""

    return _TOKEN.sub(replace, text), errors
