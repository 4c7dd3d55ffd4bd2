"""The read loop: query VDM until every answer that can matter to a rule is there.

After each round of answers, `next_batches` decides what to query next. It evaluates series that are
complete so far, with the same function as the run itself, to find out what a breach calls for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from vdm_alerts.app.failures import FailureCollector
from vdm_alerts.core.alerts.alert import Alert, AlertKey
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import FindingSource
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Dimension, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.metric_reading import Limits, MetricReading
from vdm_alerts.core.planning.next_batches import next_batches, within_budget
from vdm_alerts.core.planning.queries import Query, TodayRejectedError
from vdm_alerts.core.planning.query_batches import QueryBatch
from vdm_alerts.core.planning.read_plan import ReadPlan, plan_reading
from vdm_alerts.core.planning.roster import SenderRoster, query_budget
from vdm_alerts.core.planning.selection import reread_interval
from vdm_alerts.core.planning.verdicts import EarlyVerdicts
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.ports import AccountSource, Ports, SeriesSource


def read_metrics(
    ports: Ports,
    target: Target,
    rules: Sequence[Rule],
    alerts: Mapping[AlertKey, Alert],
    now: datetime,
    limits: Limits,
    failures: FailureCollector,
) -> MetricReading:
    """Read as of *now*, within *limits*, all counts that *rules* need.

    *alerts* are the stored ones. What cannot be read becomes a gap, and a finding in *failures*.
    """
    known = failures.attempt(
        lambda: ports.rosters.load(target), SenderRoster(), FindingSource.METRICS
    )
    today = now.date()
    yesterday = today - timedelta(days=1)
    is_served = limits.include_today and known.serves_today(today)
    roster = _with_fresh_lists(known, ports.account, rules, now, failures)
    plan = plan_reading(rules, roster, alerts, now, today if is_served else yesterday)
    budget = query_budget(known, limits.queries_per_day, now)
    try:
        return _read(ports.series, plan, budget, limits.deadline, failures)
    except TodayRejectedError:
        plan = plan_reading(rules, roster, alerts, now, yesterday)
    reading = _read(ports.series, plan, budget, limits.deadline, failures)
    if reading.account_emails is None:
        return reading
    without_today = replace(reading.plan.roster, today_rejected_on=today)
    return replace(reading, plan=replace(reading.plan, roster=without_today))


def _with_fresh_lists(
    roster: SenderRoster,
    account: AccountSource,
    rules: Sequence[Rule],
    now: datetime,
    failures: FailureCollector,
) -> SenderRoster:
    """Return *roster* with a list of each kind of sender that *rules* monitor, not too old."""
    lists: Mapping[Dimension, Callable[[], Sequence[Scope]]] = {
        Dimension.CONFIGURATION_SET: account.configuration_sets,
        Dimension.IDENTITY: account.identities,
        Dimension.TENANT: account.tenants,
    }
    for dimension, list_senders in lists.items():
        is_monitored = any(dimension in kind for rule in rules for kind in rule.scopes)
        if is_monitored and not roster.is_listed(dimension, now, reread_interval(rules)):
            scopes = failures.attempt(list_senders, None, FindingSource.LISTS)
            if scopes is not None:
                roster = roster.with_listed(dimension, scopes, now)
    return roster


def _read(
    source: SeriesSource,
    plan: ReadPlan,
    budget: int | None,
    deadline: Deadline,
    failures: FailureCollector,
) -> MetricReading:
    """Query until no query is left that can matter, or may be made.

    Raises TodayRefused if SES rejects queries about the current day.
    """
    answers: dict[Query, Series | Gap] = {
        Query(Metric.SEND, scope): Gap.REJECTED
        for scope in plan.selection.rejected
        if plan.rule_scopes.rules_for(scope)
    }
    verdicts, made = EarlyVerdicts(plan), 0
    while pending := next_batches(plan, answers, verdicts):
        queries = within_budget(pending, None if budget is None else budget - made, budget)
        if not queries or deadline.left() <= timedelta():
            answers |= _unanswered(pending, Gap.CUT_OFF)
            continue
        try:
            new = source.read(queries, LONGEST_WINDOW, plan.last, deadline)
        except Exception as error:
            if isinstance(error, TodayRejectedError) and plan.last == plan.now.date():
                raise
            failures.record(error, FindingSource.METRICS)
            answers |= _unanswered(pending, Gap.UNAVAILABLE)
            return MetricReading(plan, answers, made, failed=True)
        made += sum(new.get(query) is not Gap.CUT_OFF for query in queries)
        answers |= {query: new.get(query, Gap.UNAVAILABLE) for query in queries}
    return MetricReading(plan, answers, made)


def _unanswered(pending: Iterable[QueryBatch], gap: Gap) -> Mapping[Query, Gap]:
    return {query: gap for batch in pending for query in batch.queries}
