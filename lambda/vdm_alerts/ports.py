"""The world as a run sees it: what can be asked of it, and the ways in which it says no."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.model.account import Standing
from vdm_alerts.core.model.metrics import Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.muting.silences import Silences
from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.observations.run_report import Reading, Summary
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import Roster
from vdm_alerts.core.rules.rule_set import Rulebook


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
