"""How much is said in one run, and in how many messages."""

from dataclasses import replace

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
    service_notification,
)
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.observations.coverage import Coverage

CRITICAL = Severity.CRITICAL
OFF = Finding("VDM", "VDM is off", "Switch it on", source=FindingSource.METRICS)
BLIND = {FindingSource.METRICS}
DENIED = Finding("ses:GetAccount", "AWS refused ses:GetAccount", "Allow it")
OUTAGE = Finding("SES", "SES is down", "Wait", transient=True)
WATCH = Coverage(("bounce-rate",), {ACCOUNT.kind: 1})


def an_incident(number: int, severity: Severity = Severity.WARNING) -> IncidentNotification:
    alert = firing(Scope(identity=f"{number}.example.com"), severity)
    affected = (AffectedScope(alert, None, Reason.FIRING),)
    return IncidentNotification(f"bounce-rate-{number}", 1, Reason.FIRING, a_rule(), affected)


def test_digest_takes_the_incidents_beyond_the_message_limit() -> None:
    for number in (1, MAX_MESSAGES):
        few = [an_incident(each) for each in range(number)]
        assert limit_messages(few, other_messages=0) == few
    many = [an_incident(each) for each in range(MAX_MESSAGES + 1)]
    *alone, last = limit_messages(many, other_messages=0)
    assert alone == many[: MAX_MESSAGES - 1]
    assert isinstance(last, Digest)
    assert list(incidents_of(last)) == many[MAX_MESSAGES - 1 :]
    assert len(limit_messages(many, other_messages=1)) == MAX_MESSAGES - 1


def test_digest_keeps_its_id_and_sequence_when_it_is_sent_again() -> None:
    many = [an_incident(each) for each in range(9)]
    first, again, other = (limit_messages(each, 0)[-1] for each in (many, many, many[:-1]))
    assert (first.id, first.sequence) == (again.id, again.sequence)
    assert first.id != other.id


def test_digest_has_the_severity_and_urgency_of_its_worst_incident() -> None:
    for severity in Severity:
        shared = limit_messages([*map(an_incident, range(8)), an_incident(8, severity)], 0)[-1]
        assert shared.severity is severity
        assert shared.is_urgent == (severity is CRITICAL)


def test_summary_includes_every_incident_whatever_their_number() -> None:
    first = first_summary([an_incident(each) for each in range(50)], WATCH, {})
    assert (len(first.incidents), first.sequence, first.coverage) == (50, 1, WATCH)
    nothing = first_summary([], WATCH, {})
    assert (nothing.severity, nothing.is_urgent) == (None, False)


def test_summary_keeps_its_sequence_when_it_is_sent_again_unless_its_content_changes() -> None:
    first = first_summary([an_incident(1)], WATCH, {})
    tried = {first.id: SendAttempt(first.sequence, first.fingerprint)}
    assert first_summary([an_incident(1)], WATCH, tried).sequence == 1
    assert first_summary([an_incident(1), an_incident(2)], WATCH, tried).sequence == 2


def test_sequences_are_counted_per_incident_in_a_digest_and_also_for_the_summary_itself() -> None:
    many = [an_incident(each) for each in range(9)]
    *alone, shared = limit_messages(many, other_messages=0)
    assert [one for each in (*alone, shared) for one in numbered_notifications(each)] == many
    first = first_summary(many, WATCH, {})
    assert numbered_notifications(first) == (first, *many)
    service = service_notification([OFF], notified=[], last_sequence=0)
    assert service is not None
    assert numbered_notifications(service) == (service,)


def test_fixed_finding_is_due_after_an_unconfirmed_notification() -> None:
    begun = service_notification([OFF], notified=[], last_sequence=0)
    assert begun is not None
    tried = SendAttempt(begun.sequence, begun.fingerprint)
    may_know = begun.findings_when_attempted
    again = service_notification([OFF], notified=may_know, last_sequence=0, attempt=tried)
    assert again is not None
    assert (again.sequence, again.is_urgent, again.new) == (1, False, (OFF,))
    over = service_notification([], notified=may_know, last_sequence=0, attempt=tried)
    assert over is not None
    assert (over.sequence, over.severity, over.fixed) == (2, None, (OFF,))
    other = service_notification(
        [DENIED], notified=may_know, last_sequence=0, attempt=tried, unreadable_sources=BLIND
    )
    assert other is not None
    assert (other.sequence, other.findings, other.unchecked) == (2, (DENIED,), (OFF,))
    assert set(other.findings_when_attempted) == {OFF, DENIED}


