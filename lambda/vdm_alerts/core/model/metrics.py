"""What VDM counts, of whose mail, on which days."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import compress, product
from typing import TypeAlias

from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS
from vdm_alerts.core.model.naming import domain_of, is_well_formed, is_well_formed_identity


class Metric(StrEnum):
    """A VDM metric, spelled as SES spells it.

    Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BatchGetMetricDataQuery.html
    """

    SEND = "SEND"
    DELIVERY = "DELIVERY"
    PERMANENT_BOUNCE = "PERMANENT_BOUNCE"
    TRANSIENT_BOUNCE = "TRANSIENT_BOUNCE"
    COMPLAINT = "COMPLAINT"
    OPEN = "OPEN"
    CLICK = "CLICK"
    DELIVERY_COMPLAINT = "DELIVERY_COMPLAINT"
    DELIVERY_OPEN = "DELIVERY_OPEN"
    DELIVERY_CLICK = "DELIVERY_CLICK"


class Dimension(StrEnum):
    """What mail is told apart by, spelled as SES spells it."""

    IDENTITY = "EMAIL_IDENTITY"
    CONFIGURATION_SET = "CONFIGURATION_SET"
    TENANT = "TENANT_NAME"
    ISP = "ISP"

    @property
    def key(self) -> str:
        """The dimension's name in rules, silences, metrics and stored records."""
        return _DIMENSION_KEYS[self]


_DIMENSION_KEYS: Mapping[Dimension, str] = {
    Dimension.IDENTITY: "identity",
    Dimension.CONFIGURATION_SET: "configuration_set",
    Dimension.TENANT: "tenant",
    Dimension.ISP: "isp",
}


Kind: TypeAlias = tuple[Dimension, ...]
"""What sort of scope: the dimensions it names, in the order of `Dimension`; () is the account."""


_KINDS: Mapping[tuple[bool, ...], Kind] = {
    named: tuple(compress(Dimension, named)) for named in product((False, True), repeat=4)
}
"""Every kind, by which dimensions are named: it is asked for all the time."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose mail is meant: the account's, or the part that has all the named dimensions."""

    identity: str | None = None
    configuration_set: str | None = None
    tenant: str | None = None
    isp: str | None = None

    @property
    def dimensions(self) -> Mapping[Dimension, str]:
        """The dimensions that narrow the account's mail; empty for the account itself."""
        values = (self.identity, self.configuration_set, self.tenant, self.isp)
        named = zip(Dimension, values, strict=True)
        return {dimension: value for dimension, value in named if value is not None}

    @property
    def kind(self) -> Kind:
        """Which dimensions are named."""
        return _KINDS[
            self.identity is not None,
            self.configuration_set is not None,
            self.tenant is not None,
            self.isp is not None,
        ]

    @property
    def is_part(self) -> bool:
        """Whether it is of a sender, and of what goes to one provider alone."""
        return self.isp is not None and len(self.kind) > 1

    @property
    def is_derived(self) -> bool:
        """Whether its counts are what is left of others', because SES has no name for it."""
        return self.isp == OTHER_ISPS

    @property
    def may_be_rejected(self) -> bool:
        """Whether SES may refuse a call for a name in this scope."""
        return any(
            not (is_well_formed_identity if key is Dimension.IDENTITY else is_well_formed)(value)
            for key, value in self.dimensions.items()
        )

    @property
    def whole(self) -> "Scope":
        """The scope of which this is the part at one provider; itself where it names none."""
        return self.at(None)

    @property
    def domain(self) -> "Scope | None":
        """The scope of the domain that this one's address is in, whose counts include its own."""
        domain = domain_of(self.identity) if self.identity else None
        return replace(self, identity=domain) if domain else None

    def at(self, isp: str | None) -> "Scope":
        """Return the part of this scope that goes to *isp*; the whole of it, for None."""
        return Scope(self.identity, self.configuration_set, self.tenant, isp)

    def __str__(self) -> str:
        return " at ".join(self.dimensions.values()) or "the account"


ACCOUNT = Scope()


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The last *days* whole UTC days, today's unfinished one among them."""

    days: int

    def first_day(self, last: date) -> date:
        """Return the earliest day that the window ending *last* takes in."""
        return last - timedelta(days=self.days - 1)

    def __str__(self) -> str:
        return "day" if self.days == 1 else f"{self.days} days"


LONGEST_WINDOW = Window(60)
"""VDM keeps and answers at most 60 days.

Source: https://docs.aws.amazon.com/ses/latest/dg/vdm-dashboard.html
"""


@dataclass(frozen=True, slots=True)
class Series:
    """The daily counts of one metric in one scope, as SES answered them.

    A day that SES left out of an answer had no such messages. A query that SES did not answer
    is no series at all but a `Gap`. Kept as a row of numbers, because an account can have ten
    thousand of these for sixty days each.
    """

    counts: InitVar[Mapping[date, int]]
    _first: date = field(init=False)
    _daily: "array[int]" = field(init=False)

    def __post_init__(self, counts: Mapping[date, int]) -> None:
        """Lay *counts* out, from the first day with any to the last."""
        days = [day for day, count in counts.items() if count]
        first = min(days, default=date.max)
        daily = array("q", bytes(8 * (max(days) - first).days + 8 if days else 0))
        for day in days:
            daily[(day - first).days] = counts[day]
        object.__setattr__(self, "_first", first)
        object.__setattr__(self, "_daily", daily)

    @property
    def days(self) -> Mapping[date, int]:
        """The days that have any messages, in order, with how many."""
        numbered = enumerate(self._daily)
        return {self._first + timedelta(days=age): count for age, count in numbered if count}

    @property
    def newest_day(self) -> date | None:
        """The last day that has any messages."""
        return self._first + timedelta(days=len(self._daily) - 1) if self._daily else None

    def total(self, window: Window, last: date) -> int:
        """Return the messages counted in *window* ending *last*."""
        end = (last - self._first).days + 1
        return sum(self._daily[max(0, end - window.days) : max(0, end)])

    def daily(self, days: int, last: date) -> Sequence[int]:
        """Return the messages of each of so many *days*, the *last* one at the end."""
        begin = (last - self._first).days + 1 - days
        counts = self._daily[max(0, begin) : max(0, begin + days)].tolist()
        before = [0] * min(days, max(0, -begin))
        return before + counts + [0] * (days - len(before) - len(counts))

    def minus(self, parts: Iterable["Series"]) -> "Series":
        """Return what is left of each day without *parts*: none, where those are counted ahead."""
        left = list(self._daily)
        for part in parts:
            if not left:
                break
            counts = part.daily(len(left), self._first + timedelta(days=len(left) - 1))
            left = [max(0, one - other) for one, other in zip(left, counts, strict=True)]
        return Series({self._first + timedelta(days=age): each for age, each in enumerate(left)})
