"""The story on the deployed function: without a fault, and with one in a single run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deployed_stack import DeployedStack

from faults.cases import Case
from faults.comparison import Comparison, Document, compare
from vdm_local.deployment import InvocationFailedError
from vdm_local.scenario import load_scenario

STORY = Path(__file__).with_name("story.toml")
INTERVAL = timedelta(hours=1)
"""The time between two scheduled runs."""
MAX_RUNS = 4
"""Runs after a fault until nothing more is sent."""


class StoryError(Exception):
    """A case did not do what it is for."""


@dataclass(frozen=True, slots=True)
class Step:
    """A run of the story without a fault."""

    at: datetime
    table: Sequence[Mapping[str, Any]]
    """The items of the table before the run."""
    operations: Sequence[str]
    """The operations that the run called, in their order."""
    documents: Sequence[Document]
    """What reached the queue."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fault did."""

    has_failed: bool
    """Whether the run with the fault failed."""
    comparison: Comparison


@dataclass
class Story:
    """The story on a deployed stack. Each case starts from the state of a recorded run."""

    stack: DeployedStack
    steps: list[Step] = field(default_factory=list)

    def record(self) -> None:
        """Play the story without a fault, and check what it sends."""
        self.stack.delete_state()
        for run in load_scenario(STORY).runs:
            self._set_fault("")
            table = self._items()
            self.stack.invoke(run.at)
            documents = self.stack.inbox.receive_all()
            reasons = tuple(each["reason"] for each in documents)
            if reasons != run.expected_reasons:
                raise StoryError(f"{run.at}: {reasons} was sent, and not {run.expected_reasons}")
            self.steps.append(Step(run.at, table, self.stack.aws.calls(), documents))

    def play(self, case: Case) -> Outcome:
        """Play the run of *case* with its fault, then the rest of the story without a fault."""
        step, rest = self.steps[case.step], self.steps[case.step + 1 :]
        self._restore(step.table)
        self._set_fault(case.declaration)
        has_failed = self._run_failed(step.at)
        if not case.strikes(self.stack.aws.calls()) or has_failed < case.is_kill:
            raise StoryError(f"{case} had no effect")
        self._set_fault("")
        self.stack.expire_lease()
        self.stack.invoke(step.at + INTERVAL)
        received = self.stack.inbox.receive_all()
        self._run_until_quiet()
        for later in rest:
            self.stack.invoke(later.at)
        comparison = compare(
            step.documents,
            [document for later in rest for document in later.documents],
            received,
            self.stack.inbox.receive_all(),
            case.repeats,
        )
        return Outcome(has_failed, comparison)

    def _run_failed(self, at: datetime) -> bool:
        try:
            self.stack.invoke(at)
        except InvocationFailedError:
            return True
        return False

    def _run_until_quiet(self) -> None:
        """Run each hour until a run sends nothing."""
        for _ in range(MAX_RUNS):
            if not self.stack.invoke()["notifications_sent"]:
                return
        raise StoryError(f"{MAX_RUNS} runs after the fault still send notifications")

    def _set_fault(self, declaration: str) -> None:
        self.stack.aws.set_scenario(f"{STORY.read_text()}\n{declaration}")

    def _items(self) -> Sequence[Mapping[str, Any]]:
        items: Sequence[Mapping[str, Any]] = self.stack.deployment.table.scan()["Items"]
        return items

    def _restore(self, items: Sequence[Mapping[str, Any]]) -> None:
        self.stack.delete_state()
        with self.stack.deployment.table.batch_writer() as batch:
            for item in items:
                batch.put_item(Item=item)
