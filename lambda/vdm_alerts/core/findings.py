"""What a person should hear that is no rate: of the account itself, or of this service."""

from dataclasses import dataclass, field, replace

from vdm_alerts.core.errors import VdmAlertsError
from vdm_alerts.core.rules import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: *about* which thing, what happened, and what to do about it.

    *about* tells findings apart: one that says something new of the same thing replaces what was
    said before. *details* are further lines, and *command* is one for a shell that does the remedy.
    Where it *hinders*, mail goes unwatched. A *passing* one
    (an outage, a throttled call) is expected to mend itself: it is logged and counted, and no
    person is written to about it. *who* it is about may change without being news. What *needs no
    end* is told once, and nobody is told when it is so no longer. As it is remembered it is
    *certain*, unless nobody knows whether the message about it went out, or that of its end.
    """

    about: str
    what: str
    remedy: str
    details: str = ""
    severity: Severity = Severity.WARNING
    hinders: bool = True
    passing: bool = False
    command: str = ""
    who: tuple[str, ...] = field(default=(), compare=False)
    needs_no_end: bool = False
    certain: bool = field(default=True, compare=False)

    @property
    def mending(self) -> str:
        """What to do about it and the command, without a full stop that would be copied with it."""
        return f"{self.remedy}: {self.command}" if self.command else self.remedy

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
        return replace(self, what=what, who=(self.what,), passing=False)

    @property
    def told(self) -> str:
        """What happened, and to whom."""
        return f"{self.what}: {', '.join(self.who)}" if self.who else self.what

    def __str__(self) -> str:
        details = f"\n{self.details}\n" if self.details else " "
        return f"{self.told}.{details}{self.mending}"


class Hindrance(VdmAlertsError):
    """Work could not be done, and *finding* says why."""

    def __init__(self, finding: Finding) -> None:
        """Carry *finding*."""
        super().__init__(str(finding))
        self.finding = finding
