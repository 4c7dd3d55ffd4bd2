"""An account as the plan of a sweep meets it: asked in memory, step by step."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from builders import NOW, a_rule, a_series, a_sure_rule, firing

from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.planning.next_batches import next_batches
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.read_plan import ReadPlan, plan_reading
from vdm_alerts.core.planning.roster import Roster
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
class Told:
    """An account: what it answers, and every query that it was asked."""

    rules: list[Rule] = field(default_factory=lambda: [BOUNCES, COMPLAINTS])
    roster: Roster = field(default_factory=Roster)
    remembered: frozenset[Scope] = frozenset()
    now: datetime = NOW
    counts: dict[tuple[Metric, Scope], Series | Gap] = field(default_factory=dict)
    asked: list[Query] = field(default_factory=list)

    def sends(self, scope: Scope, sent: int, bounced: int = 0, complained: int = 0) -> "Told":
        figures = (sent, bounced, complained, sent)
        for metric, count in zip(METRICS, figures, strict=True):
            self.counts[metric, scope] = a_series(count)
        if scope.isp is None and scope != ACCOUNT:
            entries = {**self.roster.entries, scope: self.roster.entry(scope)}
            self.roster = Roster(entries, self.roster.listed)
        return self

    @property
    def plan(self) -> ReadPlan:
        alerts = {alert.key: alert for alert in map(firing, self.remembered)}
        return plan_reading(self.rules, self.roster, alerts, self.now, self.now.date())

    def found(self) -> dict[Query, Series | Gap]:
        """Ask until nothing is worth asking any more."""
        found: dict[Query, Series | Gap] = {}
        plan = self.plan
        while pending := next_batches(plan, found, EarlyVerdicts(plan)):
            asked = [query for step in pending for query in step.queries]
            assert not found.keys() & set(asked), "nothing is asked twice"
            self.asked += dict.fromkeys(asked)
            found |= {query: self.answer(query.metric, query.scope) for query in asked}
        return found

    def answer(self, metric: Metric, scope: Scope) -> Series | Gap:
        """What is answered when asked; there was no mail where a test says nothing."""
        return self.counts.get((metric, scope), Series({}))

    def of(self, scope: Scope) -> set[Metric]:
        """The metrics of *scope* that were asked for."""
        return {query.metric for query in self.asked if query.scope == scope}


def watching(*kinds: str, like: Rule = BOUNCES, **more: object) -> Rule:
    """A rule *like* another, of so many *kinds* of scope alone."""
    rule = replace(like, scopes=frozenset(KINDS[kind] for kind in kinds))
    return replace(rule, **more)  # type: ignore[arg-type]
