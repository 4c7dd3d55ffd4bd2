"""The types of values in rules and silences, and their parsers.

Each parser raises ValueError with the expected form of the value.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, NewType, TypeGuard

from vdm_alerts.core.model.invisible_characters import INVISIBLE, describe
from vdm_alerts.core.model.mailbox_providers import (
    KNOWN_ISPS,
    MISNAMED_ISPS,
    OTHER_ISPS,
    UNKNOWN_ISP,
    UNSUPPORTED_ISPS,
)
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Dimension, Kind, Window
from vdm_alerts.core.model.naming import is_well_formed
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.patterns import WILDCARDS, with_punycode
from vdm_alerts.core.rules.quoting import quote, suggestion
from vdm_alerts.core.rules.rule import Confidence, MinimumConfidence, MissingData, PlainComparison
from vdm_alerts.core.statistics.arrival import ArrivalCurve

INDICATORS: Mapping[str, Indicator] = {indicator.key: indicator for indicator in Indicator}
"""The indicators, by their names in rules."""
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
"""The kinds of scopes, by their names in rules."""
MISSING_DATA: Mapping[str, MissingData] = {treatment.value: treatment for treatment in MissingData}
"""The treatments of missing data, by their names in rules."""
MAX_NUMBER = 10**12
"""The highest number that a rule may contain."""
MAX_NAME_LENGTH = 320
"""Maximum characters of an address: https://datatracker.ietf.org/doc/html/rfc3696#section-3."""
NO_CONFIDENCE = "none"
"""The value of the key `confidence` for a plain comparison."""
MAX_TARGET_PATTERN_LENGTH = 64
"""Maximum characters of a pattern of account IDs or of Regions."""
_ACCOUNT_PATTERN = re.compile(r"[0-9?]{12}|(?=.*\*)(?:\**[0-9?]){0,12}\**")
"""A pattern that 12 digits can match."""
_REGION_PATTERN = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]+|(?=.*[*?])[a-z0-9*?-]+")
"""A Region, or a pattern with the characters of Regions."""
_TIMESTAMP_EXAMPLE = "2026-03-20T09:00:00Z"

KindName = NewType("KindName", tuple)  # type: ignore[type-arg]  # A Kind: cattrs needs a class.
"""A kind of scope, written as a key of `KINDS`."""
Reminders = NewType("Reminders", tuple)  # type: ignore[type-arg]  # A tuple of timedelta.
"""Durations, shortest first. Empty if written as "never"."""
Share = NewType("Share", float)
"""A fraction, written as a percentage."""
IncreaseFactor = NewType("IncreaseFactor", float)
"""A number above 1."""
DropFactor = NewType("DropFactor", float)
"""A number between 0 and 1."""
Count = NewType("Count", int)
"""A whole number from 1 to `MAX_NUMBER`."""
Glob = NewType("Glob", str)
"""A name, or a pattern with `*` and `?`."""
IdentityGlob = NewType("IdentityGlob", str)
"""A name of an identity, with its domain as SES lists it, or a pattern of such names."""
IspGlob = NewType("IspGlob", str)
"""A name of a mailbox provider, as SES spells it, or a pattern of such names."""
AccountGlob = NewType("AccountGlob", str)
"""An account ID, or a pattern of account IDs."""
RegionGlob = NewType("RegionGlob", str)
"""A Region, or a pattern of Regions."""
SingleLine = NewType("SingleLine", str)
"""A text in one line, not empty."""


def choice_parser(kind: str, choices: Mapping[str, Any]) -> Callable[[Any, Any], Any]:
    """Return a cattrs hook that looks up a value in *choices*.

    *kind* says what a choice is, with an article, such as "an indicator".
    """

    def parse_choice(value: object, _: Any) -> Any:  # noqa: ANN401 - cattrs calls it for any type
        if not isinstance(value, str) or value not in choices:
            message = f"{quote(value)} is not {kind}. {suggestion(value, choices)}"
            raise ValueError(message)
        return choices[value]

    return parse_choice


def parse_share(value: object) -> Share:
    """Return the fraction of a percentage such as "0.1%"."""
    match = _match_percentage(value)
    if not match or not 0 < float(match[1]) <= 100:  # noqa: PLR2004 - per cent
        message = (
            f'{quote(value)} is not a percentage. Use "0.0001%" to "100%", in quotes, for example '
            '"5%".'
        )
        raise ValueError(message)
    return Share(float(match[1]) / 100)


