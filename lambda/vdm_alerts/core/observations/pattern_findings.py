"""Findings about rules and silences whose patterns match nothing in the account."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from vdm_alerts.core.model.findings import DeleteParameter, Finding
from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.metrics import Dimension
from vdm_alerts.core.model.wording import KIND_NAMES
from vdm_alerts.core.muting.silences import Silence
from vdm_alerts.core.observations.unmatched_patterns import unmatched_patterns
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.patterns import ScopeMatcher, ScopePatterns
from vdm_alerts.core.rules.quoting import quote
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.rules.rule_set import RuleSet

Names: TypeAlias = Mapping[Dimension, Sequence[str]]
"""The names of senders by dimension. A dimension whose names are unknown is left out."""
NamePattern: TypeAlias = tuple[str, Dimension, str]
"""The path of a pattern in its document, the dimension that it is about, and the pattern."""
Unmatched: TypeAlias = Mapping[Dimension, Mapping[str, str | None]]
"""By dimension, the patterns that match nothing, each with the name that it may mean."""


def rule_findings(rule_set: RuleSet, plan: ReadPlan) -> Iterator[Finding]:
    """Yield a finding for each rule with a pattern that matches nothing.

    A rule that monitors nothing because of its patterns, or in place of a default rule, is a
    finding too.
    """
    rules = rule_set.counted_rules
    patterns = (pattern for rule in rules for pattern in _rule_patterns(rule))
    unmatched = _unmatched(patterns, _listed_names(plan.roster))
    monitoring = {
        rule.name for scope in plan.all_scopes for rule in plan.rule_scopes.rules_for(scope)
    }
    for rule in rules:
        errors = _errors(_rule_patterns(rule), unmatched)
        replaces_default = rule.name in rule_set.replaced_defaults
        has_patterns = bool(rule.include.patterns or rule.exclude.patterns)
        if (has_patterns or replaces_default) and not (
            rule.name in monitoring or _may_have_unlisted_senders(rule, plan)
        ):
            what = f"Rule {rule.name} monitors nothing"
            yield _rule_finding(
                rule,
                f"{what}, and replaces a default rule" if replaces_default else what,
                errors,
                "this rule causes no alert",
            )
        elif errors:
            what = f"Patterns of rule {rule.name} match nothing"
            yield _rule_finding(rule, what, errors, "the rule applies without these patterns")


def silence_findings(
    silences: Sequence[Silence], rule_set: RuleSet, roster: SenderRoster
) -> Iterator[Finding]:
    """Yield a finding for each of *silences* that can match no rule, or no sender in *roster*."""
    rules = {*rule_set.rules, *rule_set.invalid}
    unmatched_rules = unmatched_patterns((silence.rule_pattern for silence in silences), rules)
    patterns = (pattern for silence in silences for pattern in _matcher_patterns(silence.matcher))
    unmatched = _unmatched(patterns, _listed_names(roster))
    for silence in silences:
        errors = _errors(_matcher_patterns(silence.matcher), unmatched)
        if (pattern := silence.rule_pattern) in unmatched_rules:
            errors.insert(0, _error("rule", pattern, unmatched_rules[pattern], "rule"))
        if errors:
            yield Finding(
                key=f"{silence.source}#patterns",
                what=f"Silence {silence.name} matches nothing",
                details="\n".join(errors),
                effect="it mutes nothing",
                remedy=f"Correct SSM parameter {silence.source}, or delete it",
                fix=DeleteParameter(silence.source),
                blocks_monitoring=False,
            )


def _rule_finding(rule: Rule, what: str, errors: Iterable[str], effect: str) -> Finding:
    return Finding(
        key=f"{rule.source}#patterns",
        what=what,
        details="\n".join(errors),
        effect=effect,
        remedy=f"Correct SSM parameter {rule.source}; the next run reads it",
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


def _unmatched(patterns: Iterable[NamePattern], names: Names) -> Unmatched:
    """Return those of *patterns* that match none of *names*, as far as these are known."""
    by_dimension: defaultdict[Dimension, list[str]] = defaultdict(list)
    for _, dimension, pattern in patterns:
        by_dimension[dimension].append(pattern)
    return {
        dimension: unmatched_patterns(patterns_of, names[dimension])
        for dimension, patterns_of in by_dimension.items()
        if dimension in names
    }


def _rule_patterns(rule: Rule) -> Iterator[NamePattern]:
    """Yield each pattern of *rule*."""
    lists: Mapping[str, ScopePatterns] = {"include": rule.include, "exclude": rule.exclude}
    for key, scope_patterns in lists.items():
        for dimension, patterns in scope_patterns.patterns.items():
            for pattern in patterns:
                yield f"{key}.{dimension.key}", dimension, pattern
    for override in rule.overrides:
        yield from _matcher_patterns(override.matcher, f"overrides[{override.index}].")


def _matcher_patterns(matcher: ScopeMatcher, path: str = "") -> Iterator[NamePattern]:
    for dimension, pattern in matcher.patterns.items():
        yield f"{path}{dimension.key}", dimension, pattern


def _errors(patterns: Iterable[NamePattern], unmatched: Unmatched) -> list[str]:
    """Return a line for each of *patterns* that matches nothing."""
    return [
        _error(path, pattern, unmatched[dimension][pattern], KIND_NAMES[dimension])
        for path, dimension, pattern in patterns
        if pattern in unmatched.get(dimension, {})
    ]


def _error(path: str, pattern: str, similar: str | None, kind: str) -> str:
    """Return a line that says that *pattern* matches no name, and perhaps means *similar*."""
    suggestion = f'; did you mean "{escape_invisible(similar)}"?' if similar else ""
    return f"  {path}: {quote(pattern)} matches no {kind} of this account{suggestion}"
