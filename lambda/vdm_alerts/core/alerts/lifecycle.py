"""The alert state machine: how verdicts move alerts from state to state.

    state        verdict           next state
    -----------  ----------------  ----------------------------------------------------------
    Ok           Breached/NoEmail  Pending; Firing if the rule has no `hold`
    Pending      Breached/NoEmail  Firing when `hold` has passed since the breach began
    Pending      Healthy           Ok
    Firing       Breached/NoEmail  Firing with a higher severity; with a lower one on evidence only
    Firing       Healthy           Firing (recovering); Ok if the rule has no `clear_after`
    recovering   Healthy           Ok when `clear_after` has passed since the recovery began
    recovering   Breached/NoEmail  Firing
    any state    Inconclusive      the same state, or a lower severity; timers keep running
    any state    Unknown           the same state; timers keep running

`hold` works like `for` in Prometheus, and `clear_after` like `keep_firing_for`. A flapping alert
waits for the longer of `clear_after` and `FLAP_COOLDOWN`, and if the evidence is
today's email, at least for `TODAY_CHECK`; if it is SES's own rate, at least for `SES_CHECK`. An
alert in any state is closed when it is no longer monitored: see `close`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from vdm_alerts.core.alerts.alert import (
    FLAP_COOLDOWN,
    FLAP_WINDOW,
    Alert,
    AlertKey,
    Firing,
    Ok,
    Pending,
    State,
    still_applies,
)
from vdm_alerts.core.evaluation.resolution import CHECK_HOURS
from vdm_alerts.core.evaluation.ses_rates import FRESH_FOR
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Healthy,
    Inconclusive,
    NoEmail,
    Unknown,
    Verdict,
)
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import PlainComparison, Rule

TODAY_CHECK = timedelta(hours=CHECK_HOURS)
"""How long today's email must be evidence of a good rate before it resolves an alert.

Email that was sent a moment ago has no bounces yet. Most bounces arrive within an hour.
"""
SES_CHECK = FRESH_FOR
"""How long SES's own rate must be good before it resolves an alert.