def parse_confidence(value: object) -> Confidence:
    """Return the confidence of a percentage such as "99.5%", or of "none"."""
    if value == NO_CONFIDENCE:
        return PlainComparison()
    match = _match_percentage(value)
    if not match or not 50 <= float(match[1]) < 100:  # noqa: PLR2004 - per cent
        message = (
            f'{quote(value)} is not a confidence. Use "50%" to "99.9999%", in quotes, for example '
            f'"99.5%". Use "{NO_CONFIDENCE}" to compare rates without a confidence.'
        )
        raise ValueError(message)
    return MinimumConfidence(round(1 - float(match[1]) / 100, 12))


def _match_percentage(value: object) -> re.Match[str] | None:
    """Return the match of a percentage, whose group 1 is the number, or None."""
    if not isinstance(value, str):
        return None
    return re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,4})?) ?%", value)


def parse_increase_factor(value: object) -> IncreaseFactor:
    """Return the factor by which a rate must not exceed its baseline."""
    if not _is_number(value) or not 1 < float(value) <= MAX_NUMBER:
        message = f"{quote(value)} is not a factor. Use a number greater than 1, for example 3."
        raise ValueError(message)
    return IncreaseFactor(float(value))


def parse_drop_factor(value: object) -> DropFactor:
    """Return the factor of its baseline below which a rate must not drop."""
    if not _is_number(value) or not 0 < float(value) < 1:
        message = f"{quote(value)} is not a factor. Use a number between 0 and 1, for example 0.8."
        raise ValueError(message)
    return DropFactor(float(value))


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def parse_duration(value: object) -> timedelta:
    """Return the duration of a text such as "6h" or "2d", up to 60 days."""
    match = re.fullmatch(r"([1-9][0-9]{0,3})([hd])", value) if isinstance(value, str) else None
    duration = timedelta()
    if match:
        number, unit = int(match[1]), match[2]
        duration = timedelta(hours=number) if unit == "h" else timedelta(days=number)
    if not timedelta() < duration <= timedelta(days=LONGEST_WINDOW.days):
        message = (
            f'{quote(value)} is not a duration. Use hours or days from "1h" to "60d", for example '
            '"6h".'
        )
        raise ValueError(message)
    return duration


def parse_reminders(value: object) -> Reminders:
    """Return the durations of a list such as ["1d", "7d"], or of "never"."""
    if value == "never":
        return Reminders(())
    if not isinstance(value, list) or not value:
        message = (
            f'{quote(value)} is not a list of durations. Use a list, for example ["1d", "7d"], or '
            '"never".'
        )
        raise ValueError(message)
    return Reminders(tuple(sorted({parse_duration(item) for item in value})))


def parse_arrival_curve(value: object) -> ArrivalCurve:
    """Return the curve of a table from durations to percentages."""
    if not isinstance(value, dict) or not value:
        message = (
            f"{quote(value)} is not a table of durations and percentages. Use a table, for example "
            '{ "1h" = "93%" }.'
        )
        raise ValueError(message)
    points = sorted(
        (parse_duration(duration) / timedelta(hours=1), float(parse_share(share)))
        for duration, share in value.items()
    )
    if len({hours for hours, _ in points}) < len(points):
        message = 'has the same duration twice, as "24h" and "1d" are. Use each duration once.'
        raise ValueError(message)
    shares = [share for _, share in points]
    if shares != sorted(shares):
        message = (
            "has a lower percentage for a longer duration. Use percentages that do not decrease: "
            "feedback that has arrived stays counted."
        )
        raise ValueError(message)
    return ArrivalCurve(tuple(points))


def parse_window(value: object) -> Window:
    """Return the window of days such as "3d", at most 60 days."""
    match = re.fullmatch(r"([1-9][0-9]?)d", value) if isinstance(value, str) else None
    if not match or int(match[1]) > LONGEST_WINDOW.days:
        message = (
            f'{quote(value)} is not a window. Use whole days from "1d" to "60d", for example "7d".'
        )
        raise ValueError(message)
    return Window(int(match[1]))