def test_hidden_finding_stays_unconfirmed_until_it_is_delivered() -> None:
    begun = service_notification([OFF], notified=[], last_sequence=0)
    assert begun is not None
    hidden = service_notification(
        [DENIED], notified=begun.findings_when_attempted, last_sequence=0, unreadable_sources=BLIND
    )
    assert hidden is not None
    assert [(each, each.is_confirmed) for each in hidden.findings_when_delivered] == [
        (DENIED, True),
        (OFF, False),
    ]
    back = service_notification(
        [DENIED, OFF], notified=hidden.findings_when_delivered, last_sequence=2
    )
    assert back is not None
    assert back.new == (OFF,)
    assert all(each.is_confirmed for each in back.findings_when_delivered)
    assert (
        service_notification([DENIED, OFF], notified=back.findings_when_delivered, last_sequence=3)
        is None
    )


def test_confirmed_finding_is_not_new_beside_an_unconfirmed_one() -> None:
    paused = replace(OFF, severity=CRITICAL)
    more = service_notification([paused, DENIED], notified=[paused], last_sequence=1)
    assert more is not None
    assert [(each, each.is_confirmed) for each in more.findings_when_attempted] == [
        (DENIED, False),
        (paused, True),
    ]
    again = service_notification(
        [paused, DENIED], notified=more.findings_when_attempted, last_sequence=1
    )
    assert again is not None
    assert (again.new, again.findings) == ((DENIED,), (DENIED, paused)), "the news first"
    assert (again.is_urgent, again.fingerprint) == (False, more.fingerprint)


def test_finding_that_returns_is_due_after_an_unconfirmed_fix() -> None:
    over = service_notification([], notified=[OFF], last_sequence=1)
    assert over is not None
    tried = SendAttempt(over.sequence, over.fingerprint)
    again = service_notification(
        [OFF], notified=over.findings_when_attempted, last_sequence=1, attempt=tried
    )
    assert again is not None
    assert (again.sequence, again.new) == (3, (OFF,))


def test_service_sequence_follows_the_last_delivered_one_when_the_attempt_is_older() -> None:
    stale = SendAttempt(1, "something else")
    message = service_notification([OFF], notified=[], last_sequence=4, attempt=stale)
    assert message is not None
    assert message.sequence == 5


def test_service_notification_is_urgent_only_for_new_critical_findings() -> None:
    paused = replace(OFF, severity=CRITICAL, blocks_monitoring=False)
    begun = service_notification([paused], notified=[], last_sequence=0)
    assert begun is not None
    assert begun.is_urgent
    more = service_notification([paused, DENIED], notified=[paused], last_sequence=1)
    assert more is not None
    assert (more.severity, more.is_urgent) == (CRITICAL, False)


def test_one_time_finding_is_never_reported_as_fixed() -> None:
    once = replace(OFF, one_shot=True, blocks_monitoring=False)
    assert service_notification([], notified=[once], last_sequence=1) is None
    paused = replace(DENIED, blocks_monitoring=False)
    message = service_notification([paused], notified=[once], last_sequence=1)
    assert message is not None
    assert (message.findings, message.fixed, message.unchecked) == ((paused,), (), ())


def test_one_time_finding_is_not_new_again_after_its_source_was_unreadable() -> None:
    once = replace(OFF, one_shot=True, blocks_monitoring=False)
    blind = service_notification(
        [DENIED], notified=[once], last_sequence=1, unreadable_sources=BLIND
    )
    assert blind is not None
    again = service_notification([once], notified=blind.findings_when_delivered, last_sequence=2)
    assert again is not None
    assert (again.new, again.fixed) == ((), (DENIED,))


