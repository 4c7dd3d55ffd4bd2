"""All rules together: the valid ones, and the fallback for invalid ones."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.rules.parser import InvalidRuleError, parse_rule
from vdm_alerts.core.rules.rule import Rule

LAST_VALID_APPLIES = "the last valid version stays in effect"
"""The effect of an error in a rule that was valid before."""
NOT_EVALUATED = "it is not applied"
"""The effect of an error in a rule that never was valid."""


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule as a user wrote it."""

    text: str
    """A TOML document."""
    source: str
    """The place of the text, such as "/vdm-alerts/rules/bounce-rate"."""

    @property
    def fingerprint(self) -> str:
        """A hash of the text, in 16 hexadecimal digits."""
        return hashlib.sha256(self.text.encode(errors="backslashreplace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules that were read.

    A rule that is in neither `rules` nor `invalid` does not exist.
    """

    rules: Mapping[str, Rule]
    """The rules in effect, by name."""
    invalid: Mapping[str, Finding] = field(default_factory=dict)
    """The findings about rules that exist and are not usable, by name."""
    findings: Sequence[Finding] = ()
    """Further findings about the rules."""
    texts: Mapping[str, RuleText] = field(default_factory=dict)
    """The texts of the rules in effect, by name."""
    replaced_defaults: frozenset[str] = frozenset()
    """The names of the custom rules that replace a default rule."""
    none_found: Finding | None = None
    """The finding that no rule exists at all. It is in `findings` too."""

    @property
    def counted_rules(self) -> Sequence[Rule]:
        """The rules in effect that monitor rates that VDM has counts of."""
        return [
            rule for rule in self.rules.values() if rule.scopes and not rule.indicator.is_from_ses
        ]

    def for_target(self, target: Target) -> "RuleSet":
        """Return the rule set as it applies in *target*.

        A rule that does not monitor *target* stays, without scopes.
        """
        return replace(
            self, rules={name: rule.for_target(target) for name, rule in self.rules.items()}
        )

    def with_last_valid(self, last_valid: Mapping[str, RuleText]) -> "RuleSet":
        """Return the rule set with the last valid version of each invalid rule.

        *last_valid* has the texts of the rules that were in effect at the previous run. If no
        rule exists at all, they all stay in effect, because this is most likely an accident.
        """
        invalid = {**self.invalid}
        if self.none_found:
            invalid |= dict.fromkeys(last_valid, self.none_found)
        kept = {
            name: rule
            for name in invalid
            if name in last_valid and (rule := parse_stored_rule(name, last_valid[name]))
        }
        findings = [
            finding for finding in self.findings if not (kept and finding == self.none_found)
        ]
        return replace(
            self,
            findings=findings,
            rules={**self.rules, **kept},
            texts={**self.texts, **{name: last_valid[name] for name in kept}},
            invalid={
                name: finding.with_effect(
                    LAST_VALID_APPLIES if name in kept else NOT_EVALUATED,
                    blocks_monitoring=name not in kept,
                )
                for name, finding in invalid.items()
            },
        )


def parse_stored_rule(name: str, stored: RuleText) -> Rule | None:
    """Return the rule from a stored text, or None if it is invalid.

    A stored text was valid for the version of VDM Alerts that stored it.
    """
    try:
        return parse_rule(name, stored.text, stored.source)
    except InvalidRuleError:
        return None
