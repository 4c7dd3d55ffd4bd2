"""The verdicts on single scopes, based on the answers so far."""

from typing import TypeAlias

from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.verdict_record import VerdictRecord
from vdm_alerts.core.evaluation.verdicts import Subject, Unknown, Verdict
from vdm_alerts.core.model.metrics import Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Answers, Query, find_answer
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.rules.rule import Rule

_Counts: TypeAlias = tuple[Series | Gap, Series | Gap]
"""The events and the volume of a series, or why they are unknown."""
_NO_EVENTS = Series({})


class Verdicts:
    """The verdicts on the answers of one reading so far.

    The reading needs them to decide what to query next, and the run evaluates the same series
    again afterwards. So a verdict is kept until its counts change, or the last day with counts.
    """

    def __init__(self, plan: ReadPlan, answers: Answers) -> None:
        """Evaluate the scopes of *plan* by *answers*. Answers may be added, but not replaced."""
        self._plan = plan
        self._answers = answers
        self._as_of = plan.data_as_of(answers)
        self._answer_count = len(answers)
        self._kept: dict[AlertKey, tuple[_Counts, AsOf, Verdict]] = {}
        self._current: dict[AlertKey, Verdict] = {}
        """The kept verdicts that rest on every answer so far."""

    def verdict(self, rule: Rule, scope: Scope) -> Verdict | None:
        """Return the verdict of *rule* on *scope*; None if it needs more answers."""
        if gap := rule.indicator.permanent_gap(scope):
            return Unknown(Subject(rule.indicator, scope), gap)
        key, as_of = AlertKey.for_rule(rule, scope), self._data_as_of()
        if current := self._current.get(key):
            return current
        counts = _events_and_volume(rule, scope, self._plan, self._answers)
        if counts is None:
            return None
        verdict = self._current[key] = self._evaluate(rule, scope, key, counts, as_of)
        return verdict

    def record(self, rule: Rule, scope: Scope, rule_fingerprint: str) -> VerdictRecord | None:
        """Return the record of the verdict of *rule* on *scope*; None if its counts are unknown.

        *rule_fingerprint* is the hash of the rule's text.
        """
        kept = self._kept.get(AlertKey.for_rule(rule, scope))
        if kept is None:
            return None
        (events, volume), as_of, verdict = kept
        if isinstance(verdict, Unknown) or isinstance(events, Gap) or isinstance(volume, Gap):
            return None
        plan = self._plan
        ses_rates = plan.ses_rates_for(rule, scope)
        return VerdictRecord(
            verdict,
            rule.for_scope(scope),
            rule_fingerprint,
            as_of,
            events,
            volume,
            plan.prior_state(rule, scope),
            plan.series_counts[rule.name],
            ses_rates.decisive if ses_rates else None,
        )

    def _evaluate(
        self, rule: Rule, scope: Scope, key: AlertKey, counts: _Counts, as_of: AsOf
    ) -> Verdict:
        kept = self._kept.get(key)
        if kept and kept[:2] == (counts, as_of):
            return kept[2]
        plan = self._plan
        prior, series_count = plan.prior_state(rule, scope), plan.series_counts[rule.name]
        ses_rates = plan.ses_rates_for(rule, scope)
        verdict = evaluate_series(rule, scope, counts, as_of, prior, series_count, ses_rates)
        self._kept[key] = counts, as_of, verdict
        return verdict

    def _data_as_of(self) -> AsOf:
        if len(self._answers) > self._answer_count:
            self._as_of = self._plan.data_as_of(self._answers)
            self._answer_count = len(self._answers)
            self._current.clear()
        return self._as_of


def _events_and_volume(
    rule: Rule, scope: Scope, plan: ReadPlan, answers: Answers
) -> _Counts | None:
    """Return the counts to evaluate *rule* with; None if an answer is missing."""
    sent = answers.get(Query(Metric.SEND, scope))
    if isinstance(sent, Series) and not sent.total(rule.lookback, plan.last_day):
        no_email = (_NO_EVENTS, sent)  # A scope that sent nothing has no events either.
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
