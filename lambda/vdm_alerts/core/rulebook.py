"""All rules together: those that can be used, and what becomes of those that cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from vdm_alerts.core.config import BadRule, parse_rule
from vdm_alerts.core.findings import Finding
from vdm_alerts.core.rules import Rule


@dataclass(frozen=True, slots=True)
class Written:
    """A rule as a person wrote it: its *text*, and the *source* where that stood."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules that can be used, by name, each as it was *written* too.

    *unusable* is what to say of each that is there and cannot be used, and *findings* of all the
    rest. A rule that is in neither *rules* nor *unusable* is known not to exist.
    """

    rules: Mapping[str, Rule]
    unusable: Mapping[str, Finding] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    written: Mapping[str, Written] = field(default_factory=dict)

    def with_last_good(self, last_good: Mapping[str, Written]) -> "Rulebook":
        """Return the book in which what cannot be used counts as it did when it last could be."""
        found = {name: read(name, last_good[name]) for name in self.unusable if name in last_good}
        kept = {name: rule for name, rule in found.items() if rule}
        return replace(
            self,
            rules={**self.rules, **kept},
            written={**self.written, **{name: last_good[name] for name in kept}},
            unusable={
                name: _meanwhile(finding, goes_on=name in kept)
                for name, finding in self.unusable.items()
            },
        )


def read(name: str, written: Written) -> Rule | None:
    """Return the rule that was *written*; None where this version does not understand it."""
    try:
        return parse_rule(name, written.text, written.source)
    except BadRule:
        return None


def _meanwhile(finding: Finding, *, goes_on: bool) -> Finding:
    """Return *finding* with what its rule does until somebody has seen to it."""
    how = "it counts as it was when it last could be read" if goes_on else "nothing is judged by it"
    return replace(finding, meanwhile=f"Until then {how}", hinders=not goes_on)
