"""The alert state machine: how verdicts move alerts from state to state."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from vdm_alerts.core.alerts.alert import (
    LATELY,
    STEADY,
    Alert,
    Firing,
    Key,
    Ok,
    Pending,
    State,
    is_by,
)
from vdm_alerts.core.evaluation.verdicts import Breached, Healthy, Silent, Unknown, Unsure, Verdict
from vdm_alerts.core.rules.rule import PlainComparison, Rule


def advance_all(
    alerts: Mapping[Key, Alert],
    verdicts: Mapping[Key, Verdict],
    rules: Mapping[str, Rule],
    closed: Mapping[Key, str],
    now: datetime,
    *,
    waits: bool,
) -> Mapping[Key, Alert]:
    """Return every alert in its state after *verdicts*, new ones included.

    *rules* are the valid rules by name. *closed* says why an alert is no longer monitored. An alert
    *waits* for its rule's hold duration, except in the run that reports everything for the first
    time.
    """
    advanced: dict[Key, Alert] = {}
    for key, alert in alerts.items():
        if why := closed.get(key):
            if key.indicator:  # Without it, nobody can say which rate is no longer monitored.
                advanced[key] = unwatched(alert, why)
        elif alert.rule in rules:
            advanced[key] = aged(alert, rules[alert.rule], now)
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
    rule = rule.at(alert.scope)
    match verdict:
        case Breached() | Silent():
            hold = rule.hold if waits else timedelta()
            return replace(alert, state=_broken(alert.state, verdict, hold, now))
        case Healthy():
            return _well(alert, verdict, rule, now)
        case Unsure() | Unknown():
            return alert  # Not knowing is no news: it neither fires nor resolves.
        case _:
            assert_never(verdict)


def _broken(state: State, verdict: Breached | Silent, hold: timedelta, now: datetime) -> State:
    began = state.cut or now if isinstance(state, Ok) else state.since
    if not isinstance(state, Firing) and now - began < hold:
        well = state.since if isinstance(state, Ok) else state.well
        return Pending(verdict.severity, began, well, state.line)
    line = verdict.threshold if isinstance(verdict, Breached) else None
    own = line.share if line and not line.usual else None
    return Firing(verdict.severity, began, line=own, silent=line is None)


def _well(alert: Alert, verdict: Healthy, rule: Rule, now: datetime) -> Alert:
    match alert.state:
        case Ok() as state:
            # It is watched now, and well.
            return replace(alert, state=replace(state, unwatched="", cut=None))
        case Pending(well=well, line=line):
            return replace(alert, state=Ok(well, line=line))
        case Firing(mending=mending) as state:
            mended = mending or now
            if now - mended < _wait(alert, rule):
                return replace(alert, state=replace(state, mending=mended))
            # Where rates are just compared, or by other lines, all of it is judged again; so it is
            # where what was found wrong has turned out not to have been.
            is_anew = (
                isinstance(rule.confidence, PlainComparison)
                or not is_by(rule, state)
                or verdict.withdraws is not None
            )
            now_rate = verdict.evidence.rate if verdict.withdraws and verdict.evidence else None
            ended = Ok(revised=now_rate) if is_anew else Ok(now, line=rule.first_line.share)
            return replace(alert, state=ended, ends=(*alert.ends, mended))


def _wait(alert: Alert, rule: Rule) -> timedelta:
    """Return for how long *alert* has to be over before it ends."""
    return max(rule.clear_after, STEADY) if alert.comes_and_goes else rule.clear_after


def unwatched(alert: Alert, why: str) -> Alert:
    """Return *alert* where nobody looks any more, because of *why*."""
    if not alert.told:
        return replace(alert, state=Ok(), ends=())
    match alert.state:
        case Ok() as state:  # It was over before, which nobody has heard yet.
            return replace(alert, state=replace(state, unwatched=why))
        case Firing(mending=datetime() as mended):  # So it was, by all that anybody could see.
            return replace(alert, state=Ok(mended, unwatched=why), ends=())
        case Firing(since=since) | Pending(since=since):
            return replace(alert, state=Ok(unwatched=why, cut=since), ends=())
        case _:
            assert_never(alert.state)


def aged(alert: Alert, rule: Rule, now: datetime) -> Alert:
    """Return *alert* without what is too long ago to matter to it."""
    ends = tuple(end for end in alert.ends if now - end < LATELY)
    state = alert.state
    if isinstance(state, Ok) and state.since and now - state.since >= timedelta(rule.reach.days):
        state = replace(state, since=None, line=None)
    return replace(alert, state=state, ends=ends)
