"""Which notifications about an incident are due, from the first to the last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from builders import (
    HOTMAIL,
    HOUR,
    NEWS_IDENTITY,
    NO_CONTRIBUTORS,
    NOW,
    a_rule,
    breached,
    firing,
    healthy,
    unknown,
)
from hypothesis import example, given
from hypothesis import strategies as st

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Ok, Pending
from vdm_alerts.core.alerts.lifecycle import advance
from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.evaluation.verdicts import Unknown, Verdict
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.affected import alert_when_attempted, alert_when_delivered
from vdm_alerts.core.notifications.grouping import group_into_incidents
from vdm_alerts.core.notifications.incidents import IncidentNotification, incident_notifications
from vdm_alerts.core.notifications.reasons import Reason, reason_to_notify
from vdm_alerts.core.rules.rule import Rule

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
RULE = a_rule()
RULES = {"bounce-rate": RULE}
DAY = timedelta(days=1)


def due_incidents(
    alerts: Iterable[Alert],
    rules: Mapping[str, Rule] = RULES,
    verdicts: Mapping[AlertKey, Verdict] | None = None,
    attempts: Mapping[str, SendAttempt] | None = None,
    sequences: Mapping[str, int] | None = None,
    now: datetime = NOW,
) -> list[IncidentNotification]:
    return incident_notifications(
        alerts, rules, verdicts or {}, NO_CONTRIBUTORS, sequences or {}, attempts or {}, now
    )


def due_reasons(
    alerts: Iterable[Alert], rules: Mapping[str, Rule] = RULES, now: datetime = NOW
) -> list[Reason]:
    return [incident.reason for incident in due_incidents(alerts, rules, now=now)]


def the_due_incident(
    *alerts: Alert, verdicts: dict[AlertKey, Verdict] | None = None
) -> IncidentNotification:
    (incident,) = due_incidents(alerts, verdicts=verdicts)
    return incident


def test_alerts_of_two_rules_are_separate_incidents() -> None:
    other = replace(firing(HOTMAIL), rule="complaint-rate", incident=None)
    grouped = group_into_incidents([firing(), other], NO_CONTRIBUTORS, (), NOW)
    rules = {**RULES, "complaint-rate": a_rule("complaint-rate")}
    assert [incident.rule_name for incident in due_incidents(grouped, rules)] == [
        "bounce-rate",
        "complaint-rate",
    ]


def test_incident_lists_new_alerts_before_those_still_firing() -> None:
    incident = the_due_incident(firing(notified=WARNING), firing(HOTMAIL))
    assert incident.reason is Reason.FIRING
    assert [affected.alert.scope for affected in incident.affected] == [HOTMAIL, NEWS_IDENTITY]


def test_notified_alert_that_is_pending_again_is_neither_resolved_nor_listed() -> None:
    pending = replace(firing(notified=WARNING), state=Pending(WARNING, NOW))
    assert due_incidents([pending]) == []
    (incident,) = due_incidents([pending, firing(HOTMAIL)])
    assert [affected.alert.scope for affected in incident.affected] == [HOTMAIL]


def test_incident_reason_is_the_most_urgent_reason_of_its_alerts() -> None:
    incident = the_due_incident(firing(), firing(HOTMAIL, CRITICAL, notified=WARNING))
    assert incident.reason is Reason.ESCALATED
    assert incident.severity is CRITICAL


def test_affected_scopes_are_ordered_by_account_then_senders_then_providers() -> None:
    scopes = [Scope(isp="Aol"), Scope(configuration_set="a"), NEWS_IDENTITY, ACCOUNT]
    incident = the_due_incident(*(firing(scope) for scope in scopes))
    assert [affected.alert.scope for affected in incident.affected] == list(reversed(scopes))


def test_primary_scope_has_the_highest_rate_when_scopes_are_of_one_kind() -> None:
    lower, higher = Scope(identity="a.example.com"), Scope(identity="z.example.com")
    verdicts: dict[AlertKey, Verdict] = {
        firing(lower).key: breached("6%"),
        firing(higher).key: breached("8%"),
    }
    incident = the_due_incident(firing(lower), firing(higher), verdicts=verdicts)
    assert incident.primary.alert.scope == higher


def test_incident_sequence_starts_at_one_and_follows_the_last_notification() -> None:
    assert the_due_incident(firing()).sequence == 1
    assert the_due_incident(firing(notified=WARNING, sequence=4), firing(HOTMAIL)).sequence == 5


def test_resolved_incident_has_no_severity() -> None:
    resolved = replace(firing(notified=CRITICAL), state=Ok())
    assert the_due_incident(resolved).severity is None


def test_incident_with_the_worst_severity_is_sent_first() -> None:
    critical = replace(firing(severity=CRITICAL), rule="z", incident="z-1")
    rules = {**RULES, "z": a_rule("z")}
    assert [incident.id for incident in due_incidents([firing(HOTMAIL), critical], rules)] == [
        "z-1",
        "bounce-rate-20260312T0900Z",
    ]


def test_delivered_notification_records_the_start_and_the_send_time() -> None:
    alert = firing(since=NOW - HOUR)
    last_notified = alert_when_delivered(the_due_incident(alert).primary, 1, NOW).last_notified
    assert last_notified is not None
    assert (last_notified.since, last_notified.sent_at) == (NOW - HOUR, NOW)


def test_alert_without_a_readable_rule_is_notified_but_not_reminded() -> None:
    (incident,) = due_incidents([firing()], {})
    assert (incident.rule_name, incident.indicator) == ("bounce-rate", Indicator.BOUNCE_RATE)
    long_ago = firing(notified=WARNING, since=NOW - 30 * 24 * HOUR)
    assert due_incidents([long_ago], {}) == []
    assert due_reasons([long_ago]) == [Reason.REPEAT]


def test_alert_without_an_indicator_is_not_notified() -> None:
    assert due_incidents([replace(firing(), indicator=None)]) == []


def test_incident_sequence_continues_when_the_last_notified_alert_has_left() -> None:
    remaining = firing(notified=WARNING, sequence=2)
    (incident,) = due_incidents(
        [remaining, firing(HOTMAIL)], sequences={"bounce-rate-20260312T0900Z": 5}
    )
    assert incident.sequence == 6


# Notifications whose delivery is unconfirmed.


def test_unconfirmed_notification_keeps_its_sequence_when_it_is_sent_again() -> None:
    first = the_due_incident(firing())
    uncertain = alert_when_attempted(first.primary, NOW)
    attempts = {first.id: SendAttempt(first.sequence, first.fingerprint)}
    (again,) = due_incidents([uncertain], attempts=attempts)
    assert (again.id, again.sequence, again.reason) == (first.id, 1, Reason.FIRING)


def test_notification_saved_as_delivered_for_some_alerts_keeps_its_sequence() -> None:
    """The deliveries of very many alerts are saved in several transactions."""
    first = the_due_incident(firing(), firing(HOTMAIL))
    saved, unsaved = (
        alert_when_delivered(first.affected[0], first.sequence, NOW),
        alert_when_attempted(first.affected[1], NOW),
    )
    attempts = {first.id: SendAttempt(first.sequence, first.fingerprint)}
    (again,) = due_incidents([saved, unsaved], attempts=attempts)
    assert (again.id, again.sequence) == (first.id, first.sequence)
    escalated = replace(saved, state=firing(saved.scope, CRITICAL).state)
    (changed,) = due_incidents([escalated, unsaved], attempts=attempts)
    assert changed.sequence == first.sequence + 1


def test_escalation_saved_as_delivered_for_some_alerts_keeps_its_sequence() -> None:
    """The alert that was not saved has the number of a notification before this one."""
    alerts = [
        firing(severity=CRITICAL, notified=WARNING),
        firing(HOTMAIL, CRITICAL, notified=WARNING),
    ]
    first = the_due_incident(*alerts)
    saved, unsaved = (
        alert_when_delivered(first.affected[0], first.sequence, NOW),
        alert_when_attempted(first.affected[1], NOW),
    )
    attempts = {first.id: SendAttempt(first.sequence, first.fingerprint)}
    (again,) = due_incidents([saved, unsaved], attempts=attempts)
    assert (first.sequence, again.sequence) == (2, 2)
    assert again.reason is Reason.ESCALATED


def test_notification_after_one_that_all_alerts_have_stored_gets_the_next_sequence() -> None:
    """The save stopped before the item of the incident, which still has the attempt."""
    first = the_due_incident(firing(), firing(HOTMAIL))
    saved = [alert_when_delivered(scope, first.sequence, NOW) for scope in first.affected]
    attempts = {first.id: SendAttempt(first.sequence, first.fingerprint)}
    (reminder,) = due_incidents(saved, attempts=attempts, now=NOW + 30 * DAY)
    assert (reminder.sequence, reminder.reason) == (first.sequence + 1, Reason.REPEAT)


def test_changed_notification_gets_the_next_sequence_after_an_unconfirmed_one() -> None:
    first = the_due_incident(firing())
    attempts = {first.id: SendAttempt(first.sequence, first.fingerprint)}
    worse = replace(alert_when_attempted(first.primary, NOW), state=firing(severity=CRITICAL).state)
    (again,) = due_incidents([worse], attempts=attempts)
    assert (again.sequence, again.reason) == (2, Reason.FIRING)


def test_resolution_is_due_after_an_unconfirmed_firing_notification() -> None:
    first = the_due_incident(firing())
    resolved = replace(alert_when_attempted(first.primary, NOW), state=Ok())
    attempts = {first.id: SendAttempt(first.sequence, first.fingerprint)}
    (again,) = due_incidents([resolved], attempts=attempts)
    assert (again.sequence, again.reason) == (2, Reason.RESOLVED)


def test_firing_notification_is_due_after_an_unconfirmed_resolution() -> None:
    resolved = replace(firing(notified=WARNING), state=Ok())
    uncertain = alert_when_attempted(the_due_incident(resolved).primary, NOW)
    assert reason_to_notify(uncertain) is Reason.RESOLVED
    assert reason_to_notify(replace(uncertain, state=firing().state)) is Reason.FIRING


def test_escalation_is_due_after_an_unconfirmed_deescalation() -> None:
    better = firing(notified=CRITICAL)
    uncertain = alert_when_attempted(the_due_incident(better, firing(HOTMAIL)).affected[-1], NOW)
    assert uncertain.scope == NEWS_IDENTITY
    assert (
        reason_to_notify(replace(uncertain, state=firing(severity=CRITICAL).state))
        is Reason.ESCALATED
    )


# Reminders.


@pytest.mark.parametrize(
    ("days", "reasons"),
    [
        (0.9, []),
        (1, [Reason.REPEAT]),
        (2.9, [Reason.REPEAT]),
        (3, [Reason.REPEAT]),
        (21, [Reason.REPEAT]),
    ],
)
def test_firing_alert_is_repeated_from_one_day_after_its_notification(
    days: float, reasons: list[Reason]
) -> None:
    assert due_reasons([firing(notified=WARNING)], now=NOW + days * DAY) == reasons


def test_reminders_are_sent_after_1_3_and_7_days_and_then_every_7_days() -> None:
    alert, reminder_days = firing(notified=WARNING), []
    for hours in range(1, 30 * 24):
        now = NOW + hours * HOUR
        for incident in due_incidents([alert], now=now):
            reminder_days.append(hours / 24)
            alert = alert_when_delivered(incident.primary, incident.sequence, now)
    assert reminder_days == [1, 3, 7, 14, 21, 28]


@pytest.mark.parametrize(("remind_after", "reasons"), [((2 * HOUR,), [Reason.REPEAT]), ((), [])])
def test_remind_after_sets_when_and_whether_reminders_are_sent(
    remind_after: tuple[timedelta, ...], reasons: list[Reason]
) -> None:
    rules = {"bounce-rate": a_rule(remind_after=remind_after)}
    assert due_reasons([firing(notified=WARNING)], rules, now=NOW + 2 * HOUR) == reasons


def test_reminder_is_delayed_by_a_recent_notification() -> None:
    alert = firing(notified=WARNING)
    assert alert.last_notified is not None
    recent = replace(alert, last_notified=replace(alert.last_notified, sent_at=NOW + 25 * HOUR))
    assert due_reasons([recent], now=NOW + 26 * HOUR) == []
    assert due_reasons([recent], now=NOW + 72 * HOUR) == [Reason.REPEAT]


def test_reminder_covers_all_scopes_of_an_incident_in_one_notification() -> None:
    late = firing(HOTMAIL, notified=WARNING, sequence=2, since=NOW + 5 * HOUR)
    alerts, reminder_hours = [firing(notified=WARNING), late], []
    for hours in range(6, 80):
        now = NOW + hours * HOUR
        for incident in due_incidents(alerts, now=now):
            reminder_hours.append(hours)
            alerts = [
                alert_when_delivered(affected, incident.sequence, now)
                for affected in incident.affected
            ]
    assert reminder_hours == [24, 72]


# Lower severities.


def test_deescalation_is_reported_only_with_the_next_due_notification() -> None:
    better = firing(notified=CRITICAL)
    assert due_incidents([better]) == []
    incident = the_due_incident(better, firing(HOTMAIL))
    assert {affected.alert.scope: affected.reason for affected in incident.affected} == {
        HOTMAIL: Reason.FIRING,
        NEWS_IDENTITY: Reason.DEESCALATED,
    }
    (news,) = [affected for affected in incident.affected if affected.alert.scope == NEWS_IDENTITY]
    assert reason_to_notify(alert_when_delivered(news, 2, NOW)) is None


def test_delivered_notification_records_the_reported_figures() -> None:
    alert = firing()
    primary = the_due_incident(alert, verdicts={alert.key: breached("6%")}).primary
    last_notified = alert_when_delivered(primary, 1, NOW).last_notified
    assert last_notified is not None
    assert last_notified.figures == ReportedFigures(Rate(600, 10_000), Window(3), NOW.date())


severities = st.sampled_from([WARNING, CRITICAL])
verdict_histories = st.lists(
    st.one_of(
        severities.map(lambda severity: breached(severity=severity)),
        st.just(healthy()),
        st.just(unknown()),
    ),
    max_size=12,
)


ALLOWED_PAIRS = {
    (Reason.FIRING, Reason.ESCALATED),
    (Reason.FIRING, Reason.RESOLVED),
    (Reason.ESCALATED, Reason.RESOLVED),
    (Reason.RESOLVED, Reason.FIRING),
}
"""The reasons of two notifications in succession about one alert."""


def notified_reasons(
    history: Sequence[Verdict], lost: frozenset[int] = frozenset()
) -> list[Reason]:
    """Return the delivered reasons for *history*, one verdict an hour.

    Nothing is delivered in the hours that are *lost*.
    """
    alert, reasons = Alert("bounce-rate", NEWS_IDENTITY, Indicator.BOUNCE_RATE), []
    for hour, verdict in enumerate(history):
        now = NOW + hour * HOUR
        (alert,) = group_into_incidents(
            [advance(alert, verdict, RULE, now)], NO_CONTRIBUTORS, (), now
        )
        for incident in due_incidents([alert], now=now):
            if hour not in lost:
                reasons.append(incident.reason)
                alert = alert_when_delivered(incident.primary, incident.sequence, now)
        if hour not in lost:
            assert reason_to_notify(alert) in {None, Reason.DEESCALATED}, (
                "a delivered notification is due again"
            )
    return reasons


@given(verdict_histories)
@example([breached(), breached(severity=CRITICAL), healthy(), breached()])
def test_notifications_are_never_repeated_and_never_escalate_after_a_resolution(
    history: list[Verdict],
) -> None:
    assert {*pairwise(notified_reasons(history))} <= ALLOWED_PAIRS


def test_rise_resolution_and_return_of_a_breach_are_notified_in_order() -> None:
    history: list[Verdict] = [breached(), breached(severity=CRITICAL), healthy(), breached()]
    assert notified_reasons(history) == [
        Reason.FIRING,
        Reason.ESCALATED,
        Reason.RESOLVED,
        Reason.FIRING,
    ]


@given(verdict_histories, st.data())
def test_unknown_verdicts_do_not_change_the_notifications(
    history: list[Verdict], data: st.DataObject
) -> None:
    known = [verdict for verdict in history if not isinstance(verdict, Unknown)]
    position = data.draw(st.integers(0, len(history)))
    with_unknown = [*history[:position], unknown(), *history[position:]]
    assert notified_reasons(with_unknown) == notified_reasons(known)


@given(verdict_histories.filter(bool), st.frozensets(st.integers(0, 12)))
def test_persistent_breach_is_notified_whatever_was_lost_before(
    history: list[Verdict], lost: frozenset[int]
) -> None:
    persistent = [*history, breached(severity=CRITICAL), breached(severity=CRITICAL)]
    last = len(persistent) - 1
    reasons = notified_reasons(persistent, lost - {last})
    assert reasons[-1] in {Reason.FIRING, Reason.ESCALATED}
