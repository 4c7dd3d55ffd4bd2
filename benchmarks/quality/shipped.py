"""The shipped evaluation and alerts, run on what VDM serves.

All calls to the product are in this module.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from benchmarks.fixture import ROOT, default_rules
from benchmarks.quality.worlds import FIRST_DAY, Counts, Flags, Look, World
from vdm_alerts.core.alerts.alert import Alert, Firing, Ok
from vdm_alerts.core.alerts.lifecycle import advance, prune
from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.verdicts import Breached, Verdict
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Scope, Series
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.notifications.affected import AffectedScope, alert_when_delivered
from vdm_alerts.core.notifications.reasons import Reason, is_reminder_due, reason_to_notify
from vdm_alerts.core.rules.parser import parse_rule
from vdm_alerts.core.rules.rule import Rule

LONGEST_EVIDENCE_DAYS = 14
"""The longest window, in days, of which evaluation can say that its rate is too high."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A first alert, and what it claims."""

    series: int
    step: int
    confidence: float
    """The stated probability that the true rate is above the threshold."""
    first_day: int
    """The index of the first day of the window that decided."""
    last_day: int
    """The index of its last day, which can be today."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder about an open alert."""

    series: int
    step: int


def rule_for(indicator: Indicator) -> Rule:
    """Return the default rule about *indicator*.

    The rule about transient bounces is that about bounces with another indicator.
    """
    rules = {rule.indicator: rule for rule in default_rules()}
    if indicator is not Indicator.TRANSIENT_BOUNCE_RATE:
        return rules[indicator]
    text = (ROOT / "rules" / "bounce-rate.toml").read_text()
    renamed = text.replace('"bounce_rate"', '"transient_bounce_rate"')
    return parse_rule("transient-bounce-rate", renamed, "transient-bounce-rate")


class ShippedEvaluation:
    """The alerts of all series of a world, as runs of the product advance them."""

    def __init__(self, world: World, *, exact: bool = False) -> None:
        """Start without alerts.

        With *exact*, every series is evaluated at each look. Otherwise a series without an alert is
        left out while none of its counted rates reaches the threshold.
        """
        self.rule = rule_for(world.indicator)
        self.claims: list[Claim] = []
        self.reminders: list[Reminder] = []
        self.evaluated = 0
        """The number of calls of `evaluate_series`."""
        self._world = world
        self._exact = exact
        scopes = [Scope(identity=f"{number}.example.com") for number in range(world.series)]
        self._alerts = [Alert(self.rule.name, scope, self.rule.indicator) for scope in scopes]
        self._severities = np.zeros(world.series, np.int8)
        self._is_at_rest = np.ones(world.series, np.bool_)
        self._is_done = np.zeros(world.series, np.bool_)
        self._days = [FIRST_DAY + timedelta(days=day) for day in range(world.days + 1)]

    def severities(self, look: Look) -> Counts:
        """Return the severity of each series after *look*: 0, 1 (WARNING), or 2 (CRITICAL)."""
        wanted = ~self._is_done
        if not self._exact:
            wanted &= ~self._is_at_rest | can_fire(look, self._world.threshold)
        as_of = AsOf(look.now, self._days[look.last_day])
        for number in np.flatnonzero(wanted).tolist():
            self._advance(number, look, as_of)
        return self._severities.astype(np.int64)

    def _advance(self, number: int, look: Look, as_of: AsOf) -> None:
        rule = self.rule
        alert = prune(self._alerts[number], rule, look.now)
        first = max(0, look.last_day + 1 - LONGEST_WINDOW.days)
        days = self._days[first : look.last_day + 1]
        shown = slice(first, look.last_day + 1)
        counts = (
            _series(days, look.day_events[shown, number]),
            _series(days, look.day_sends[shown, number]),
        )
        prior = alert.prior_state(rule)
        verdict = evaluate_series(rule, alert.scope, counts, as_of, prior, self._world.series)
        self.evaluated += 1
        advanced = advance(alert, verdict, rule, look.now)
        if severity_of(advanced) and not severity_of(alert):
            self._record_claim(number, look, verdict)
            self._is_done[number] = self._world.stops_at_first_alert
        reason = reason_for(advanced, verdict, rule, look.now)
        if reason is Reason.REPEAT:
            self.reminders.append(Reminder(number, look.step))
        self._alerts[number] = notified(advanced, verdict, reason, look.now)
        self._severities[number] = severity_of(advanced)
        self._is_at_rest[number] = isinstance(advanced.state, Ok)

    def _record_claim(self, number: int, look: Look, verdict: Verdict) -> None:
        evidence = verdict.evidence if isinstance(verdict, Breached) else None
        if evidence and evidence.confidence is not None:
            last_day = look.last_day
            if evidence.last_day is not None:
                last_day = (evidence.last_day - FIRST_DAY).days
            first_day = max(0, last_day - evidence.window.days + 1)
            claim = Claim(number, look.step, evidence.confidence, first_day, last_day)
            self.claims.append(claim)


def can_fire(look: Look, threshold: float) -> Flags:
    """Return the series of which any counted rate reaches *threshold*.

    The rates are those of all windows that end with the last day or the day before it. Evaluation
    fires no alert if all of them are below the threshold.
    """
    end = look.last_day + 1
    recent = slice(max(0, end - LONGEST_EVIDENCE_DAYS - 1), end)
    excess = look.day_events[recent][::-1] - threshold * look.day_sends[recent][::-1]
    events = np.cumsum(look.day_events[recent][::-1], axis=0)
    until_today = (np.cumsum(excess, axis=0) >= 0) & (events > 0)
    until_yesterday = (np.cumsum(excess[1:], axis=0) >= 0) & (events[1:] > events[0])
    can: Flags = until_today.any(axis=0) | until_yesterday.any(axis=0)
    return can


def severity_of(alert: Alert) -> int:
    """Return the severity of *alert* as a number; 0 if it is not firing."""
    return int(alert.state.severity) if isinstance(alert.state, Firing) else 0


def reminder_due(alert: Alert, verdict: Verdict, rule: Rule, now: datetime) -> bool:
    """Return whether a reminder about *alert* is due after *verdict*."""
    scope = AffectedScope(alert, verdict, None)
    return scope.needs_reminder and is_reminder_due([alert], rule.remind_after, now)


def reason_for(alert: Alert, verdict: Verdict, rule: Rule, now: datetime) -> Reason | None:
    """Return why a notification about *alert* is due after *verdict*, or None."""
    reason = reason_to_notify(alert)
    if reason is not None and reason.priority:
        return reason
    return Reason.REPEAT if reminder_due(alert, verdict, rule, now) else None


def notified(alert: Alert, verdict: Verdict, reason: Reason | None, now: datetime) -> Alert:
    """Return *alert* after the delivery of a notification for *reason*, if any."""
    if reason is None:
        return alert
    sequence = alert.last_notified.sequence + 1 if alert.last_notified else 1
    return alert_when_delivered(AffectedScope(alert, verdict, reason), sequence, now)


def _series(days: Sequence[date], counts: Counts) -> Series:
    return Series(dict(zip(days, counts.tolist(), strict=True)))
