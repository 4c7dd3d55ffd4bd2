"""A simulated clock for threads, on which waiting takes no time."""

import concurrent.futures.thread
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from threading import Condition, Thread, get_ident

CHECK_S = 0.001
"""Real seconds between two looks at what the threads do."""
CHECKS = 6
"""Looks in a row at which no thread may compute before the clock moves on.

A thread that was just notified by another one looks as if it waited until it continues.
"""
_WAITING_IN = (threading.__file__, concurrent.futures.thread.__file__)
"""The modules in which a thread waits for other threads, or for work."""


class EventClock:
    """A monotonic clock that moves to the next end of a `sleep` when no thread computes.

    So several threads wait at the same time, as on a real clock, and the time that they compute
    does not count. If a thread gets no processor for long, the clock moves too early, never late.
    """

    def __init__(self) -> None:
        """Start at 0 seconds."""
        self._now = 0.0
        self._ends: list[tuple[float, int]] = []
        """When each sleeping thread wakes up, and the thread."""
        self._waking: set[int] = set()
        """The threads whose sleep is over, and which have not continued yet."""
        self._others: set[int] = set()
        """The threads that have nothing to do with the clock."""
        self._changed = Condition()

    def monotonic(self) -> float:
        """Return the simulated time in seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Return when the simulated time is *seconds* later."""
        if seconds <= 0:
            return
        with self._changed:
            end, thread = self._now + seconds, get_ident()
            heappush(self._ends, (end, thread))
            while self._now < end:
                self._changed.wait()
            self._waking.discard(thread)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Move in the block, in a thread of its own.

        Only the current thread and those that start in the block count.
        """
        self._others = sys._current_frames().keys() - {get_ident()}  # noqa: SLF001 - as below
        over = threading.Event()
        thread = Thread(target=self._run, args=(over,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _run(self, over: threading.Event) -> None:
        checks = 0
        while not over.is_set():
            time.sleep(CHECK_S)
            with self._changed:
                checks = 0 if self._waking or _computes(self._others) else checks + 1
                if self._ends and checks >= CHECKS:
                    checks = 0
                    self._move_on()

    def _move_on(self) -> None:
        self._now = self._ends[0][0]
        while self._ends and self._ends[0][0] <= self._now:
            _, thread = heappop(self._ends)
            self._waking.add(thread)
        self._changed.notify_all()


def _computes(others: set[int]) -> bool:
    """Return whether any thread does not wait for another one.

    The current one and *others* do not count.
    """
    frames = sys._current_frames()  # noqa: SLF001 - the only way to see what threads do
    return any(
        frame.f_code.co_filename not in _WAITING_IN
        for thread, frame in frames.items()
        if thread not in {get_ident(), *others}
    )
