"""What a run acts through beside SES, in memory: for trying out what would be told."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

from vdm_alerts.adapters.aws.ssm_rules import ParameterRules
from vdm_alerts.adapters.aws.ssm_silences import ParameterSilences
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.model.errors import Superseded
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.observations.run_report import Reading, Summary
from vdm_alerts.core.planning.roster import Roster
from vdm_alerts.core.rules.default_rules import FOLDER, digest

RULES, SILENCES = "/vdm-alerts/rules", "/vdm-alerts/silences"
"""Where a deployment keeps them that chooses nothing else."""


class Parameters:
    """Parameter Store, with *shipped* rules in it and whatever a person writes beside them."""

    def __init__(self, shipped: Mapping[str, str], region: str) -> None:
        """Begin as a deployment of *shipped*, texts by name, in *region* leaves it."""
        self.meta = SimpleNamespace(region_name=region)
        self._texts = {f"{RULES}/{FOLDER}/{name}": text for name, text in shipped.items()}
        self._digests = {name: digest(text) for name, text in shipped.items()}

    def write(self, rules: Mapping[str, str], silences: Mapping[str, str]) -> None:
        """Write *rules* and *silences* by name; an empty text takes one away.

        A rule of one's own, if there is one, and else the one that shipped.
        """
        for name, text in rules.items():
            own, shipped = f"{RULES}/{name}", f"{RULES}/{FOLDER}/{name}"
            self._texts[own if text or own in self._texts else shipped] = text
        self._texts |= {f"{SILENCES}/{name}": text for name, text in silences.items()}
        self._texts = {name: text for name, text in self._texts.items() if text}

    def rules(self) -> ParameterRules:
        """Return the RuleSource on these parameters."""
        return ParameterRules(cast("Any", self), RULES, self._digests)

    def silences(self) -> ParameterSilences:
        """Return the SilenceSource on these parameters."""
        return ParameterSilences(cast("Any", self), SILENCES)

    def get_paginator(self, _: str) -> "Parameters":
        """Return what pages of parameters come from, as a client of SSM does."""
        return self

    def paginate(self, **wanted: object) -> Iterator[Mapping[str, Any]]:
        """Yield every parameter below the path that is *wanted*, on one page."""
        yield {
            "Parameters": [
                {"Name": name, "Value": text, "Type": "String"}
                for name, text in self._texts.items()
                if name.startswith(f"{wanted['Path']}/")
            ]
        }


@dataclass
class MemoryStore:
    """An AlertStore for one run at a time."""

    memory: Memory = field(default_factory=Memory)

    @contextmanager
    def lease(self, target: Target, until: datetime, now: datetime) -> Iterator[None]:
        """Hold the lease, which nobody else wants."""
        del until, now
        yield

    def load(self, target: Target) -> Memory:
        """Return what was saved last."""
        return self.memory

    def save(
        self, target: Target, memory: Memory, replacing: Memory, history: Sequence[Transition] = ()
    ) -> Memory:
        """Remember *memory*; its history is not kept."""
        del history
        if replacing.version != self.memory.version:
            raise Superseded("another run has saved since")
        self.memory = replace(memory, version=replacing.version + 1)
        return self.memory


@dataclass
class MemoryRosters:
    """A RosterStore."""

    roster: Roster = field(default_factory=Roster)

    def load(self, target: Target) -> Roster:
        """Return what was saved last."""
        return self.roster

    def save(self, target: Target, roster: Roster) -> None:
        """Remember *roster*."""
        self.roster = roster


@dataclass
class Inbox:
    """A Notifier that keeps what it is given, for one reader."""

    messages: list[Message] = field(default_factory=list)

    def publish(self, message: Message) -> None:
        """Keep *message*."""
        self.messages.append(message)

    def subscribers(self) -> int:
        """Return that there is one."""
        return 1

    def taken(self) -> Sequence[Message]:
        """Return what has come since it was last asked for."""
        taken, self.messages = self.messages, []
        return taken


class NoRecord:
    """A Recorder of nothing."""

    def record(self, target: Target, summary: Summary, readings: Sequence[Reading]) -> None:
        """Keep nothing."""
