"""Executions: what the state machine of a fleet does, state by state, and what goes wrong in it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from simulation.fleet.ports import SETTINGS
from simulation.fleet.world import FleetActor, FleetWorld
from simulation.world import LEASE_DURATION, LONG_AGO, Fault, FunctionDiedError
from vdm_alerts.adapters.aws.execution_files import ExecutionFiles
from vdm_alerts.app.list_targets import SES_EVENT_SOURCE, targets_of_execution
from vdm_alerts.core.fleet.answers import FAILED, NO_ANSWER
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.fleet.targets import target_item
from vdm_alerts.core.model.errors import LeaseHeldError
from vdm_alerts.core.model.target import Target
from vdm_alerts.handlers import deliver
from vdm_alerts.handlers.evaluate_target import answer_for_target
from vdm_alerts.handlers.events import WEEKLY_SUMMARY

RETRY_AFTER = tuple(timedelta(seconds=seconds) for seconds in (0, 30, 90, 270))
"""The time before each try of the delivery step, as in infra/fleet_state_machine.py."""
EVALUATE_AGAIN_AFTER = tuple(timedelta(seconds=seconds) for seconds in (30, 60))
"""The time before each retry of an evaluation that failed."""
BUSY_AGAIN_AFTER = tuple(timedelta(seconds=15 * 2**retry) for retry in range(6))
"""The time before each retry of one that found another run active."""
HELD_FOR = timedelta(minutes=2)
"""How long another run holds a lease: longer than the first two tries take."""


class Cause(Enum):
    """What starts an execution."""

    SCHEDULE = "schedule"
    WEEKLY = "weekly schedule"
    EVENT = "event of SES"


class HandoverFault(Enum):
    """What is in the file of a target in place of its handover."""

    UNREADABLE = "unreadable"
    MISSING = "missing"
    OLDER = "older"


@dataclass(frozen=True)
class Plan:
    """One execution: what starts it, and what goes wrong in it."""

    cause: Cause = Cause.SCHEDULE
    about: Target | None = None
    """The target that an event of SES is about."""
    faults: Mapping[Target, Mapping[int, Fault]] = field(default_factory=dict)
    """The faults in the evaluation of each target, by the number of the effect."""
    persistent: frozenset[Target] = frozenset()
    """The targets whose faults are in each retry of the evaluation, too."""
    services_down: Mapping[Target, frozenset[str]] = field(default_factory=dict)
    """The services that the evaluation of each target cannot reach."""
    repeated: frozenset[Target] = frozenset()
    """The targets whose function is invoked again, because the first response was lost."""
    unanswered: frozenset[Target] = frozenset()
    """The targets without a result."""
    is_map_failed: bool = False
    is_stopped: bool = False
    """Whether the execution ends before the delivery."""
    handover_faults: Mapping[Target, HandoverFault] = field(default_factory=dict)
    held: frozenset[Target] = frozenset()
    """The targets whose lease another run holds during the first tries of the delivery."""
    tables_down: frozenset[Target] = frozenset()
    """The targets whose items the delivery cannot read or write."""
    tries: tuple[Mapping[int, Fault], ...] = ()
    """The faults in each try of the delivery, by the number of the effect."""
    publish_faults: Mapping[int, Fault] = field(default_factory=dict)
    """The faults of messages in the first try, by the number of the message in it."""


@dataclass(frozen=True)
class Moment:
    """A moment of an execution: before an effect of one of its runs."""

    evaluation: int | None
    """The number of the evaluation; None is the first try of the delivery."""
    effect: int


@dataclass
class Execution:
    """One execution, and what became of it."""

    fleet: FleetWorld
    plan: Plan
    pauses: dict[Moment, Callable[[], None]] = field(default_factory=dict)
    """What to call at moments of this execution. What is left is called at its end."""
    name: str = ""
    listed: list[FleetTarget] = field(default_factory=list)
    evaluations: dict[Target, FleetActor] = field(default_factory=dict)
    """The last evaluation of each target."""
    invocations: list[FleetActor] = field(default_factory=list)
    """All of the evaluations, with those that were repeated."""
    answers: dict[Target, Mapping[str, Any]] = field(default_factory=dict)
    blind: dict[Target, str] = field(default_factory=dict)
    """Why each target is blind in this execution."""
    wrongly_skipped: set[Target] = field(default_factory=set)
    """The targets that were skipped although no run was active when their evaluation began."""
    tries: list[FleetActor] = field(default_factory=list)
    """The tries of the delivery step so far."""
    started: datetime | None = None

    def start(self) -> None:
        """List the targets."""
        self.fleet.executions += 1
        self.name = f"execution-{self.fleet.executions}"
        self.started = self.fleet.now
        self.listed = targets_of_execution(self.fleet.listed, self.event)
        self.fleet.listed_in[self.name] = frozenset(each.target for each in self.listed)
        self._files().write_targets(self.listed)

    def evaluate(self) -> None:
        """Evaluate each target, and write the results."""
        if self.is_complete:
            self.fleet.blind[self.name] = self.blind
        results = [self._result_of(target) for target in self.listed]
        if self.plan.is_map_failed:
            self.blind |= dict.fromkeys((each.target for each in self.listed), NO_ANSWER)
            return
        files: dict[str, list[Mapping[str, Any]]] = {"SUCCEEDED": [], "FAILED": []}
        for result in filter(None, results):
            files[result["Status"]].append(result)
        for kind, entries in files.items():
            self._write(f"{kind}_0.json", entries)
        keys = {kind: [{"Key": self._key(f"{kind}_0.json")}] for kind in files}
        self._write("manifest.json", {"ResultFiles": keys})
        for target, fault in self.plan.handover_faults.items():
            self._damage(target, fault)

    def deliver(self) -> Iterator[FleetActor]:
        """Yield each try of the delivery step after it has ended, until one succeeds."""
        if self.plan.is_stopped:
            return
        fleet, faults = self.fleet, [*self.plan.tries, {}, {}, {}, {}]
        for target in self.plan.held:
            fleet.table.leases.setdefault(target, ("another run", fleet.now + HELD_FOR))
        for number, pause in enumerate(RETRY_AFTER):
            fleet.wait(pause)
            actor = self._actor(faults[number], -number or None)
            actor.tables_down = self.plan.tables_down
            actor.publish_faults = {} if number else self.plan.publish_faults
            self.tries.append(actor)
            self._perform(actor, lambda: deliver.lambda_handler(self._delivery_event, self))  # type: ignore[arg-type]
            yield actor
            if actor.outcome == "done":
                break

    def end(self) -> None:
        """Call what was left to be called."""
        for moment in [*self.pauses]:
            self.pauses.pop(moment)()

    @property
    def is_complete(self) -> bool:
        """Whether the execution is about all targets."""
        return self.plan.cause is not Cause.EVENT

    @property
    def event(self) -> Mapping[str, Any]:
        """The input of the execution."""
        match self.plan:
            case Plan(cause=Cause.EVENT, about=Target() as target):
                place = {"account": target.account, "region": target.region}
                return {"source": SES_EVENT_SOURCE, **place}
            case Plan(cause=Cause.WEEKLY):
                return {WEEKLY_SUMMARY: True}
            case _:
                return {}

    @property
    def aws_request_id(self) -> str:
        """The id of the invocation of the run that acts: a new one in each try."""
        return f"{self.name}-{len(self.invocations)}"

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that is left of an invocation."""
        return int(LEASE_DURATION.total_seconds() * 1_000)

    @property
    def _delivery_event(self) -> dict[str, Any]:
        results = {"ResultWriterDetails": {"Key": self._key("manifest.json")}}
        failure = {"Error": "States.ItemReaderFailed", "Cause": "no list"}
        outcome = {"failure": failure} if self.plan.is_map_failed else {"results": results}
        return {"execution": self.name, "event": self.event, **outcome}

    def _result_of(self, target: FleetTarget) -> Mapping[str, Any] | None:
        """Evaluate *target* and return its entry in the results; None if it has none."""
        own, plan = target.target, self.plan
        child_input = {
            "target": target_item(target),
            "execution": self.name,
            "started": self.started.isoformat() if self.started else None,
            "event": self.event,
        }
        _, leased_until = self.fleet.table.leases.get(own, (None, LONG_AGO))
        is_free = leased_until < self.fleet.now
        actor, answer = self._evaluated(own, child_input)
        if own in plan.repeated:
            actor, answer = self._evaluated(own, child_input)
        self.evaluations[own] = actor
        if own in plan.unanswered:
            self.blind[own] = NO_ANSWER
            return None
        result = {"Input": json.dumps(child_input), "Status": "SUCCEEDED"}
        if answer is None:
            if actor.outcome != LeaseHeldError.__name__:
                self.blind[own] = FAILED
            return {**result, "Status": "FAILED", "Error": actor.outcome}
        self.answers[own] = answer
        if is_free and answer["status"] == "skipped":
            self.wrongly_skipped.add(own)
        if answer["status"] == "blind":
            self.blind[own] = str(answer["reason"])
        return {**result, "Output": json.dumps(answer)}

    def _evaluated(
        self, target: Target, child_input: Mapping[str, Any]
    ) -> tuple[FleetActor, Mapping[str, Any] | None]:
        """Evaluate *target* until that succeeds; return the last run and its answer."""
        plan, faults = self.plan, self.plan.faults.get(target, {})
        again, busy = [*EVALUATE_AGAIN_AFTER], [*BUSY_AGAIN_AFTER]
        while True:
            actor = self._actor(faults, len(self.invocations))
            self.invocations.append(actor)
            actor.services_down = plan.services_down.get(target, frozenset())
            answer = self._perform(actor, lambda: answer_for_target(child_input, self, SETTINGS))  # type: ignore[arg-type]
            waits = busy if actor.outcome == LeaseHeldError.__name__ else again
            if answer is not None or not waits:
                return actor, answer
            self.fleet.wait(waits.pop(0))
            faults = faults if target in plan.persistent else {}

    def _actor(self, faults: Mapping[int, Fault], number: int | None) -> FleetActor:
        """Return a new run, with the pauses of the moments that have this *number*."""
        actor = FleetActor(faults, execution=self.name)
        moments = [moment for moment in self.pauses if moment.evaluation == number]
        actor.pauses = {moment.effect: self._pause(actor, moment) for moment in moments}
        return actor

    def _pause(self, actor: FleetActor, moment: Moment) -> Callable[[], None]:
        def pause() -> None:
            self.pauses.pop(moment, lambda: None)()
            assert actor.now
            actor.has_lease_expired |= self.fleet.now - actor.now > LEASE_DURATION

        return pause

    def _perform(self, actor: FleetActor, handler: Callable[[], Any]) -> Any:
        """Return what *handler* returns to *actor*; None if it fails or dies."""
        actor.now = self.fleet.now
        self.fleet.actors.append(actor)
        try:
            answer = handler()
        except FunctionDiedError:
            actor.outcome = "out of time" if actor.is_out_of_time else "died"
        except Exception as error:  # noqa: BLE001 - Step Functions sees any error
            actor.outcome = type(error).__name__
            actor.error = error
        else:
            actor.outcome = "done"
            return answer
        finally:
            self.fleet.actors.pop()
        return None

    def _damage(self, target: Target, fault: HandoverFault) -> None:
        """Have *fault* in place of the handover of *target*."""
        files, key = self.fleet.bucket.files, f"due/{target.account}/{target.region}.json"
        own = f"executions/{self.name}/{key}"
        if own not in files:
            return
        if fault is HandoverFault.UNREADABLE:
            files[own] = files[own][: len(files[own]) // 2]
        elif fault is HandoverFault.MISSING:
            del files[own]
        else:
            older = [each for each in files if each.endswith(key) and each != own]
            files[own] = files[older[-1]] if older else files[own]

    def _files(self) -> ExecutionFiles:
        client: Any = self.fleet.bucket
        return ExecutionFiles(client, "bucket", self.name)

    def _key(self, name: str) -> str:
        return f"executions/{self.name}/results/{name}"

    def _write(self, name: str, content: object) -> None:
        self.fleet.bucket.files[self._key(name)] = json.dumps(content)
