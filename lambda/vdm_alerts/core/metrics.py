"""What VDM counts, of whose mail, on which days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeAlias

KNOWN_ISPS = (
    "Gmail",
    "Hotmail",
    "ExchangeOnline",
    "Yahoo",
    "Icloud",
    "Aol",
    "Comcast",
    "Gmx",
    "Tencent",
    "NetEase",
)
"""Mailbox providers as VDM spells them; no API lists them.

Source: the spellings that answered in production for PostHog,
https://github.com/PostHog/posthog (products/workflows/backend/providers/ses.py).
"""

ISPS_WITHOUT_FEEDBACK_LOOP = frozenset({"Gmail"})
"""Providers that report no single complaint to SES, so that they have no complaint rate.

Source: https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html ("mail sent to domains
that send complaint feedback to SES"); Gmail runs no per-message feedback loop.
"""


class Metric(StrEnum):
    """A VDM metric, spelled as SES spells it.

    Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BatchGetMetricDataQuery.html
    """

    SEND = "SEND"
    PERMANENT_BOUNCE = "PERMANENT_BOUNCE"
    TRANSIENT_BOUNCE = "TRANSIENT_BOUNCE"
    COMPLAINT = "COMPLAINT"
    DELIVERY_COMPLAINT = "DELIVERY_COMPLAINT"


class Dimension(StrEnum):
    """What mail is told apart by, spelled as SES spells it."""

    IDENTITY = "EMAIL_IDENTITY"
    CONFIGURATION_SET = "CONFIGURATION_SET"
    ISP = "ISP"


Kind: TypeAlias = tuple[Dimension, ...]
"""What sort of scope: the dimensions it names, in the order of `Dimension`; () is the account."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose mail is meant: the account's, or the part that has all the named dimensions."""

    identity: str | None = None
    configuration_set: str | None = None
    isp: str | None = None

    @property
    def dimensions(self) -> Mapping[Dimension, str]:
        """The dimensions that narrow the account's mail; empty for the account itself."""
        named = zip(Dimension, (self.identity, self.configuration_set, self.isp), strict=True)
        return {dimension: value for dimension, value in named if value is not None}

    @property
    def kind(self) -> Kind:
        """Which dimensions are named."""
        return tuple(self.dimensions)

    def __str__(self) -> str:
        return " at ".join(self.dimensions.values()) or "the account"


ACCOUNT = Scope()


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The last *days* whole UTC days, today's unfinished one among them."""

    days: int

    def first_day(self, today: date) -> date:
        """Return the earliest day that the window ending *today* takes in."""
        return today - timedelta(days=self.days - 1)

    def __str__(self) -> str:
        return "1 day" if self.days == 1 else f"{self.days} days"


@dataclass(frozen=True, slots=True)
class Series:
    """The daily counts of one metric in one scope, as SES answered them.

    A day that SES left out of an answer had no such messages. A query that SES did not answer
    is no series at all but a `Gap`.
    """

    counts: Mapping[date, int]

    def total(self, window: Window, today: date) -> int:
        """Return the messages counted in *window* ending *today*."""
        first = window.first_day(today)
        return sum(count for day, count in self.counts.items() if first <= day <= today)
