"""Text from outside, made safe to print."""

from vdm_alerts.core.model.invisible_characters import escape_invisible


def escape_lines(text: str) -> str:
    """Return *text* with an escape for each character that is not printable, except line ends."""
    return "\n".join(escape_invisible(line) for line in text.split("\n"))
