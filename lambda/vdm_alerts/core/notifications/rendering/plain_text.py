"""The plain text of an email."""

from collections.abc import Iterator

from vdm_alerts.core.notifications.rendering.content import Content, Step


def plain_text(content: Content) -> str:
    """Return the body of the email: one line per paragraph, an empty line between paragraphs."""
    return "\n\n".join(_parts(content)) + "\n"


def _parts(content: Content) -> Iterator[str]:
    yield from content.paragraphs
    yield from content.entries
    if content.steps:
        numbered = (_numbered(number, step) for number, step in enumerate(content.steps, 1))
        yield "\n".join([content.steps_title, *numbered])
    for listing in content.listings:
        yield listing.text
    yield from content.background
    if content.links:
        yield "\n".join(f"{link.title}: {link.address}" for link in content.links)
    yield "\n".join(content.reference)


def _numbered(number: int, step: Step) -> str:
    """Return *step* with its number. Its commands are indented."""
    first, *others = step.lines
    return "\n".join([f"{number}. {first}", *(f"     {line}" for line in others)])
