"""The report of one execution of a fleet."""

from dataclasses import dataclass, field

from vdm_alerts.core.model.target import Target

BLIND_TARGETS = "BlindTargets"
"""The metric of targets that an execution could not evaluate."""
COMPLETE_EXECUTIONS = "CompleteExecutions"
"""The metric of executions about all targets that were delivered."""


@dataclass(frozen=True, slots=True)
class FleetReport:
    """The figures of one execution: a log record, and its output."""

    targets: int
    """The targets that were listed."""
    evaluated: int
    """Those that were evaluated, or that another run evaluates."""
    blind: tuple[Target, ...]
    """Those that could not be read."""
    notifications_due: int
    """The notifications of single targets that were due."""
    messages_sent: int
    """The notifications that replaced them and that the topic accepted."""
    unsent: int
    """Targets or notifications that could not be handled. What is due in them stays due."""
    messages_failed: int = field(default=0, kw_only=True)
    """Those that the topic did not accept. It is published as a metric only."""
    is_complete: bool = field(default=True, kw_only=True)
    """Whether the execution was about all targets of the fleet. It is not published."""

    @property
    def is_complete_and_delivered(self) -> bool:
        """Whether all targets are monitored, apart from blind ones, and nothing is unsent."""
        return self.is_complete and not self.unsent

    def published_figures(self) -> dict[str, object]:
        """Return the figures by their published names."""
        return {
            "targets": self.targets,
            "evaluated": self.evaluated,
            "blind": [f"{target.account} {target.region}" for target in self.blind],
            "notifications_due": self.notifications_due,
            "messages_sent": self.messages_sent,
            "unsent": self.unsent,
        }
