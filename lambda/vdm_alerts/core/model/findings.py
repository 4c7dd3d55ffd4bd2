"""What a person should hear that is no rate: of the account itself, or of this service."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.severity import Severity

MOST_NAMED = 20
"""Names that a finding lists; the rest are counted."""


class Source(StrEnum):
    """Where one has looked, and has to look again to know that something is wrong no longer."""

    RULES = "rules"
    SILENCES = "silences"
    SUBSCRIBERS = "subscribers"
    ACCOUNT = "account"
    LISTS = "lists"
    MAIL = "mail"


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

    about: str
    what: str
    remedy: str = field(compare=False)
    details: str = ""
    severity: Severity = Severity.WARNING
    hinders: bool = True
    passing: bool = False
    fix: Fix | None = field(default=None, compare=False)
    who: tuple[str, ...] = field(default=(), compare=False)
    more: int = field(default=0, compare=False)
    words: str = field(default="", compare=False)
    needs_no_end: bool = False
    certain: bool = field(default=True, compare=False)
    source: Source | None = field(default=None, compare=False)

    def meanwhile(self, how: str, *, hinders: bool) -> "Finding":
        """Return it with *how* things are until it is mended, and whether mail goes unwatched."""
        until = f"  Until that is mended {how}."
        details = f"{self.details}\n{until}" if self.details else until
        return replace(self, details=details, hinders=hinders)

    def lasting(self) -> "Finding":
        """Return it as it is told once it has not passed for long: by then it is no passing one.

        AWS's own words may be others at every run, which is no news.
        """
        what = f"{self.about} has not worked for more than a day"
        return replace(self, what=what, words=self.what, passing=False)

    def is_known_by(self, told: "Finding") -> bool:
        """Say whether people who were *told* that know all of this."""
        is_known = told.certain and self == told
        # Of a list that was cut off, only how long it is can be known.
        is_same = len(self.who) + self.more <= len(told.who) + told.more
        return is_known and is_same and bool(told.more or {*self.who} <= {*told.who})

    def of(self, names: Sequence[str]) -> "Finding":
        """Return it as one about *names*, as many as a person reads, and so many more."""
        return replace(self, who=tuple(names[:MOST_NAMED]), more=max(0, len(names) - MOST_NAMED))

    @property
    def told(self) -> str:
        """What happened, and to whom."""
        names = [*self.who, *([f"and {self.more:,} more"] if self.more else [])]
        return ": ".join(each for each in (self.what, ", ".join(names), self.words) if each)

    def __str__(self) -> str:
        details = f"\n{self.details}\n" if self.details else " "
        return f"{self.told}.{details}{self.remedy}"


class Hindrance(VdmAlertsError):
    """Work could not be done, and *finding* says why."""

    def __init__(self, finding: Finding) -> None:
        """Carry *finding*."""
        super().__init__(str(finding))
        self.finding = finding


class AccessDenied(Hindrance):
    """AWS refused *action* to whoever asked."""

    def __init__(self, action: str) -> None:
        """Name the refused *action* as IAM policies spell it, such as "ses:GetAccount"."""
        self.action = action
        super().__init__(
            Finding(
                about=action,
                what=f"AWS refused {action} to VDM Alerts",
                remedy=f"Allow {action} in the role of the function; the stack that ships does",
            )
        )


class Unavailable(Hindrance):
    """AWS did not do *action*: for now, or *passing* is false, until something is mended."""

    def __init__(self, action: str, why: str, *, passing: bool = True) -> None:
        """Say *why* in AWS's own words."""
        self.action = action
        super().__init__(
            Finding(
                about=action,
                what=f"{action} failed: {why}",
                remedy="It is tried again at every run",
                passing=passing,
            )
        )
