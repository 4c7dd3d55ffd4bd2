"""The read loop: query VDM until every answer that can matter to a rule is there.

After each round of answers, `next_batches` decides what to query next. It evaluates the series that
are already complete, with the same function as the run, to find which breaches need more queries.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from vdm_alerts.app.failures import FailureCollector
from vdm_alerts.core.alerts.alert import Alert, AlertKey
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import FindingSource
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Dimension, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.metric_reading import Limits, MetricReading
from vdm_alerts.core.planning.next_batches import next_batches, within_budget
from vdm_alerts.core.planning.queries import Query, TodayRejectedError
from vdm_alerts.core.planning.query_batches import QueryBatch
from vdm_alerts.core.planning.read_plan import ReadPlan, plan_reading
from vdm_alerts.core.planning.roster import SenderRoster, query_budget
from vdm_alerts.core.planning.scope_verdict import Verdicts
from vdm_alerts.core.planning.selection import reread_interval
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.ports import AccountSource, Ports, SeriesSource


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What a run knows before it reads metrics."""

    rules: Sequence[Rule]
    alerts: Mapping[AlertKey, Alert]
    """The stored alerts."""
    now: datetime
    limits: Limits
    sent_last_day: int | None
    """The emails that SES itself counted in the last 24 hours; None if unknown."""
    ses_rates: Mapping[Indicator, SesRates] | None = None
    """What SES itself reported of each of its rates; None if that is unreadable."""

    @property
    def open_scopes(self) -> Sequence[Scope]:
        """The scopes that have an open alert."""
        return [key.scope for key, alert in self.alerts.items() if alert.is_active]

    def plan(self, roster: SenderRoster, last: date) -> ReadPlan:
        """Return the plan to read the senders in *roster* through the day *last*."""
        return plan_reading(
            self.rules, roster, self.alerts, self.now, last, self.sent_last_day, self.ses_rates
        )


def read_metrics(
    ports: Ports, target: Target, request: ReadRequest, failures: FailureCollector
) -> MetricReading:
    """Return all counts that the rules and the stored alerts of *request* need.

    The reading includes today if the limits allow it and SES accepts queries about today. An answer
    that cannot be read is a gap. Errors become findings in *failures*.
    """
    throttled_before = ports.series.throttled_calls()
    reading = _read_days(ports, target, request, failures)
    throttled_calls = ports.series.throttled_calls() - throttled_before
    return replace(reading, throttled_calls=throttled_calls)


def _read_days(
    ports: Ports, target: Target, request: ReadRequest, failures: FailureCollector
) -> MetricReading:
    """Return the reading, through yesterday if SES rejects queries about today."""
    now, limits = request.now, request.limits
    stored_roster = failures.attempt(
        lambda: ports.rosters.load(target), SenderRoster(), FindingSource.METRICS
    )
    today = now.date()
    yesterday = today - timedelta(days=1)
    reads_today = limits.include_today and stored_roster.serves_today(today)
    roster = _with_fresh_lists(stored_roster, ports.account, request, failures)
    plan = request.plan(roster, today if reads_today else yesterday)
    budget = query_budget(stored_roster, limits.queries_per_day, now)
    try:
        return _read(ports.series, plan, budget, limits.deadline, failures)
    except TodayRejectedError:
        plan = request.plan(roster, yesterday)
    reading = _read(ports.series, plan, budget, limits.deadline, failures)
    if reading.account_emails is None:
        return reading
    # The account was readable without today, so SES rejected today and not every query.
    roster = replace(reading.plan.roster, today_rejected_on=today)
    return replace(reading, plan=replace(reading.plan, roster=roster))


def _with_fresh_lists(
    roster: SenderRoster,
    account: AccountSource,
    request: ReadRequest,
    failures: FailureCollector,
) -> SenderRoster:
    """Return *roster* with a fresh list of each kind of sender that the rules monitor.

    A list that is younger than the reread interval of the rules is kept, unless it lacks a sender
    with an open alert. So is the old list if listing fails.
    """
    rules, now = request.rules, request.now
    lists: Mapping[Dimension, Callable[[Deadline], Sequence[Scope]]] = {
        Dimension.CONFIGURATION_SET: account.configuration_sets,
        Dimension.IDENTITY: account.identities,
        Dimension.TENANT: account.tenants,
    }
    for dimension, list_senders in lists.items():
        is_monitored = any(dimension in kind for rule in rules for kind in rule.scopes)
        is_usable = roster.is_listed(
            dimension, now, reread_interval(rules)
        ) and not roster.lacks_sender(dimension, request.open_scopes)
        if is_monitored and not is_usable:
            senders = failures.attempt(
                partial(list_senders, request.limits.deadline), None, FindingSource.LISTS
            )
            if senders is not None:
                roster = roster.with_listed(dimension, senders, now)
    return roster


def _read(
    source: SeriesSource,
    plan: ReadPlan,
    budget: int | None,
    deadline: Deadline,
    failures: FailureCollector,
) -> MetricReading:
    """Query until no query is left that can matter, or that *budget* and *deadline* allow.

    *budget* is a number of queries, and None is no limit. Raises TodayRejectedError if *plan*
    includes today and SES rejects queries about today. After any other error of *source*, the
    reading ends as failed, with the answers so far.
    """
    answers: dict[Query, Series | Gap] = {
        Query(Metric.SEND, scope): Gap.REJECTED
        for scope in plan.selection.rejected
        if plan.rule_scopes.rules_for(scope)
    }
    verdicts = Verdicts(plan, answers)
    queries_made = 0
    while pending := next_batches(plan, answers, verdicts):
        budget_left = None if budget is None else budget - queries_made
        queries = within_budget(pending, budget_left, budget)
        if not queries or deadline.remaining() <= timedelta():
            answers |= _unanswered(pending, Gap.CUT_OFF)
            continue
        try:
            new_answers = source.read(queries, LONGEST_WINDOW, plan.last_day, deadline)
        except Exception as error:
            if isinstance(error, TodayRejectedError) and plan.last_day == plan.now.date():
                raise
            failures.record(error, FindingSource.METRICS)
            answers |= _unanswered(pending, Gap.UNAVAILABLE)
            return MetricReading(plan, answers, queries_made, verdicts, failed=True)
        queries_made += sum(new_answers.get(query) is not Gap.CUT_OFF for query in queries)
        answers |= {query: new_answers.get(query, Gap.UNAVAILABLE) for query in queries}
    return MetricReading(plan, answers, queries_made, verdicts)


def _unanswered(pending: Iterable[QueryBatch], gap: Gap) -> Mapping[Query, Gap]:
    return {query: gap for batch in pending for query in batch.queries}
