"""How many notifications one run sends, and what is due about findings."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest
from builders import a_rule, firing

from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.model.findings import MAX_SUBJECTS, Finding, FindingSource
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.notification import (
    MAX_MESSAGES,
    Digest,
    first_summary,
    incidents_of,
    limit_messages,
    numbered_notifications,
)
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.notifications.service_notification import (
    ServiceNotification,
    service_notification,
)
from vdm_alerts.core.observations.coverage import Coverage

CRITICAL = Severity.CRITICAL
VDM_OFF = Finding("VDM", "VDM is off", "Turn it on", source=FindingSource.METRICS)
UNREADABLE_SOURCES = {FindingSource.METRICS}
DENIED = Finding("ses:GetAccount", "Access to ses:GetAccount is denied", "Allow it")
OUTAGE = Finding("SES", "SES is down", "Wait", transient=True)
NAMES = [f"{number:02}" for number in range(30)]
COVERAGE = Coverage(("bounce-rate",), {ACCOUNT.kind: 1})


def due_service_notification(
    findings: Sequence[Finding],
    notified: Sequence[Finding],
    last_sequence: int,
    attempt: SendAttempt | None = None,
    unreadable_sources: Collection[FindingSource] = (),
) -> ServiceNotification:
    notification = service_notification(
        findings, notified, last_sequence, attempt, unreadable_sources=unreadable_sources
    )
    assert notification is not None
    return notification


def with_confirmation(findings: Sequence[Finding]) -> list[tuple[Finding, bool]]:
    """Return each finding with its `is_confirmed`, which equality ignores."""
    return [(finding, finding.is_confirmed) for finding in findings]


def an_incident(number: int, severity: Severity = Severity.WARNING) -> IncidentNotification:
    alert = firing(Scope(identity=f"{number}.example.com"), severity)
    affected = (AffectedScope(alert, None, Reason.FIRING),)
    return IncidentNotification(f"bounce-rate-{number}", 1, Reason.FIRING, a_rule(), affected)


def test_digest_takes_the_incidents_beyond_the_message_limit() -> None:
    for count in (1, MAX_MESSAGES):
        few = [an_incident(number) for number in range(count)]
        assert limit_messages(few, other_messages=0) == few
    many = [an_incident(number) for number in range(MAX_MESSAGES + 1)]
    *alone, last = limit_messages(many, other_messages=0)
    assert alone == many[: MAX_MESSAGES - 1]
    assert isinstance(last, Digest)
    assert list(incidents_of(last)) == many[MAX_MESSAGES - 1 :]
    assert len(limit_messages(many, other_messages=1)) == MAX_MESSAGES - 1


def test_digest_keeps_its_id_and_sequence_when_it_is_sent_again() -> None:
    many = [an_incident(number) for number in range(9)]
    first, again, other = (
        limit_messages(incidents, 0)[-1] for incidents in (many, many, many[:-1])
    )
    assert (first.id, first.sequence) == (again.id, again.sequence)
    assert first.id != other.id


def test_digest_has_the_severity_and_urgency_of_its_worst_incident() -> None:
    for severity in Severity:
        shared = limit_messages([*map(an_incident, range(8)), an_incident(8, severity)], 0)[-1]
        assert shared.severity is severity
        assert shared.is_urgent == (severity is CRITICAL)


def test_summary_includes_every_incident_whatever_their_number() -> None:
    first = first_summary([an_incident(number) for number in range(50)], COVERAGE, {})
    assert (len(first.incidents), first.sequence, first.coverage) == (50, 1, COVERAGE)
    empty = first_summary([], COVERAGE, {})
    assert (empty.severity, empty.is_urgent) == (None, False)


def test_summary_keeps_its_sequence_when_it_is_sent_again_unless_its_content_changes() -> None:
    first = first_summary([an_incident(1)], COVERAGE, {})
    attempts = {first.id: SendAttempt(first.sequence, first.fingerprint)}
    assert first_summary([an_incident(1)], COVERAGE, attempts).sequence == 1
    assert first_summary([an_incident(1), an_incident(2)], COVERAGE, attempts).sequence == 2


def test_sequences_are_counted_per_incident_in_a_digest_and_also_for_the_summary_itself() -> None:
    many = [an_incident(number) for number in range(9)]
    numbered = [
        part
        for notification in limit_messages(many, other_messages=0)
        for part in numbered_notifications(notification)
    ]
    assert numbered == many
    first = first_summary(many, COVERAGE, {})
    assert numbered_notifications(first) == (first, *many)
    service = due_service_notification([VDM_OFF], notified=[], last_sequence=0)
    assert numbered_notifications(service) == (service,)


def test_fixed_finding_is_due_after_an_unconfirmed_notification() -> None:
    first = due_service_notification([VDM_OFF], notified=[], last_sequence=0)
    attempt = SendAttempt(first.sequence, first.fingerprint)
    unconfirmed = first.findings_when_attempted
    again = due_service_notification(
        [VDM_OFF], notified=unconfirmed, last_sequence=0, attempt=attempt
    )
    assert (again.sequence, again.is_urgent, again.new) == (1, False, (VDM_OFF,))
    resolved = due_service_notification([], notified=unconfirmed, last_sequence=0, attempt=attempt)
    assert (resolved.sequence, resolved.severity, resolved.fixed) == (2, None, (VDM_OFF,))
    other = due_service_notification(
        [DENIED],
        notified=unconfirmed,
        last_sequence=0,
        attempt=attempt,
        unreadable_sources=UNREADABLE_SOURCES,
    )
    assert (other.sequence, other.findings, other.unchecked) == (2, (DENIED,), (VDM_OFF,))
    assert with_confirmation(other.findings_when_attempted) == [(DENIED, False), (VDM_OFF, False)]


def test_hidden_finding_stays_unconfirmed_until_it_is_delivered() -> None:
    first = due_service_notification([VDM_OFF], notified=[], last_sequence=0)
    hidden = due_service_notification(
        [DENIED],
        notified=first.findings_when_attempted,
        last_sequence=0,
        unreadable_sources=UNREADABLE_SOURCES,
    )
    assert with_confirmation(hidden.findings_when_delivered) == [
        (DENIED, True),
        (VDM_OFF, False),
    ]
    back = due_service_notification(
        [DENIED, VDM_OFF], notified=hidden.findings_when_delivered, last_sequence=2
    )
    assert back.new == (VDM_OFF,)
    assert with_confirmation(back.findings_when_delivered) == [(VDM_OFF, True), (DENIED, True)]
    assert (
        service_notification(
            [DENIED, VDM_OFF], notified=back.findings_when_delivered, last_sequence=3
        )
        is None
    )


def test_confirmed_finding_is_not_new_beside_an_unconfirmed_one() -> None:
    paused = replace(VDM_OFF, severity=CRITICAL)
    more = due_service_notification([paused, DENIED], notified=[paused], last_sequence=1)
    assert with_confirmation(more.findings_when_attempted) == [
        (DENIED, False),
        (paused, True),
    ]
    again = due_service_notification(
        [paused, DENIED], notified=more.findings_when_attempted, last_sequence=1
    )
    assert (again.new, again.findings) == ((DENIED,), (DENIED, paused)), "new findings first"
    assert (again.is_urgent, again.fingerprint) == (False, more.fingerprint)


def test_finding_that_returns_is_due_after_an_unconfirmed_fix() -> None:
    resolved = due_service_notification([], notified=[VDM_OFF], last_sequence=1)
    attempt = SendAttempt(resolved.sequence, resolved.fingerprint)
    again = due_service_notification(
        [VDM_OFF], notified=resolved.findings_when_attempted, last_sequence=1, attempt=attempt
    )
    assert (again.sequence, again.new) == (3, (VDM_OFF,))


def test_service_sequence_follows_the_last_delivered_one_when_the_attempt_is_older() -> None:
    stale = SendAttempt(1, "something else")
    notification = due_service_notification([VDM_OFF], notified=[], last_sequence=4, attempt=stale)
    assert notification.sequence == 5


def test_service_notification_is_urgent_only_for_new_critical_findings() -> None:
    paused = replace(VDM_OFF, severity=CRITICAL, blocks_monitoring=False)
    first = due_service_notification([paused], notified=[], last_sequence=0)
    assert first.is_urgent
    more = due_service_notification([paused, DENIED], notified=[paused], last_sequence=1)
    assert (more.severity, more.is_urgent) == (CRITICAL, False)


def test_one_time_finding_is_never_reported_as_fixed() -> None:
    one_shot = replace(VDM_OFF, one_shot=True, blocks_monitoring=False)
    assert service_notification([], notified=[one_shot], last_sequence=1) is None
    paused = replace(DENIED, blocks_monitoring=False)
    notification = due_service_notification([paused], notified=[one_shot], last_sequence=1)
    assert (notification.findings, notification.fixed, notification.unchecked) == (
        (paused,),
        (),
        (),
    )


def test_one_time_finding_is_not_new_again_after_its_source_was_unreadable() -> None:
    one_shot = replace(VDM_OFF, one_shot=True, blocks_monitoring=False)
    hidden = due_service_notification(
        [DENIED], notified=[one_shot], last_sequence=1, unreadable_sources=UNREADABLE_SOURCES
    )
    again = due_service_notification(
        [one_shot], notified=hidden.findings_when_delivered, last_sequence=2
    )
    assert (again.new, again.fixed) == ((), (DENIED,))


def test_finding_is_resent_only_when_a_name_is_added() -> None:
    unreadable = Finding("unread", "Not readable", "Wait").with_subjects(["a", "b"])
    assert (
        service_notification(
            [unreadable.with_subjects(["b"])], notified=[unreadable], last_sequence=1
        )
        is None
    )
    worse = due_service_notification(
        [unreadable.with_subjects(["b", "c"])], notified=[unreadable], last_sequence=1
    )
    assert [finding.headline for finding in worse.new] == ["Not readable: b, c"]


@pytest.mark.parametrize(
    ("notified_count", "current_count", "is_due"),
    [
        (MAX_SUBJECTS, MAX_SUBJECTS + 1, True),
        (MAX_SUBJECTS + 1, MAX_SUBJECTS, False),
        (MAX_SUBJECTS + 1, MAX_SUBJECTS + 1, False),
    ],
)
def test_finding_with_many_names_is_resent_only_when_names_begin_to_be_omitted(
    notified_count: int, current_count: int, is_due: bool
) -> None:
    notified, current = (
        VDM_OFF.with_subjects(NAMES[:count]) for count in (notified_count, current_count)
    )
    notification = service_notification([current], notified=[notified], last_sequence=1)
    headlines = notification and [finding.headline for finding in notification.new]
    assert headlines == ([f"VDM is off: {', '.join(NAMES[:20])}, and 1 more"] if is_due else None)


def test_finding_with_omitted_names_is_not_resent_when_the_names_change() -> None:
    current, notified = (
        VDM_OFF.with_subjects(names)
        for names in (NAMES[5 : 6 + MAX_SUBJECTS], NAMES[: MAX_SUBJECTS + 1])
    )
    assert current.subjects != notified.subjects
    assert service_notification([current], notified=[notified], last_sequence=1) is None


def test_finding_is_not_resent_when_only_the_aws_message_changes() -> None:
    down = Finding("SES", "SES is down", "Wait", transient=True).as_persistent()
    assert (
        service_notification(
            [replace(down, aws_message="Try later")], notified=[down], last_sequence=1
        )
        is None
    )
    assert down.headline == "SES has failed for more than a day: SES is down"


def test_new_finding_is_notified_once() -> None:
    notification = due_service_notification([VDM_OFF], notified=[], last_sequence=0)
    assert (notification.sequence, notification.findings, notification.fixed) == (1, (VDM_OFF,), ())
    assert service_notification([VDM_OFF], notified=[VDM_OFF], last_sequence=1) is None


def test_new_finding_is_notified_together_with_open_ones() -> None:
    notification = due_service_notification([VDM_OFF, DENIED], notified=[VDM_OFF], last_sequence=1)
    assert notification.findings == (DENIED, VDM_OFF)
    assert notification.sequence == 2


def test_fix_of_all_findings_is_notified_once() -> None:
    notification = due_service_notification([], notified=[VDM_OFF, DENIED], last_sequence=2)
    assert (notification.findings, notification.fixed) == ((), (VDM_OFF, DENIED))
    assert service_notification([], notified=[], last_sequence=3) is None


def test_changed_finding_is_notified_and_not_reported_as_fixed() -> None:
    worse = replace(VDM_OFF, what="VDM was never on", severity=CRITICAL)
    notification = due_service_notification(
        [DENIED, worse], notified=[VDM_OFF, DENIED], last_sequence=2
    )
    assert notification.findings == (worse, DENIED), "the worst first"
    assert notification.fixed == ()
    assert notification.severity is CRITICAL


def test_fixed_finding_is_listed_beside_a_new_one() -> None:
    paused = replace(DENIED, blocks_monitoring=False)
    notification = due_service_notification([paused], notified=[VDM_OFF], last_sequence=1)
    assert (notification.findings, notification.fixed, notification.unchecked) == (
        (paused,),
        (VDM_OFF,),
        (),
    )


def test_finding_is_kept_open_while_its_source_is_unreadable() -> None:
    notification = due_service_notification(
        [DENIED], notified=[VDM_OFF], last_sequence=1, unreadable_sources=UNREADABLE_SOURCES
    )
    assert (notification.findings, notification.fixed, notification.unchecked) == (
        (DENIED,),
        (),
        (VDM_OFF,),
    )


def test_finding_is_reported_as_fixed_while_only_another_source_is_unreadable() -> None:
    notification = due_service_notification(
        [DENIED],
        notified=[DENIED, VDM_OFF],
        last_sequence=1,
        unreadable_sources={FindingSource.RULES},
    )
    assert (notification.findings, notification.fixed, notification.unchecked) == (
        (DENIED,),
        (VDM_OFF,),
        (),
    )


def test_finding_without_a_source_is_kept_open_while_any_source_is_unreadable() -> None:
    assert (
        service_notification(
            [], notified=[DENIED], last_sequence=1, unreadable_sources=UNREADABLE_SOURCES
        )
        is None
    )
    assert service_notification([], notified=[DENIED], last_sequence=1) is not None


def test_transient_finding_is_not_notified() -> None:
    assert service_notification([OUTAGE], notified=[], last_sequence=0) is None


def test_fix_is_not_notified_while_a_transient_finding_hides_the_source() -> None:
    assert (
        service_notification(
            [OUTAGE], notified=[VDM_OFF], last_sequence=1, unreadable_sources=UNREADABLE_SOURCES
        )
        is None
    )
