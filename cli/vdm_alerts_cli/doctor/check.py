"""A check, and what it can find."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from vdm_alerts_cli.doctor.examination import Examination


class Severity(StrEnum):
    """How bad a problem is."""

    ERROR = "error"
    """Some email is not monitored, or no notification arrives."""
    WARNING = "warning"
    """VDM Alerts works, but something is unwise or incomplete."""
    INFO = "info"
    """The check answers a question, and finds no problem."""


class Topic(StrEnum):
    """What a check is about."""

    ACCESS = "Access"
    SES = "SES account"
    DEPLOYMENT = "Deployment"
    FEEDBACK = "Feedback routing"
    VDM = "Behavior of VDM"
    BILLING = "Billing"
    EXPORT = "Export"


@dataclass(frozen=True, slots=True)
class Well:
    """The check looked, and found no problem."""

    text: str
    """What is well: a sentence without its period."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The check found a problem, which has the severity of the check."""

    text: str
    """What is wrong: a sentence without its period."""
    fix: str
    """How to fix it: a sentence without its period."""
    command: str = ""
    """The command of the fix, in one line of a shell. Nothing runs it."""
    names: tuple[str, ...] = ()
    """The affected resources."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question that the documentation of AWS leaves open."""

    text: str
    """The answer for this account: a sentence without its period."""
    as_assumed: bool | None = None
    """Whether VDM Alerts assumes the same; None if this account cannot show it."""


@dataclass(frozen=True, slots=True)
class NotRead:
    """The check could not look, so that nothing is known to be well."""

    reason: str
    """Why: a sentence without its period."""


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """There is nothing to look at."""

    reason: str


Outcome: TypeAlias = Well | Problem | Answer | NotRead | NotApplicable


@dataclass(frozen=True, slots=True)
class Check:
    """One check. Its ID is a heading in docs/doctor.md."""

    id: str
    topic: Topic
    severity: Severity
    """The severity of the problems that it finds."""
    run: Callable[["Examination"], Iterable[Outcome]]
    """Yields what it finds. Any error means that the check could not look further."""
    needs: tuple[str, ...] = ()
    """The checks that must find something well before this one is worth a look."""
    settles_assumption: bool = False
    """Whether its answer confirms or refutes a row of docs/assumptions.md."""


@dataclass(frozen=True, slots=True)
class Result:
    """One outcome of a check."""

    check: Check
    outcome: Outcome
