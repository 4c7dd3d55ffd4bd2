"""Processor time, added up over all threads."""

import threading
import time
from collections.abc import Callable
from typing import Any


class Stopwatch:
    """Adds up the processor time of what is worth knowing, in seconds, over all threads."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.spent: list[float] = []
        self._mine = threading.local()

    def starts(self, **_: object) -> None:
        """Begin to count in this thread."""
        self._mine.began = time.thread_time()

    def ends(self, **_: object) -> None:
        """Count in this thread until now."""
        self.spent.append(time.thread_time() - self._mine.began)

    def timed(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return *work*, counting."""

        def counted(*arguments: object) -> Any:  # noqa: ANN401 - whatever it returns
            self.starts()
            try:
                return work(*arguments)
            finally:
                self.ends()

        return counted
