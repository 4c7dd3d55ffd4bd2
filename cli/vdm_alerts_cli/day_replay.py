"""The replay of the days of a dataset: one run at the end of each UTC day."""

import time as clock
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

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
from vdm_alerts.core.observations.metric_reading import Limits
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

    There is one run for each day, at the midnight that ends it, and one for the day before, which
    finds the alerts that are open already. If the last day is partial, its run is at the time at
    which the dataset was read. *advance* is told the number of runs that were just made. The
    dataset needs more days than *days*.
    """
    started, rules = clock.monotonic(), rules.for_target(dataset.target)
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
        for as_of in _runs(dataset, days + 1):
            run = replay.run(as_of.now, Limits(include_today=as_of.is_today_counted))
            recorder.record(as_of, replay.alerts)
            notifications[as_of.last_day] = sum(map(_is_about_alerts, run.messages))
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


def _runs(dataset: Dataset, days: int) -> Sequence[AsOf]:
    """Return the times of the runs of the last *days* days of *dataset*, and their last days."""
    first = Window(days).first_day(dataset.last_day)
    ends = [AsOf(dataset.read_at, first + timedelta(days=age)) for age in range(days)]
    return [AsOf(min(each.end_of_last_day, each.now), each.last_day) for each in ends]


@dataclass(slots=True)
class _OpenAlert:
    """What is known of an alert while it is open."""

    fired: date
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
        scopes = dataset.scopes
        self._series_counts = {
            name: max(1, sum(map(rule.covers, scopes))) for name, rule in rules.items()
        }
        self._days: list[date] = []
        self._alerts: Mapping[AlertKey, Alert] = {}
        self._open: dict[AlertKey, _OpenAlert] = {}
        self._ended: list[tuple[AlertKey, _OpenAlert, date]] = []

    def record(self, run: AsOf, alerts: Mapping[AlertKey, Alert]) -> None:
        """Record the *alerts* after *run*."""
        day = run.last_day
        self._days.append(day)
        firing = {
            key: alert.state for key, alert in alerts.items() if isinstance(alert.state, Firing)
        }
        for key in [key for key in self._open if key not in firing]:
            self._ended.append((key, self._open.pop(key), day))
        as_of = self._as_of(run)
        for key, state in firing.items():
            known = self._open.setdefault(key, _OpenAlert(day, state.severity))
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
                was_open_before=known.fired == self._days[0],
                resolved=resolved,
                last_day=self._days[-1],
                worst=known.worst[2] if known.worst else None,
            )
            for key, known, resolved in (*self._ended, *still_open)
        ]
        return sorted(
            alerts,
            key=lambda each: (each.fired, -each.severity, each.key.rule, str(each.key.scope)),
        )

    def _as_of(self, run: AsOf) -> AsOf:
        """Return the time of *run*, and the last day that has counts."""
        account = self._read([Query(metric, ACCOUNT) for metric in Metric], run)
        return data_as_of(run.now, run.last_day, account)

    def _verdict(self, key: AlertKey, as_of: AsOf) -> Verdict | None:
        """Return the verdict of the run as of *as_of* on an open alert; None without counts."""
        rule, before = self._rules[key.rule], self._alerts.get(key)
        metrics = (rule.indicator.events, rule.indicator.volume)
        queries = [Query(metric, key.scope) for metric in metrics]
        answers = self._read(
            [base for query in queries for base in base_queries(query, self._isps)], as_of
        )
        events, volume = (find_answer(query, self._isps, answers) for query in queries)
        if events is None or volume is None:
            return None
        prior = before.prior_state(rule) if before else NO_OPEN_ALERT
        count = self._series_counts[key.rule]
        return evaluate_series(rule, key.scope, (events, volume), as_of, prior, count)

    def _read(self, queries: Sequence[Query], as_of: AsOf) -> Answers:
        return self._series.read(queries, LONGEST_WINDOW, as_of.last_day, NoDeadline())
