"""Corrupted responses can be told from valid ones."""

import json
from itertools import pairwise
from typing import Any

import pytest

from vdm_local.corruption import CORRUPTION_FORMS, corrupt

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


def is_valid(payload: bytes) -> bool:
    """Return whether each query has one well-formed result or error."""
    try:
        body = json.loads(payload)
    except ValueError:
        return False
    if not isinstance(body, dict):
        return False
    answers = [*body["Results"], *body["Errors"]]
    ids = sorted(each.get("Id", "") for each in answers)
    return ids == sorted(QUERIES) and all(is_valid_series(result) for result in body["Results"])


def is_valid_series(result: dict[str, Any]) -> bool:
    days, counts = result["Timestamps"], result["Values"]
    return (
        len(days) == len(counts)
        and all(type(count) is int and count > 0 for count in counts)
        and all(type(day) is int and day % DAY == 0 for day in days)
        and all(START <= day < START + 3 * DAY for day in days)
        and all(earlier < later for earlier, later in pairwise(days))
    )


@pytest.mark.parametrize("body", GOOD)
def test_valid_response_is_recognized(body: dict[str, Any]) -> None:
    assert is_valid(json.dumps(body).encode()) is True


@pytest.mark.parametrize("form", CORRUPTION_FORMS)
@pytest.mark.parametrize("body", GOOD)
def test_corrupted_response_is_never_valid(form: str, body: dict[str, Any]) -> None:
    for share in (0, 0.5, 0.99):
        assert is_valid(corrupt(body, form, share, QUERIES)) is False


@pytest.mark.parametrize("form", CORRUPTION_FORMS)
def test_corruption_leaves_original_response_unchanged(form: str) -> None:
    before = json.dumps(GOOD)
    for body in GOOD:
        corrupt(body, form, 0, QUERIES)
    assert json.dumps(GOOD) == before


@pytest.mark.parametrize("form", CORRUPTION_FORMS[3:])
def test_corruption_of_one_result_leaves_others_intact(form: str) -> None:
    for share, later in ((0, "a"), (0.99, "b")):
        results = json.loads(corrupt(GOOD[0], form, share, QUERIES))["Results"]
        assert {"Id": later, **DENSE} in results


def test_unknown_id_differs_from_every_requested_id() -> None:
    queries = dict.fromkeys(("a", "a?", "?"), QUERIES["a"])
    body = {"Results": [{"Id": "a", **DENSE}], "Errors": []}
    (result,) = json.loads(corrupt(body, "id-unknown", 0, queries))["Results"]
    assert result["Id"] not in queries
