"""A fake account that answers the queries of a read plan, batch by batch."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from builders import NOW, a_confidence_rule, a_rule, a_series
from builders import firing as firing_alert

from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.observations.metric_reading import MetricReading
from vdm_alerts.core.planning.next_batches import next_batches, within_budget
from vdm_alerts.core.planning.queries import Answers, Query
from vdm_alerts.core.planning.read_plan import ReadPlan, plan_reading
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.planning.scope_verdict import Verdicts
from vdm_alerts.core.rules.field_types import KINDS
from vdm_alerts.core.rules.rule import Rule

SHOP_IDENTITY = Scope(identity="shop.example.com")
BOUNCE_RULE = a_rule(min_events=20)
COMPLAINT_RULE = a_rule(
    "complaint-rate",
    indicator=Indicator.COMPLAINT_RATE,
    warning="0.1%",
    critical="0.5%",
    windows=(7,),
    min_volume=1_000,
    min_events=5,
)
BOUNCE_CONFIDENCE_RULE = a_confidence_rule()
COMPLAINT_CONFIDENCE_RULE = a_confidence_rule(
    "complaint-rate", indicator=Indicator.COMPLAINT_RATE, warning="0.1%", critical="0.5%"
)
READ_METRICS = (
    Metric.SEND,
    Metric.PERMANENT_BOUNCE,
    Metric.COMPLAINT,
    Metric.DELIVERY_COMPLAINT,
)


@dataclass
class FakeAccount:
    """An account with counts, which records every query that it answers."""

    rules: list[Rule] = field(default_factory=lambda: [BOUNCE_RULE, COMPLAINT_RULE])
    roster: SenderRoster = field(default_factory=SenderRoster)
    firing: frozenset[Scope] = frozenset()
    now: datetime = NOW
    counts: dict[tuple[Metric, Scope], Series | Gap] = field(default_factory=dict)
    queried: list[Query] = field(default_factory=list)

    def sends(
        self, scope: Scope, sent: int, bounced: int = 0, complained: int = 0
    ) -> "FakeAccount":
        """Set the counts of *scope*, add a sender to the roster, and return this account."""
        totals = (sent, bounced, complained, sent)
        for metric, count in zip(READ_METRICS, totals, strict=True):
            self.counts[metric, scope] = a_series(count)
        if scope.isp is None and scope != ACCOUNT:
            records = {**self.roster.records, scope: self.roster.record(scope)}
            self.roster = SenderRoster(records, self.roster.listed_at)
        return self

    @property
    def plan(self) -> ReadPlan:
        """The plan of a reading of this account, in its current state."""
        alerts = {alert.key: alert for alert in map(firing_alert, self.firing)}
        return plan_reading(self.rules, self.roster, alerts, self.now, self.now.date())

    def read(self) -> dict[Query, Series | Gap]:
        """Query until no query is left that can matter, and return the answers."""
        answers: dict[Query, Series | Gap] = {}
        plan = self.plan
        while batches := next_batches(plan, answers, Verdicts(plan, answers)):
            queries = within_budget(batches, None, None)
            assert not answers.keys() & set(queries), "no query is made twice"
            self.queried += queries
            answers |= {query: self.answer(query.metric, query.scope) for query in queries}
        return answers

    def answer(self, metric: Metric, scope: Scope) -> Series | Gap:
        """Return the counts, which are empty for a scope without email."""
        return self.counts.get((metric, scope), Series({}))

    def metrics_of(self, scope: Scope) -> set[Metric]:
        """Return the metrics of *scope* that were queried."""
        return {query.metric for query in self.queried if query.scope == scope}


def a_reading(plan: ReadPlan, answers: Answers, queries_made: int = 1) -> MetricReading:
    """Return the reading of *plan* that got *answers*."""
    return MetricReading(plan, answers, queries_made, Verdicts(plan, answers))


def a_rule_for(*kinds: str, like: Rule = BOUNCE_RULE, **changes: object) -> Rule:
    """Return a copy of the rule *like* that applies only to *kinds* of scopes."""
    rule = replace(like, scopes=frozenset(KINDS[kind] for kind in kinds))
    return replace(rule, **changes)  # type: ignore[arg-type]
