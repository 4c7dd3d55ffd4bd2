"""What is said in one run: how much of what is owed, and in how many messages."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from vdm_alerts.core.alerts.sequence import Attempt, numbered
from vdm_alerts.core.model.findings import Finding, Source
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.incidents import Incident, digest_of
from vdm_alerts.core.observations.coverage import Watch

SERVICE, SUMMARY = "service", "summary"
"""The ids of the messages that are about no incident alone."""
MOST_MESSAGES = 5
"""Messages in one run; the last of them tells of all that is left."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A message of *findings*, none once all is in order, and of those that are *gone*.

    *fresh* are those of them that people may not know of, *kept* those that were told before and
    may stand still: nobody could look. *blind* says that there is something that nobody could see,
    and *beside* that some rate is wrong at the same time.
    """

    sequence: int
    findings: tuple[Finding, ...]
    gone: tuple[Finding, ...] = ()
    kept: tuple[Finding, ...] = ()
    fresh: tuple[Finding, ...] = ()
    blind: bool = False
    beside: bool = False
    id: str = SERVICE

    @property
    def severity(self) -> Severity | None:
        """The worst severity of any finding; None where there is none."""
        return max((finding.severity for finding in self.findings), default=None)

    @property
    def is_urgent(self) -> bool:
        """Whether anything is critical that people may not know of."""
        return any(finding.severity is Severity.CRITICAL for finding in self.fresh)

    @property
    def is_end(self) -> bool:
        """Whether nothing is wrong any more, as far as one can look, which is everywhere."""
        return not (self.findings or self.blind)

    @property
    def news(self) -> str:
        """What the message says, in short: two that say the same have the same."""
        found = [[each.about, each.what, each.details, *each.who] for each in self.findings]
        gone = [["gone", each.about] for each in self.gone]
        return digest_of([*found, *gone, *([["beside", self.beside]] if self.is_end else [])])

    @property
    def attempted(self) -> tuple[Finding, ...]:
        """Return what people have been told, or may have been while this is on its way."""
        begun = (replace(each, certain=each not in self.fresh) for each in self.findings)
        return (*begun, *(replace(each, certain=False) for each in self.gone), *self.kept)

    @property
    def delivered(self) -> tuple[Finding, ...]:
        """What people have been told once this has gone out."""
        return (*self.findings, *self.kept)


@dataclass(frozen=True, slots=True)
class Digest:
    """One message of several *incidents*; the first one ever says what there is to *watch*.

    *beside* says that some rate is wrong, in these incidents or in none of them.
    """

    id: str
    sequence: int
    incidents: tuple[Incident, ...]
    watch: Watch | None = None
    beside: bool = False

    @property
    def severity(self) -> Severity | None:
        """The worst severity of any incident now; None where all are over, or there is none."""
        return max((one.severity for one in self.incidents if one.severity), default=None)

    @property
    def faded(self) -> bool:
        """Whether all that it tells of is over, and nothing of it is proven to have mended."""
        return bool(self.incidents) and all(one.faded for one in self.incidents)

    @property
    def is_urgent(self) -> bool:
        """Whether any of them is."""
        return any(one.is_urgent for one in self.incidents)

    @property
    def news(self) -> str:
        """What the message says, in short: two that say the same have the same."""
        told = [[one.id, one.sequence, one.news] for one in self.incidents]
        return digest_of([*told, *([] if told else [["beside", self.beside]])])


Notice: TypeAlias = Incident | Digest | Trouble


def numbered_in(notice: Notice) -> Sequence[Notice]:
    """Return what of *notice* counts its messages: not several incidents that just share one."""
    match notice:
        case Digest(watch=None, incidents=incidents):
            return incidents
        case _:
            return (notice, *(incidents_in(notice) if isinstance(notice, Digest) else ()))


def incidents_in(notice: Notice) -> Sequence[Incident]:
    """Return the incidents that *notice* tells of."""
    match notice:
        case Incident():
            return (notice,)
        case Digest(incidents=incidents):
            return incidents
        case Trouble():
            return ()


def summary(
    incidents: Sequence[Incident],
    watch: Watch,
    attempts: Mapping[str, Attempt],
    *,
    beside: bool = False,
) -> Digest:
    """Return the first message ever: what is watched, and everything that is wrong at first sight.

    So nobody who switches this on gets a message for everything that has long been so. *beside*
    says that some rate is wrong, be it one that people have been told of, or have silenced.
    """
    first = Digest(SUMMARY, 0, tuple(incidents), watch, beside)
    return replace(first, sequence=numbered(0, attempts.get(SUMMARY), first.news))


def within_bounds(incidents: Sequence[Incident], others: int) -> list[Notice]:
    """Return *incidents* in as many messages as there may be in a run, beside *others*."""
    most = MOST_MESSAGES - others
    if len(incidents) <= most:
        return list(incidents)
    shared = tuple(incidents[most - 1 :])
    numbers = digest_of([one.id, one.sequence] for one in shared)
    return [*incidents[: most - 1], Digest(f"digest-{numbers}", 1, shared)]


def trouble(
    findings: Sequence[Finding],
    told: Sequence[Finding],
    told_sequence: int,
    attempt: Attempt | None = None,
    *,
    blind: Collection[Source] = (),
    beside: bool = False,
) -> Trouble | None:
    """Return the message that is owed about findings, if any, the news and the worst first.

    One is owed when something is wrong that people were not told of yet, and when something is
    wrong no longer of what they have been *told*, or may have been. A passing finding is told to
    nobody, and where one is *blind* it is too early to say what is well. *beside* says that some
    rate is wrong.
    """
    lasting = [finding for finding in findings if not finding.passing]
    fresh = [each for each in lasting if not any(map(each.is_known_by, told))]
    still = [each for each in lasting if each not in fresh]
    abouts = {finding.about for finding in lasting}
    others = [each for each in told if each.about not in abouts]
    # Of what an earlier version has told it is not known where it was found.
    kept = [each for each in others if each.source in blind or (blind and not each.source)]
    gone = [each for each in others if each not in kept and not each.needs_no_end]
    if not (fresh or gone):
        return None
    notice = Trouble(
        sequence=0,
        findings=(*_worst_first(fresh), *_worst_first(still)),
        gone=tuple(gone),
        kept=tuple(kept),
        fresh=tuple(_worst_first(fresh)),
        blind=bool(blind) or any(each.passing and each.hinders for each in findings),
        beside=beside,
    )
    return replace(notice, sequence=numbered(told_sequence, attempt, notice.news))


def _worst_first(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: -finding.severity)
