"""The replay of the days of a dataset: one run at the end of each UTC day."""

import time as clock
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from vdm_alerts.adapters.memory import MemoryAccount, MemoryRules, memory_ports
from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing
from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.prior_state import NO_OPEN_ALERT
from vdm_alerts.core.evaluation.verdicts import Breached, Evidence, Verdict, evidence_of
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.metrics import ACCOUNT, LONGEST_WINDOW, Metric, Window
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.planning.queries import (
    Answers,
    Query,
    base_queries,
    data_as_of,
    find_answer,
)
from vdm_alerts.core.planning.rule_scopes import provider_names
from vdm_alerts.core.rules.rule import BASELINE_WINDOW, Rule
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts_cli.backtest_result import BacktestResult, ReplayedAlert
from vdm_alerts_cli.dataset import Dataset, DatasetSeries
from vdm_alerts_cli.replay import Replay, without_log

_BEFORE_MIDNIGHT = timedelta(minutes=1)
"""How long before the end of a day its run is."""


def needed_days(rules: RuleSet) -> int:
    """Return how many days of counts *rules* need before the first day that is replayed.

    These are the days of their windows, and of the baselines before the windows.
    """
    variants = [
        variant
        for rule in rules.rules.values()
        for variant in (rule, *(override.rule for override in rule.overrides))
    ]
    return max((_needed_days(variant) for variant in variants), default=1)


def _needed_days(rule: Rule) -> int:
    if rule.baseline_factor is None:
        return rule.lookback.days
    return max(rule.lookback.days, rule.longest_window.days + BASELINE_WINDOW.days)


def replay_days(
    dataset: Dataset, rules: RuleSet, days: int, advance: Callable[[int], None]
) -> BacktestResult:
    """Return what *rules* would have done on the last *days* days of *dataset*.

    There is one run for each day, at its end, and one for the day before, which finds the alerts
    that are open already. The last run is at the time at which the dataset was read. *advance* is
    told the number of runs that were just made. The dataset needs more days than *days*.
    """
    started = clock.monotonic()
    first_day = Window(days).first_day(dataset.last_day)
    sources = replace(
        memory_ports(),
        rules=MemoryRules(rules),
        account=MemoryAccount(
            senders=[each for each in dataset.scopes if each.kind and each.isp is None]
        ),
        series=DatasetSeries(dataset),
    )
    replay, recorder = Replay(sources, dataset.target), _AlertRecorder(dataset, rules.rules)
    notifications = {}
    with without_log():
        for at in _run_times(dataset, days + 1):
            run = replay.run(at)
            recorder.record(at, replay.alerts)
            notifications[at.date()] = sum(map(_is_about_alerts, run.messages))
            advance(1)
    return BacktestResult(
        dataset,
        rules.rules,
        first_day,
        recorder.alerts(),
        {day: count for day, count in notifications.items() if day >= first_day},
        clock.monotonic() - started,
    )


def _is_about_alerts(message: Message) -> bool:
    """Return whether *message* is neither the first summary nor about a problem."""
    return message.attributes.get("reason", "SUMMARY") != "SUMMARY"


def _run_times(dataset: Dataset, days: int) -> Sequence[datetime]:
    """Return the times of the runs of the last *days* days of *dataset*."""
    first = Window(days).first_day(dataset.last_day)
    midnights = (
        datetime.combine(first + timedelta(days=age + 1), time(), UTC) for age in range(days)
    )
    return [min(midnight - _BEFORE_MIDNIGHT, dataset.read_at) for midnight in midnights]


@dataclass(slots=True)
class _OpenAlert:
    """What is known of an alert while it is open."""

    fired: datetime
    severity: Severity
    worst: tuple[bool, float, Evidence] | None = None
    """Whether the counts breached the rule, how bad they are, and the counts."""


class _AlertRecorder:
    """Follows the alerts from run to run."""

    def __init__(self, dataset: Dataset, rules: Mapping[str, Rule]) -> None:
        self._series, self._rules = DatasetSeries(dataset), rules
        self._isps = list(
            dict.fromkeys(isp for rule in rules.values() for isp in provider_names(rule))
        )
        self._runs: list[datetime] = []
        self._alerts: Mapping[AlertKey, Alert] = {}
        self._open: dict[AlertKey, _OpenAlert] = {}
        self._ended: list[tuple[AlertKey, _OpenAlert, datetime]] = []

    def record(self, at: datetime, alerts: Mapping[AlertKey, Alert]) -> None:
        """Record the *alerts* after the run at *at*."""
        self._runs.append(at)
        firing = {
            key: alert.state for key, alert in alerts.items() if isinstance(alert.state, Firing)
        }
        for key in [key for key in self._open if key not in firing]:
            self._ended.append((key, self._open.pop(key), at))
        as_of = self._as_of(at)
        for key, state in firing.items():
            known = self._open.setdefault(key, _OpenAlert(at, state.severity))
            known.severity = max(known.severity, state.severity)
            verdict = self._verdict(key, as_of)
            if evidence := evidence_of(verdict):
                rule = self._rules[key.rule].for_scope(key.scope)
                badness = rule.badness(evidence.rate.value)
                counts = (isinstance(verdict, Breached), badness, evidence)
                known.worst = max(known.worst or counts, counts, key=lambda each: each[:2])
        self._alerts = alerts

    def alerts(self) -> Sequence[ReplayedAlert]:
        """Return every alert, in the order in which they fired, the worst of a run first."""
        still_open = [(key, known, None) for key, known in self._open.items()]
        alerts = [
            ReplayedAlert(
                key=key,
                severity=known.severity,
                fired=known.fired,
                was_open_before=known.fired == self._runs[0],
                resolved=resolved,
                last_run=self._runs[-1],
                worst=known.worst[2] if known.worst else None,
            )
            for key, known, resolved in (*self._ended, *still_open)
        ]
        return sorted(
            alerts,
            key=lambda each: (each.fired, -each.severity, each.key.rule, str(each.key.scope)),
        )

    def _as_of(self, at: datetime) -> AsOf:
        """Return the time of the run at *at*, and the last day that it has counts of."""
        account = self._read([Query(metric, ACCOUNT) for metric in Metric], at)
        return data_as_of(at, at.date(), account)

    def _verdict(self, key: AlertKey, as_of: AsOf) -> Verdict | None:
        """Return the verdict of the run as of *as_of* on an open alert; None without counts."""
        rule, before = self._rules[key.rule], self._alerts.get(key)
        metrics = (rule.indicator.events, rule.indicator.volume)
        queries = [Query(metric, key.scope) for metric in metrics]
        answers = self._read(
            [base for query in queries for base in base_queries(query, self._isps)], as_of.now
        )
        events, volume = (find_answer(query, self._isps, answers) for query in queries)
        if events is None or volume is None:
            return None
        prior = before.prior_state(rule) if before else NO_OPEN_ALERT
        return evaluate_series(rule, key.scope, (events, volume), as_of, prior)

    def _read(self, queries: Sequence[Query], at: datetime) -> Answers:
        return self._series.read(queries, LONGEST_WINDOW, at.date(), NoDeadline())
