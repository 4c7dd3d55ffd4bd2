"""Reading the account: who sends in it, and what VDM has counted of their mail."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from vdm_alerts.app.failures import Asking
from vdm_alerts.core.alerts.alert import Alert, Key
from vdm_alerts.core.model.findings import Source
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Dimension, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations.metric_reading import Limits, Survey
from vdm_alerts.core.planning.plan import affordable, worth_asking
from vdm_alerts.core.planning.queries import ACCOUNT_SENT, Query, TodayRefused
from vdm_alerts.core.planning.query_batches import Step
from vdm_alerts.core.planning.roster import Roster, allowance
from vdm_alerts.core.planning.selection import Sweep
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.ports import Ports


def survey(
    ports: Ports,
    rules: Sequence[Rule],
    alerts: Mapping[Key, Alert],
    now: datetime,
    limits: Limits,
    patience: timedelta,
    asking: Asking,
) -> Survey:
    """Read as of *now*, within *patience*, all that *rules* need.

    *alerts* are those that are remembered. What cannot be had is kept as a gap, and
    told to *asking*.
    """
    over = time.monotonic() + patience.total_seconds()
    known = asking.tried(ports.rosters.load, Roster(), Source.MAIL)
    today = now.date()
    yesterday = today - timedelta(days=1)
    is_served = limits.include_today and known.serves_today(today)
    sweep = Sweep(rules, known, alerts, now, today if is_served else yesterday)
    sweep = replace(sweep, roster=_listed(ports, sweep, asking))
    most = allowance(known, limits.queries_a_day, now)
    try:
        return _read(ports, sweep, most, over, asking)
    except TodayRefused:
        seen = _read(ports, replace(sweep, last=yesterday), most, over, asking)
    if not isinstance(seen.found.get(ACCOUNT_SENT), Series):
        return seen
    without = replace(seen.sweep.roster, today_refused=today)
    return replace(seen, sweep=replace(seen.sweep, roster=without))


def _listed(ports: Ports, sweep: Sweep, asking: Asking) -> Roster:
    """Return the roster of *sweep* with lists that hold, of whatever its rules watch."""
    lists: Mapping[Dimension, Callable[[], Sequence[Scope]]] = {
        Dimension.CONFIGURATION_SET: ports.account.configuration_sets,
        Dimension.IDENTITY: ports.account.identities,
        Dimension.TENANT: ports.account.tenants,
    }
    roster = sweep.roster
    for dimension, listed in lists.items():
        is_watched = any(dimension in kind for rule in sweep.rules for kind in rule.scopes)
        if is_watched and not roster.is_listed(dimension, sweep.now, sweep.rest):
            scopes = asking.tried(listed, None, Source.LISTS)
            if scopes is not None:
                roster = roster.with_listed(dimension, scopes, sweep.now)
    return roster


def _read(ports: Ports, sweep: Sweep, most: int | None, over: float, asking: Asking) -> Survey:
    """Ask, and with the answers ask further, until nothing is left that is worth it, or allowed.

    Raises TodayRefused where SES does not answer for the day that is going on.
    """
    found: dict[Query, Series | Gap] = {
        Query(Metric.SEND, scope): Gap.REFUSED for scope in sweep.refused if sweep.concerned(scope)
    }
    asked = 0
    while pending := worth_asking(sweep, found):
        left = timedelta(seconds=over - time.monotonic())
        queries = affordable(pending, None if most is None else most - asked, most)
        if left <= timedelta():
            queries = ()
        try:
            answers = (
                ports.series.read(queries, LONGEST_WINDOW, sweep.last, left) if queries else {}
            )
        except Exception as error:
            if isinstance(error, TodayRefused) and sweep.last == sweep.now.date():
                raise
            asking.note(error, Source.MAIL)
            return Survey(
                sweep, {**found, **_unanswered(pending, Gap.UNAVAILABLE)}, asked, failed=True
            )
        if not queries:
            found |= _unanswered(pending, Gap.CUT)
        asked += sum(answers.get(query) is not Gap.CUT for query in queries)
        found |= {query: answers.get(query, Gap.UNAVAILABLE) for query in queries}
    return Survey(sweep, found, asked)


def _unanswered(pending: Iterable[Step], gap: Gap) -> Mapping[Query, Gap]:
    return {query: gap for step in pending for query in step.queries}
