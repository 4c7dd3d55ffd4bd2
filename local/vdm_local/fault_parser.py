"""The parser of `[[fault]]` in scenarios.

`vdm_local.scenario` documents the keys.
"""

from collections.abc import Mapping
from math import inf
from typing import Any, TypeGuard

from vdm_local.corruption import CORRUPTION_FORMS
from vdm_local.faults import (
    DEFAULT_DELAY_S,
    CallFault,
    CallFaultKind,
    Fault,
    FaultFilter,
    QueryFault,
    QueryFaultKind,
)

_QUERY_KINDS = [str(kind) for kind in QueryFaultKind]
_KINDS = [*(str(kind) for kind in CallFaultKind), *_QUERY_KINDS]
_KEY_OF_KIND = {"time-out": "seconds", "garbled": "form"}
"""The additional key of a kind of fault."""


def parse_fault(number: int, entry: Mapping[str, Any]) -> Fault:
    """Return the fault that *entry* describes.

    *number* is its position in the scenario. Raises ValueError with number and kind.
    """
    kind = entry.get("kind")
    try:
        return _parse_fault(kind, entry)
    except ValueError as error:
        raise ValueError(f'fault {number}, of kind "{kind}": {error}') from None


def _parse_fault(kind: object, entry: Mapping[str, Any]) -> Fault:
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"there is none such but {', '.join(_KINDS)}")
    known = {"kind", "share", "value", "calls", _KEY_OF_KIND.get(kind)}
    if unknown := entry.keys() - known:
        raise ValueError(f"not known in such a fault: {', '.join(sorted(unknown))}")
    filter_ = FaultFilter(
        _parse_share(entry.get("share", 1)),
        _parse_value(entry.get("value")),
        _parse_calls(entry.get("calls")),
    )
    if kind in _QUERY_KINDS:
        return QueryFault(QueryFaultKind(kind), filter_)
    delay_s, form = (
        _parse_delay(entry.get("seconds", DEFAULT_DELAY_S)),
        _parse_form(entry.get("form")),
    )
    return CallFault(CallFaultKind(kind), filter_, delay_s, form)


def _parse_share(share: object) -> float:
    if not _is_number(share) or not 0 <= share <= 1:
        raise ValueError(f"share must be a number from 0 to 1, not {share}")
    return share


def _parse_value(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or not value):
        raise ValueError(f'value must be that of a dimension, in quotes, not "{value}"')
    return value


def _parse_calls(calls: object) -> tuple[int, int] | None:
    match calls:
        case None:
            return None
        case [first, last] if _is_integer(first) and _is_integer(last) and 1 <= first <= last:
            return first, last
        case _:
            raise ValueError(f"calls must be the first and the last, like [1, 5], not {calls}")


def _parse_delay(seconds: object) -> float:
    if not _is_number(seconds) or not 0 < seconds < inf:
        raise ValueError(f"seconds must be a number above 0, not {seconds}")
    return seconds


def _parse_form(form: object) -> str | None:
    if form is not None and (not isinstance(form, str) or form not in CORRUPTION_FORMS):
        raise ValueError(f'form "{form}" is none of {", ".join(CORRUPTION_FORMS)}')
    return form


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
