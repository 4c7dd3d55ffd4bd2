"""Which breaches are investigated for their main contributor."""

from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from heapq import nlargest

from vdm_alerts.core.evaluation.verdicts import Breached
from vdm_alerts.core.model.mailbox_providers import SEVERAL_PROVIDERS
from vdm_alerts.core.model.metrics import Dimension
from vdm_alerts.core.planning.contributor import Investigation
from vdm_alerts.core.planning.queries import Answers
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.planning.scope_verdict import Verdicts
from vdm_alerts.core.rules.rule import Rule

MAX_INVESTIGATIONS = 20
"""Breaches of one rule whose main contributor is searched for at every provider in one run."""
MIN_SENDERS = 3
"""Senders with the same provider as their only cause, from which on that is no coincidence."""


def known_breaches(
    rule: Rule, plan: ReadPlan, answers: Answers, verdicts: Verdicts
) -> Sequence[Investigation]:
    """Return every breach of *rule* that *answers* prove.

    There are none if low rates are bad, because no part of a scope contributes to these.
    """
    if rule.indicator.low_is_bad:
        return []
    return [
        Investigation(rule, scope, evidence, plan, answers)
        for scope in plan.scopes_by_rule.get(rule.name, ())
        if not plan.was_left_out(scope, answers)
        if isinstance(verdict := verdicts.verdict(rule, scope), Breached)
        if (evidence := verdict.counted_events)
    ]


def investigations(breaches: Sequence[Investigation]) -> Iterator[Investigation]:
    """Yield those of the *breaches* of one rule that are investigated.

    These are the breaches with the highest rates, at most `MAX_INVESTIGATIONS`. If they make a
    provider suspicious, each other new breach is investigated at that provider alone. A provider
    that refuses thousands of senders is recognized by two queries for each sender.
    """
    worst = nlargest(MAX_INVESTIGATIONS, breaches, key=lambda breach: breach.evidence.rate.value)
    yield from worst
    if len(breaches) > len(worst) and (suspects := _suspects(breaches, worst)):
        investigated = {breach.scope for breach in worst}
        for breach in breaches:
            if breach.is_new and breach.scope not in investigated:
                yield replace(breach, suspects=suspects)


def breached_providers(breaches: Sequence[Investigation]) -> AbstractSet[str]:
    """Return the providers that breach the rule themselves, for the whole account."""
    kind = (Dimension.ISP,)
    return {
        breach.scope.isp for breach in breaches if breach.scope.kind == kind and breach.scope.isp
    }


def _suspects(
    breaches: Sequence[Investigation], worst: Sequence[Investigation]
) -> AbstractSet[str]:
    """Return the providers that may be the cause of several *breaches*.

    These are the breached providers, and those that several of the *worst* breaches have as their
    only cause. Names of several providers are left out: their senders have nothing in common.
    """
    causes = Counter(
        contributor.scope.isp
        for breach in worst
        if (contributor := breach.contributor) and contributor.is_only_cause
    )
    common = {isp for isp, count in causes.items() if isp and count >= MIN_SENDERS}
    return (breached_providers(breaches) | common) - SEVERAL_PROVIDERS
