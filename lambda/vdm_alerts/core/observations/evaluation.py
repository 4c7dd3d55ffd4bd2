"""The evaluation of what a run read: verdicts, main contributors, and senders of the same email."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import RESOLVE_WITHOUT_EMAIL
from vdm_alerts.core.evaluation.ses_rates import evaluate_ses_rate
from vdm_alerts.core.evaluation.verdict_record import VerdictRecord
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Healthy,
    Inconclusive,
    NoEmail,
    Subject,
    Unknown,
    Verdict,
)
from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations.coverage import Coverage
from vdm_alerts.core.observations.metric_reading import MetricReading
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.planning.contributor import Contributor, Investigation
from vdm_alerts.core.planning.queries import Query, find_answer
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.planning.shared_email import shared_email_search
from vdm_alerts.core.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The verdicts, the causes of breaches, and the closed alerts of a run."""

    verdicts: Mapping[AlertKey, Verdict] = field(default_factory=dict)
    """The verdict of each rule on each scope that was read."""
    contributors: Mapping[AlertKey, Contributor] = field(default_factory=dict)
    """The main contributor to each breach that has one."""
    same_email: Sequence[tuple[AlertKey, AlertKey]] = ()
    """The pairs of breaches whose senders send the same email."""
    close_reasons: Mapping[AlertKey, str] = field(default_factory=dict)
    """Why an alert is no longer monitored, for each alert that is not."""
    plan: ReadPlan | None = None
    """The plan of the reading; None if VDM was not read."""

    @property
    def series_unknown(self) -> int:
        """How many rates are unknown because their data is unreadable."""
        return sum(gap.is_failure for gap in self._gaps)

    @property
    def series_unanswered(self) -> int:
        """How many of these rates may be readable in the next run. The others are findings."""
        return sum(gap.is_transient for gap in self._gaps)

    def _evaluated_before(self) -> Iterator[AlertKey]:
        """Yield the rates of senders that earlier invocations of the sweep have evaluated."""
        if self.plan:
            for scope in self.plan.read_before:
                for rule in self.plan.rule_scopes.rules_applying_to(scope):
                    yield AlertKey.for_rule(rule, scope)

    @property
    def _gaps(self) -> Sequence[Gap]:
        """Why each unknown rate is unknown."""
        return [verdict.gap for verdict in self.verdicts.values() if isinstance(verdict, Unknown)]

    @property
    def coverage(self) -> Coverage:
        """What this sweep monitors, for the first and the weekly summary."""
        keys = {*self.verdicts, *self._evaluated_before()}
        scopes = {key.scope for key in keys}
        return Coverage(
            tuple(sorted({key.rule for key in keys})),
            Counter(scope.kind for scope in scopes),
            rates=len(keys),
            unreadable=self.series_unknown,
        )


def evaluate(observation: Observation) -> Evaluation:
    """Return the verdicts, the causes of breaches, and the closed alerts of a run.

    Rules on SES's own rates have a verdict even if VDM was not read; the others have none then. A
    verdict that rests on missing emails is inconclusive if these may only be missing in VDM.
    """
    reading, ses_verdicts = observation.reading, _ses_verdicts(observation)
    if reading is None:
        return Evaluation(ses_verdicts, close_reasons=_closed(observation, ses_verdicts))
    rules = {rule.name: rule for rule in reading.plan.rules}
    last_day = None if reading.is_late else reading.as_of.last_day
    verdicts = {
        key: _proven(verdict, rules[key.rule], observation, last_day)
        for key, verdict in _verdicts(reading).items()
    }
    breaches = _breaches(verdicts, reading)
    contributors = {
        AlertKey.for_rule(breach.rule, breach.scope): contributor
        for rule_breaches in breaches
        for breach in rule_breaches
        if (contributor := breach.contributor)
    }
    same_email = [
        (AlertKey.for_rule(search.rule, sender), AlertKey.for_rule(search.rule, other))
        for rule_breaches in breaches
        if (search := shared_email_search(rule_breaches))
        for sender, other in search.pairs
    ]
    verdicts |= ses_verdicts
    closed = _closed(observation, verdicts)
    return Evaluation(verdicts, contributors, same_email, closed, reading.plan)


def record_of(
    key: AlertKey, observation: Observation, evaluation: Evaluation
) -> VerdictRecord | None:
    """Return the record of the verdict on the alert of *key*; None if it has no known counts."""
    rule, verdict = observation.rules.get(key.rule), evaluation.verdicts.get(key)
    if not (rule and observation.rule_set) or verdict is None or isinstance(verdict, Unknown):
        return None
    text = observation.rule_set.texts.get(rule.name)
    fingerprint = text.fingerprint if text else ""
    if rule.indicator.is_from_ses:
        rates = observation.rates_of_ses(rule.indicator)
        if rates is None:
            return None
        as_of = AsOf(rates.read_at, rates.read_at.date())
        return VerdictRecord(verdict, rule, fingerprint, as_of, ses_rates=rates.decisive)
    reading = observation.reading
    return reading.verdicts.record(rule, key.scope, fingerprint) if reading else None


