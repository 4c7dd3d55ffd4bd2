"""From the text of a rule to a `Rule`, or to all errors in the text."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.field_types import INDICATORS, KINDS
from vdm_alerts.core.rules.rule import (
    REMIND_AFTER,
    MinimumConfidence,
    MissingData,
    Override,
    PlainComparison,
    Rule,
    Threshold,
)
from vdm_alerts.core.rules.schema import Policy, RuleDocument, effective_policy, read_rule_document
from vdm_alerts.core.rules.toml_document import (
    MAX_PARAMETER_SIZE,
    DocumentType,
    InvalidDocumentError,
)
from vdm_alerts.core.rules.validation import cross_field_errors
from vdm_alerts.core.statistics.arrival import DEFAULT_CURVES

DEFAULT_CONFIDENCE = MinimumConfidence(error_probability=0.02)
"""The confidence of a rule without the key `confidence`: 98%."""


class InvalidRuleError(InvalidDocumentError):
    """A rule is invalid."""


def parse_rule(name: str, text: str, source: str) -> Rule:
    """Return the rule *name* from *text*, a TOML document.

    Raises InvalidRuleError with all errors of the text. The error names *source*, the place of the
    rule.
    """
    document = _DOCUMENT_TYPE.parse(text, source)
    rule = _rule(name, source, document, effective_policy(document))
    overrides = (
        Override(
            override.matcher,
            _rule(name, source, document, effective_policy(document, override)),
            override.target_matcher,
            index,
        )
        for index, override in enumerate(document.overrides)
    )
    return replace(rule, overrides=tuple(overrides))


def _rule(name: str, source: str, document: RuleDocument, policy: Policy) -> Rule:
    """Return the rule of *document* with *policy*, without overrides."""
    is_counted = not document.indicator.is_from_ses
    default_confidence = DEFAULT_CONFIDENCE if is_counted else PlainComparison()
    confidence = policy.confidence or default_confidence
    is_plain = isinstance(confidence, PlainComparison)
    shares = ((Severity.WARNING, policy.warning), (Severity.CRITICAL, policy.critical))
    return Rule(
        name=name,
        source=source,
        indicator=document.indicator,
        scopes=frozenset(document.scopes),
        windows=tuple(sorted(set(document.windows))),
        thresholds=tuple(
            Threshold(severity, share) for severity, share in shares if share is not None
        ),
        confidence=confidence,
        min_volume=policy.min_volume or 1,
        min_events=policy.min_events or (1 if is_plain else 2),
        arrival_curve=document.feedback or DEFAULT_CURVES[document.indicator.counted],
        baseline_factor=None if is_plain else policy.above_baseline or policy.drop_below,
        hold=policy.hold or timedelta(),
        clear_after=policy.clear_after or timedelta(),
        missing_data=policy.missing_data or MissingData.OK,
        include=document.include.patterns,
        exclude=document.exclude.patterns,
        targets=document.targets,
        top=document.top,
        representative_volume=document.representative_volume,
        remind_after=REMIND_AFTER if document.remind_after is None else document.remind_after,
    )


_MISSING_KEY_HINTS: Mapping[str, str] = {
    "indicator": f"Use one of {', '.join(INDICATORS)}.",
    "scopes": f"Use a list of at least one of {', '.join(KINDS)}.",
}
_DOCUMENT_TYPE = DocumentType(
    noun="a rule",
    read=read_rule_document,
    cross_field_errors=cross_field_errors,
    missing_key_hints=_MISSING_KEY_HINTS,
    error_class=InvalidRuleError,
    max_size=MAX_PARAMETER_SIZE,
)
