"""Answers that are no answers: each of them can be told from a good one by whoever looks.

None is well-formed with other numbers in it, because a client that believes such an answer is
right to. Those forms that spoil one result leave the others as they are.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from vdm_local.validation import Query

Result: TypeAlias = dict[str, Any]

HOUR = 3_600
DAY = 24 * HOUR


def _uneven(result: Result, _: Query) -> None:
    result["Values"].append(1)


def _negative(result: Result, _: Query) -> None:
    result["Values"][-1] *= -1


def _word(result: Result, _: Query) -> None:
    result["Values"][-1] = "many"  # boto3 takes "30" for 30, and that would be no fault.


def _null(result: Result, _: Query) -> None:
    result["Values"][-1] = None


def _odd_hour(result: Result, _: Query) -> None:
    result["Timestamps"][-1] -= HOUR


def _no_date(result: Result, _: Query) -> None:
    result["Timestamps"][-1] = "yesterday"


def _day_twice(result: Result, _: Query) -> None:
    result["Timestamps"].append(result["Timestamps"][-1])
    result["Values"].append(result["Values"][-1] + 1)


def _day_outside(result: Result, query: Query) -> None:
    result["Timestamps"].append(query["EndDate"] + DAY)
    result["Values"].append(1)


def _no_id(result: Result, _: Query) -> None:
    del result["Id"]


_OF_A_RESULT: Mapping[str, Callable[[Result, Query], None]] = {
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

FORMS = ("no-json", "cut-json", "array", "id-unknown", "id-twice", *_OF_A_RESULT)
"""In which ways an answer can be garbled."""


def garbled(
    body: Mapping[str, Any], form: str, share: float, queries: Mapping[str, Query]
) -> bytes:
    """Return *body* in a garbled *form*; where it is one result's, of that at *share* of them.

    *queries* are those that were asked, by their Id. An answer without a result can only be
    garbled as a whole.
    """
    sent = json.dumps(body).encode()
    if form == "cut-json":
        return sent[: len(sent) // 2]
    if form == "array":
        return b"[" + sent + b"]"
    if form == "no-json" or not body["Results"]:
        return b"<html><body>Welcome to nowhere</body></html>"
    spoilt: dict[str, Any] = json.loads(sent)
    result = spoilt["Results"][int(share * len(spoilt["Results"]))]
    query = queries[result["Id"]]
    if not result["Values"]:  # There would be nothing to see in a series without a day.
        result |= {"Timestamps": [query["StartDate"]], "Values": [1]}
    if form == "id-unknown":
        result["Id"] = "".join(queries) + "?"
    elif form == "id-twice":
        twin = {**result, "Values": [value + 1 for value in result["Values"]]}
        spoilt["Results"].append(twin)
    else:
        _OF_A_RESULT[form](result, query)
    return json.dumps(spoilt).encode()
