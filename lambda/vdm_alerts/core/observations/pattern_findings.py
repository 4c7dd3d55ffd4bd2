"""Findings about rules and silences whose patterns match nothing in the account."""

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from vdm_alerts.core.model.findings import DeleteParameter, Finding
from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.metrics import Dimension
from vdm_alerts.core.model.wording import KIND_NAMES
from vdm_alerts.core.muting.silences import Silence
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.patterns import WILDCARDS, ScopeMatcher, ScopePatterns, matches_pattern
from vdm_alerts.core.rules.quoting import quote
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.rules.rule_set import RuleSet

Names: TypeAlias = Mapping[Dimension, Sequence[str]]
"""The names of senders by dimension. A dimension whose names are unknown is left out."""
MIN_SIMILARITY = 0.9
"""How similar a name must be to a pattern that is probably a misspelling of it."""


def rule_findings(rule_set: RuleSet, plan: ReadPlan) -> Iterator[Finding]:
    """Yield a finding for each rule with a pattern that matches nothing.

    A rule that monitors nothing because of its patterns, or in place of a default rule, is a
    finding too.
    """
    names = _listed_names(plan.roster)
    monitoring = {
        rule.name for scope in plan.all_scopes for rule in plan.rule_scopes.rules_for(scope)
    }
    for rule in rule_set.rules.values():
        errors = list(_rule_errors(rule, names))
        replaces_default = rule.name in rule_set.replaced_defaults
        has_patterns = bool(rule.include.patterns or rule.exclude.patterns)
        if (has_patterns or replaces_default) and not (
            rule.name in monitoring or _may_have_unlisted_senders(rule, plan)
        ):
            what = f"The rule {rule.name} monitors nothing"
            yield _rule_finding(
                rule, f"{what}, and replaces a default rule" if replaces_default else what, errors
            )
        elif errors:
            yield _rule_finding(rule, f"Patterns of the rule {rule.name} match nothing", errors)


def silence_findings(
    silences: Iterable[Silence], rule_set: RuleSet, roster: SenderRoster
) -> Iterator[Finding]:
    """Yield a finding for each of *silences* that can match no rule, or no sender in *roster*."""
    rules, names = {*rule_set.rules, *rule_set.invalid}, _listed_names(roster)
    for silence in silences:
        errors = list(_matcher_errors(silence.matcher, "", names))
        if error := _error("rule", silence.rule_pattern, rules, "rule"):
            errors.insert(0, error)
        if errors:
            yield Finding(
                key=f"{silence.source}#patterns",
                what=f"The silence {silence.source} silences nothing",
                details="\n".join(errors),
                remedy="Correct that parameter, or delete it",
                fix=DeleteParameter(silence.source),
                blocks_monitoring=False,
            )


def _rule_finding(rule: Rule, what: str, errors: Iterable[str]) -> Finding:
    return Finding(
        key=f"{rule.source}#patterns",
        what=what,
        details="\n".join(errors),
        remedy=f"Correct the SSM parameter {rule.source}; it is read again at the next run",
    )


def _may_have_unlisted_senders(rule: Rule, plan: ReadPlan) -> bool:
    """Return whether senders of a kind that *rule* monitors are not listed."""
    dimensions = {dimension for kind in rule.scopes for dimension in kind} - {Dimension.ISP}
    return not dimensions <= plan.roster.listed_at.keys()


def _listed_names(roster: SenderRoster) -> Names:
    """Return the names of all listed senders.

    Senders of a kind are listed only if a rule monitors the kind. Mailbox providers are never
    listed: SES can have more of them than VDM Alerts knows.
    """
    names: dict[Dimension, list[str]] = {dimension: [] for dimension in roster.listed_at}
    for scope in roster.records:
        if len(scope.kind) == 1 and scope.kind[0] in names:
            names[scope.kind[0]] += scope.dimensions.values()
    return names


def _rule_errors(rule: Rule, names: Names) -> Iterator[str]:
    """Yield a line for each pattern of *rule* that matches nothing."""
    lists: Mapping[str, ScopePatterns] = {"include": rule.include, "exclude": rule.exclude}
    for key, scope_patterns in lists.items():
        for dimension, patterns in scope_patterns.patterns.items():
            for pattern in patterns:
                yield from _name_errors(f"{key}.{dimension.key}", dimension, pattern, names)
    for index, override in enumerate(rule.overrides):
        yield from _matcher_errors(override.matcher, f"overrides[{index}].", names)


def _matcher_errors(matcher: ScopeMatcher, path: str, names: Names) -> Iterator[str]:
    for dimension, pattern in matcher.patterns.items():
        yield from _name_errors(f"{path}{dimension.key}", dimension, pattern, names)


def _name_errors(path: str, dimension: Dimension, pattern: str, names: Names) -> Iterator[str]:
    """Yield a line if *pattern* matches no name of *dimension*, as far as these are known."""
    known = names.get(dimension)
    if known is not None and (error := _error(path, pattern, known, KIND_NAMES[dimension])):
        yield error


def _error(path: str, pattern: str, names: Collection[str], kind: str) -> str | None:
    """Return a line that says that *pattern* matches none of *names*, or None if it does."""
    if any(matches_pattern(name, pattern) for name in names):
        return None
    similar = []
    if not set(pattern) & WILDCARDS:
        similar = difflib.get_close_matches(pattern.lower(), names, 1, MIN_SIMILARITY)
    suggestion = f'; did you mean "{escape_invisible(similar[0])}"?' if similar else ""
    return f"  {path}: {quote(pattern)} matches no {kind} here{suggestion}"