def parse_count(value: object) -> Count:
    """Return a whole number from 1 to `MAX_NUMBER`."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_NUMBER:
        message = f"{quote(value)} is not a count. Use a whole number from 1 up, for example 500."
        raise ValueError(message)
    return Count(value)


def parse_glob(value: object) -> Glob:
    """Return a name pattern. Character sets such as "[ab]" are not supported."""
    if not isinstance(value, str) or not value.strip() or set(value) & set("[]"):
        message = (
            f"{quote(value)} is not a name or a pattern. Use a text without [ and ], for example "
            '"*.example.com".'
        )
        raise ValueError(message)
    if len(value) > MAX_NAME_LENGTH:
        message = f"{quote(value)} is too long. Use at most {MAX_NAME_LENGTH} characters."
        raise ValueError(message)
    if invisible := INVISIBLE.search(value):
        message = (
            f"{quote(value)} contains {describe(invisible[0])}, which is not valid in a name. "
            "Delete it."
        )
        raise ValueError(message)
    return Glob(value)


def parse_identity_glob(value: object) -> IdentityGlob:
    """Return a pattern of identities. Internationalized domains become Punycode, as at SES."""
    return IdentityGlob(with_punycode(parse_glob(value)))


def parse_account_glob(value: object) -> AccountGlob:
    """Return a pattern of account IDs, which 12 digits can match."""
    if not _is_target_pattern(value, _ACCOUNT_PATTERN):
        message = (
            f"{quote(value)} is not an account ID or a pattern of account IDs. Use 12 digits, or "
            'digits with * and ?, in quotes, for example "222222222222" or "2222*". An alias is '
            "not valid here."
        )
        raise ValueError(message)
    return AccountGlob(value)


def parse_region_glob(value: object) -> RegionGlob:
    """Return a pattern of Regions."""
    if not _is_target_pattern(value, _REGION_PATTERN):
        message = (
            f"{quote(value)} is not a Region or a pattern of Regions. Use a form like "
            '"eu-west-1" or "eu-*", in lower case.'
        )
        raise ValueError(message)
    return RegionGlob(value)


def _is_target_pattern(value: object, form: re.Pattern[str]) -> TypeGuard[str]:
    """Return whether *value* is a text of the *form*, and not too long."""
    return (
        isinstance(value, str)
        and len(value) <= MAX_TARGET_PATTERN_LENGTH
        and form.fullmatch(value) is not None
    )


def parse_isp_glob(value: object) -> IspGlob:
    """Return a pattern of mailbox providers.

    A pattern with wildcards must match a known provider. A name without wildcards must be the name
    that SES uses.
    """
    name = parse_glob(value)
    if name != OTHER_ISPS:
        if set(name) & WILDCARDS:
            _check_isp_pattern(name)
        else:
            _check_isp_name(name)
    return IspGlob(name)


def _check_isp_pattern(pattern: str) -> None:
    """Raise ValueError if *pattern* matches no known provider."""
    if not any(fnmatchcase(isp.lower(), pattern.lower()) for isp in KNOWN_ISPS):
        message = (
            f"{quote(pattern)} matches no mailbox provider of SES. Use a pattern that matches at "
            f"least one of {', '.join(KNOWN_ISPS)}."
        )
        raise ValueError(message)


def _check_isp_name(name: str) -> None:
    """Raise ValueError if SES does not use *name* for a provider.

    Other well-formed names are valid: SES can have providers that VDM Alerts does not know.
    """
    lowercase_name = name.lower()
    known_names = {isp.lower(): isp for isp in KNOWN_ISPS}
    ses_name = MISNAMED_ISPS.get(lowercase_name) or known_names.get(lowercase_name)
    if ses_name and ses_name != name:
        message = f'{quote(name)} is not the name of a mailbox provider in SES. Use "{ses_name}".'
        raise ValueError(message)
    if lowercase_name in UNSUPPORTED_ISPS or not is_well_formed(name):
        message = (
            f"{quote(name)} is not the name of a mailbox provider in SES. If SES has no name for "
            f'it, use "{UNKNOWN_ISP}", which includes its emails.'
        )
        raise ValueError(message)
    similar = difflib.get_close_matches(lowercase_name, known_names, n=1, cutoff=0.8)
    if ses_name is None and similar:
        message = (
            f"{quote(name)} is not the name of a mailbox provider in SES. Did you mean "
            f'"{known_names[similar[0]]}"?'
        )
        raise ValueError(message)


def parse_timestamp(value: object) -> datetime:
    """Return a TOML timestamp with an offset, converted to UTC."""
    if not isinstance(value, datetime):
        message = (
            f"{quote(value)} is not a timestamp. Use a date, a time and an offset, without quotes, "
            f"for example {_TIMESTAMP_EXAMPLE}."
        )
        raise ValueError(message)  # noqa: TRY004 - cattrs treats every error of a value alike
    if value.tzinfo is None:
        message = (
            f"{quote(value)} is not a timestamp with an offset. Add the offset from UTC, for "
            f"example {_TIMESTAMP_EXAMPLE} or {_TIMESTAMP_EXAMPLE.replace('Z', '+01:00')}."
        )
        raise ValueError(message)
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        message = (
            f"{quote(value)} is not a timestamp that VDM Alerts supports. Use a timestamp in the "
            f"years 1 to 9999 in UTC, for example {_TIMESTAMP_EXAMPLE}."
        )
        raise ValueError(message) from error


def parse_single_line(value: object) -> SingleLine:
    """Return a text with every run of white space replaced by one space."""
    line = " ".join(value.split()) if isinstance(value, str) else ""
    if not line:
        message = f"{quote(value)} is not a text with content. Use at least one word, in quotes."
        raise ValueError(message)
    return SingleLine(line)
