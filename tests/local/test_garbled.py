"""A garbled answer can be told from a good one by looking at it."""

import json
from itertools import pairwise
from typing import Any

import pytest

from vdm_local.garbled import FORMS, garbled

DAY = 86_400
START = 1_772_323_200  # 2026-03-01
QUERIES = {each: {"Id": each, "StartDate": START, "EndDate": START + 3 * DAY} for each in "ab"}
DENSE = {"Timestamps": [START, START + DAY, START + 2 * DAY], "Values": [10, 20, 30]}
EMPTY: dict[str, Any] = {"Timestamps": [], "Values": []}
GOOD: list[dict[str, Any]] = [
    {"Results": [{"Id": "b", **DENSE}, {"Id": "a", **DENSE}], "Errors": []},
    {"Results": [{"Id": "b", **EMPTY}, {"Id": "a", **EMPTY}], "Errors": []},
    {"Results": [{"Id": "a", **DENSE}], "Errors": [{"Id": "b", "Code": "INTERNAL_FAILURE"}]},
    {"Results": [], "Errors": [{"Id": each, "Code": "INTERNAL_FAILURE"} for each in "ab"]},
]


def makes_sense(payload: bytes) -> bool:
    """Say whether every query has one answer of which nothing is odd: all that a client can see."""
    try:
        body = json.loads(payload)
    except ValueError:
        return False
    if not isinstance(body, dict):
        return False
    answers = [*body["Results"], *body["Errors"]]
    ids = sorted(each.get("Id", "") for each in answers)
    return ids == sorted(QUERIES) and all(is_a_series(result) for result in body["Results"])


def is_a_series(result: dict[str, Any]) -> bool:
    days, counts = result["Timestamps"], result["Values"]
    return (
        len(days) == len(counts)
        and all(type(count) is int and count > 0 for count in counts)
        and all(type(day) is int and day % DAY == 0 for day in days)
        and all(START <= day < START + 3 * DAY for day in days)
        and all(one < other for one, other in pairwise(days))
    )


@pytest.mark.parametrize("body", GOOD)
def test_a_good_answer_makes_sense(body: dict[str, Any]) -> None:
    assert makes_sense(json.dumps(body).encode())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("body", GOOD)
def test_no_garbled_answer_makes_sense(form: str, body: dict[str, Any]) -> None:
    assert not any(makes_sense(garbled(body, form, share, QUERIES)) for share in (0, 0.5, 0.99))


@pytest.mark.parametrize("form", FORMS)
def test_garbling_leaves_the_good_answer_as_it_is(form: str) -> None:
    before = json.dumps(GOOD)
    for body in GOOD:
        garbled(body, form, 0, QUERIES)
    assert json.dumps(GOOD) == before


@pytest.mark.parametrize("form", FORMS[3:])
def test_where_one_result_is_spoilt_the_others_are_right(form: str) -> None:
    for share, other in ((0, "a"), (0.99, "b")):
        results = json.loads(garbled(GOOD[0], form, share, QUERIES))["Results"]
        assert {"Id": other, **DENSE} in results


def test_an_unknown_id_is_none_of_those_asked_for_whatever_these_are() -> None:
    queries = dict.fromkeys(("a", "a?", "?"), QUERIES["a"])
    body = {"Results": [{"Id": "a", **DENSE}], "Errors": []}
    (result,) = json.loads(garbled(body, "id-unknown", 0, queries))["Results"]
    assert result["Id"] not in queries