def _ses_verdicts(observation: Observation) -> dict[AlertKey, Verdict]:
    """Return the verdict of each rule on a rate that SES itself calculates."""
    return {
        AlertKey.for_rule(rule, ACCOUNT): evaluate_ses_rate(
            rule, observation.rates_of_ses(rule.indicator)
        )
        for rule in observation.rules.values()
        if rule.indicator.is_from_ses and rule.covers(ACCOUNT)
    }


def _closed(observation: Observation, evaluated: Collection[AlertKey]) -> Mapping[AlertKey, str]:
    """Return why each alert that is no longer monitored is closed."""
    keys = dict.fromkeys([*observation.alerts, *evaluated])
    return {key: reason for key in keys if (reason := observation.closed_because(key))}


def _verdicts(reading: MetricReading) -> dict[AlertKey, Verdict]:
    is_continued = reading.is_cut_short
    return {
        AlertKey.for_rule(rule, scope): verdict
        for scope in (*reading.plan.all_scopes, *_parts(reading))
        if not reading.plan.was_left_out(scope, reading.answers)
        for rule in reading.plan.rule_scopes.rules_applying_to(scope)
        if (verdict := _verdict(rule, scope, reading))
        if not (is_continued and _is_transient(verdict))
    }


def _is_transient(verdict: Verdict) -> bool:
    """Return whether the next invocation may read what *verdict* lacks."""
    return isinstance(verdict, Unknown) and verdict.gap.is_transient


def _parts(reading: MetricReading) -> Sequence[Scope]:
    """Return the senders at single providers that were read.

    "Other providers" are included. Parts with an open alert are left out, because the plan contains
    them already.
    """
    parts = {
        query.scope
        for query in reading.answers
        if query.scope.isp and query.scope.at_all_providers.kind
    }
    others = {scope.at_all_providers.at_provider(OTHER_ISPS) for scope in parts}
    return sorted((parts | others) - reading.plan.open_scopes, key=str)


def _verdict(rule: Rule, scope: Scope, reading: MetricReading) -> Verdict | None:
    """Return the verdict of *rule* on *scope*; None without any answer.

    If some answers are missing, the verdict is unknown. If none of the answers is a gap, the events
    were too few to need the other queries.
    """
    plan, answers = reading.plan, reading.answers
    verdict = reading.verdicts.verdict(rule, scope)
    if verdict is not None:
        return verdict
    metrics = (rule.indicator.events, rule.indicator.volume, Metric.SEND)
    results = [find_answer(Query(metric, scope), plan.isps, answers) for metric in metrics]
    if all(result is None for result in results):
        return None
    gaps = (result for result in results if isinstance(result, Gap))
    return Unknown(Subject(rule.indicator, scope), next(gaps, Gap.TOO_FEW))


def _breaches(
    verdicts: Mapping[AlertKey, Verdict], reading: MetricReading
) -> Sequence[Sequence[Investigation]]:
    """Return the breaches of each rule that has any."""
    rules = {rule.name: rule for rule in reading.plan.rules}
    breaches: defaultdict[str, list[Investigation]] = defaultdict(list)
    for key, verdict in verdicts.items():
        if isinstance(verdict, Breached) and (evidence := verdict.counted_events):
            breaches[key.rule].append(
                Investigation(rules[key.rule], key.scope, evidence, reading.plan, reading.answers)
            )
    return list(breaches.values())


def _proven(
    verdict: Verdict, rule: Rule, observation: Observation, last_day: date | None
) -> Verdict:
    """Return *verdict*, made inconclusive if it rests on emails that VDM may not have counted.

    *last_day* is the last day with counts; None while VDM stands still, when nothing is healthy.
    While the whole account sends no email, a scope without emails is inconclusive, not healthy.
    """
    match verdict:
        case NoEmail(subject, _, window) if _may_lack_emails(rule, subject, observation, last_day):
            threshold = rule.for_scope(subject.scope).first_threshold
            return Inconclusive(subject, threshold, window, None)
        case Healthy(subject, threshold, window, None) if (
            observation.account_idle or _may_lack_emails(rule, subject, observation, last_day)
        ):
            return Inconclusive(subject, threshold, window, None)
        case Healthy(subject, threshold, window, evidence) if last_day is None:
            return Inconclusive(subject, threshold, window, evidence)
        case _:
            return verdict


def _may_lack_emails(
    rule: Rule, subject: Subject, observation: Observation, last_day: date | None
) -> bool:
    """Return whether the counts may lack emails, so that zero is no proof.

    That is so if VDM stands still, or was off on a day that *rule* looks at.
    """
    if last_day is None:
        return True
    window = max(rule.for_scope(subject.scope).lookback, RESOLVE_WITHOUT_EMAIL)
    return observation.was_vdm_off_in(window, last_day)
