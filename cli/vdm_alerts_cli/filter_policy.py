"""The filter policy of an SNS subscription, evaluated for the attributes of a message.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

_TEXT_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "equals-ignore-case": lambda value, wanted: value.casefold() == wanted.casefold(),
    "wildcard": lambda value, pattern: fnmatchcase(value, re.sub(r"([?[])", r"[\1]", pattern)),
}


def passes(subscription: Mapping[str, str], attributes: Mapping[str, str]) -> bool | None:
    """Return whether a message with *attributes* passes the filter policy of a subscription.

    *subscription* are the attributes of the subscription, as SNS returns them, and *attributes*
    those of the message, all of type String. None if this program cannot tell: the policy filters
    by the body, or has an operator that is not known here.
    """
    text = subscription.get("FilterPolicy")
    if not text or text == "{}":
        return True
    if subscription.get("FilterPolicyScope", "MessageAttributes") != "MessageAttributes":
        return None
    try:
        policy = json.loads(text)
    except ValueError:
        return None
    return _matches_all(policy, attributes)


def _matches_all(policy: object, attributes: Mapping[str, str]) -> bool | None:
    if not isinstance(policy, dict):
        return None
    return _all(
        _any(_matches_all(each, attributes) for each in conditions)
        if key == "$or" and isinstance(conditions, list)
        else _matches_any(conditions, attributes.get(key))
        for key, conditions in policy.items()
    )


def _matches_any(conditions: object, value: str | None) -> bool | None:
    if not isinstance(conditions, list):
        return None
    return _any(_matches(condition, value) for condition in conditions)


def _matches(condition: object, value: str | None) -> bool | None:
    """Return whether *value*, None if there is no such attribute, meets *condition*."""
    match condition:
        case str():
            return value == condition
        case {"exists": bool() as exists}:
            return (value is not None) == exists
        case dict() if len(condition) == 1:
            ((operator, wanted),) = condition.items()
            return _apply(operator, wanted, value)
        case bool() | int() | float() | None:
            return False  # The attributes of VDM Alerts are strings.
        case _:
            return None


def _apply(operator: str, wanted: Any, value: str | None) -> bool | None:  # noqa: ANN401 - JSON
    if operator in _TEXT_OPERATORS and isinstance(wanted, str):
        return value is not None and _TEXT_OPERATORS[operator](value, wanted)
    if operator == "numeric":
        return False
    if operator == "anything-but":
        if value is None:
            return False
        matched = _any(
            _matches(each, value) for each in (wanted if isinstance(wanted, list) else [wanted])
        )
        return None if matched is None else not matched
    return None


def _all(results: Iterable[bool | None]) -> bool | None:
    """Return whether all of *results* are True: False if one is, else None if one is unknown."""
    found = set(results)
    if False in found:
        return False
    return None if None in found else True


def _any(results: Iterable[bool | None]) -> bool | None:
    """Return whether any of *results* is True, else None if one is unknown."""
    found = set(results)
    if True in found:
        return True
    return None if None in found else False
