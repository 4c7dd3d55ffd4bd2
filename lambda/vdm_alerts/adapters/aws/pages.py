"""The pages of a list operation, which end whatever the service responds."""

from collections.abc import Callable, Iterator
from typing import Any

from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import UnavailableError


def read_pages(
    action: str, call: Callable[..., Any], deadline: Deadline, **arguments: object
) -> Iterator[Any]:
    """Yield each page of *call*, a list operation, with *arguments* and the token of the page.

    The pages may take half of the time until *deadline*, so that time is left for other sources.
    After that, or if a token repeats, raises UnavailableError of *action*.
    """
    time_for_others = deadline.remaining() / 2
    tokens: set[str] = set()
    next_page: dict[str, str] = {}
    while True:
        if deadline.remaining() <= time_for_others:
            raise UnavailableError(action, "the list took more than half of the remaining time")
        page = call(**arguments, **next_page)
        yield page
        token = page.get("NextToken")
        if not token:
            return
        if token in tokens:
            raise UnavailableError(action, "the list returned the same NextToken twice")
        tokens.add(token)
        next_page = {"NextToken": token}
