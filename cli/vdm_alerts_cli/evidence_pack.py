"""The evidence for a review of an SES account by AWS: what it contains.

Everything in it was read from AWS or from the alert history. What only the operator knows is a
blank. What could not be read is listed, and is never zero.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.model.account import AccountStatus
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap, Indicator, Rate
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.silences import Silence
from vdm_alerts.core.planning.queries import Query
from vdm_alerts_cli.dataset import Dataset

INDICATORS = (Indicator.BOUNCE_RATE, Indicator.COMPLAINT_RATE)
"""The rates by which SES reviews an account."""
METRICS = tuple(
    dict.fromkeys(metric for each in INDICATORS for metric in (each.events, each.volume))
)
"""The metrics that these rates need."""
_KINDS = tuple((dimension,) for dimension in Dimension)
BLANKS: Mapping[str, str] = {
    "cause": "What caused the bounces or complaints, and how you know",
    "first_action": "When you noticed, and what you did first",
    "fix": "What you changed, and when: lists, sign-up, content, suppression",
    "prevention": "What prevents that it happens again",
}
"""What only the operator knows, by a key for programs."""


@dataclass(frozen=True, slots=True)
class DayCounts:
    """The counts of one day. None is unknown."""

    day: date
    events: Mapping[Indicator, int | None]
    volume: Mapping[Indicator, int | None]

    def rate(self, indicator: Indicator) -> Rate | None:
        """Return the counted rate; None if it is unknown, or without email."""
        events, volume = self.events[indicator], self.volume[indicator]
        return Rate(events, volume) if events is not None and volume else None


@dataclass(frozen=True, slots=True)
class Share:
    """The scope of a kind with the most events."""

    scope: Scope
    events: int
    emails: int | None
    """The emails of the scope; None if unknown."""
    of_account: float | None
    """The share of the events of the account, a fraction; None if these are unknown."""
    unread: int
    """How many scopes of this kind are unknown, so that one of them may have more."""


@dataclass(frozen=True, slots=True)
class Paused:
    """What may not send now. None is unknown."""

    configuration_sets: Sequence[str] | None
    unchecked_sets: int
    """The configuration sets that sent email, or may have, and were not checked."""
    tenants: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class EvidencePack:
    """What a review of an account can be given."""

    target: Target
    created_at: datetime
    dataset: Dataset
    alerts: Sequence[Transition] | None
    """The changes of alerts in the period, the oldest first; None if they could not be read."""
    ses_rates: Mapping[Indicator, SesRates] | None
    """What SES itself reported, by its own indicators; None if it could not be read."""
    status: AccountStatus | None
    """The status of the account; None if it could not be read."""
    silences: Sequence[Silence] | None
    """The silences that end in the period or later; None if they could not be read."""
    paused: Paused
    unread: Sequence[str] = field(default_factory=tuple)
    """What could not be read, a line for each."""

    @property
    def is_last_day_partial(self) -> bool:
        """Whether the last day is the day on which the evidence was read."""
        return self.dataset.last_day == self.created_at.date()

    def days(self) -> Sequence[DayCounts]:
        """Return the counts of the account on each day, the oldest first."""
        numbers = {metric: self._daily(metric) for metric in METRICS}
        return [
            DayCounts(
                self.dataset.first_day + timedelta(days=age),
                {each: _at(numbers[each.events], age) for each in INDICATORS},
                {each: _at(numbers[each.volume], age) for each in INDICATORS},
            )
            for age in range(self.dataset.days)
        ]

    def total(self, metric: Metric, scope: Scope = ACCOUNT) -> int | None:
        """Return the count of *metric* in *scope* in the period; None if it is unknown."""
        answer = self.dataset.answers.get(Query(metric, scope), Gap.CUT_OFF)
        if isinstance(answer, Gap):
            return None
        return answer.total(Window(self.dataset.days), self.dataset.last_day)

    def shares(self, indicator: Indicator) -> Iterator[Share]:
        """Yield the scope of each kind with the most events of *indicator*, if it has any."""
        of_account = self.total(indicator.events)
        for kind in _KINDS:
            scopes = [scope for scope in self.dataset.scopes if scope.kind == kind]
            known = {
                scope: events
                for scope in scopes
                if (events := self.total(indicator.events, scope)) is not None
            }
            largest = max(known, key=lambda scope: known[scope], default=None)
            if largest is not None and known[largest]:
                yield Share(
                    largest,
                    known[largest],
                    self.total(indicator.volume, largest),
                    known[largest] / of_account if of_account else None,
                    len(scopes) - len(known),
                )

    def _daily(self, metric: Metric) -> Sequence[int] | None:
        answer = self.dataset.answers.get(Query(metric, ACCOUNT), Gap.CUT_OFF)
        if not isinstance(answer, Series):
            return None
        return answer.daily(self.dataset.days, self.dataset.last_day)


def _at(counts: Sequence[int] | None, index: int) -> int | None:
    return None if counts is None else counts[index]
