"""All rules together: those that can be used, and what becomes of those that cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.rules.parser import InvalidRuleError, parse_rule
from vdm_alerts.core.rules.rule import Rule

LAST_VALID_APPLIES = "it counts as it was when it last could be read"
NOT_EVALUATED = "nothing is judged by it"


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule as a person wrote it: its *text*, and the *source* where that stood."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules that can be used, by name, each as it was *written* too.

    *unusable* is what to say of each that is there and cannot be used, *findings* of all the rest,
    and *missing* where there is nothing at all. A rule that is in neither *rules* nor *unusable* is
    known not to exist.
    """

    rules: Mapping[str, Rule]
    invalid: Mapping[str, Finding] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    texts: Mapping[str, RuleText] = field(default_factory=dict)
    none_found: Finding | None = None

    def with_last_valid(self, last_valid: Mapping[str, RuleText]) -> "RuleSet":
        """Return the book in which what cannot be used counts as it did when it last could be.

        Where there is nothing at all, that is of all rules: nobody deletes them all on purpose.
        """
        unusable = {**self.invalid}
        if self.none_found:
            unusable |= dict.fromkeys(last_valid, self.none_found)
        found = {
            name: parse_stored_rule(name, last_valid[name])
            for name in unusable
            if name in last_valid
        }
        kept = {name: rule for name, rule in found.items() if rule}
        return replace(
            self,
            findings=[each for each in self.findings if not (kept and each == self.none_found)],
            rules={**self.rules, **kept},
            texts={**self.texts, **{name: last_valid[name] for name in kept}},
            invalid={
                name: finding.with_fallback(
                    LAST_VALID_APPLIES if name in kept else NOT_EVALUATED, hinders=name not in kept
                )
                for name, finding in unusable.items()
            },
        )


def parse_stored_rule(name: str, written: RuleText) -> Rule | None:
    """Return the rule that was *written*; None where this version does not understand it."""
    try:
        return parse_rule(name, written.text, written.source)
    except InvalidRuleError:
        return None
