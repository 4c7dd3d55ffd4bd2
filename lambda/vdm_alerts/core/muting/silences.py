"""Silences: what somebody asked not to be told of, until when, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from vdm_alerts.core.model.findings import DeleteParameter, Finding
from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.model.timefmt import format_time
from vdm_alerts.core.rules.field_types import Glob, Words
from vdm_alerts.core.rules.patterns import ScopeMatcher, matches_pattern
from vdm_alerts.core.rules.quoting import shortened
from vdm_alerts.core.rules.schema import MatcherFields, read_document
from vdm_alerts.core.rules.toml_document import DocumentType, InvalidDocumentError, Table

MAX_EXPIRED = 20
"""How many silences that are over people are told of: whoever deletes them hears of the next."""
ANY_RULE = "*"
"""The rules that a silence is of, where it does not say."""


class InvalidSilenceError(InvalidDocumentError):
    """A silence's text cannot be used."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A wish not to be told, before *until*, of what the rules *rule* find in scopes of *names*.

    *rule* is a pattern of their names. *source* is where it is written, such as
    "/vdm-alerts/silences/migration". *reason* and *author* are a line each.
    """

    name: str
    source: str
    rule: str
    matcher: ScopeMatcher
    until: datetime
    reason: str
    author: str

    def covers(self, rule: str, scope: Scope) -> bool:
        """Say whether it is of what the rule of that name finds in *scope*.

        A scope that lacks what there is a pattern of, such as a provider, is not meant.
        """
        return matches_pattern(rule, self.rule) and self.matcher.matches(scope)

    def is_over(self, now: datetime) -> bool:
        """Say whether it holds no longer."""
        return now >= self.until


@dataclass(frozen=True, slots=True)
class Silences:
    """Every silence that can be read; *findings* are of those that cannot, which silence nothing.

    *region* is where they are kept.
    """

    silences: Sequence[Silence] = ()
    findings: Sequence[Finding] = ()

    def in_effect(self, now: datetime) -> Sequence[Silence]:
        """Return those that are not over."""
        return [each for each in self.silences if not each.is_over(now)]


def expired_findings(silences: Silences, now: datetime) -> list[Finding]:
    """Return what to tell of each silence that is over and still written down, the last first."""
    over = [each for each in silences.silences if each.is_over(now)]
    over.sort(key=lambda each: each.until, reverse=True)
    return [_expired(each) for each in over[:MAX_EXPIRED]]


def _expired(silence: Silence) -> Finding:
    return Finding(
        key=silence.source,
        what=f"The silence {silence.source} of {shortened(silence.author)} ended on "
        f"{format_time(silence.until)} and silences nothing any more",
        remedy="Write a later until into that parameter, or delete it",
        blocks_monitoring=False,
        one_shot=True,
        fix=DeleteParameter(silence.source),
    )


def parse_silence(name: str, text: str, source: str) -> Silence:
    """Return the silence *name* that is written in *text*, a TOML document.

    Raises BadSilence, naming *source*, with every problem of the text at once.
    """
    document = _DOCUMENT_TYPE.parse(text, source)
    return Silence(
        name=name,
        source=source,
        rule=document.rule or ANY_RULE,
        matcher=document.matcher,
        until=document.until,
        reason=document.reason,
        author=document.author,
    )


@dataclass(frozen=True, kw_only=True)
class SilenceDocument(MatcherFields):
    """A silence as it is written down."""

    rule: Glob | None = None
    until: datetime
    reason: Words
    author: Words


MATCHERS = ("rule", *(each.key for each in Dimension))
"""The keys that say what a silence is of; one of them has to be there."""


def _cross_field_errors(table: Table) -> Iterator[tuple[str, str]]:
    if not table.keys() & set(MATCHERS):
        others = ", ".join(MATCHERS[1:])
        yield "rule", f'is missing, and so are {others}: write at least one; rule = "*" is of all'


_HINTS: Mapping[str, str] = {
    "until": "write when it ends, like 2026-03-20T09:00:00Z",
    "reason": "write what it is for, in quotes",
    "author": "write whom to ask about it, in quotes",
}
_DOCUMENT_TYPE = DocumentType(
    "a silence",
    partial(read_document, SilenceDocument),
    _cross_field_errors,
    _HINTS,
    InvalidSilenceError,
)
