"""From the text of a rule to a `Rule`, or to every problem in it, each with its path."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta

from cattrs import ClassValidationError, IterableValidationError
from cattrs.errors import ForbiddenExtraKeysError, IterableValidationNote

from vdm_alerts.core.contradictions import contradictions
from vdm_alerts.core.document import Document, Policy, policy_of, read
from vdm_alerts.core.errors import VdmAlertsError
from vdm_alerts.core.feedback import FEEDBACK
from vdm_alerts.core.rules import (
    REMIND_AFTER,
    REPRESENTATIVE,
    MissingData,
    Override,
    Rule,
    Severity,
    Threshold,
)
from vdm_alerts.core.values import INDICATORS, KINDS, suggestion

DOUBT = 0.005
"""The doubt that may be left, where a rule does not say: one is 99.5% sure."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at *path* of a rule, with what should stand there instead."""

    path: str
    what: str


class BadRule(VdmAlertsError):
    """A rule's text cannot be used; *problems* are all that is wrong with it."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        """Say of the rule at *source* everything that is wrong with it."""
        self.source = source
        self.problems = tuple(problems)
        count = len(self.problems)
        width = max(len(problem.path) for problem in self.problems)
        lines = [f"  {problem.path:{width}}  {problem.what}" for problem in self.problems]
        heading = f"{source}: {count} {'problem' if count == 1 else 'problems'}"
        super().__init__("\n".join([heading, *lines]))


def parse_rule(name: str, text: str, source: str) -> Rule:
    """Return the rule *name* that is written in *text*, a TOML document.

    Raises BadRule, naming *source*, with every problem of the text at once.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # The former for a number of thousands of digits.
        raise BadRule(source, [Problem("(the text)", f"is not TOML: {error}")]) from error
    problems = [Problem(path, what) for path, what in contradictions(table)]
    try:
        document = read(table)
    except ClassValidationError as error:
        raise BadRule(source, [*_problems(error), *problems]) from error
    if problems:
        raise BadRule(source, problems)
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


def _problems(
    error: ClassValidationError | IterableValidationError, path: str = ""
) -> Iterator[Problem]:
    """Yield every problem that *error* holds, from the outside in."""
    noted, bare = error.group_exceptions()
    for each, note in noted:
        if isinstance(note, IterableValidationNote):
            where = f"{path}[{note.index}]"
        else:
            where = f"{path}.{note.name}".lstrip(".")
        if isinstance(each, ClassValidationError | IterableValidationError):
            yield from _problems(each, where)
        elif isinstance(each, KeyError):
            yield Problem(where, f"is missing; {_HINTS[where]}")
        else:
            yield Problem(where, str(each))
    for each in bare:
        if isinstance(each, ForbiddenExtraKeysError):
            known = [field.name for field in fields(each.cl)]
            for key in sorted(each.extra_fields):
                where = f"{path}.{key}".lstrip(".")
                yield Problem(where, f"is not a key of {path or 'a rule'}{suggestion(key, known)}")
        else:
            yield Problem(path, str(each))


_HINTS: Mapping[str, str] = {
    "indicator": f"write one of {', '.join(INDICATORS)}",
    "scopes": f"write a list of {', '.join(KINDS)}",
}
