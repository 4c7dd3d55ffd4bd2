"""Progress on standard error, for what takes longer than a second."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Timer

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
    is_shown = console.is_terminal and not output.quiet
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not is_shown,
    )
    task = bar.add_task(what, total=total)
    timer = Timer(_DELAY, bar.start)
    timer.daemon = True  # An error ends the process at once.
    if is_shown:
        timer.start()
    try:
        yield partial(bar.advance, task)
    finally:
        timer.cancel()
        if is_shown:
            timer.join()  # Otherwise, the bar could start after it was stopped.
        bar.stop()
