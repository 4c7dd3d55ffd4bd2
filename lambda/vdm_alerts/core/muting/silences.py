"""Silences: which notifications a user mutes, until when, and why."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from vdm_alerts.core.model.findings import DeleteParameter, Finding
from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.timefmt import format_time
from vdm_alerts.core.rules.field_types import Glob, SingleLine
from vdm_alerts.core.rules.matcher_index import MatcherIndex
from vdm_alerts.core.rules.patterns import ScopeMatcher, matches_pattern
from vdm_alerts.core.rules.quoting import shorten
from vdm_alerts.core.rules.schema import MatcherFields, read_document
from vdm_alerts.core.rules.target_patterns import ANY_TARGET, TARGET_KEYS, TargetMatcher
from vdm_alerts.core.rules.toml_document import (
    MAX_PARAMETER_SIZE,
    DocumentType,
    InvalidDocumentError,
    InvalidField,
    Table,
)

MAX_EXPIRED = 20
"""The maximum number of expired silences to report. Deleting these makes room for the others."""
RULE = "rule"
"""The key of the rule pattern."""
ANY_RULE = "*"
"""The rule pattern of a silence without the key `rule`."""


class InvalidSilenceError(InvalidDocumentError):
    """A silence is invalid."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A request to mute the notifications of some rules about some scopes."""

    name: str
    source: str
    """The SSM parameter of the silence, such as "/vdm-alerts/silences/migration"."""
    rule_pattern: str
    """A pattern of rule names."""
    matcher: ScopeMatcher
    """The patterns that a scope must match."""
    until: datetime
    """The end of the silence, in UTC."""
    reason: str
    """A line of text."""
    author: str
    """A line of text: whom to ask about the silence."""
    target_matcher: TargetMatcher = ANY_TARGET
    """The patterns that a target must match."""

    def covers(self, rule: str, scope: Scope) -> bool:
        """Return whether the silence mutes the rule named *rule* for *scope*.

        The scope must name every dimension of the matcher. A silence with a provider pattern, for
        example, does not cover a scope at all providers.
        """
        return matches_pattern(rule, self.rule_pattern) and self.matcher.matches(scope)

    @property
    def patterns(self) -> Mapping[str, str]:
        """The patterns that the rule and the scope must match, by their keys."""
        return {RULE: self.rule_pattern, **_by_key(self.matcher.patterns)}

    def has_expired(self, now: datetime) -> bool:
        """Return whether the silence has expired."""
        return now >= self.until


class SilenceIndex:
    """The silences in effect, found by the rule and the scope of an alert."""

    def __init__(self, silences: Iterable[Silence]) -> None:
        """Index *silences* by their patterns."""
        self._index = MatcherIndex((silence.patterns, silence) for silence in silences)

    def covers(self, rule: str, scope: Scope) -> bool:
        """Return whether a silence mutes the rule named *rule* for *scope*."""
        candidates = self._index.candidates({RULE: rule, **_by_key(scope.dimensions)})
        return any(silence.covers(rule, scope) for silence in candidates)


@dataclass(frozen=True, slots=True)
class Silences:
    """All silences that were read."""

    silences: Sequence[Silence] = ()
    """The valid silences, including expired ones."""
    findings: Sequence[Finding] = ()
    """The errors of the invalid silences, which mute nothing."""

    def for_target(self, target: Target) -> "Silences":
        """Return the silences that mute alerts in *target*, and all errors."""
        silences = [each for each in self.silences if each.target_matcher.matches(target)]
        return replace(self, silences=silences)

    def in_effect(self, now: datetime) -> Sequence[Silence]:
        """Return the silences that have not expired."""
        return [silence for silence in self.silences if not silence.has_expired(now)]


def _by_key(texts: Mapping[Dimension, str]) -> Mapping[str, str]:
    return {dimension.key: text for dimension, text in texts.items()}


def expired_findings(silences: Silences, now: datetime) -> list[Finding]:
    """Return a finding for each expired silence that still exists.

    The most recently expired silence is first. The list has at most `MAX_EXPIRED` findings.
    """
    expired = [silence for silence in silences.silences if silence.has_expired(now)]
    expired.sort(key=lambda silence: silence.until, reverse=True)
    return [_expired_finding(silence) for silence in expired[:MAX_EXPIRED]]


def _expired_finding(silence: Silence) -> Finding:
    return Finding(
        key=silence.source,
        what=f"Silence {silence.name} (author: {shorten(silence.author)}) expired on "
        f"{format_time(silence.until)}",
        effect="it mutes nothing",
        remedy=f"Set a later until in SSM parameter {silence.source}, or delete the parameter",
        blocks_monitoring=False,
        one_shot=True,
        fix=DeleteParameter(silence.source),
    )


def parse_silence(name: str, text: str, source: str) -> Silence:
    """Return the silence *name* from *text*, a TOML document.

    Raises InvalidSilenceError with all errors of the text. The error names *source*, the SSM
    parameter of the silence.
    """
    document = _DOCUMENT_TYPE.parse(text, source)
    return Silence(
        name=name,
        source=source,
        rule_pattern=document.rule or ANY_RULE,
        matcher=document.matcher,
        until=document.until,
        reason=document.reason,
        author=document.author,
        target_matcher=document.target_matcher,
    )


@dataclass(frozen=True, kw_only=True)
class SilenceDocument(MatcherFields):
    """The keys of a silence."""

    rule: Glob | None = None
    until: datetime
    reason: SingleLine
    author: SingleLine


MATCHERS = (RULE, *(dimension.key for dimension in Dimension), *TARGET_KEYS)
"""The keys that select what a silence mutes. At least one of them is required."""


def _missing_matcher_errors(table: Table) -> Iterator[InvalidField]:
    """Yield an error if *table* has no matcher."""
    if not table.keys() & set(MATCHERS):
        others = ", ".join(MATCHERS[1:])
        yield InvalidField(
            "rule",
            f"is missing, and so are {others}. Add at least one of these keys. To mute all rules, "
            'use rule = "*".',
        )


_MISSING_KEY_HINTS: Mapping[str, str] = {
    "until": "Add the end of the silence, for example until = 2026-03-20T09:00:00Z.",
    "reason": 'Add the reason, in quotes, for example reason = "migration".',
    "author": 'Add the person or team to ask, in quotes, for example author = "ops".',
}
_DOCUMENT_TYPE = DocumentType(
    noun="a silence",
    read=partial(read_document, SilenceDocument),
    cross_field_errors=_missing_matcher_errors,
    missing_key_hints=_MISSING_KEY_HINTS,
    error_class=InvalidSilenceError,
    max_size=MAX_PARAMETER_SIZE,
)
