"""Corrupted responses to BatchGetMetricData.

A client can recognize every form, because each breaks the response format. Well-formed responses
with wrong numbers are not among them. A form that corrupts one result leaves the others intact.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from vdm_local.validation import BatchQuery

Result: TypeAlias = dict[str, Any]

HOUR_S = 3_600
DAY_S = 24 * HOUR_S


def _uneven(result: Result, _: BatchQuery) -> None:
    result["Values"].append(1)


def _negative(result: Result, _: BatchQuery) -> None:
    result["Values"][-1] *= -1


def _word(result: Result, _: BatchQuery) -> None:
    result["Values"][-1] = "many"  # boto3 would accept "30" as a number.


def _null(result: Result, _: BatchQuery) -> None:
    result["Values"][-1] = None


def _odd_hour(result: Result, _: BatchQuery) -> None:
    result["Timestamps"][-1] -= HOUR_S


def _no_date(result: Result, _: BatchQuery) -> None:
    result["Timestamps"][-1] = "yesterday"


def _day_twice(result: Result, _: BatchQuery) -> None:
    result["Timestamps"].append(result["Timestamps"][-1])
    result["Values"].append(result["Values"][-1] + 1)


def _day_outside(result: Result, query: BatchQuery) -> None:
    result["Timestamps"].append(query["EndDate"] + DAY_S)
    result["Values"].append(1)


def _no_id(result: Result, _: BatchQuery) -> None:
    del result["Id"]


_RESULT_FORMS: Mapping[str, Callable[[Result, BatchQuery], None]] = {
    "uneven": _uneven,
    "negative": _negative,
    "word": _word,
    "null": _null,
    "odd-hour": _odd_hour,
    "no-date": _no_date,
    "day-twice": _day_twice,
    "day-outside": _day_outside,
    "no-id": _no_id,
}

CORRUPTION_FORMS = ("no-json", "cut-json", "array", "id-unknown", "id-twice", *_RESULT_FORMS)
"""The ways to corrupt a response; the values are scenario keys."""


def corrupt(
    body: Mapping[str, Any], form: str, share: float, queries: Mapping[str, BatchQuery]
) -> bytes:
    """Return the response *body*, corrupted in *form*.

    A form that corrupts one result corrupts the one at *share* of the list. *queries* are the
    queries of the call by their Id. A response without results can only be corrupted as a whole.
    """
    intact = json.dumps(body).encode()
    if form == "cut-json":
        return intact[: len(intact) // 2]
    if form == "array":
        return b"[" + intact + b"]"
    if form == "no-json" or not body["Results"]:
        return b"<html><body>Welcome to nowhere</body></html>"
    corrupted: dict[str, Any] = json.loads(intact)
    result = corrupted["Results"][int(share * len(corrupted["Results"]))]
    query = queries[result["Id"]]
    if not result["Values"]:  # A form that changes a value needs at least one.
        result |= {"Timestamps": [query["StartDate"]], "Values": [1]}
    if form == "id-unknown":
        result["Id"] = "".join(queries) + "?"
    elif form == "id-twice":
        twin = {**result, "Values": [value + 1 for value in result["Values"]]}
        corrupted["Results"].append(twin)
    else:
        _RESULT_FORMS[form](result, query)
    return json.dumps(corrupted).encode()
