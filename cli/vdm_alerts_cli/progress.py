"""Progress on standard error, for what takes longer than a second."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from vdm_alerts_cli.options import OutputOptions
from vdm_alerts_cli.terminal import Terminal

_DELAY = 1.0
"""Seconds after which progress is shown."""


@contextmanager
def progress(
    what: str, total: int | None, output: OutputOptions
) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told how many more of *total* are done; None is unknown.

    The progress is shown on a terminal only, and disappears at the end of the block.
    """
    console = Terminal(stderr=True, color=output.color)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=output.quiet or not console.is_terminal,
    )
    task, started = bar.add_task(what, total=total), monotonic()

    def advance(number: int) -> None:
        if monotonic() - started > _DELAY:
            bar.start()
        bar.advance(task, number)

    try:
        yield advance
    finally:
        bar.stop()
