"""How a message looks to whoever reads it, on a terminal."""

import re
import textwrap

from rich.text import Text

COLOURS = {"CRITICAL": "red", "WARNING": "yellow", "OK": "green"}
"""How the severities of messages are shown."""


def mail(subject: str, text: str, width: int) -> Text:
    """Return a mail as a reader of so many columns shows it."""
    heading = Text.assemble(("Subject: ", "dim"), (subject, "bold"), "\n\n")
    return heading.append_text(hanging(text.strip(), width))


def hanging(text: str, width: int) -> Text:
    """Return *text* wrapped to *width*, each line's rest under its own beginning."""
    wrapped = []
    for line in text.splitlines():
        mark = re.match(r" *(?:\d+\. |- )?", line)
        indent = " " * len(mark[0]) if mark else ""
        wrapped += textwrap.wrap(
            line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ) or [""]
    return Text("\n".join(wrapped))
