"""All rules together: those that can be used, and what becomes of those that cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.rules.parser import BadRule, parse_rule
from vdm_alerts.core.rules.rule import Rule

KEPT = "it counts as it was when it last could be read"
LEFT = "nothing is judged by it"


@dataclass(frozen=True, slots=True)
class Written:
    """A rule as a person wrote it: its *text*, and the *source* where that stood."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules that can be used, by name, each as it was *written* too.

    *unusable* is what to say of each that is there and cannot be used, *findings* of all the rest,
    and *missing* where there is nothing at all. A rule that is in neither *rules* nor *unusable* is
    known not to exist.
    """

    rules: Mapping[str, Rule]
    unusable: Mapping[str, Finding] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    written: Mapping[str, Written] = field(default_factory=dict)
    missing: Finding | None = None

    def with_last_good(self, last_good: Mapping[str, Written]) -> "Rulebook":
        """Return the book in which what cannot be used counts as it did when it last could be.

        Where there is nothing at all, that is of all rules: nobody deletes them all on purpose.
        """
        unusable = {**self.unusable}
        if self.missing:
            unusable |= dict.fromkeys(last_good, self.missing)
        found = {name: read(name, last_good[name]) for name in unusable if name in last_good}
        kept = {name: rule for name, rule in found.items() if rule}
        return replace(
            self,
            findings=[each for each in self.findings if not (kept and each == self.missing)],
            rules={**self.rules, **kept},
            written={**self.written, **{name: last_good[name] for name in kept}},
            unusable={
                name: finding.meanwhile(KEPT if name in kept else LEFT, hinders=name not in kept)
                for name, finding in unusable.items()
            },
        )


def read(name: str, written: Written) -> Rule | None:
    """Return the rule that was *written*; None where this version does not understand it."""
    try:
        return parse_rule(name, written.text, written.source)
    except BadRule:
        return None
