"""The read loop: query VDM until every answer that can matter to a rule is there.

After each round of answers, `next_batches` decides what to query next. It evaluates the series that
are already complete, with the same function as the run, to find which breaches need more queries.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from vdm_alerts.app.failures import FailureCollector
from vdm_alerts.core.alerts.alert import Alert, AlertKey
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import FindingSource, UnfinishedListError
from vdm_alerts.core.model.metrics import (
    ACCOUNT,
    LONGEST_WINDOW,
    Dimension,
    Metric,
    Scope,
    Series,
)
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.metric_reading import Limits, MetricReading
from vdm_alerts.core.planning.next_batches import (
    batches_of_part,
    next_batches,
    within_budget,
)
from vdm_alerts.core.planning.queries import Query, TodayRejectedError
from vdm_alerts.core.planning.query_batches import QueryBatch, always_read_batches, first_batches
from vdm_alerts.core.planning.read_plan import ReadPlan, plan_reading
from vdm_alerts.core.planning.roster import SenderRoster, UnfinishedList, query_budget
from vdm_alerts.core.planning.scope_verdict import Verdicts
from vdm_alerts.core.planning.selection import reread_interval
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.ports import AccountSource, Ports, SeriesSource

ALL_AT_ONCE = 500
"""The senders that are read together, even if the time for reading is limited.

One invocation of the function has time for all of their queries.
"""
FIRST_STARTED, MAX_STARTED = 100, 2_000
"""How many of more senders are read at a time: at first, and at most.

