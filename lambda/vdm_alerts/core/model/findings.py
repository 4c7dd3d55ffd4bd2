"""What a person should hear that is no rate: of the account itself, or of this service."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.severity import Severity

MAX_SUBJECTS = 20
"""Names that a finding lists; the rest are counted."""


class FindingSource(StrEnum):
    """Where one has looked, and has to look again to know that something is wrong no longer."""

    RULES = "rules"
    SILENCES = "silences"
    SUBSCRIBERS = "subscribers"
    ACCOUNT = "account"
    LISTS = "lists"
    METRICS = "mail"


@dataclass(frozen=True, slots=True)
class DeleteParameter:
    """Delete the SSM parameter *name*."""

    name: str


@dataclass(frozen=True, slots=True)
class RestoreDefaultRule:
    """Write the default rule *rule* from the repository to the SSM parameter *name* again."""

    rule: str
    name: str


@dataclass(frozen=True, slots=True)
class SubscribeByEmail:
    """Subscribe an address to the stack's topic."""


@dataclass(frozen=True, slots=True)
class EnableSending:
    """Turn on sending for the whole account."""


Fix: TypeAlias = DeleteParameter | RestoreDefaultRule | SubscribeByEmail | EnableSending
"""What a person can do about a finding with one command. The renderer knows the command."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: *about* which thing, what happened, and what to do about it.

    *about* tells findings apart: one that says something new of the same thing replaces what was
    said before. *details* are further lines, and *fix* is
    one command's worth of the remedy. Only what is wrong tells findings apart, not how to fix it.
    Where it *hinders*, mail goes unwatched. A *passing* one
    (an outage, a throttled call) is expected to mend itself: it is logged and counted, and no
    person is written to about it. Of *who* it is about, and how many *more*, only a new name is
    news; AWS's own *words* are none, which may be others every time. What *needs no end* is told
    once, and nobody is told when it is so no longer. As it is remembered it is *certain*, unless
    nobody knows whether the message about it went out, or that of its end. *source* is where it was
    found.
    """

    key: str
    what: str
    remedy: str = field(compare=False)
    details: str = ""
    severity: Severity = Severity.WARNING
    blocks_monitoring: bool = True
    transient: bool = False
    fix: Fix | None = field(default=None, compare=False)
    subjects: tuple[str, ...] = field(default=(), compare=False)
    omitted: int = field(default=0, compare=False)
    aws_message: str = field(default="", compare=False)
    one_shot: bool = False
    is_confirmed: bool = field(default=True, compare=False)
    source: FindingSource | None = field(default=None, compare=False)

    def with_fallback(self, how: str, *, hinders: bool) -> "Finding":
        """Return it with *how* things are until it is mended, and whether mail goes unwatched."""
        until = f"  Until that is mended {how}."
        details = f"{self.details}\n{until}" if self.details else until
        return replace(self, details=details, blocks_monitoring=hinders)

    def as_persistent(self) -> "Finding":
        """Return it as it is told once it has not passed for long: by then it is no passing one.

        AWS's own words may be others at every run, which is no news.
        """
        what = f"{self.key} has not worked for more than a day"
        return replace(self, what=what, aws_message=self.what, transient=False)

    def is_known_from(self, told: "Finding") -> bool:
        """Say whether people who were *told* that know all of this."""
        is_known = told.is_confirmed and self == told
        # Of a list that was cut off, only how long it is can be known.
        is_same = len(self.subjects) + self.omitted <= len(told.subjects) + told.omitted
        return is_known and is_same and bool(told.omitted or {*self.subjects} <= {*told.subjects})

    def with_subjects(self, names: Sequence[str]) -> "Finding":
        """Return it as one about *names*, as many as a person reads, and so many more."""
        return replace(
            self, subjects=tuple(names[:MAX_SUBJECTS]), omitted=max(0, len(names) - MAX_SUBJECTS)
        )

    @property
    def headline(self) -> str:
        """What happened, and to whom."""
        names = [*self.subjects, *([f"and {self.omitted:,} more"] if self.omitted else [])]
        return ": ".join(each for each in (self.what, ", ".join(names), self.aws_message) if each)

    def __str__(self) -> str:
        details = f"\n{self.details}\n" if self.details else " "
        return f"{self.headline}.{details}{self.remedy}"


class OperationFailedError(VdmAlertsError):
    """Work could not be done, and *finding* says why."""

    def __init__(self, finding: Finding) -> None:
        """Carry *finding*."""
        super().__init__(str(finding))
        self.finding = finding


class AccessDeniedError(OperationFailedError):
    """AWS refused *action* to whoever asked."""

    def __init__(self, action: str) -> None:
        """Name the refused *action* as IAM policies spell it, such as "ses:GetAccount"."""
        self.action = action
        super().__init__(
            Finding(
                key=action,
                what=f"AWS refused {action} to VDM Alerts",
                remedy=f"Allow {action} in the role of the function; the stack that ships does",
            )
        )


class UnavailableError(OperationFailedError):
    """AWS did not do *action*: for now, or *passing* is false, until something is mended."""

    def __init__(self, action: str, why: str, *, passing: bool = True) -> None:
        """Say *why* in AWS's own words."""
        self.action = action
        super().__init__(
            Finding(
                key=action,
                what=f"{action} failed: {why}",
                remedy="It is tried again at every run",
                transient=passing,
            )
        )
