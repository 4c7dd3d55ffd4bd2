"""The content of a notification, before it gets the form of an email, a chat message or JSON."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """Something that the reader can do."""

    text: str
    """What to do: one or more sentences."""
    command: str = ""
    """The shell command that does it, or empty."""
    verify: str = ""
    """The shell command that shows whether the change has taken effect, or empty."""
    undo: str = ""
    """How to undo the change: a sentence, or empty if the step changes nothing."""

    @property
    def lines(self) -> Sequence[str]:
        """The parts of the step, one line each. A command has a line of its own, to be copied."""
        verify = f"Verify: {self.verify}" if self.verify else ""
        undo = f"Undo: {self.undo}" if self.undo else ""
        return [line for line in (self.text, self.command, verify, undo) if line]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of scopes or findings under a title."""

    title: str
    items: tuple[str, ...]

    @property
    def text(self) -> str:
        """The title and the items, one line each."""
        return "\n".join([self.title, *(f"- {item}" for item in self.items)])

    @property
    def chat_text(self) -> str:
        """The text in a chat message."""
        return self.text


@dataclass(frozen=True, slots=True)
class Table:
    """Figures in aligned columns under a title."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    """The heading and the rows, each with as many cells."""
    names: int
    """The index of the column of names. The other columns are figures."""

    @property
    def text(self) -> str:
        """The title and the rows, one line each. Names are aligned left, and figures right."""
        return "\n".join([self.title, *self._lines])

    @property
    def chat_text(self) -> str:
        """The text in a chat message, where only code has letters of one width."""
        return "\n".join([self.title, "```", *self._lines, "```"])

    @property
    def _lines(self) -> Iterator[str]:
        """Yield each row."""
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        for row in self.rows:
            cells = (
                cell.ljust(width) if index == self.names else cell.rjust(width)
                for index, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            yield f"  {'  '.join(cells)}".rstrip()


@dataclass(frozen=True, slots=True)
class Link:
    """A page to read or to open."""

    title: str
    address: str
    """A URL; or a file and its section, if the runbook has no URL."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a notification says, in the order in which it says it."""

    headline: str
    """The subject, uncut, without account and Region."""
    paragraphs: tuple[str, ...]
    """What is wrong, how bad it is, and how certain that is. The first one repeats the headline."""
    entries: tuple[str, ...] = ()
    """The findings, or the incidents of a digest. The payload has them as fields of their own."""
    steps: tuple[Step, ...] = ()
    steps_title: str = "What to do:"
    listings: tuple[Listing | Table, ...] = ()
    """Further scopes, what ended, or figures."""
    background: tuple[str, ...] = ()
    """Why the problem matters. Chat messages leave this out."""
    links: tuple[Link, ...] = ()
    reference: tuple[str, ...] = ()
    """Account, time of the run and ids."""


def fitting(items: Iterable[T], max_size: int, size_of: Callable[[T], int]) -> list[T]:
    """Return the first of *items* that have at most *max_size* bytes together, at least one."""
    fitting_items: list[T] = []
    for item in items:
        max_size -= size_of(item)
        if max_size < 0 and fitting_items:
            break
        fitting_items.append(item)
    return fitting_items


def listed(title: str, items: Sequence[str], total: int) -> tuple[Listing, ...]:
    """Return a listing of *items*, which counts the others of *total*; nothing if empty."""
    if not items:
        return ()
    omitted = total - len(items)
    more = (f"and {omitted:,} more",) if omitted > 0 else ()
    return (Listing(title, (*items, *more)),)
