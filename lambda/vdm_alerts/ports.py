"""The world as a run sees it: what can be asked of it, and the ways in which it says no."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from vdm_alerts.core.alerts import Alert, Key
from vdm_alerts.core.errors import VdmAlertsError
from vdm_alerts.core.findings import Finding, Hindrance
from vdm_alerts.core.history import Transition
from vdm_alerts.core.metrics import Scope, Series, Window
from vdm_alerts.core.rates import Gap
from vdm_alerts.core.reading.queries import Query
from vdm_alerts.core.reading.roster import Roster
from vdm_alerts.core.rulebook import Rulebook, Written
from vdm_alerts.core.rules import Rule
from vdm_alerts.core.silences import Silences
from vdm_alerts.core.telling.messages import Message
from vdm_alerts.core.telling.numbering import Attempt


class AccessDenied(Hindrance):
    """AWS refused *action* to whoever asked."""

    def __init__(self, action: str) -> None:
        """Name the refused *action* as IAM policies spell it, such as "ses:GetAccount"."""
        self.action = action
        super().__init__(
            Finding(
                about=action,
                what=f"AWS refused {action} to VDM Alerts",
                remedy=f"Allow {action} in the role of the function; the stack that ships does",
            )
        )


class Unavailable(Hindrance):
    """AWS did not do *action*: for now, or *passing* is false, until something is mended."""

    def __init__(self, action: str, why: str, *, passing: bool = True) -> None:
        """Say *why* in AWS's own words."""
        self.action = action
        super().__init__(
            Finding(
                about=action,
                what=f"{action} failed: {why}",
                remedy="It is tried again at every run",
                passing=passing,
            )
        )


class Busy(VdmAlertsError):
    """Another run is acting; this one has to be tried again later."""


class Superseded(VdmAlertsError):
    """Another run has saved since this one loaded; what this one found is not worth keeping."""


class WentBack(VdmAlertsError):
    """A run was asked to act at an instant before the last one it acted at."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What SES says of the account itself; *findings* are what a person should hear of it."""

    vdm_enabled: bool
    may_send: bool = True
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """What one run leaves for the next: alerts not at rest, and what was told of the service.

    *numbers* are those of the last message about each open incident, by its id, and *attempts* the
    messages of which it is not known whether they went out; *rules* the last version of each rule
    that could be used; *passing* since when there has been what should pass. *introduced* says that
    the first summary has been told, *subscribers* how many were counted in the last run. *version*
    counts the saves.
    """

    alerts: Mapping[Key, Alert] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    trouble_sequence: int = 0
    last_run: datetime | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    rules: Mapping[str, Written] = field(default_factory=dict)
    passing: Mapping[str, datetime] = field(default_factory=dict)
    introduced: bool = False
    subscribers: int | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """One rate that *rule* judged, for the record: its indicator of *scope*, a fraction."""

    rule: Rule
    scope: Scope
    value: float


@dataclass(frozen=True, slots=True)
class Summary:
    """One run in numbers. It is logged, and is what the function returns.

    *queries* is how many VDM was asked. *days_behind* is how many days ago the newest mail is that
    VDM has counted, 0 for today; None where that is not known. *unread* counts what else is
    unwatched: rules that cannot be used, and what should pass.
    """

    queries: int
    days_behind: int | None
    series_judged: int
    series_unknown: int
    alerts_warning: int
    alerts_critical: int
    notices_told: int
    notices_owed: int
    findings: int
    unread: int
    subscribers: int | None

    def published(self) -> dict[str, int | None]:
        """Return the figures under the names that the log and the function's response carry."""
        return {name: getattr(self, field) for field, name in RUN_FIGURES.items()}


