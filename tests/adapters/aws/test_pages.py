"""The pages of list operations that do not end by themselves."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from vdm_alerts.adapters.aws.pages import read_pages
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.findings import UnavailableError, UnfinishedListError


class StepDeadline:
    """A deadline that each look at it brings nearer by a second."""

    def __init__(self, seconds: int) -> None:
        self._seconds = count(seconds, -1)

    def remaining(self) -> timedelta:
        return timedelta(seconds=next(self._seconds))


def pages_with(*tokens: str | None) -> Callable[..., Any]:
    """Return a list operation whose pages have *tokens*, in this order."""
    pages = iter(tokens)
    return lambda **_: {"NextToken": next(pages)}


def test_pages_end_without_a_token() -> None:
    assert len(list(read_pages("ses:List", pages_with("a", "b", ""), NoDeadline()))) == 3


def test_token_is_sent_with_the_arguments() -> None:
    calls: list[dict[str, object]] = []

    def call(**arguments: object) -> Any:
        calls.append(arguments)
        return {"NextToken": "a"} if len(calls) == 1 else {}

    list(read_pages("ses:List", call, NoDeadline(), PageSize=7))
    assert calls == [{"PageSize": 7}, {"PageSize": 7, "NextToken": "a"}]


@pytest.mark.parametrize("tokens", ["aa", "aba", "abcb"])
def test_repeated_token_is_an_error_of_the_operation(tokens: str) -> None:
    with pytest.raises(UnavailableError, match="ses:List failed: the list returned the same"):
        list(read_pages("ses:List", pages_with(*tokens), NoDeadline()))


def test_endless_pages_end_in_half_of_the_time() -> None:
    tokens = map(str, count())
    pages = read_pages("ses:List", lambda **_: {"NextToken": next(tokens)}, StepDeadline(20))
    read: list[object] = []
    with pytest.raises(
        UnfinishedListError,
        match="ses:List failed: the list took more than half of the remaining time",
    ) as unfinished:
        read.extend(pages)
    assert unfinished.value.next_page == "8"
    assert next(tokens) == "9"


def test_pages_go_on_with_the_token_of_an_unfinished_list() -> None:
    calls: list[dict[str, object]] = []

    def call(**arguments: object) -> Any:
        calls.append(arguments)
        return {}

    list(read_pages("ses:List", call, NoDeadline(), "page 9", PageSize=7))
    assert calls == [{"PageSize": 7, "NextToken": "page 9"}]


def test_no_page_is_read_after_the_deadline() -> None:
    with pytest.raises(UnavailableError):
        list(read_pages("ses:List", pages_with(None), StepDeadline(0)))
