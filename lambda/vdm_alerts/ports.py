"""Protocols for everything outside a run: its sources, its state and its outputs."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from vdm_alerts.core.alerts.history import RecentTransitions, Transition
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.fleet.report import FleetReport
from vdm_alerts.core.model.account import AccountStatus, Recommendation
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.metrics import Scope, Series, Window
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.silences import Silences
from vdm_alerts.core.notifications.handover import Handover
from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.observations.run_metrics import RunMetric
from vdm_alerts.core.observations.run_report import RateSample, RunReport
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.rule_set import RuleSet

# Sources: what a run reads.


class RuleSource(Protocol):
    """A source of rules."""

    def rules(self, deadline: Deadline) -> RuleSet:
        """Return every valid rule, and a finding for each invalid rule.

        Raises AccessDeniedError or UnavailableError if not all rules could be read by *deadline*.
        """


class SilenceSource(Protocol):
    """A source of silences."""

    def silences(self, deadline: Deadline) -> Silences:
        """Return every silence, also if expired, and a finding for each invalid silence.

        Raises AccessDeniedError or UnavailableError if not all silences could be read by
        *deadline*.
        """


class AccountSource(Protocol):
    """A source of the status and the senders of the SES account.

    Each call ends before its *deadline*, with an UnavailableError if its answer is not complete.
    """

    def status(self, deadline: Deadline) -> AccountStatus:
        """Return the account status. Raises AccessDeniedError or UnavailableError."""

    def identities(self, deadline: Deadline) -> Sequence[Scope]:
        """Return every email identity. Raises AccessDeniedError or UnavailableError."""

    def configuration_sets(self, deadline: Deadline) -> Sequence[Scope]:
        """Return every configuration set. Raises AccessDeniedError or UnavailableError."""

    def tenants(self, deadline: Deadline, first_page: str | None = None) -> Sequence[Scope]:
        """Return every tenant. Raises AccessDeniedError or UnavailableError.

        If the time is too short, raises UnfinishedListError with the names so far. A further call
        with *first_page* returns the rest.
        """

    def paused_tenants(self, deadline: Deadline) -> Sequence[Scope]:
        """Return every tenant that may not send. Raises AccessDeniedError or UnavailableError."""

    def recommendations(self, deadline: Deadline) -> Sequence[Recommendation]:
        """Return the open recommendations of the VDM advisor.

        Raises AccessDeniedError or UnavailableError.
        """


class SeriesSource(Protocol):
    """A source of daily counts."""

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        """Return the daily counts of each query in *window* ending *last*, or why there are none.

        A query that is not made before *deadline* is cut off. Raises AccessDeniedError if no VDM
        data may be read, TodayRejectedError if SES rejects queries about these days, and
        OperationFailedError if VDM is off.
        """

    def throttled_calls(self) -> int:
        """Return how many calls were throttled since the source was created."""


class ReputationSource(Protocol):
    """A source of the rates that SES itself calculates for the account."""

    def rates(self, now: datetime, deadline: Deadline) -> Mapping[Indicator, SesRates]:
        """Return what SES has reported of each of its own rates in the 14 days until *now*.

        Raises AccessDeniedError, or UnavailableError if not all could be read by *deadline*.
        """


# State: what a run stores for the next run.


class RosterStore(Protocol):
    """A store of the sender roster."""

    def load(self, target: Target) -> SenderRoster:
        """Return the roster; an empty roster if none is stored or it is damaged.

        Raises AccessDeniedError or UnavailableError.
        """

    def save(self, target: Target, roster: SenderRoster) -> None:
        """Store *roster*. Raises AccessDeniedError or UnavailableError."""


class StateStore(Protocol):
    """A store of the alert history."""

    def lease(
        self, target: Target, until: datetime, now: datetime, owner: str | None = None
    ) -> AbstractContextManager[None]:
        """Hold the lease of *target* for the block, at most until *until*.

        No other run of *target* acts while a run holds the lease. *until* and *now* are wall clock
        times. A run can take over a lease of the same *owner*, which died; None has no other run.
        Raises LeaseHeldError while another run holds the lease, AccessDeniedError or
        UnavailableError.
        """

    def request_run(self, target: Target) -> None:
        """Request a run of *target*. Further requests before that run change nothing.

        Raises AccessDeniedError or UnavailableError.
        """

    def take_request(self, target: Target) -> bool:
        """Return whether a run of *target* was requested, and delete the request.

        Raises AccessDeniedError or UnavailableError.
        """

    def request_summary(self, target: Target, day: date) -> None:
        """Request a weekly summary of *target* for *day*: part of the state until it is answered.

        A further request for the same day changes nothing. Raises AccessDeniedError or
        UnavailableError.
        """

    def transitions_since(
        self, target: Target, since: datetime, *, with_evidence: bool = False
    ) -> RecentTransitions:
        """Return the stored transitions of *target* from *since* on, the latest ones if very many.

        Their evidence is only included *with_evidence*, because it takes most of the memory.

        Raises AccessDeniedError or UnavailableError.
        """

    def load(self, target: Target) -> StoredState:
        """Return the state that the last run stored; an empty state before the first run.

        Raises AccessDeniedError or UnavailableError, and OperationFailedError if an item is
        damaged or has a schema that this version does not read.
        """

    def save(
        self,
        target: Target,
        state: StoredState,
        replacing: StoredState,
        transitions: Sequence[Transition] = (),
    ) -> StoredState:
        """Store *state* in place of *replacing*, and append *transitions* to the history.

        *replacing* is the state that `load` or the last `save` returned. Return *state* with its
        new version.

        Raises StaleStateError if another run has saved since, AccessDeniedError or
        UnavailableError. A save of very many alerts takes several transactions, so after an error
        some alerts may be stored. The alerts of an incident are stored together if they fit into a
        transaction.
        """


class HandoverStore(Protocol):
    """A store of what the runs of a fleet leave to the step that delivers, in one execution."""

    def put(self, handover: Handover) -> None:
        """Store *handover* in place of an earlier one of its target.

        Raises AccessDeniedError or UnavailableError.
        """

    def get(self, target: Target) -> Handover:
        """Return the handover of *target*.

        Raises AccessDeniedError, UnavailableError, or another VdmAlertsError if it is unreadable.
        """


class KnownTargets(Protocol):
    """A store of the targets that the recipients of a fleet's notifications know of."""

    def load(self) -> Sequence[Target]:
        """Return the targets that were saved last; none before the first save.

        Raises AccessDeniedError or UnavailableError.
        """

    def save(self, targets: Sequence[Target]) -> None:
        """Store *targets*. Raises AccessDeniedError or UnavailableError."""


