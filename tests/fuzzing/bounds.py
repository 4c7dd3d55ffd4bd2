"""Limits of the time and memory that one input may take."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import psutil

MAX_CPU_SECONDS = 5
"""CPU time of one input: about a thousand times of what it takes.

An input that exceeds it is not slow, but grows faster than its length.
"""
MAX_MEMORY = 500_000_000
"""Bytes that one input may need in addition to what the process has."""


class TooSlowError(BaseException):
    """An input takes too much CPU time. No handler of the product catches this error."""


@contextmanager
def limited_memory() -> Iterator[None]:
    """Raise MemoryError in the block if it allocates more than `MAX_MEMORY`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = psutil.Process().memory_info().vms + MAX_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextmanager
def limited_time() -> Iterator[None]:
    """Prepare `start_clock`, which raises TooSlowError in the block."""

    def stop(_: int, __: FrameType | None) -> None:
        raise TooSlowError(f"more than {MAX_CPU_SECONDS} s of CPU time")

    before = signal.signal(signal.SIGVTALRM, stop)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def start_clock() -> None:
    """Allow `MAX_CPU_SECONDS` from now on, until the next call or the end of the block."""
    signal.setitimer(signal.ITIMER_VIRTUAL, MAX_CPU_SECONDS)
