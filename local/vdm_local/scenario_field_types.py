"""The types of values in scenarios, and their parsers.

Each parser raises ValueError with the expected form of the value.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from math import inf
from typing import Literal, NewType, TypeAlias, TypeGuard

from vdm_alerts.core.model.invisible_characters import INVISIBLE
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.muting.quiet_hours import QuietHours, parse_quiet_hours
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.observations.no_email import parse_no_email_after
from vdm_alerts.core.rules.quoting import quote
from vdm_local.corruption import CORRUPTION_FORMS
from vdm_local.faults import DEFAULT_DELAY_S, METRIC_DATA, CallFaultKind, QueryFaultKind
from vdm_local.scenario_run import SERVICE

Enforcement: TypeAlias = Literal["HEALTHY", "PROBATION", "SHUTDOWN"]
"""Enforcement status of an SES account.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html
"""
Plan: TypeAlias = Literal["NONE", "ESSENTIALS", "PRO", "ENTERPRISE"]
"""Pricing plan of an SES account.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PricingAttributes.html
"""
AdvisorCheck: TypeAlias = Literal[
    "DKIM", "DMARC", "SPF", "BIMI", "COMPLAINT", "BOUNCE", "FEEDBACK_3P", "IP_LISTING"
]
"""What the VDM advisor checks.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Recommendation.html
"""
AdvisorImpact: TypeAlias = Literal["HIGH", "LOW"]
"""The impact of a recommendation, from the same source."""
TodayQueries: TypeAlias = Literal["served", "rejected"]
"""What SES does with queries of the current day."""
EXPECTED_REASONS: Mapping[str, str] = {
    reason: reason
    for reason in (*(each.value for each in Reason), "SUMMARY", "DIGEST", "WEEKLY", SERVICE)
}
"""The reasons that notifications can have."""
FaultKind: TypeAlias = CallFaultKind | QueryFaultKind
"""A kind of fault."""
FAULT_KINDS: Mapping[str, FaultKind] = {
    kind.value: kind for kind in (*CallFaultKind, *QueryFaultKind)
}
"""The kinds of faults, by their names in scenarios."""
CORRUPTIONS: Mapping[str, str] = {form: form for form in CORRUPTION_FORMS}
"""The forms of corrupted responses."""

Name = NewType("Name", str)
"""A name of an identity, a configuration set, a tenant or a provider."""
ExpectedReason = NewType("ExpectedReason", str)
"""A key of `EXPECTED_REASONS`."""
Corruption = NewType("Corruption", str)
"""A key of `CORRUPTIONS`."""
Emails = NewType("Emails", int)
"""A number of emails, at least 1."""
Share = NewType("Share", float)
"""A number from 0 to 1."""
Delay = NewType("Delay", float)
"""Seconds, a number above 0."""
Operation = NewType("Operation", str)
"""An operation of AWS, as IAM names its action, or a pattern of such names."""
ONLY_METRIC_DATA = Operation(METRIC_DATA)
"""The operation of a fault without the key `operation`."""
WHOLE = Share(1)
"""The share of a fault that affects everything it matches."""
DEFAULT_DELAY = Delay(DEFAULT_DELAY_S)
"""The delay of a time-out without the key `seconds`."""


def parse_day(value: object) -> date:
    """Return a TOML date without a time."""
    if not isinstance(value, date) or isinstance(value, datetime):
        message = (
            f"{quote(value)} is not a date. Use a date without a time and without quotes, for "
            "example 2026-03-01."
        )
        raise ValueError(message)  # noqa: TRY004 - cattrs treats every error of a value alike
    return value


def parse_switch(value: object) -> bool:
    """Return a TOML boolean."""
    if not isinstance(value, bool):
        message = f"{quote(value)} is not a Boolean. Use true or false, without quotes."
        raise ValueError(message)  # noqa: TRY004 - cattrs treats every error of a value alike
    return value


def parse_integer(value: object) -> int:
    """Return a whole number."""
    if not _is_integer(value):
        message = f"{quote(value)} is not a whole number. Use a whole number, for example 7."
        raise ValueError(message)
    return value


def parse_emails(value: object) -> Emails:
    """Return a number of emails."""
    if not _is_integer(value) or value < 1:
        message = (
            f"{quote(value)} is not a number of emails. Use a whole number, for example 50000."
        )
        raise ValueError(message)
    return Emails(value)


def parse_text(value: object) -> str:
    """Return a text, which may be empty."""
    if not isinstance(value, str):
        message = f"{quote(value)} is not a text. Use a text in quotes."
        raise ValueError(message)  # noqa: TRY004 - cattrs treats every error of a value alike
    return value


def parse_name(value: object) -> Name:
    """Return a name. Names at SES contain neither white space nor invisible characters."""
    if not isinstance(value, str) or value.split() != [value] or INVISIBLE.search(value):
        message = f"{quote(value)} is not a name. Use a name in quotes, without spaces."
        raise ValueError(message)
    return Name(value)


def parse_operation(value: object) -> Operation:
    """Return an operation such as "dynamodb:PutItem", or a pattern such as "dynamodb:*"."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9*]+:[A-Za-z*]+", value):
        message = f'{quote(value)} is not an operation; write it like "dynamodb:PutItem"'
        raise ValueError(message)
    return Operation(value)


def parse_quiet_period(value: object) -> QuietHours | None:
    """Return the quiet hours of a text such as "22:00-07:00 Europe/Berlin", or of "none"."""
    return parse_quiet_hours(parse_text(value))


def parse_days_without_email(value: object) -> Window | None:
    """Return the days of a text such as "3d", or None for "never"."""
    return parse_no_email_after(parse_text(value))


def parse_share(value: object) -> Share:
    """Return a number from 0 to 1."""
    if not _is_number(value) or not 0 <= value <= 1:
        message = f"{quote(value)} is not a share. Use a number from 0 to 1, for example 0.5."
        raise ValueError(message)
    return Share(value)


def parse_delay(value: object) -> Delay:
    """Return a number of seconds."""
    if not _is_number(value) or not 0 < value < inf:
        message = f"{quote(value)} is not a delay. Use a number of seconds above 0, for example 70."
        raise ValueError(message)
    return Delay(value)


def parse_calls(value: object) -> tuple[int, int]:
    """Return the numbers of the first and the last call."""
    match value:
        case [first, last] if _is_integer(first) and _is_integer(last) and 1 <= first <= last:
            return first, last
        case _:
            message = (
                f"{quote(value)} is not a range of calls. Use the first and the last call, for "
                "example [1, 5]."
            )
            raise ValueError(message)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
