"""The alert state machine: how verdicts move alerts from state to state."""

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
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Healthy,
    Inconclusive,
    NoEmail,
    Unknown,
    Verdict,
)
from vdm_alerts.core.rules.rule import PlainComparison, Rule


def advance_all(
    alerts: Mapping[AlertKey, Alert],
    verdicts: Mapping[AlertKey, Verdict],
    rules: Mapping[str, Rule],
    closed: Mapping[AlertKey, str],
    now: datetime,
    *,
    waits: bool,
) -> Mapping[AlertKey, Alert]:
    """Return every alert in its state after *verdicts*, new ones included.

    *rules* are the valid rules by name. *closed* says why an alert is no longer monitored. An alert
    *waits* for its rule's hold duration, except in the run that reports everything for the first
    time.
    """
    advanced: dict[AlertKey, Alert] = {}
    for key, alert in alerts.items():
        if why := closed.get(key):
            if key.indicator:  # Without it, nobody can say which rate is no longer monitored.
                advanced[key] = close(alert, why)
        elif alert.rule in rules:
            advanced[key] = prune(alert, rules[alert.rule], now)
        else:
            advanced[key] = alert
    for key, verdict in verdicts.items():
        if key not in closed:
            alert = advanced.get(key, Alert(*key))
            advanced[key] = advance(alert, verdict, rules[alert.rule], now, waits=waits)
    return advanced


def advance(
    alert: Alert, verdict: Verdict, rule: Rule, now: datetime, *, waits: bool = True
) -> Alert:
    """Return *alert* as it stands after *verdict* by *rule*.

    It *waits* for as long as the rule says, unless what is found at first sight is to be told.
    """
    rule = rule.for_scope(alert.scope)
    match verdict:
        case Breached() | NoEmail():
            hold = rule.hold if waits else timedelta()
            return replace(alert, state=_on_breached(alert.state, verdict, hold, now))
        case Healthy():
            return _on_healthy(alert, verdict, rule, now)
        case Inconclusive() | Unknown():
            return alert  # Not knowing is no news: it neither fires nor resolves.
        case _:
            assert_never(verdict)


def _on_breached(
    state: State, verdict: Breached | NoEmail, hold: timedelta, now: datetime
) -> State:
    began = state.interrupted_since or now if isinstance(state, Ok) else state.since
    if not isinstance(state, Firing) and now - began < hold:
        well = state.since if isinstance(state, Ok) else state.healthy_since
        return Pending(verdict.severity, began, well, state.threshold_share)
    line = verdict.threshold if isinstance(verdict, Breached) else None
    own = line.share if line and not line.baseline else None
    return Firing(verdict.severity, began, threshold_share=own, no_email=line is None)


def _on_healthy(alert: Alert, verdict: Healthy, rule: Rule, now: datetime) -> Alert:
    match alert.state:
        case Ok() as state:
            # It is watched now, and well.
            return replace(alert, state=replace(state, closed_because="", interrupted_since=None))
        case Pending(healthy_since=well, threshold_share=line):
            return replace(alert, state=Ok(well, threshold_share=line))
        case Firing(recovering_since=mending) as state:
            mended = mending or now
            if now - mended < _clear_after(alert, rule):
                return replace(alert, state=replace(state, recovering_since=mended))
            # Where rates are just compared, or by other lines, all of it is judged again; so it is
            # where what was found wrong has turned out not to have been.
            is_anew = (
                isinstance(rule.confidence, PlainComparison)
                or not still_applies(rule, state)
                or verdict.withdraws is not None
            )
            now_rate = verdict.evidence.rate if verdict.withdraws and verdict.evidence else None
            ended = (
                Ok(revised=now_rate)
                if is_anew
                else Ok(now, threshold_share=rule.first_threshold.share)
            )
            return replace(alert, state=ended, resolved_at=(*alert.resolved_at, mended))


def _clear_after(alert: Alert, rule: Rule) -> timedelta:
    """Return for how long *alert* has to be over before it ends."""
    return max(rule.clear_after, FLAP_COOLDOWN) if alert.is_flapping else rule.clear_after


def close(alert: Alert, why: str) -> Alert:
    """Return *alert* where nobody looks any more, because of *why*."""
    if not alert.last_notified:
        return replace(alert, state=Ok(), resolved_at=())
    match alert.state:
        case Ok() as state:  # It was over before, which nobody has heard yet.
            return replace(alert, state=replace(state, closed_because=why))
        case Firing(
            recovering_since=datetime() as mended
        ):  # So it was, by all that anybody could see.
            return replace(alert, state=Ok(mended, closed_because=why), resolved_at=())
        case Firing(since=since) | Pending(since=since):
            return replace(
                alert, state=Ok(closed_because=why, interrupted_since=since), resolved_at=()
            )
        case _:
            assert_never(alert.state)


def prune(alert: Alert, rule: Rule, now: datetime) -> Alert:
    """Return *alert* without what is too long ago to matter to it."""
    ends = tuple(end for end in alert.resolved_at if now - end < FLAP_WINDOW)
    state = alert.state
    if isinstance(state, Ok) and state.since and now - state.since >= timedelta(rule.lookback.days):
        state = replace(state, since=None, threshold_share=None)
    return replace(alert, state=state, resolved_at=ends)