def test_finding_is_resent_only_when_a_name_is_added() -> None:
    unread = Finding("unread", "Not readable", "Wait").with_subjects(["a", "b"])
    assert (
        service_notification([unread.with_subjects(["b"])], notified=[unread], last_sequence=1)
        is None
    )
    worse = service_notification(
        [unread.with_subjects(["b", "c"])], notified=[unread], last_sequence=1
    )
    assert worse is not None
    assert [each.headline for each in worse.new] == ["Not readable: b, c"]


def test_finding_with_many_names_is_resent_only_when_names_begin_to_be_omitted() -> None:
    names = [f"{number:02}" for number in range(30)]
    full, cut = (OFF.with_subjects(names[:count]) for count in (MAX_SUBJECTS, MAX_SUBJECTS + 1))
    assert cut.headline.endswith("18, 19, and 1 more")
    for told, found, is_news in ((full, cut, True), (cut, full, False), (cut, cut, False)):
        assert (
            service_notification([found], notified=[told], last_sequence=1) is not None
        ) == is_news
    assert (
        service_notification([cut.with_subjects(names[5:26])], notified=[cut], last_sequence=1)
        is None
    )


def test_finding_is_not_resent_when_only_the_aws_message_changes() -> None:
    down = Finding("SES", "SES is down", "Wait", transient=True).as_persistent()
    assert (
        service_notification(
            [replace(down, aws_message="Try later")], notified=[down], last_sequence=1
        )
        is None
    )
    assert down.headline == "SES has not worked for more than a day: SES is down"


def test_new_finding_is_notified_once() -> None:
    message = service_notification([OFF], notified=[], last_sequence=0)
    assert message is not None
    assert (message.sequence, message.findings, message.fixed) == (1, (OFF,), ())
    assert service_notification([OFF], notified=[OFF], last_sequence=1) is None


def test_new_finding_is_notified_together_with_open_ones() -> None:
    message = service_notification([OFF, DENIED], notified=[OFF], last_sequence=1)
    assert message is not None
    assert message.findings == (DENIED, OFF)
    assert message.sequence == 2


def test_fix_of_all_findings_is_notified_once() -> None:
    message = service_notification([], notified=[OFF, DENIED], last_sequence=2)
    assert message is not None
    assert (message.findings, message.fixed) == ((), (OFF, DENIED))
    assert service_notification([], notified=[], last_sequence=3) is None


def test_changed_finding_is_notified_and_not_reported_as_fixed() -> None:
    worse = replace(OFF, what="VDM was never on", severity=CRITICAL)
    message = service_notification([DENIED, worse], notified=[OFF, DENIED], last_sequence=2)
    assert message is not None
    assert message.findings == (worse, DENIED), "the worst first"
    assert message.fixed == ()
    assert message.severity is CRITICAL


def test_fixed_finding_is_listed_beside_a_new_one() -> None:
    paused = replace(DENIED, blocks_monitoring=False)
    message = service_notification([paused], notified=[OFF], last_sequence=1)
    assert message is not None
    assert (message.findings, message.fixed, message.unchecked) == ((paused,), (OFF,), ())


def test_finding_is_kept_open_while_its_source_is_unreadable() -> None:
    message = service_notification(
        [DENIED], notified=[OFF], last_sequence=1, unreadable_sources=BLIND
    )
    assert message is not None
    assert (message.findings, message.fixed, message.unchecked) == ((DENIED,), (), (OFF,))


def test_finding_is_reported_as_fixed_while_only_another_source_is_unreadable() -> None:
    message = service_notification(
        [DENIED], notified=[DENIED, OFF], last_sequence=1, unreadable_sources={FindingSource.RULES}
    )
    assert message is not None
    assert (message.findings, message.fixed, message.unchecked) == ((DENIED,), (OFF,), ())


def test_finding_without_a_source_is_kept_open_while_any_source_is_unreadable() -> None:
    assert (
        service_notification([], notified=[DENIED], last_sequence=1, unreadable_sources=BLIND)
        is None
    )
    assert service_notification([], notified=[DENIED], last_sequence=1) is not None


def test_transient_finding_is_not_notified() -> None:
    assert service_notification([OUTAGE], notified=[], last_sequence=0) is None


def test_fix_is_not_notified_while_a_transient_finding_hides_the_source() -> None:
    assert (
        service_notification([OUTAGE], notified=[OFF], last_sequence=1, unreadable_sources=BLIND)
        is None
    )
