"""How a `[[fault]]` of a scenario is written; vdm_local.scenario says what each key means."""

from collections.abc import Mapping
from math import inf
from typing import Any, TypeGuard

from vdm_local.faults import PATIENCE, CallFault, CallKind, Fault, QueryFault, QueryKind, Reach
from vdm_local.garbled import FORMS

_QUERY_KINDS = [str(kind) for kind in QueryKind]
_KINDS = [*(str(kind) for kind in CallKind), *_QUERY_KINDS]
_OWN = {"time-out": "seconds", "garbled": "form"}
"""The key that a fault of one kind has and others have not."""


def parse_fault(number: int, entry: Mapping[str, Any]) -> Fault:
    """Return what *entry* says, the fault of that *number*. Raises ValueError, which names it."""
    kind = entry.get("kind")
    try:
        return _fault(kind, entry)
    except ValueError as error:
        raise ValueError(f'fault {number}, of kind "{kind}": {error}') from None


def _fault(kind: object, entry: Mapping[str, Any]) -> Fault:
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"there is none such but {', '.join(_KINDS)}")
    known = {"kind", "share", "value", "calls", _OWN.get(kind)}
    if unknown := entry.keys() - known:
        raise ValueError(f"not known in such a fault: {', '.join(sorted(unknown))}")
    reach = Reach(
        _share(entry.get("share", 1)), _value(entry.get("value")), _calls(entry.get("calls"))
    )
    if kind in _QUERY_KINDS:
        return QueryFault(QueryKind(kind), reach)
    seconds, form = _seconds(entry.get("seconds", PATIENCE)), _form(entry.get("form"))
    return CallFault(CallKind(kind), reach, seconds, form)


def _share(share: object) -> float:
    if not _is_number(share) or not 0 <= share <= 1:
        raise ValueError(f"share must be a number from 0 to 1, not {share}")
    return share


def _value(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or not value):
        raise ValueError(f'value must be that of a dimension, in quotes, not "{value}"')
    return value


def _calls(calls: object) -> tuple[int, int] | None:
    match calls:
        case None:
            return None
        case [first, last] if _is_whole(first) and _is_whole(last) and 1 <= first <= last:
            return first, last
        case _:
            raise ValueError(f"calls must be the first and the last, like [1, 5], not {calls}")


def _seconds(seconds: object) -> float:
    if not _is_number(seconds) or not 0 < seconds < inf:
        raise ValueError(f"seconds must be a number above 0, not {seconds}")
    return seconds


def _form(form: object) -> str | None:
    if form is not None and (not isinstance(form, str) or form not in FORMS):
        raise ValueError(f'form "{form}" is none of {", ".join(FORMS)}')
    return form


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