# Outputs: what a run writes.


class Notifier(Protocol):
    """A sender of notifications."""

    def publish(self, message: Message) -> None:
        """Send *message*, and return when it is accepted.

        Raises AccessDeniedError or UnavailableError. After an UnavailableError, *message* may have
        been sent nevertheless.
        """

    def subscribers(self, deadline: Deadline) -> int:
        """Return the number of confirmed subscriptions.

        Raises AccessDeniedError, or UnavailableError if there is no answer by *deadline*.
        """


class Recorder(Protocol):
    """A recorder of figures for dashboards and alarms."""

    def record(
        self,
        target: Target,
        report: RunReport,
        samples: Sequence[RateSample],
        metrics: Sequence[RunMetric] = (),
    ) -> None:
        """Record *samples*, *metrics*, and the problems in *report*, at the wall clock time.

        All are of one run of *target*.
        """


class FleetRecorder(Protocol):
    """A recorder of the figures of a fleet."""

    def record_fleet(self, hub: Target, report: FleetReport) -> None:
        """Record *report*, of one execution of the fleet of *hub*.

        An alarm monitors whether complete executions are delivered, another one the blind targets.
        """


@dataclass(frozen=True, slots=True)
class FleetPorts:
    """All ports of the step that delivers for a fleet."""

    store: StateStore
    notifier: Notifier
    handovers: HandoverStore
    known_targets: KnownTargets
    recorder: FleetRecorder


@dataclass(frozen=True, slots=True)
class Ports:
    """All ports of a run."""

    rules: RuleSource
    silences: SilenceSource
    account: AccountSource
    series: SeriesSource
    reputation: ReputationSource
    rosters: RosterStore
    store: StateStore
    notifier: Notifier
    recorder: Recorder
