"""The world around a run: every port in memory, with failures that a test chooses."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from builders import HOUR, LEASE, NOW, SUBJECT_SUFFIX, TARGET, a_series
from interception import intercepted

from vdm_alerts.adapters.aws.dynamodb_items import HISTORY, Item, partition_key
from vdm_alerts.adapters.memory import (
    MemoryAccount,
    MemoryMetrics,
    MemoryNotifier,
    MemoryReputation,
    MemoryRosters,
    MemoryRules,
    MemorySeries,
    MemorySilences,
    MemoryState,
)
from vdm_alerts.app.evaluate import Lease, run
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import Finding, UnavailableError
from vdm_alerts.core.model.mailbox_providers import UNKNOWN_ISP
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations.metric_reading import UNLIMITED, Limits
from vdm_alerts.core.observations.run_report import RunReport
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.parser import InvalidRuleError, parse_rule
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.rules.rule_set import RuleSet, RuleText
from vdm_alerts.ports import Ports

T = TypeVar("T")


class CountingAccount(MemoryAccount):
    """An account that counts how often its identities are listed."""

    times_listed = 0

    def identities(self, deadline: Deadline) -> Sequence[Scope]:
        self.times_listed += 1
        return super().identities(deadline)


@dataclass
class RecordingSeries(MemorySeries):
    """A SeriesSource that records its queries."""

    answers: dict[Query, Series | Gap] = field(default_factory=dict)
    asked: list[Query] = field(default_factory=list)

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        assert window.days >= 1
        assert deadline.remaining() > timedelta()
        self.asked += queries
        return super().read(queries, window, last, deadline)


CALLS = {
    "rules": {"rules": "read rules"},
    "silences": {"silences": "read silences"},
    "account": {
        "status": "read account status",
        "identities": "list identities",
        "configuration_sets": "list configuration sets",
        "tenants": "list tenants",
        "paused_tenants": "list paused tenants",
        "recommendations": "read the advisor",
    },
    "series": {"read": "read metrics"},
    "reputation": {"rates": "read rates of SES"},
    "rosters": {"load": "load roster", "save": "save roster"},
    "store": {
        "lease": "take lease",
        "load": "load state",
        "save": "save state",
        "request_run": "request run",
        "request_summary": "request summary",
        "transitions_since": "read history",
        "take_request": "take request",
    },
    "notifier": {"publish": "publish", "subscribers": "count subscribers"},
    "recorder": {},
}
"""What a test calls each method of each port."""


@dataclass
class World:
    """Everything around a run: a test sets it up, and inspects it afterwards."""

    rules: MemoryRules = field(default_factory=MemoryRules)
    silences: MemorySilences = field(default_factory=MemorySilences)
    account: CountingAccount = field(default_factory=CountingAccount)
    series: RecordingSeries = field(default_factory=RecordingSeries)
    reputation: MemoryReputation = field(default_factory=MemoryReputation)
    rosters: MemoryRosters = field(default_factory=MemoryRosters)
    store: MemoryState = field(default_factory=MemoryState)
    notifier: MemoryNotifier = field(default_factory=MemoryNotifier)
    recorder: MemoryMetrics = field(default_factory=MemoryMetrics)
    wall_clock: datetime = NOW
    """The time of the latest run. A run as of an earlier time does not set it back."""
    lost_responses: set[str] = field(default_factory=set)
    """The calls that happen, and then raise Unavailable."""
    _failures: dict[str, tuple[Exception, int | None]] = field(default_factory=dict)
    _calls: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.state = StoredState(summary_sent=True)

    @property
    def ports(self) -> Ports:
        return Ports(
            **{
                name: intercepted(getattr(self, name), calls, self._call)
                for name, calls in CALLS.items()
            }
        )

    def run(self, hours: float = 0, limits: Limits = UNLIMITED) -> RunReport:
        """Run as of so many *hours* after NOW."""
        now = NOW + hours * HOUR
        self.wall_clock = max(self.wall_clock, now)
        lease = Lease(self.wall_clock, self.wall_clock + (LEASE.until - LEASE.taken))
        return run(self.ports, TARGET, now, lease, limits)

    def run_anew(self, hours: int = 0, limits: Limits = UNLIMITED) -> RunReport:
        """Run, and have `series.asked` be the queries of this run only."""
        self.series.asked.clear()
        return self.run(hours, limits)

    def metrics_read(self, scope: Scope) -> set[Metric]:
        """Return the metrics of *scope* that were queried."""
        return {query.metric for query in self.series.asked if query.scope == scope}

    def fail(self, call: str, error: Exception, *, only: int | None = None) -> None:
        """Have every *call* raise *error*, or *only* the one of that number from now on."""
        assert any(call in calls.values() for calls in CALLS.values())
        self._failures[call] = error, only
        self._calls[call] = 0

    def repair(self, *calls: str) -> None:
        """Have *calls* succeed again; without any, all calls."""
        for call in calls or tuple(self._failures):
            del self._failures[call]

    def _call(self, name: str, call: Callable[[], T], /) -> T:
        self._calls[name] += 1
        error, only = self._failures.get(name, (None, None))
        if error and only in {None, self._calls[name]}:
            raise error
        result = call()
        if name in self.lost_responses:
            raise UnavailableError(name, "no response")
        return result

    @property
    def state(self) -> StoredState:
        """The state that the last run left; a test may exchange it."""
        return self.store.load(TARGET)

    @state.setter
    def state(self, state: StoredState) -> None:
        self.store.save(TARGET, state, self.store.load(TARGET))

    @property
    def history(self) -> Sequence[Item]:
        """The stored history of all alerts, oldest first."""
        return self.store.table.partition(partition_key(HISTORY, TARGET))

    def is_leased(self, now: datetime = NOW) -> bool:
        """Say whether a run holds the lease at *now*."""
        _, expires = self.store.table.leases.get(TARGET, (None, now - HOUR))
        return expires >= now

    @property
    def roster(self) -> SenderRoster:
        """The sender roster that the last run left; a test may exchange it."""
        return self.rosters.load(TARGET)

    @roster.setter
    def roster(self, roster: SenderRoster) -> None:
        self.rosters.save(TARGET, roster)

    @property
    def subjects(self) -> list[str]:
        """The subject of each message, without the account and the Region."""
        return [message.subject.removesuffix(SUBJECT_SUFFIX) for message in self.notifier.sent]

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The JSON payload of each message."""
        return [json.loads(message.payload) for message in self.notifier.sent]

    def set_rules(self, *rules: Rule) -> "World":
        """Replace all rules."""
        self.rules.rule_set = RuleSet({rule.name: rule for rule in rules})
        return self

    def write_rules(self, texts: Mapping[str, str]) -> "World":
        """Write a rule for each of *texts*, valid or not; an empty text deletes the rule.

        Rules of other names stay as they are.
        """
        before = self.rules.rule_set
        rules, written, invalid = {**before.rules}, {**before.texts}, {**before.invalid}
        for name, text in texts.items():
            source = f"/vdm-alerts/rules/mine/{name}"
            for by_name in (rules, written, invalid):
                by_name.pop(name, None)
            try:
                rules |= {name: parse_rule(name, text, source)} if text else {}
            except InvalidRuleError as error:
                invalid[name] = Finding(source, f"Rule {name} is invalid", "Edit it", str(error))
            else:
                written |= {name: RuleText(text, source)} if text else {}
        self.rules.rule_set = RuleSet(rules, invalid, texts=written)
        return self

    def set_bounces(self, scope: Scope, bounces: int, of: int = 10_000) -> None:
        """Have *bounces* of so many emails of *scope* bounce today."""
        self.series.answers[Query(Metric.SEND, scope)] = a_series(of)
        self.series.answers[Query(Metric.PERMANENT_BOUNCE, scope)] = a_series(bounces)
        if scope == ACCOUNT:  # Emails to providers without a name would be a finding.
            self.series.answers[Query(Metric.SEND, Scope(isp=UNKNOWN_ISP))] = a_series(of)
