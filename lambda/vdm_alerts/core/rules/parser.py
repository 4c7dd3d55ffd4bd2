"""From the text of a rule to a `Rule`, or to every problem in it, each with its path."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.field_types import INDICATORS, KINDS
from vdm_alerts.core.rules.rule import (
    REMIND_AFTER,
    REPRESENTATIVE,
    MissingData,
    Override,
    Rule,
    Threshold,
)
from vdm_alerts.core.rules.schema import Document, Policy, policy_of, read
from vdm_alerts.core.rules.toml_document import BadDocument, Language
from vdm_alerts.core.rules.validation import contradictions
from vdm_alerts.core.statistics.arrival import FEEDBACK

DOUBT = 0.005
"""The doubt that may be left, where a rule does not say: one is 99.5% sure."""


class BadRule(BadDocument):
    """A rule's text cannot be used."""


def parse_rule(name: str, text: str, source: str) -> Rule:
    """Return the rule *name* that is written in *text*, a TOML document.

    Raises BadRule, naming *source*, with every problem of the text at once.
    """
    document = _LANGUAGE.parse(text, source)
    general = _rule(name, source, document, policy_of(document))
    overrides = (
        Override(each.names, _rule(name, source, document, policy_of(document, each)))
        for each in document.overrides
    )
    return replace(general, overrides=tuple(overrides))


def _rule(name: str, source: str, document: Document, policy: Policy) -> Rule:
    lines = ((Severity.WARNING, policy.warning), (Severity.CRITICAL, policy.critical))
    doubt = policy.confidence.doubt if policy.confidence else DOUBT
    return Rule(
        name=name,
        source=source,
        indicator=document.indicator,
        scopes=frozenset(document.scopes),
        windows=tuple(sorted(set(document.windows))),
        thresholds=tuple(Threshold(severity, at) for severity, at in lines if at is not None),
        doubt=doubt,
        min_volume=policy.min_volume or 1,
        min_events=policy.min_events or (1 if doubt is None else 2),
        feedback=document.feedback or FEEDBACK[document.indicator],
        unusual=None if doubt is None else policy.above_baseline or policy.drop_below,
        hold=policy.hold or timedelta(),
        clear_after=policy.clear_after or timedelta(),
        missing_data=policy.missing_data or MissingData.OK,
        include=document.include.globs,
        exclude=document.exclude.globs,
        top=document.top,
        representative=document.representative_volume or REPRESENTATIVE,
        remind_after=REMIND_AFTER if document.remind_after is None else document.remind_after,
    )


_HINTS: Mapping[str, str] = {
    "indicator": f"write one of {', '.join(INDICATORS)}",
    "scopes": f"write a list of {', '.join(KINDS)}",
}
_LANGUAGE = Language("a rule", read, contradictions, _HINTS, BadRule)
