"""A fake account that answers the queries of a read plan, step by step."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from builders import NOW, a_rule, a_series, a_sure_rule
from builders import firing as firing_alert

from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.planning.next_batches import next_batches
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.read_plan import ReadPlan, plan_reading
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.planning.verdicts import EarlyVerdicts
from vdm_alerts.core.rules.field_types import KINDS
from vdm_alerts.core.rules.rule import Rule

SHOP = Scope(identity="shop.example.com")
BOUNCES = a_rule(min_events=20)
COMPLAINTS = a_rule(
    "complaint-rate",
    indicator=Indicator.COMPLAINT_RATE,
    warning="0.1%",
    critical="0.5%",
    windows=(7,),
    min_volume=1_000,
    min_events=5,
)
SURE = a_sure_rule()
SURE_OF_COMPLAINTS = a_sure_rule(
    "complaint-rate", indicator=Indicator.COMPLAINT_RATE, warning="0.1%", critical="0.5%"
)
METRICS = (
    Metric.SEND,
    Metric.PERMANENT_BOUNCE,
    Metric.COMPLAINT,
    Metric.DELIVERY_COMPLAINT,
)


@dataclass
class FakeAccount:
    """An account with counts for queries, which records every query it answers."""

    rules: list[Rule] = field(default_factory=lambda: [BOUNCES, COMPLAINTS])
    roster: SenderRoster = field(default_factory=SenderRoster)
    firing: frozenset[Scope] = frozenset()
    now: datetime = NOW
    counts: dict[tuple[Metric, Scope], Series | Gap] = field(default_factory=dict)
    queried: list[Query] = field(default_factory=list)

    def sends(
        self, scope: Scope, sent: int, bounced: int = 0, complained: int = 0
    ) -> "FakeAccount":
        """Add the counts of *scope*, and add the sender to the roster. Return this account."""
        figures = (sent, bounced, complained, sent)
        for metric, count in zip(METRICS, figures, strict=True):
            self.counts[metric, scope] = a_series(count)
        if scope.isp is None and scope != ACCOUNT:
            entries = {**self.roster.records, scope: self.roster.record(scope)}
            self.roster = SenderRoster(entries, self.roster.listed_at)
        return self

    @property
    def plan(self) -> ReadPlan:
        alerts = {alert.key: alert for alert in map(firing_alert, self.firing)}
        return plan_reading(self.rules, self.roster, alerts, self.now, self.now.date())

    def read(self) -> dict[Query, Series | Gap]:
        """Query until no query is due; return the answers."""
        answers: dict[Query, Series | Gap] = {}
        plan = self.plan
        while batches := next_batches(plan, answers, EarlyVerdicts(plan)):
            queries = [query for batch in batches for query in batch.queries]
            assert not answers.keys() & set(queries), "no query is made twice"
            self.queried += dict.fromkeys(queries)
            answers |= {query: self.answer(query.metric, query.scope) for query in queries}
        return answers

    def answer(self, metric: Metric, scope: Scope) -> Series | Gap:
        """Return the counts, which are empty for a scope without email."""
        return self.counts.get((metric, scope), Series({}))

    def metrics_of(self, scope: Scope) -> set[Metric]:
        """Return the metrics of *scope* that were queried."""
        return {query.metric for query in self.queried if query.scope == scope}


def a_rule_for(*kinds: str, like: Rule = BOUNCES, **more: object) -> Rule:
    """Return a copy of the rule *like* that applies to *kinds* of scopes alone."""
    rule = replace(like, scopes=frozenset(KINDS[kind] for kind in kinds))
    return replace(rule, **more)  # type: ignore[arg-type]