RUN_FIGURES: Mapping[str, str] = {
    "queries": "queries",
    "days_behind": "days_behind",
    "series_judged": "series_judged",
    "series_unknown": "series_unknown",
    "alerts_warning": "alerts_warning",
    "alerts_critical": "alerts_critical",
    "notices_told": "notices_told",
    "notices_owed": "notices_owed",
    "findings": "findings",
    "unread": "unread",
    "subscribers": "subscribers",
}
"""The published name of each field of a `Summary`."""


class RuleSource(Protocol):
    """Where the thresholds are kept."""

    def rules(self) -> Rulebook:
        """Return every rule, and a finding for each that cannot be used.

        Raises AccessDenied or Unavailable where none could be read.
        """


class SilenceSource(Protocol):
    """Where people say what they do not want to be told of for a while."""

    def silences(self) -> Silences:
        """Return every silence, those that are over too, and a finding for each unusable one.

        Raises AccessDenied or Unavailable where none could be read.
        """


class AccountSource(Protocol):
    """What SES knows of the account and of who sends in it."""

    def standing(self) -> Standing:
        """Return how the account stands with SES. Raises AccessDenied or Unavailable."""

    def identities(self) -> Sequence[Scope]:
        """Return every e-mail identity. Raises AccessDenied or Unavailable."""

    def configuration_sets(self) -> Sequence[Scope]:
        """Return every configuration set. Raises AccessDenied or Unavailable."""

    def tenants(self) -> Sequence[Scope]:
        """Return every tenant. Raises AccessDenied or Unavailable."""


class SeriesSource(Protocol):
    """Where the counts come from."""

    def read(
        self, queries: Sequence[Query], window: Window, last: date, patience: timedelta
    ) -> Mapping[Query, Series | Gap]:
        """Return for each query its daily counts in *window* ending *last*, or why there are none.

        What could not be asked within *patience* is cut. Raises AccessDenied where VDM may not be
        read at all, TodayRefused where SES does not answer for these days, and Hindrance where VDM
        is off.
        """


class RosterStore(Protocol):
    """What reading remembers from one run to the next."""

    def load(self) -> Roster:
        """Return the roster, empty where none can be read. Raises AccessDenied or Unavailable."""

    def save(self, roster: Roster) -> None:
        """Remember *roster*. Raises AccessDenied or Unavailable."""


class AlertStore(Protocol):
    """What is remembered between runs."""

    def lease(self, until: datetime, now: datetime) -> AbstractContextManager[None]:
        """Be the one run that acts, until the block ends or *until* at the latest.

        Both are instants of the wall clock. Raises Busy where another run is acting.
        """

    def load(self) -> Memory:
        """Return what the last run left. Raises AccessDenied or Unavailable."""

    def save(self, memory: Memory, replacing: Memory, history: Sequence[Transition] = ()) -> Memory:
        """Remember *memory* in place of what was *replacing*, as loaded or as saved before.

        Returns it as it is remembered now, and keeps *history* beside it. Raises Superseded where
        somebody else has saved since, and AccessDenied or Unavailable; of a great many alerts some
        may then have been written, those of one incident together where that can be.
        """


class Notifier(Protocol):
    """How people are told."""

    def publish(self, message: Message) -> None:
        """Send *message*, returning once it is safely on its way.

        Raises AccessDenied or Unavailable; the message may then have gone out all the same.
        """

    def subscribers(self) -> int:
        """Return how many confirmed subscribers there are. Raises AccessDenied or Unavailable."""


NAMESPACE = "VdmAlerts"
"""The CloudWatch namespace of what is recorded; the dimension "service" tells stacks apart."""


class Recorder(Protocol):
    """Where figures are kept for dashboards and alarms."""

    def record(self, summary: Summary, readings: Sequence[Reading]) -> None:
        """Record one run and the rates that it saw, at the wall clock's time."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that a run acts through."""

    rules: RuleSource
    silences: SilenceSource
    account: AccountSource
    series: SeriesSource
    rosters: RosterStore
    store: AlertStore
    notifier: Notifier
    recorder: Recorder
