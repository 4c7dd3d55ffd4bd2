"""VDM metrics: what is counted, in which scopes, on which days."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import compress, product
from typing import TypeAlias

from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.mailbox_providers import DISPLAY_NAMES, OTHER_ISPS
from vdm_alerts.core.model.naming import domain_of, is_well_formed, is_well_formed_identity


class Metric(StrEnum):
    """A VDM metric, as SES spells it.

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
    """A property by which VDM separates email counts, as SES spells it."""

    IDENTITY = "EMAIL_IDENTITY"
    CONFIGURATION_SET = "CONFIGURATION_SET"
    TENANT = "TENANT_NAME"
    ISP = "ISP"

    @property
    def key(self) -> str:
        """The name of the dimension in rules, metrics and stored records."""
        return _DIMENSION_KEYS[self]


_DIMENSION_KEYS: Mapping[Dimension, str] = {
    Dimension.IDENTITY: "identity",
    Dimension.CONFIGURATION_SET: "configuration_set",
    Dimension.TENANT: "tenant",
    Dimension.ISP: "isp",
}


Kind: TypeAlias = tuple[Dimension, ...]
"""The dimensions that a scope names, in the order of `Dimension`. () is the account."""

_KIND_OF_NAMED: Mapping[tuple[bool, ...], Kind] = {
    is_named: tuple(compress(Dimension, is_named)) for is_named in product((False, True), repeat=4)
}
"""All kinds, by whether each dimension is named. A table, because the lookup is frequent."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The emails of the account that match every named dimension.

    Without a name, the scope is the whole account.
    """

    identity: str | None = None
    configuration_set: str | None = None
    tenant: str | None = None
    isp: str | None = None
    """A mailbox provider, as SES names it, or `OTHER_ISPS`."""

    @property
    def dimensions(self) -> Mapping[Dimension, str]:
        """The named dimensions with their names. Empty for the account."""
        values = (self.identity, self.configuration_set, self.tenant, self.isp)
        pairs = zip(Dimension, values, strict=True)
        return {dimension: name for dimension, name in pairs if name is not None}

    @property
    def display_names(self) -> Mapping[Dimension, str]:
        """The named dimensions with their names as a reader sees them.

        SES should not accept a name with invisible characters, but nothing depends on that.
        """
        return {
            dimension: display_provider(name)
            if dimension is Dimension.ISP
            else escape_invisible(name)
            for dimension, name in self.dimensions.items()
        }

    @property
    def kind(self) -> Kind:
        """The named dimensions."""
        return _KIND_OF_NAMED[
            self.identity is not None,
            self.configuration_set is not None,
            self.tenant is not None,
            self.isp is not None,
        ]

    @property
    def is_sender_at_provider(self) -> bool:
        """Whether the scope is the email of a sender to one provider."""
        return self.isp is not None and len(self.kind) > 1

    @property
    def is_derived(self) -> bool:
        """Whether the counts are the remainder of other counts.

        SES has no name for such a scope.
        """
        return self.isp == OTHER_ISPS

    @property
    def may_be_rejected(self) -> bool:
        """Whether SES might reject a call that contains the names of this scope."""
        return not all(
            is_well_formed_identity(name)
            if dimension is Dimension.IDENTITY
            else is_well_formed(name)
            for dimension, name in self.dimensions.items()
        )

    @property
    def at_all_providers(self) -> "Scope":
        """The same scope at all providers."""
        return self.at_provider(None)

    @property
    def domain(self) -> "Scope | None":
        """The scope of the domain of the email address, or None without one.

        The counts of the domain include the counts of its addresses.
        """
        domain = domain_of(self.identity) if self.identity else None
        return replace(self, identity=domain) if domain else None

    def at_provider(self, isp: str | None) -> "Scope":
        """Return the scope at the provider *isp*, or at all if *isp* is None."""
        return Scope(self.identity, self.configuration_set, self.tenant, isp)

    def together_with(self, other: "Scope") -> "Scope":
        """Return the scope of the emails that are in this scope and in *other*.

        Both scopes must not name the same dimension.
        """
        names = {**self.dimensions, **other.dimensions}
        return Scope(*(names.get(dimension) for dimension in Dimension))

    def __str__(self) -> str:
        return " at ".join(self.display_names.values()) or "the account"


