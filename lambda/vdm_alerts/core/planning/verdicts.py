"""The verdict on one scope, from the answers so far."""

from vdm_alerts.core.alerts.alert import Key
from vdm_alerts.core.evaluation.evaluate import judge
from vdm_alerts.core.evaluation.verdicts import Subject, Unknown, Verdict
from vdm_alerts.core.model.metrics import Metric, Scope, Series
from vdm_alerts.core.planning.queries import Found, Query, answer, as_of
from vdm_alerts.core.planning.selection import Sweep
from vdm_alerts.core.rules.rule import Rule


def verdict(rule: Rule, scope: Scope, sweep: Sweep, found: Found) -> Verdict | None:
    """Return the judgement of *scope* as far as it has been asked about; None where it has not."""
    key = Key.of(rule, scope)
    if key in sweep.judged:
        return sweep.judged[key]
    if gap := rule.indicator.gap_of(scope):
        return Unknown(Subject(rule.indicator, scope), gap)
    events = answer(Query(rule.indicator.events, scope), sweep.isps, found)
    volume = answer(Query(rule.indicator.volume, scope), sweep.isps, found)
    if events is None or volume is None:
        # Who has sent nothing need not be asked what became of it.
        sent = found.get(Query(Metric.SEND, scope))
        if not isinstance(sent, Series) or sent.total(rule.reach, sweep.last):
            return None
        events, volume = Series({}), sent
    phase = sweep.phase(rule, scope)
    at = as_of(sweep.now, sweep.last, found)
    sweep.judged[key] = judge(rule, scope, (events, volume), at, phase, sweep.series(rule))
    return sweep.judged[key]
