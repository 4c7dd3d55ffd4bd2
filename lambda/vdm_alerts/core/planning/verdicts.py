"""The verdict on one scope, from the answers so far."""

from dataclasses import dataclass, field

from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.verdicts import Subject, Unknown, Verdict
from vdm_alerts.core.model.metrics import Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Answers, Query, answer, as_of
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.rules.rule import Rule


def evaluate_scope(rule: Rule, scope: Scope, plan: ReadPlan, answers: Answers) -> Verdict | None:
    """Return the verdict of *rule* on *scope*; None if the answers so far do not suffice."""
    if gap := rule.indicator.permanent_gap(scope):
        return Unknown(Subject(rule.indicator, scope), gap)
    counts = _counts(rule, scope, plan, answers)
    if counts is None:
        return None
    return evaluate_series(
        rule,
        scope,
        counts,
        as_of(plan.now, plan.last, answers),
        plan.prior_state(rule, scope),
        plan.series_counts[rule.name],
    )


def _counts(
    rule: Rule, scope: Scope, plan: ReadPlan, answers: Answers
) -> tuple[Series | Gap, Series | Gap] | None:
    """Return the events and the volume that *rule* is evaluated with; None if more is needed."""
    sent = answers.get(Query(Metric.SEND, scope))
    if isinstance(sent, Series) and not sent.total(rule.lookback, plan.last):
        no_email = (Series({}), sent)  # A scope that sent nothing has no events either.
    else:
        no_email = None
    if no_email and _is_read_in_steps(scope, plan):
        return no_email
    events = answer(Query(rule.indicator.events, scope), plan.isps, answers)
    volume = answer(Query(rule.indicator.volume, scope), plan.isps, answers)
    if events is None or volume is None:
        return no_email
    return events, volume


def _is_read_in_steps(scope: Scope, plan: ReadPlan) -> bool:
    """Return whether the events of *scope* are queried only if its sent emails call for it.

    Then a scope that sent nothing is evaluated by that alone. Another rule may have needed its
    events for other days; the verdict must not depend on that.
    """
    return scope.isp is None and scope not in plan.selection.always_read


@dataclass(slots=True)
class EarlyVerdicts:
    """Verdicts while a reading goes on, each evaluated once.

    What a verdict rests on does not change during a reading: an answer is never replaced.
    """

    plan: ReadPlan
    _verdicts: dict[AlertKey, Verdict] = field(default_factory=dict)

    def verdict(self, rule: Rule, scope: Scope, answers: Answers) -> Verdict | None:
        """Return the verdict of *rule* on *scope*; None if the answers so far do not suffice."""
        key = AlertKey.for_rule(rule, scope)
        if key not in self._verdicts:
            verdict = evaluate_scope(rule, scope, self.plan, answers)
            if verdict is None:
                return None
            self._verdicts[key] = verdict
        return self._verdicts[key]
