"""From one value in a rule's text to what it means.

Each reader raises ValueError, saying what should stand there instead.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, NewType, TypeGuard

from vdm_alerts.core.model.mailbox_providers import (
    KNOWN_ISPS,
    MISNAMED_ISPS,
    OTHER_ISPS,
    UNSUPPORTED_ISPS,
)
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Dimension, Kind, Window
from vdm_alerts.core.model.naming import is_well_formed
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.patterns import WILD
from vdm_alerts.core.rules.quoting import shown, suggestion
from vdm_alerts.core.rules.rule import Confidence, MinimumConfidence, MissingData, PlainComparison
from vdm_alerts.core.statistics.arrival import ArrivalCurve

INDICATORS: Mapping[str, Indicator] = {indicator.key: indicator for indicator in Indicator}
KINDS: Mapping[str, Kind] = {
    "account": (),
    "identity": (Dimension.IDENTITY,),
    "configuration_set": (Dimension.CONFIGURATION_SET,),
    "tenant": (Dimension.TENANT,),
    "isp": (Dimension.ISP,),
    "identity_at_isp": (Dimension.IDENTITY, Dimension.ISP),
    "configuration_set_at_isp": (Dimension.CONFIGURATION_SET, Dimension.ISP),
    "tenant_at_isp": (Dimension.TENANT, Dimension.ISP),
}
MISSING_DATA: Mapping[str, MissingData] = {each.value: each for each in MissingData}
MAX_NUMBER = 10**12
LONGEST_NAME = 320
"""Letters of an e-mail address: https://datatracker.ietf.org/doc/html/rfc3696#section-3."""
NO_CONFIDENCE = "none"
"""The confidence of a rule that compares rates, and asks no more."""
_INSTANT = "2026-03-20T09:00:00Z"

KindName = NewType("KindName", tuple)  # type: ignore[type-arg]  # a Kind; cattrs needs a name
Reminders = NewType("Reminders", tuple)  # type: ignore[type-arg]  # of timedelta
Share = NewType("Share", float)
Above = NewType("Above", float)
Below = NewType("Below", float)
Count = NewType("Count", int)
Glob = NewType("Glob", str)
IspGlob = NewType("IspGlob", str)
Words = NewType("Words", str)


def one_of(choices: Mapping[str, Any]) -> Callable[[Any, Any], Any]:
    """Return what finds a value among *choices*."""

    def structure(value: object, _: Any) -> Any:  # noqa: ANN401 - cattrs calls it for any type
        if not isinstance(value, str) or value not in choices:
            message = f"{shown(value)} is not known here{suggestion(value, choices)}"
            raise ValueError(message)
        return choices[value]

    return structure


def share(value: object) -> Share:
    """Return a fraction from a percentage such as "0.1%"."""
    match = _percentage(value)
    if not match or not 0 < float(match[1]) <= 100:  # noqa: PLR2004 - per cent
        message = f'{shown(value)} is not a percentage; write it like "5%", down to "0.0001%"'
        raise ValueError(message)
    return Share(float(match[1]) / 100)


def confidence(value: object) -> Confidence:
    """Return the confidence that a percentage such as "99.5%", or "none", stands for."""
    if value == NO_CONFIDENCE:
        return PlainComparison()
    match = _percentage(value)
    if not match or not 50 <= float(match[1]) < 100:  # noqa: PLR2004 - per cent
        message = (
            f'{shown(value)} is not a confidence; write it like "99.5%", from 50% to 99.9999%, '
            f'or "{NO_CONFIDENCE}" for rates to be simply compared'
        )
        raise ValueError(message)
    return MinimumConfidence(round(1 - float(match[1]) / 100, 12))


def _percentage(value: object) -> re.Match[str] | None:
    return (
        re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,4})?) ?%", value) if isinstance(value, str) else None
    )


def above(value: object) -> Above:
    """Return how many times what is usual is too much."""
    if not _is_number(value) or not 1 < float(value) <= MAX_NUMBER:
        message = (
            f"{shown(value)} is not how many times too much is; write a number above 1, like 3"
        )
        raise ValueError(message)
    return Above(float(value))


def below(value: object) -> Below:
    """Return how many times what is usual is too little."""
    if not _is_number(value) or not 0 < float(value) < 1:
        message = f"{shown(value)} is not how little too little is; write it like 0.8, below 1"
        raise ValueError(message)
    return Below(float(value))


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def duration(value: object) -> timedelta:
    """Return so much time, from hours or days such as "6h" and "2d"."""
    match = re.fullmatch(r"([1-9][0-9]{0,3})([hd])", value) if isinstance(value, str) else None
    length = (
        timedelta(**{"hours" if match[2] == "h" else "days": int(match[1])})
        if match
        else timedelta()
    )
    if not timedelta() < length <= timedelta(days=LONGEST_WINDOW.days):
        message = f'{shown(value)} is not a time; write hours or days, "1h" to "60d"'
        raise ValueError(message)
    return length


