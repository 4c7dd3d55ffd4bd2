"""Output for a terminal of any width and encoding."""

import re
import textwrap
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from vdm_alerts_cli.escaping import escape_lines

SEVERITY_COLORS = {"CRITICAL": "red", "WARNING": "yellow", "OK": "green"}
MIN_WIDTH = 40
"""Fewest columns to format for. A narrower terminal breaks the lines itself."""
MAX_WIDTH = 1_000
"""Most columns to format for."""


class Terminal(Console):
    """A terminal, with control characters escaped, wherever they come from."""

    def __init__(self, *, stderr: bool = False, color: bool = True) -> None:
        """Highlight neither numbers nor names. Use standard error if *stderr*.

        Without *color*, or with the environment variable NO_COLOR, the text has no colors.
        """
        super().__init__(highlight=False, stderr=stderr, no_color=None if color else True)
        self.width = min(max(self.width, MIN_WIDTH), MAX_WIDTH)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of *renderable*, escaped. Rich itself removes only some of them."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=escape_lines(segment.text))

    def show_cursor(self, show: bool = True) -> bool:
        """Leave the cursor as it is: an interrupt would end the process while it is hidden."""
        del show
        return False

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError again, so that it ends the process as in any command."""
        raise  # noqa: PLE0704 - rich calls this while it handles the error


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