More would fill the calls better, and leave more of them incomplete if a round takes too long.
"""
TENANTS_A_SECOND = 100
"""How many tenants SES lists in a second. Other senders are ten times as many."""
LIST_FACTOR = 24
"""How many times as long as it takes a list is kept at least: 20 hours for 300,000 tenants."""
SHARE_FOR_CAUSES = 0.05
"""The share of the time and of the queries that is left for the search for causes."""


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
            self.rules,
            roster,
            self.alerts,
            self.now,
            last,
            self.sent_last_day,
            self.ses_rates,
            self.limits.continues_since,
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
    loaded_roster = failures.attempt(
        lambda: ports.rosters.load(target), None, FindingSource.METRICS
    )
    if loaded_roster is None:  # The next invocation would not know either what was read.
        limits = replace(limits, may_continue=False)
    stored_roster = loaded_roster or SenderRoster()
    today = now.date()
    yesterday = today - timedelta(days=1)
    reads_today = limits.include_today and stored_roster.serves_today(today)
    roster = _with_fresh_lists(stored_roster, ports.account, request, failures)
    plan = request.plan(roster, today if reads_today else yesterday)
    budget = query_budget(stored_roster, limits.queries_per_day, now)
    try:
        return _Reader(ports.series, plan, budget, limits, failures).read()
    except TodayRejectedError:
        plan = request.plan(roster, yesterday)
    reading = _Reader(ports.series, plan, budget, limits, failures).read()
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
            dimension, now, _max_age(roster, dimension, rules)
        ) and not roster.lacks_sender(dimension, request.open_scopes)
        if not is_monitored or is_usable:
            continue
        if dimension is Dimension.TENANT:
            roster = _with_tenants(roster, account, request, failures)
            continue
        senders = failures.attempt(
            partial(list_senders, request.limits.deadline), None, FindingSource.LISTS
        )
        if senders is not None:
            roster = roster.with_listed(dimension, senders, now)
    return roster


def _with_tenants(
    roster: SenderRoster, account: AccountSource, request: ReadRequest, failures: FailureCollector
) -> SenderRoster:
    """Return *roster* with the list of tenants, or with what there is time to list of it.

    An unfinished list is continued, so that it is complete after some readings.
    """
    before, deadline = roster.unfinished_list, request.limits.deadline
    known = before.tenants if before else ()
    try:
        tenants = account.tenants(deadline, before.next_page if before else None)
    except UnfinishedListError as error:
        if not {*error.names} <= {*known}:  # Otherwise, the pages do not advance.
            part = UnfinishedList(error.next_page, (*known, *error.names))
            return roster.with_part_of_list(part)
        failures.record(error, FindingSource.LISTS)
        return replace(roster, unfinished_list=None)
    except Exception as error:  # noqa: BLE001 - the other sources can still be read
        failures.record(error, FindingSource.LISTS)
        return replace(roster, unfinished_list=None)
    scopes = [*(Scope(tenant=name) for name in known), *tenants]
    listed = roster.with_listed(Dimension.TENANT, scopes, request.now)
    return replace(listed, unfinished_list=None)


def _max_age(roster: SenderRoster, dimension: Dimension, rules: Sequence[Rule]) -> timedelta:
    """Return how long the list of *dimension* is kept.

    It is the reread interval of *rules*, and at least `LIST_FACTOR` times as long as a list takes.
    """
    senders = sum(scope.kind == (dimension,) for scope in roster.records)
    return max(reread_interval(rules), LIST_FACTOR * timedelta(seconds=senders / TENANTS_A_SECOND))


class _Reader:
    """Queries until no query is left that can matter, or that the budget and the time allow."""

    def __init__(
        self,
        source: SeriesSource,
        plan: ReadPlan,
        budget: int | None,
        limits: Limits,
        failures: FailureCollector,
    ) -> None:
        """Read *plan* from *source*; *budget* is a number of queries, and None is no limit."""
        self._source = source
        self._plan = plan
        self._budget = budget
        self._deadline = limits.deadline
        self._may_continue = limits.may_continue
        self._failures = failures
        self._answers: dict[Query, Series | Gap] = {
            Query(Metric.SEND, scope): Gap.REJECTED
            for scope in plan.selection.rejected
            if plan.rule_scopes.rules_for(scope)
        }
        self._verdicts = Verdicts(plan, self._answers)
        self._queries_made = 0
        self._failed = False
        self._gave_up = False
        """Whether the source left queries of the last round unanswered."""
        self._ran_out_of_time = False

    def read(self) -> MetricReading:
        """Return the reading.

        Raises TodayRejectedError if the plan includes today and SES rejects queries about today.
        After any other error of the source, the reading ends as failed, with the answers so far.
        """
        not_started = self._read_in_turn()
        plan = self._plan.postpone(not_started)
        while not self._failed and (pending := next_batches(plan, self._answers, self._verdicts)):
            if not self._query(pending, self._budget):
                self._answers |= _unanswered(pending, Gap.CUT_OFF)
        reading = MetricReading(
            plan,
            self._answers,
            self._queries_made,
            self._verdicts,
            failed=self._failed,
            ran_out_of_time=self._ran_out_of_time,
            may_continue=self._may_continue,
        )
        if not not_started or reading.is_cut_short:
            return reading
        left = [
            *always_read_batches(self._plan, self._answers),
            *first_batches(self._plan, self._answers),
        ]
        self._answers |= _unanswered(left, Gap.UNAVAILABLE if self._failed else Gap.CUT_OFF)
        return replace(reading, plan=self._plan)

    def _read_in_turn(self) -> Sequence[Scope]:
        """Read the senders of the plan, some at a time, and return those that were not started.

        If time or queries are too few for all of them, most of those that were started are
        complete. A part is left for the search for causes, which needs all answers.
        """
        selection, deadline = self._plan.selection, self._deadline
        providers = [scope for scope in selection.due if scope.isp]
        always_read = (scope for scope in selection.always_read if scope != ACCOUNT)
        due = (scope for scope in selection.due if not scope.isp)
        waiting = deque(dict.fromkeys([*always_read, *due]))
        available = deadline.remaining()
        if available == timedelta.max or len(waiting) <= ALL_AT_ONCE:
            return ()
        budget = self._budget and round(self._budget * (1 - SHARE_FOR_CAUSES))
        reserve = available * SHARE_FOR_CAUSES
        started: list[Scope] = []
        completed = 0
        while not self._failed:
            pending = list(batches_of_part(self._plan.part([*providers, *started]), self._answers))
            unfinished = {
                query.scope.at_all_providers for batch in pending for query in batch.queries
            }
            still_started = [scope for scope in started if scope.at_all_providers in unfinished]
            completed += len(started) - len(still_started)
            started, remaining = still_started, deadline.remaining()
            size = _most_started(completed, available - remaining, remaining - reserve)
            if remaining <= reserve or (size == 0 and not pending):
                self._ran_out_of_time |= bool(waiting)
                break
            added = [waiting.popleft() for _ in range(min(size - len(started), len(waiting)))]
            started += added
            pending += batches_of_part(self._plan.part(added), self._answers)
            if not pending or not self._query(pending, budget) or self._gave_up:
                break
        return waiting

    def _query(self, pending: Sequence[QueryBatch], budget: int | None) -> bool:
        """Make the queries of *pending*, as far as the time and the *budget* of the run allow.

        Returns whether they allow any. After an error, the others count as unavailable.
        """
        left = None if budget is None else budget - self._queries_made
        queries = within_budget(pending, left, budget)
        if not queries or self._deadline.remaining() <= timedelta():
            self._ran_out_of_time |= bool(queries)
            return False
        source, last_day = self._source, self._plan.last_day
        try:
            answers = source.read(queries, LONGEST_WINDOW, last_day, self._deadline)
        except Exception as error:
            if isinstance(error, TodayRejectedError) and last_day == self._plan.now.date():
                raise
            self._failures.record(error, FindingSource.METRICS)
            self._failed = True
            self._answers |= _unanswered(pending, Gap.UNAVAILABLE)
            return True
        cut_off = sum(answers.get(query) is Gap.CUT_OFF for query in queries)
        self._queries_made += len(queries) - cut_off
        self._gave_up = cut_off > 0
        self._ran_out_of_time |= self._gave_up and self._deadline.remaining() <= timedelta()
        self._answers |= {query: answers.get(query, Gap.UNAVAILABLE) for query in queries}
        return True


def _most_started(completed: int, taken: timedelta, left: timedelta) -> int:
    """Return how many senders to read at a time, so that all are complete when *left* is over.

    So far, *completed* senders have *taken* so long.
    """
    if not (completed and taken):
        return FIRST_STARTED if not completed else MAX_STARTED
    return max(0, min(MAX_STARTED, int(left / (taken / completed))))


def _unanswered(pending: Iterable[QueryBatch], gap: Gap) -> Mapping[Query, Gap]:
    return {query: gap for batch in pending for query in batch.queries}