It changes with every email, so at a threshold it goes up and down.
"""


def advance_all(
    alerts: Mapping[AlertKey, Alert],
    verdicts: Mapping[AlertKey, Verdict],
    rules: Mapping[str, Rule],
    closed: Mapping[AlertKey, str],
    now: datetime,
    *,
    applies_hold: bool,
) -> Mapping[AlertKey, Alert]:
    """Return all alerts in their state after *verdicts*, including new alerts.

    Inactive alerts are left out: an account can have ten thousand healthy scopes.

    *rules* are the valid rules by name. An alert of an invalid rule keeps its state. *closed* says
    why an alert is no longer monitored. *applies_hold* is False in the run that reports everything
    for the first time: alerts then fire without waiting for `hold`.
    """
    advanced: dict[AlertKey, Alert] = {}
    for key, alert in alerts.items():
        if why := closed.get(key):
            if key.indicator:  # Without the indicator, the closed rate has no name. Drop the alert.
                advanced[key] = close(alert, why)
        elif alert.rule in rules:
            advanced[key] = prune(alert, rules[alert.rule], now)
        else:
            advanced[key] = alert
    for key, verdict in verdicts.items():
        is_breach = isinstance(verdict, Breached | NoEmail)
        if key not in closed and (is_breach or key in advanced):
            alert = advanced.get(key) or Alert(*key)
            advanced[key] = advance(
                alert, verdict, rules[alert.rule], now, applies_hold=applies_hold
            )
    return {key: alert for key, alert in advanced.items() if not alert.is_inactive}


def advance(
    alert: Alert, verdict: Verdict, rule: Rule, now: datetime, *, applies_hold: bool = True
) -> Alert:
    """Return *alert* in its state after *verdict* by *rule*.

    If *applies_hold* is False, the alert fires without waiting for the rule's `hold`.
    """
    rule = rule.for_scope(alert.scope)
    match verdict:
        case Breached() | NoEmail():
            hold = rule.hold if applies_hold else timedelta()
            return replace(alert, state=_on_breached(alert.state, verdict, hold, now))
        case Healthy():
            return _on_healthy(alert, verdict, rule, now)
        case Inconclusive(severity_limit=limit) if isinstance(alert.state, Firing):
            return replace(alert, state=_limited(alert.state, limit, now))
        case Inconclusive() | Unknown():
            return alert
        case _:
            assert_never(verdict)


def close(alert: Alert, why: str) -> Alert:
    """Return *alert* after its monitoring ended because of *why*.

    An alert that was never notified is reset. A notified alert keeps *why* for its notification.
    """
    if not alert.last_notified:
        return replace(alert, state=Ok(), resolved_at=(), history_lost=False)
    match alert.state:
        case Ok() as state:  # The alert was resolved, but the resolution is not notified yet.
            return replace(alert, state=replace(state, closed_because=why))
        case Firing(recovering_since=datetime() as recovered):
            # Healthy until the last evaluation: the alert ended, and was not interrupted.
            return replace(alert, state=Ok(recovered, closed_because=why), resolved_at=())
        case Firing(since=since) | Pending(since=since):
            state = Ok(closed_because=why, interrupted_since=since)
            return replace(alert, state=state, resolved_at=())
        case _:
            assert_never(alert.state)


def prune(alert: Alert, rule: Rule, now: datetime) -> Alert:
    """Return *alert* without resolutions that are too old to matter.

    The resolutions expire after `FLAP_WINDOW`. `Ok.since` expires after the lookback of *rule*,
    because no window reaches back to it any more.
    """
    resolved_at = tuple(time for time in alert.resolved_at if now - time < FLAP_WINDOW)
    state = alert.state
    if isinstance(state, Ok) and state.since and now - state.since >= timedelta(rule.lookback.days):
        state = replace(state, since=None, threshold_share=None)
    return replace(alert, state=state, resolved_at=resolved_at)


def _on_breached(
    state: State, verdict: Breached | NoEmail, hold: timedelta, now: datetime
) -> State:
    if isinstance(state, Firing):
        return _still_firing(state, verdict, now)
    if isinstance(state, Ok):
        # An alert that was closed while open continues.
        since = state.interrupted_since or now
        healthy_since = state.since
    else:
        since, healthy_since = state.since, state.healthy_since
    # A run that died may have saved a later time, and then the clock was set back.
    since = min(since, now)
    if now - since < hold:
        return Pending(verdict.severity, since, healthy_since, state.threshold_share)
    return _with_cause(Firing(verdict.severity, since, healthy_since=healthy_since), verdict, now)


def _still_firing(state: Firing, verdict: Breached | NoEmail, now: datetime) -> Firing:
    """Return the firing *state* after another breach.

    The severity falls only if newer email is evidence for that: see `Breached.severity_limit`.
    """
    state = replace(state, recovering_since=None)
    if isinstance(verdict, NoEmail) or state.no_email:
        fired = Firing(verdict.severity, state.since, healthy_since=state.healthy_since)
        return _with_cause(fired, verdict, now)
    if verdict.severity > state.severity:
        risen = replace(state, severity=verdict.severity, severity_since=now)
        return _with_cause(risen, verdict, now)
    limited = _limited(state, verdict.severity_limit, now)
    if verdict.severity < limited.severity:
        return limited  # The breach of the higher threshold is not resolved.
    return replace(_with_cause(limited, verdict, now), opened_from=limited.opened_from)


def _limited(state: Firing, limit: Severity | None, now: datetime) -> Firing:
    """Return *state* with a severity of at most *limit*."""
    if limit is None or limit >= state.severity:
        return state
    return replace(state, severity=limit, severity_since=now)


def _with_cause(state: Firing, verdict: Breached | NoEmail, now: datetime) -> Firing:
    """Return *state* with what *verdict* says about the cause of the alert."""
    if isinstance(verdict, NoEmail):
        return replace(state, no_email=True)
    threshold, evidence = verdict.threshold, verdict.evidence
    last_day = (evidence and evidence.last_day) or now.date()
    return replace(
        state,
        threshold_share=None if threshold.baseline else threshold.share,
        baseline=threshold if threshold.baseline else None,
        opened_from=evidence.window.first_day(last_day) if evidence else None,
    )


def _on_healthy(alert: Alert, verdict: Healthy, rule: Rule, now: datetime) -> Alert:
    match alert.state:
        case Ok() as state:
            # The scope is monitored again, so the alert is no longer closed.
            state = replace(state, closed_because="", interrupted_since=None)
            return replace(alert, state=state, history_lost=False)
        case Pending(healthy_since=healthy_since, threshold_share=threshold_share):
            return replace(alert, state=Ok(healthy_since, threshold_share=threshold_share))
        case Firing() as state:
            recovering_since = state.recovering_since or now
            if now - recovering_since < clear_after(alert, verdict, rule):
                return replace(alert, state=replace(state, recovering_since=recovering_since))
            return replace(
                alert,
                state=_resolved(state, verdict, rule, now),
                resolved_at=(*alert.resolved_at, recovering_since),
            )


def clear_after(alert: Alert, verdict: Healthy, rule: Rule) -> timedelta:
    """Return how long *alert* must be recovering before it is resolved."""
    evidence = verdict.evidence
    needs_check = evidence and evidence.last_day is None and evidence.confidence is not None
    return max(
        rule.clear_after,
        FLAP_COOLDOWN if alert.is_flapping else timedelta(),
        TODAY_CHECK if needs_check else timedelta(),
        SES_CHECK if verdict.ses_rate else timedelta(),
    )


def _resolved(state: Firing, verdict: Healthy, rule: Rule, now: datetime) -> Ok:
    """Return the state after the resolution of a firing alert.

    The state normally has the time of the resolution, so that the counts of the resolved alert do
    not fire it again. The state has no time, and all counts are evaluated again, in three cases:

    * Later counts withdraw the notified rate.
    * *rule* compares counted rates.
    * *rule* no longer has the threshold that fired.
    """
    if verdict.withdrawn_rate is not None:
        return Ok(revised=verdict.evidence.rate if verdict.evidence else None)
    if isinstance(rule.confidence, PlainComparison) or not still_applies(rule, state):
        return Ok()
    return Ok(now, threshold_share=rule.first_threshold.share)
