"""The verdict on one scope, based on the answers so far."""

from dataclasses import dataclass, field

from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.verdicts import Subject, Unknown, Verdict
from vdm_alerts.core.model.metrics import Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Answers, Query, find_answer
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.rules.rule import Rule


def evaluate_scope(rule: Rule, scope: Scope, plan: ReadPlan, answers: Answers) -> Verdict | None:
    """Return the verdict of *rule* on *scope*; None if it needs more answers."""
    if gap := rule.indicator.permanent_gap(scope):
        return Unknown(Subject(rule.indicator, scope), gap)
    counts = _events_and_volume(rule, scope, plan, answers)
    if counts is None:
        return None
    return evaluate_series(
        rule,
        scope,
        counts,
        plan.data_as_of(answers),
        plan.prior_state(rule, scope),
        plan.series_counts[rule.name],
    )


@dataclass(slots=True)
class EarlyVerdicts:
    """A cache of the verdicts during one reading.

    A verdict does not change during a reading, because no answer is ever replaced.
    """

    plan: ReadPlan
    _verdicts: dict[AlertKey, Verdict] = field(default_factory=dict)

    def verdict(self, rule: Rule, scope: Scope, answers: Answers) -> Verdict | None:
        """Return the verdict of *rule* on *scope*; None if it needs more answers."""
        key = AlertKey.for_rule(rule, scope)
        if key not in self._verdicts:
            verdict = evaluate_scope(rule, scope, self.plan, answers)
            if verdict is None:
                return None
            self._verdicts[key] = verdict
        return self._verdicts[key]


def _events_and_volume(
    rule: Rule, scope: Scope, plan: ReadPlan, answers: Answers
) -> tuple[Series | Gap, Series | Gap] | None:
    """Return the counts to evaluate *rule* with; None if an answer is missing."""
    sent = answers.get(Query(Metric.SEND, scope))
    if isinstance(sent, Series) and not sent.total(rule.lookback, plan.last_day):
        no_email = (Series({}), sent)  # A scope that sent nothing has no events either.
    else:
        no_email = None
    if no_email and _starts_with_sent_emails(scope, plan):
        return no_email
    events = find_answer(Query(rule.indicator.events, scope), plan.isps, answers)
    volume = find_answer(Query(rule.indicator.volume, scope), plan.isps, answers)
    if events is None or volume is None:
        return no_email
    return events, volume


def _starts_with_sent_emails(scope: Scope, plan: ReadPlan) -> bool:
    """Return whether *scope* is queried for its sent emails first.

    Its events are queried only if its sent emails require it. Such a scope is evaluated without its
    events if it sent nothing. Its events may be known nevertheless, because a rule with longer
    windows needed them. The verdict must not depend on other rules.
    """
    return scope.isp is None and scope not in plan.selection.always_read