ACCOUNT = Scope()
"""The whole account."""


def display_provider(isp: str) -> str:
    """Return the mailbox provider *isp* as a reader sees it."""
    return DISPLAY_NAMES.get(isp) or escape_invisible(isp)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A number of consecutive UTC days.

    The last day can be today, which is partial.
    """

    days: int

    def first_day(self, last: date) -> date:
        """Return the first day of the window that ends with the day *last*."""
        return last - timedelta(days=self.days - 1)

    def __str__(self) -> str:
        return "day" if self.days == 1 else f"{self.days} days"


ONE_DAY = Window(1)
"""A single day. Its rules also look at the last whole day, because today may just have begun."""
LONGEST_WINDOW = Window(60)
"""The 60 days that VDM keeps.

Source: https://docs.aws.amazon.com/ses/latest/dg/vdm-dashboard.html
"""


@dataclass(frozen=True, slots=True)
class Series:
    """The daily counts of one metric in one scope, as SES returned them.

    A day that is missing from the response of SES has the count 0. A query without a response
    gives a `Gap`, not a series.
    """

    counts: InitVar[Mapping[date, int]]
    """The counts by day. Missing days have the count 0."""
    _first_day: date = field(init=False)
    """The first day with a count above 0, or `date.max`."""
    _daily_counts: "array[int]" = field(init=False)
    """The counts of all days from `_first_day` to the last day with a count above 0.

    An array saves memory: an account can have 10,000 series of 60 days.
    """

    def __post_init__(self, counts: Mapping[date, int]) -> None:
        """Store *counts* as an array."""
        days = [day for day, count in counts.items() if count]
        first_day = min(days, default=date.max)
        length = (max(days) - first_day).days + 1 if days else 0
        daily_counts = array("q", bytes(8 * length))
        for day in days:
            daily_counts[(day - first_day).days] = counts[day]
        object.__setattr__(self, "_first_day", first_day)
        object.__setattr__(self, "_daily_counts", daily_counts)

    @property
    def days(self) -> Mapping[date, int]:
        """The days with a count above 0, in order, with their counts."""
        return {
            self._first_day + timedelta(days=index): count
            for index, count in enumerate(self._daily_counts)
            if count
        }

    @property
    def newest_day(self) -> date | None:
        """The last day with a count above 0, or None if there is no such day."""
        if not self._daily_counts:
            return None
        return self._first_day + timedelta(days=len(self._daily_counts) - 1)

    def total(self, window: Window, last: date) -> int:
        """Return the sum of the counts in *window*, which ends with *last*."""
        end = (last - self._first_day).days + 1
        return sum(self._daily_counts[max(0, end - window.days) : max(0, end)])

    def daily(self, days: int, last: date) -> Sequence[int]:
        """Return the counts of the *days* days that end with the day *last*."""
        start = (last - self._first_day).days + 1 - days
        counts = self._daily_counts[max(0, start) : max(0, start + days)].tolist()
        zeros_before = [0] * min(days, max(0, -start))
        zeros_after = [0] * (days - len(zeros_before) - len(counts))
        return zeros_before + counts + zeros_after

    def minus(self, parts: Iterable["Series"]) -> "Series":
        """Return the daily counts without those of *parts*, at least 0.

        SES can count a part earlier than the whole, so a part can exceed the whole.
        """
        remainder = list(self._daily_counts)
        for part in parts:
            if not remainder:
                break
            last = self._first_day + timedelta(days=len(remainder) - 1)
            part_counts = part.daily(len(remainder), last)
            remainder = [
                max(0, count - part_count)
                for count, part_count in zip(remainder, part_counts, strict=True)
            ]
        return Series(
            {
                self._first_day + timedelta(days=index): count
                for index, count in enumerate(remainder)
            }
        )
