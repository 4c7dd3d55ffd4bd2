"""Ports whose calls a test decides on: let through, fail, or lose the response of."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, cast

T = TypeVar("T")


class Intercept(Protocol):
    """Decides what becomes of one call."""

    def __call__(self, name: str, call: Callable[[], T], /) -> T:
        """Make the *call* of that *name* and return its result, or raise instead."""


class _Intercepted:
    def __init__(self, port: object, names: Mapping[str, str], intercept: Intercept) -> None:
        self._port = port
        self._names = names
        self._intercept = intercept

    def __getattr__(self, method: str) -> Any:
        original = getattr(self._port, method)
        if method not in self._names:
            return original
        name = self._names[method]
        return lambda *arguments: self._intercept(name, lambda: original(*arguments))


def intercepted(port: T, names: Mapping[str, str], intercept: Intercept) -> T:
    """Return *port* with calls of the methods in *names* left to *intercept*.

    *names* is what each call is called, by method. Other methods work as before.
    """
    return cast("T", _Intercepted(port, names, intercept))
