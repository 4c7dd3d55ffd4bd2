"""Processor time over all threads."""

import threading
import time
from collections.abc import Callable
from typing import Any


class Stopwatch:
    """A stopwatch of processor time in seconds, over all threads."""

    def __init__(self) -> None:
        self.durations: list[float] = []
        self._thread = threading.local()

    def start(self, **_: object) -> None:
        """Start measuring in this thread."""
        self._thread.began = time.thread_time()

    def stop(self, **_: object) -> None:
        """Record the time since the start in this thread."""
        self.durations.append(time.thread_time() - self._thread.began)

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return *function* with its processor time measured."""

        def timed_function(*arguments: object) -> Any:  # noqa: ANN401 - that of the function
            self.start()
            try:
                return function(*arguments)
            finally:
                self.stop()

        return timed_function
