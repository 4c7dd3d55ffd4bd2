"""Everything that a run does to the outside world, as protocols: sources, state and outputs."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.account import AccountStatus
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.metrics import Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.silences import Silences
from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.observations.run_report import RateSample, RunReport
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.rule_set import RuleSet

# Sources: where a run reads from.


class RuleSource(Protocol):
    """Where rules are stored."""

    def rules(self) -> RuleSet:
        """Return every valid rule, and a finding for each invalid one.

        Raises AccessDenied or Unavailable if none could be read.
        """


class SilenceSource(Protocol):
    """Where silences are stored."""

    def silences(self) -> Silences:
        """Return every silence, expired ones too, and a finding for each invalid one.

        Raises AccessDenied or Unavailable if none could be read.
        """


class AccountSource(Protocol):
    """What SES knows of the account and its senders."""

    def status(self) -> AccountStatus:
        """Return the account status. Raises AccessDenied or Unavailable."""

    def identities(self) -> Sequence[Scope]:
        """Return every email identity. Raises AccessDenied or Unavailable."""

    def configuration_sets(self) -> Sequence[Scope]:
        """Return every configuration set. Raises AccessDenied or Unavailable."""

    def tenants(self) -> Sequence[Scope]:
        """Return every tenant. Raises AccessDenied or Unavailable."""


class SeriesSource(Protocol):
    """Where counts come from."""

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        """Return for each query its daily counts in *window* ending *last*, or why there are none.

        A query that is not made before *deadline* is cut off. Raises AccessDenied if VDM may not be
        read at all, TodayRefused if SES rejects queries about these days, and Hindrance if VDM is
        off.
        """


# State: what one run leaves for the next.


class RosterStore(Protocol):
    """Where the sender roster is stored."""

    def load(self, target: Target) -> SenderRoster:
        """Return the roster, an empty one if it is damaged. Raises AccessDenied or Unavailable."""

    def save(self, target: Target, roster: SenderRoster) -> None:
        """Store *roster*. Raises AccessDenied or Unavailable."""


class StateStore(Protocol):
    """Where the alert history is stored."""

    def lease(self, target: Target, until: datetime, now: datetime) -> AbstractContextManager[None]:
        """Be the only run of *target* that acts, until the block ends or *until* at the latest.

        Both are wall clock times. Raises Busy while another run acts.
        """

    def load(self, target: Target) -> StoredState:
        """Return what the last run stored. Raises AccessDenied or Unavailable."""

    def save(
        self,
        target: Target,
        state: StoredState,
        replacing: StoredState,
        history: Sequence[Transition] = (),
    ) -> StoredState:
        """Store *memory* in place of *replacing*, which was loaded or saved before.

        Returns it as it is stored now, and stores *history* beside it. Raises Superseded if another
        run has saved since, and AccessDenied or Unavailable. If there are very many alerts, some
        may have been written then: those of one incident together if they fit.
        """


# Outputs: where a run writes to.


class Notifier(Protocol):
    """How notifications are sent."""

    def publish(self, message: Message) -> None:
        """Send *message*, and return once it is accepted.

        Raises AccessDenied or Unavailable; the message may have been sent nevertheless.
        """

    def subscribers(self) -> int:
        """Return how many confirmed subscriptions exist. Raises AccessDenied or Unavailable."""


class Recorder(Protocol):
    """Where figures are recorded for dashboards and alarms."""

    def record(self, target: Target, summary: RunReport, readings: Sequence[RateSample]) -> None:
        """Record one run of *target* and the rates that it evaluated, at the wall clock time."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that a run acts through."""

    rules: RuleSource
    silences: SilenceSource
    account: AccountSource
    series: SeriesSource
    rosters: RosterStore
    store: StateStore
    notifier: Notifier
    recorder: Recorder