def reminders(value: object) -> Reminders:
    """Return the times of a list such as ["1d", "7d"], or none for "never"."""
    if value == "never":
        return Reminders(())
    if not isinstance(value, list) or not value:
        message = f'{shown(value)} is no list of times; write it like ["1d", "7d"], or "never"'
        raise ValueError(message)
    return Reminders(tuple(sorted({duration(each) for each in value})))


def feedback(value: object) -> ArrivalCurve:
    """Return how late feedback is, from a table of times and the percentages there are by then."""
    if not isinstance(value, dict) or not value:
        message = f'{shown(value)} is no table of times; write it like {{ "1h" = "93%" }}'
        raise ValueError(message)
    arrived = sorted(
        (duration(time) / timedelta(hours=1), float(share(arrived)))
        for time, arrived in value.items()
    )
    if len({time for time, _ in arrived}) < len(arrived):
        message = "says one time twice"
        raise ValueError(message)
    shares = [share for _, share in arrived]
    if shares != sorted(shares):
        message = "falls: what has arrived by a later time cannot be less"
        raise ValueError(message)
    return ArrivalCurve(tuple(arrived))


def window(value: object) -> Window:
    """Return a window from days such as "3d"."""
    match = re.fullmatch(r"([1-9][0-9]?)d", value) if isinstance(value, str) else None
    if not match or int(match[1]) > LONGEST_WINDOW.days:
        message = f'{shown(value)} is not a window; write whole days, "1d" to "60d"'
        raise ValueError(message)
    return Window(int(match[1]))


def count(value: object) -> Count:
    """Return a whole number from 1 up, and no larger than a count of mails can be."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_NUMBER:
        message = f"{shown(value)} is not a count; write a whole number from 1 up"
        raise ValueError(message)
    return Count(value)


def glob(value: object) -> Glob:
    """Return a pattern of names."""
    if not isinstance(value, str) or not value.strip() or set(value) & set("[]"):
        message = f'{shown(value)} is not a name or a pattern; write it like "*.example.com"'
        raise ValueError(message)
    if len(value) > LONGEST_NAME:
        message = f"{shown(value)} is longer than any name"
        raise ValueError(message)
    return Glob(value)


def isp_glob(value: object) -> IspGlob:
    """Return a pattern of providers; one without a wildcard has to be what SES calls it."""
    name = glob(value)
    plain = name.lower()
    if name == OTHER_ISPS:
        return IspGlob(name)
    if set(name) & WILD:
        if any(fnmatchcase(isp.lower(), plain) for isp in KNOWN_ISPS):
            return IspGlob(name)
        message = f"{shown(name)} matches nothing at SES; it has {', '.join(KNOWN_ISPS)}"
        raise ValueError(message)
    known = {isp.lower(): isp for isp in KNOWN_ISPS}
    right = MISNAMED_ISPS.get(plain) or known.get(plain)
    if right and right != name:
        message = f'{shown(name)} matches nothing at SES; the name there is "{right}"'
        raise ValueError(message)
    if plain in UNSUPPORTED_ISPS or not is_well_formed(name):
        message = f"{shown(name)} has no name at SES; its mail is counted among {OTHER_ISPS}"
        raise ValueError(message)
    if right is None and (near := difflib.get_close_matches(plain, known, n=1, cutoff=0.8)):
        message = f'{shown(name)} is not known at SES; did you mean "{known[near[0]]}"?'
        raise ValueError(message)
    return IspGlob(name)


def instant(value: object) -> datetime:
    """Return an instant, in UTC, from a date and a time that say their offset."""
    if not isinstance(value, datetime):
        message = f"{shown(value)} is not an instant; write it like {_INSTANT}, without quotes"
        raise ValueError(message)  # noqa: TRY004 - as every problem of a text is
    if value.tzinfo is None:
        message = (
            f"{shown(value)} is a local time, and does not say of where; write it with its offset, "
            f"like {_INSTANT} in UTC or {_INSTANT.replace('Z', '+01:00')}"
        )
        raise ValueError(message)
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        message = f"{shown(value)} is not an instant that ever comes"
        raise ValueError(message) from error


def words(value: object) -> Words:
    """Return what somebody has to say, in one line."""
    said = " ".join(value.split()) if isinstance(value, str) else ""
    if not said:
        message = f"{shown(value)} says nothing; write it in words, in quotes"
        raise ValueError(message)
    return Words(said)
