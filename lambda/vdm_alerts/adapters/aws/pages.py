"""The pages of a list operation, which end whatever the service responds."""

from collections.abc import Callable, Iterator
from typing import Any

from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import UnavailableError, UnfinishedListError


def read_pages(
    action: str,
    call: Callable[..., Any],
    deadline: Deadline,
    first_page: str | None = None,
    **arguments: object,
) -> Iterator[Any]:
    """Yield each page of *call*, a list operation, with *arguments* and the token of the page.

    *first_page* is the token of the first one; None for the begin of the list. The pages may take
    half of the time until *deadline*, so that time is left for other sources. After that, raises
    UnfinishedListError of *action*. Raises UnavailableError if a token repeats.
    """
    time_for_others = deadline.remaining() / 2
    tokens: set[str] = set()
    next_page = {"NextToken": first_page} if first_page else {}
    while True:
        if deadline.remaining() <= time_for_others:
            raise UnfinishedListError(action, next_page.get("NextToken", ""))
        page = call(**arguments, **next_page)
        yield page
        token = page.get("NextToken")
        if not token:
            return
        if token in tokens:
            raise UnavailableError(action, "the list returned the same NextToken twice")
        tokens.add(token)
        next_page = {"NextToken": token}
