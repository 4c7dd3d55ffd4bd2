"""Rendering of notifications for a terminal."""

import re
import textwrap

from rich.text import Text

SEVERITY_COLORS = {"CRITICAL": "red", "WARNING": "yellow", "OK": "green"}


def render_email(subject: str, text: str, width: int) -> Text:
    """Return an email, its subject first, wrapped to *width* columns."""
    heading = Text.assemble(("Subject: ", "dim"), (subject, "bold"), "\n\n")
    return heading.append_text(wrap_with_indent(text.strip(), width))


def wrap_with_indent(text: str, width: int) -> Text:
    """Return *text* wrapped to *width* columns.

    Wrapped lines keep the indent of their paragraph, and align with the text of a list item.
    """
    wrapped = []
    for line in text.splitlines():
        marker = re.match(r" *(?:\d+\. |- )?", line)
        indent = " " * len(marker[0]) if marker else ""
        wrapped += textwrap.wrap(
            line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ) or [""]
    return Text("\n".join(wrapped))
