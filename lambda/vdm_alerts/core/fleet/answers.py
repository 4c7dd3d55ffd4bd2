"""What the targets of a fleet answer in one execution, and which of them are blind."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.wording import number_of

NO_ANSWER = "its evaluation did not answer"
"""The reason of a target that is in no result of the execution."""
FAILED = "its evaluation failed"
"""The reason of a target whose evaluation ended with an error."""
BUSY = "another run is active"
"""The reason of a target that was skipped."""
CANNOT_ASSUME = "the hub cannot assume the role"
"""The start of the reason of a target whose role cannot be assumed."""
NO_ENDPOINT = "Amazon SES has no endpoint in the Region"
"""The start of the reason of a target in a Region without SES."""
_REMEDIES: Mapping[str, str] = {
    CANNOT_ASSUME: "Deploy the role template in this account again (docs/fleet.md, section Deploy "
    "the spokes), or delete the target from the fleet file",
    NO_ENDPOINT: "Delete the Region from the fleet file",
    NO_ANSWER: "Read the last execution of the state machine in the Step Functions console. Every "
    "execution tries again",
    FAILED: "Read the log of the function that evaluates targets. Every execution tries again",
}
"""How to fix a blind target, by the start of its reason."""
BLIND_KEYS = "blind:"
"""The start of the keys of findings about blind targets."""
REMOVAL_KEYS = "removed:"
"""The start of the keys of findings about removed targets."""


class Status(StrEnum):
    """How the evaluation of a target ended. The values are in the results of an execution."""

    EVALUATED = "evaluated"
    SKIPPED = "skipped"
    """Another run of the target was active."""
    BLIND = "blind"
    """VDM Alerts could not read the target at all."""


@dataclass(frozen=True, slots=True)
class TargetAnswer:
    """The answer of one target."""

    status: Status
    due: int = 0
    """How many notifications of the target are due."""
    reason: str = ""
    """Why it is blind: a clause that is the same as long as the cause is."""
    details: str = ""
    """The error text of AWS, which can differ each time."""
    open_alerts: int = 0
    """How many alerts are open in the target, as far as is known."""


@dataclass(frozen=True, slots=True)
class BlindTarget:
    """A target that VDM Alerts should monitor, and cannot read."""

    target: Target
    reason: str
    """The cause: a clause that is the same as long as the cause is."""
    details: str = ""
    """The error text of AWS, which can differ each time."""

    @property
    def finding(self) -> Finding:
        """The problem, in words. It is the same problem as long as the reason is the same."""
        return Finding(
            key=blind_key(self.target),
            what=f"{self.target} is not monitored: {self.reason}",
            aws_message=self.details,
            effect="its alerts keep their state, and new ones are not found",
            remedy=self._remedy,
        )

    @property
    def _remedy(self) -> str:
        remedies = (text for start, text in _REMEDIES.items() if self.reason.startswith(start))
        return next(remedies, _REMEDIES[FAILED])


def blind_key(target: Target) -> str:
    """Return the key of the finding that *target* is blind."""
    return f"{BLIND_KEYS}{target.account}:{target.region}"


def removed_finding(target: Target, open_alerts: int | None) -> Finding:
    """Return the problem that *target* is no longer in the fleet, with its *open_alerts*.

    None is an unknown number. The problem is notified once, and has no end.
    """
    count = "an unknown number of alerts is" if open_alerts is None else _open_phrase(open_alerts)
    return Finding(
        key=removal_key(target),
        what=f"{target} is no longer in the fleet, so it is not monitored",
        effect=f"{count} open there, and not updated any more",
        remedy="If you removed it, do nothing. Otherwise, check whether the account left the "
        "organization, or add the target again: its alerts then continue",
        one_shot=True,
    )


def removal_key(target: Target) -> str:
    """Return the key of the finding that *target* is no longer in the fleet."""
    return f"{REMOVAL_KEYS}{target.account}:{target.region}"


def removals_finding(targets: Sequence[Target]) -> Finding:
    """Return the problem that all *targets* are no longer in the fleet, as one.

    Its key is the same for the same targets. The problem is notified once, and has no end.
    """
    keys = "\n".join(sorted(map(removal_key, targets)))
    return Finding(
        key=f"{REMOVAL_KEYS}{hashlib.sha256(keys.encode()).hexdigest()[:16]}",
        what=f"{len(targets):,} targets are no longer in the fleet, so they are not monitored",
        effect="alerts that are open there are not updated any more; the log of the function "
        "Deliver names all of the targets",
        remedy="If you removed them, do nothing. Otherwise, check whether their accounts left the "
        "organization, or add the targets again: their alerts then continue",
        one_shot=True,
    ).with_subjects([str(target) for target in targets])


def _open_phrase(count: int) -> str:
    if not count:
        return "no alert is"
    return f"{number_of('alert', count)} {'is' if count == 1 else 'are'}"


def blind_targets(
    expected: Iterable[FleetTarget], answers: Mapping[Target, TargetAnswer]
) -> Sequence[BlindTarget]:
    """Return those of the *expected* targets that are blind, or that did not answer."""
    blind = []
    for target in (each.target for each in expected):
        answer = answers.get(target)
        if answer is None:
            blind.append(BlindTarget(target, NO_ANSWER))
        elif answer.status is Status.BLIND:
            blind.append(BlindTarget(target, answer.reason, answer.details))
    return blind
