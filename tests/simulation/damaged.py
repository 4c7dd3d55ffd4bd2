"""What the oracle knows of damaged items: which alerts may repeat, and what is to be reported."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from simulation.damages import ITEMS, PARTITION, DamagedItem
from simulation.delivered import (
    cut_problems,
    incidents_in,
    lists_all_incidents,
    number_of,
    scope_of,
)
from simulation.rules import CROWD_RULE, is_monitoring
from simulation.world import Delivery, World
from vdm_alerts.adapters.aws.dynamodb_items import RUN
from vdm_alerts.core.model.metrics import ACCOUNT, Scope


@dataclass(frozen=True)
class DamagedAlert:
    """An alert whose item was damaged, until the service stored that it was notified again."""

    name: str
    """The sort key of its item."""
    believed: int
    """The rank of the severity that recipients believed in."""
    observed: int
    """How many observations runs had made by then."""
    delivered: int
    """How many messages had been delivered by then."""
    may_have_ended: bool = False
    """Whether the scope was no longer monitored since, so that the alert ends without a message."""
    is_stored: bool = True
    """Whether the table had its item after the last run."""
    has_ended: bool = False
    """Whether the alert has ended because its rule no longer monitored the rate."""


@dataclass
class Damaged:
    """The damage whose effects are not over."""

    world: World
    alerts: dict[tuple[str, Scope], DamagedAlert] = field(default_factory=dict)
    unreported: dict[str, str] = field(default_factory=dict)
    """How a message has to name each damaged item of which none was delivered, by its name."""

    def add_alert(self, name: str, key: tuple[str, Scope], believed: int) -> None:
        """Add the alert of *key* in the item *name*, of which recipients *believed* that rank."""
        observed, delivered = len(self.world.observations), len(self.world.delivered)
        earlier = self.alerts.get(key)
        if earlier:
            believed = max(believed, earlier.believed)
        self.alerts[key] = DamagedAlert(name, believed, observed, delivered)

    def note_senders(self) -> None:
        """Note which damaged alerts are about senders that do not exist now."""
        for key, alert in self.alerts.items():
            if key[1] != ACCOUNT and key[1] not in self.world.senders:
                self.alerts[key] = replace(alert, may_have_ended=True)

    def note_rules(self) -> None:
        """Note which damaged alerts ended in the last run because their rules do not apply now.

        The run that ends such an alert deletes its item. A rule that applies again has a new alert
        then, which repeats nothing.
        """
        crowd = dict.fromkeys(self.world.crowd.rule_names, CROWD_RULE)
        texts = {**self.world.rules, **crowd}
        for key, alert in self.alerts.items():
            is_stored = (PARTITION, alert.name) in self.world.table.items
            is_ended_now = alert.is_stored and not is_stored and not is_monitoring(key[0], texts)
            has_ended = alert.has_ended or is_ended_now
            self.alerts[key] = replace(alert, is_stored=is_stored, has_ended=has_ended)

    def note_stored_deliveries(self) -> int:
        """Forget each damaged alert whose item says that a marked message of it was delivered.

        A save that takes several transactions can fail after the one with this item. The rest of
        the delivery is unconfirmed then, but this alert is not. A message that has no room for all
        scopes may only count this one. A digest may only count the whole incident, so that nobody
        sees its mark: return how many alerts are forgotten for that reason.
        """
        # Not a set: a damaged item can have a value that is not hashable.
        listed = [
            (number_of(incident), index, not incident["history_available"])
            for index, delivery in enumerate(self.world.delivered)
            for incident in incidents_in(delivery.document)
        ]
        counted = 0
        for key, alert in list(self.alerts.items()):
            record = self.world.table.items.get((PARTITION, alert.name), {}).get("record")
            if not isinstance(record, dict) or record.get("lost"):
                continue
            told = record.get("told")
            told = told if isinstance(told, dict) else {}
            number = record.get("incident"), told.get("sequence")
            since = range(alert.delivered, len(self.world.delivered))
            if any((number, index, True) in listed for index in since):
                del self.alerts[key]
            elif any(
                self.world.delivered[index].now.isoformat() == told.get("at")
                and not lists_all_incidents(self.world.delivered[index].document)
                and not any(number == other for other, *_ in listed)
                for index in since
            ):
                del self.alerts[key]
                counted += 1
        return counted

    def add_item(self, item: DamagedItem) -> bool:
        """Add *item*, which has to be reported, and return whether it may not be.

        That is, if the last run has reported damage of the same item: the same problem of two
        successive runs is one problem.
        """
        run = self.world.table.items.get((PARTITION, RUN), {})
        findings = run.get("findings")
        reported = [
            finding.get("about")
            for finding in (findings if isinstance(findings, list) else ())
            if isinstance(finding, dict)  # The run item may be damaged, too.
        ]
        if f"item {item.name}" in reported:
            return True
        if item.kind in ITEMS:
            self.unreported[item.name] = item.name[:200]
            if item.scope:
                self.unreported[item.name] = f"alert of {item.rule} in {item.scope}"[:200]
        return False

    def forget(self) -> None:
        """Note that the list of unreported damage was damaged itself."""
        self.unreported.clear()

    def update(self, document: Mapping[str, Any]) -> int:
        """Take in the service message with *document*, and return how many items it only counts.

        Its payload may be too short for their findings. The service takes them as reported.
        """
        names = [finding["key"].removeprefix("item ") for finding in document["findings"]]
        unlisted = {
            name: text
            for name, text in self.unreported.items()
            if not any(each.startswith((name[:200], text)) for each in names)
        }
        are_counted = len(unlisted) <= cut_problems(document)
        self.unreported = {} if are_counted else unlisted
        return len(unlisted) if are_counted else 0

    def confirm(self, delivery: Delivery) -> None:
        """Note that the service knows of *delivery*, so that it is the last marked one."""
        index = self.world.delivered.index(delivery)
        for incident in incidents_in(delivery.document):
            for affected in incident["affected"]:
                key = affected["rule"], scope_of(affected)
                damage = self.alerts.get(key)
                if damage and index >= damage.delivered and not incident["history_available"]:
                    del self.alerts[key]
