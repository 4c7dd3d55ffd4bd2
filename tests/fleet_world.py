"""A fleet in memory: targets with sources of their own, and one store, topic and delivery step."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from builders import HOUR, LEASE, NOW
from fakes import World

from vdm_alerts.adapters.memory import MemoryHandovers, MemoryKnownTargets, MemoryMetrics
from vdm_alerts.app.deliver_fleet import DeliveryOptions, Execution, deliver_fleet
from vdm_alerts.app.evaluate import Lease, NotificationOptions, run
from vdm_alerts.app.hand_over import HandoverOutbox
from vdm_alerts.app.notify import NotificationsUnsentError
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.fleet.answers import Status, TargetAnswer
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.fleet.report import FleetReport
from vdm_alerts.core.model.deadline import Deadline, NoDeadline
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.metric_reading import UNLIMITED
from vdm_alerts.ports import FleetPorts

HUB = Target("111111111111", "eu-west-1")


def a_target(number: int, region: str = "eu-west-1") -> Target:
    """Return a target of a fleet: numbers from 2, aliases such as "brand-2"."""
    return Target(f"{number:012}", region, f"brand-{number}")


@dataclass
class FleetWorld:
    """A fleet of *count* targets, all of them past their first summary."""

    count: int = 3
    limit: int = 10
    worlds: dict[Target, World] = field(default_factory=dict)
    deadline: Deadline = field(default_factory=NoDeadline)
    handovers: MemoryHandovers = field(default_factory=MemoryHandovers)
    known_targets: MemoryKnownTargets = field(default_factory=MemoryKnownTargets)
    metrics: MemoryMetrics = field(default_factory=MemoryMetrics)

    def __post_init__(self) -> None:
        self.shared = World()
        for number in range(2, 2 + self.count):
            target = a_target(number)
            self.worlds[target] = World(store=self.shared.store, notifier=self.shared.notifier)
            self.set_state(target, StoredState(summary_sent=True))

    @property
    def targets(self) -> list[Target]:
        """The targets, in order."""
        return list(self.worlds)

    def state(self, target: Target) -> StoredState:
        """Return the stored state of *target*."""
        return self.shared.store.load(target)

    def set_state(self, target: Target, state: StoredState) -> None:
        """Replace the stored state of *target*."""
        self.shared.store.save(target, state, self.state(target))

    def evaluate(
        self, hours: int = 0, targets: Iterable[Target] | None = None
    ) -> Mapping[Target, TargetAnswer]:
        """Run each of *targets*, or all, and return the answers."""
        answers = {}
        now = NOW + hours * HOUR
        for target in self.targets if targets is None else targets:
            world = self.worlds[target]
            outbox = partial(HandoverOutbox, self.handovers)
            lease = Lease(now, now + (LEASE.until - LEASE.taken))
            try:
                report = run(
                    world.ports, target, now, lease, UNLIMITED, NotificationOptions(), outbox
                )
            except VdmAlertsError as error:
                answers[target] = TargetAnswer(Status.BLIND, 0, "its run failed", str(error))
            else:
                answers[target] = TargetAnswer(
                    Status.EVALUATED,
                    report.notifications_sent,
                    open_alerts=report.alerts_warning + report.alerts_critical,
                )
        return answers

    def deliver(
        self,
        answers: Mapping[Target, TargetAnswer],
        hours: int = 0,
        *,
        is_complete: bool = True,
        expected: Iterable[Target] | None = None,
    ) -> FleetReport:
        """Deliver what *answers* say is due. The report is of all targets, or of *expected*."""
        now = NOW + hours * HOUR
        shared = self.shared.ports
        targets = self.targets if expected is None else expected
        return deliver_fleet(
            FleetPorts(
                shared.store, shared.notifier, self.handovers, self.known_targets, self.metrics
            ),
            HUB,
            Execution([FleetTarget(each) for each in targets], answers, is_complete),
            now,
            Lease(now, now + (LEASE.until - LEASE.taken), "an execution"),
            DeliveryOptions(self.limit, self.deadline),
        )

    def execute(self, hours: int = 0) -> FleetReport | None:
        """Evaluate and deliver, like one execution; None if the delivery failed."""
        try:
            return self.deliver(self.evaluate(hours), hours)
        except NotificationsUnsentError:
            return None

    def take_messages(self) -> list[dict[str, Any]]:
        """Return the payloads since the last call."""
        messages = [json.loads(message.payload) for message in self.shared.notifier.sent]
        self.shared.notifier.sent.clear()
        return messages
