"""How an interrupt (Ctrl-C) and a closed pipe end the process, as they end other Unix commands."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


def _raise_once(*_: object) -> None:
    """Raise KeyboardInterrupt, and ignore further interrupts: they would stop the cleanup."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def cleanup_on_interrupt() -> Iterator[None]:
    """Raise KeyboardInterrupt in the block, so that its cleanup runs, and then end the process."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_DFL:  # It is ignored, or raised already.
        yield
        return
    try:
        signal.signal(signal.SIGINT, _raise_once)
        yield
    except KeyboardInterrupt:
        end_process(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def end_process(number: signal.Signals) -> NoReturn:
    """End this process by the signal *number*, so that its parent knows the cause."""
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    raise AssertionError(f"{number} does not end a process")
