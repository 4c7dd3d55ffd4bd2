"""What is said in one run: how much of what is owed, and in how many messages."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from vdm_alerts.core.alerts.sequence import SendAttempt, next_sequence
from vdm_alerts.core.model.findings import Finding, FindingSource
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.incidents import IncidentNotification, fingerprint_of
from vdm_alerts.core.observations.coverage import Coverage

SERVICE, SUMMARY = "service", "summary"
"""The ids of the messages that are about no incident alone."""
MAX_MESSAGES = 5
"""Messages in one run; the last of them tells of all that is left."""


@dataclass(frozen=True, slots=True)
class ServiceNotification:
    """A message of *findings*, none once all is in order, and of those that are *gone*.

    *fresh* are those of them that people may not know of, *kept* those that were told before and
    may stand still: nobody could look. *blind* says that there is something that nobody could see,
    and *beside* that some rate is wrong at the same time.
    """

    sequence: int
    findings: tuple[Finding, ...]
    fixed: tuple[Finding, ...] = ()
    unchecked: tuple[Finding, ...] = ()
    new: tuple[Finding, ...] = ()
    is_incomplete: bool = False
    has_open_alerts: bool = False
    id: str = SERVICE

    @property
    def severity(self) -> Severity | None:
        """The worst severity of any finding; None where there is none."""
        return max((finding.severity for finding in self.findings), default=None)

    @property
    def is_urgent(self) -> bool:
        """Whether anything is critical that people may not know of."""
        return any(finding.severity is Severity.CRITICAL for finding in self.new)

    @property
    def is_all_clear(self) -> bool:
        """Whether nothing is wrong any more, as far as one can look, which is everywhere."""
        return not (self.findings or self.is_incomplete)

    @property
    def fingerprint(self) -> str:
        """What the message says, in short: two that say the same have the same."""
        found = [[each.key, each.what, each.details, *each.subjects] for each in self.findings]
        gone = [["gone", each.key] for each in self.fixed]
        return fingerprint_of(
            [*found, *gone, *([["beside", self.has_open_alerts]] if self.is_all_clear else [])]
        )

    @property
    def findings_when_attempted(self) -> tuple[Finding, ...]:
        """Return what people have been told, or may have been while this is on its way."""
        begun = (replace(each, is_confirmed=each not in self.new) for each in self.findings)
        return (
            *begun,
            *(replace(each, is_confirmed=False) for each in self.fixed),
            *self.unchecked,
        )

    @property
    def findings_when_delivered(self) -> tuple[Finding, ...]:
        """What people have been told once this has gone out."""
        return (*self.findings, *self.unchecked)


@dataclass(frozen=True, slots=True)
class Digest:
    """One message of several *incidents*; the first one ever says what there is to *watch*.

    *beside* says that some rate is wrong, in these incidents or in none of them.
    """

    id: str
    sequence: int
    incidents: tuple[IncidentNotification, ...]
    coverage: Coverage | None = None
    has_open_alerts: bool = False

    @property
    def severity(self) -> Severity | None:
        """The worst severity of any incident now; None where all are over, or there is none."""
        return max((one.severity for one in self.incidents if one.severity), default=None)

    @property
    def is_unproven(self) -> bool:
        """Whether all that it tells of is over, and nothing of it is proven to have mended."""
        return bool(self.incidents) and all(one.is_unproven for one in self.incidents)

    @property
    def is_urgent(self) -> bool:
        """Whether any of them is."""
        return any(one.is_urgent for one in self.incidents)

    @property
    def fingerprint(self) -> str:
        """What the message says, in short: two that say the same have the same."""
        told = [[one.id, one.sequence, one.fingerprint] for one in self.incidents]
        return fingerprint_of([*told, *([] if told else [["beside", self.has_open_alerts]])])


Notification: TypeAlias = IncidentNotification | Digest | ServiceNotification


def numbered_notifications(notice: Notification) -> Sequence[Notification]:
    """Return what of *notice* counts its messages: not several incidents that just share one."""
    match notice:
        case Digest(coverage=None, incidents=incidents):
            return incidents
        case _:
            return (notice, *(incidents_of(notice) if isinstance(notice, Digest) else ()))


def incidents_of(notice: Notification) -> Sequence[IncidentNotification]:
    """Return the incidents that *notice* tells of."""
    match notice:
        case IncidentNotification():
            return (notice,)
        case Digest(incidents=incidents):
            return incidents
        case ServiceNotification():
            return ()


def first_summary(
    incidents: Sequence[IncidentNotification],
    coverage: Coverage,
    attempts: Mapping[str, SendAttempt],
    *,
    has_open_alerts: bool = False,
) -> Digest:
    """Return the first message ever: what is watched, and everything that is wrong at first sight.

    So nobody who switches this on gets a message for everything that has long been so. *beside*
    says that some rate is wrong, be it one that people have been told of, or have silenced.
    """
    first = Digest(SUMMARY, 0, tuple(incidents), coverage, has_open_alerts)
    return replace(first, sequence=next_sequence(0, attempts.get(SUMMARY), first.fingerprint))


def limit_messages(incidents: Sequence[IncidentNotification], others: int) -> list[Notification]:
    """Return *incidents* in as many messages as there may be in a run, beside *others*."""
    most = MAX_MESSAGES - others
    if len(incidents) <= most:
        return list(incidents)
    shared = tuple(incidents[most - 1 :])
    numbers = fingerprint_of([one.id, one.sequence] for one in shared)
    return [*incidents[: most - 1], Digest(f"digest-{numbers}", 1, shared)]


def service_notification(
    findings: Sequence[Finding],
    notified: Sequence[Finding],
    last_sequence: int,
    attempt: SendAttempt | None = None,
    *,
    unreadable_sources: Collection[FindingSource] = (),
    has_open_alerts: bool = False,
) -> ServiceNotification | None:
    """Return the message that is owed about findings, if any, the news and the worst first.

    One is owed when something is wrong that people were not told of yet, and when something is
    wrong no longer of what they have been *told*, or may have been. A passing finding is told to
    nobody, and where one is *blind* it is too early to say what is well. *beside* says that some
    rate is wrong.
    """
    lasting = [finding for finding in findings if not finding.transient]
    fresh = [each for each in lasting if not any(map(each.is_known_from, notified))]
    still = [each for each in lasting if each not in fresh]
    abouts = {finding.key for finding in lasting}
    others = [each for each in notified if each.key not in abouts]
    # Of what an earlier version has told it is not known where it was found.
    kept = [
        each
        for each in others
        if each.source in unreadable_sources or (unreadable_sources and not each.source)
    ]
    gone = [each for each in others if each not in kept and not each.one_shot]
    if not (fresh or gone):
        return None
    notice = ServiceNotification(
        sequence=0,
        findings=(*_worst_first(fresh), *_worst_first(still)),
        fixed=tuple(gone),
        unchecked=tuple(kept),
        new=tuple(_worst_first(fresh)),
        is_incomplete=bool(unreadable_sources)
        or any(each.transient and each.blocks_monitoring for each in findings),
        has_open_alerts=has_open_alerts,
    )
    return replace(notice, sequence=next_sequence(last_sequence, attempt, notice.fingerprint))


def _worst_first(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: -finding.severity)
