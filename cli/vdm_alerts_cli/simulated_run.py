"""The results of a simulation: of one run, and of a scenario."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.observations.run_report import RunReport
from vdm_local.scenario_run import SERVICE, ScenarioRun


@dataclass(frozen=True)
class SimulatedRun:
    """The result of one run of a scenario."""

    run: ScenarioRun
    """The run, and what the scenario expects of it."""
    summary: RunReport
    """The report that the function would log."""
    messages: Sequence[Message]
    """The notifications that the run sent."""
    firing_rules: frozenset[str] = frozenset()
    """The rules that have a firing alert after the run."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reason of each notification."""
        return tuple(message.attributes.get("reason", SERVICE) for message in self.messages)


@dataclass(frozen=True)
class ScenarioResult:
    """The result of one scenario."""

    path: Path
    runs: Sequence[SimulatedRun] = ()
    seconds: float = 0.0
    """How long the simulation took."""
    error: str = ""
    """Why the scenario is invalid or unreadable; empty if it was simulated."""

    @property
    def has_expectations(self) -> bool:
        """Whether the scenario says what its runs should send."""
        return any(each.run.has_expected_reasons for each in self.runs)

    @property
    def unexpected(self) -> Sequence[SimulatedRun]:
        """The runs that sent other notifications than the scenario expects."""
        if not self.has_expectations:
            return []
        return [each for each in self.runs if each.reasons != each.run.expected_reasons]


def difference(result: SimulatedRun) -> str:
    """Return what *result* should have sent and what it sent, as one line."""
    return f"expected: {listed(result.run.expected_reasons)}; sent: {listed(result.reasons)}"


def listed(reasons: Sequence[str]) -> str:
    """Return the *reasons* of the notifications of a run, or that there is none."""
    return ", ".join(reasons) or "no notification"
