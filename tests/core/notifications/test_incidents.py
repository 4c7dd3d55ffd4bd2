"""What is owed of one cause, from its first message to its last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from builders import (
    HOTMAIL,
    HOUR,
    NEWS,
    NO_CONTRIBUTORS,
    NOW,
    a_rule,
    breached,
    firing,
    healthy,
    unknown,
)
from hypothesis import given
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


def owed(
    alerts: Iterable[Alert],
    rules: Mapping[str, Rule] = RULES,
    verdicts: Mapping[AlertKey, Verdict] | None = None,
    attempts: Mapping[str, SendAttempt] | None = None,
    numbers: Mapping[str, int] | None = None,
    now: datetime = NOW,
) -> list[IncidentNotification]:
    return incident_notifications(
        alerts, rules, verdicts or {}, NO_CONTRIBUTORS, numbers or {}, attempts or {}, now
    )


def the_incident(
    *alerts: Alert, verdicts: dict[AlertKey, Verdict] | None = None
) -> IncidentNotification:
    (incident,) = owed(alerts, verdicts=verdicts)
    return incident


def test_alerts_of_two_rules_are_separate_incidents() -> None:
    other = replace(firing(HOTMAIL), rule="complaint-rate", incident=None)
    gathered = group_into_incidents([firing(), other], NO_CONTRIBUTORS, NOW)
    rules = {**RULES, "complaint-rate": a_rule("complaint-rate")}
    assert [one.rule_name for one in owed(gathered, rules)] == [
        "bounce-rate",
        "complaint-rate",
    ]


def test_incident_lists_new_alerts_before_those_still_firing() -> None:
    incident = the_incident(firing(told=WARNING), firing(HOTMAIL))
    assert incident.reason is Reason.FIRING
    assert [one.alert.scope for one in incident.affected] == [HOTMAIL, NEWS]


def test_notified_alert_that_is_pending_again_is_neither_resolved_nor_listed() -> None:
    waits = replace(firing(told=WARNING), state=Pending(WARNING, NOW))
    assert owed([waits]) == []
    (beside,) = owed([waits, firing(HOTMAIL)])
    assert [one.alert.scope for one in beside.affected] == [HOTMAIL]


def test_incident_reason_is_the_most_urgent_reason_of_its_alerts() -> None:
    incident = the_incident(firing(), firing(HOTMAIL, CRITICAL, told=WARNING))
    assert incident.reason is Reason.ESCALATED
    assert incident.severity is CRITICAL


def test_affected_scopes_are_ordered_by_account_then_senders_then_providers() -> None:
    everyone = [Scope(isp="Aol"), Scope(configuration_set="a"), NEWS, ACCOUNT]
    incident = the_incident(*(firing(scope) for scope in everyone))
    assert [one.alert.scope for one in incident.affected] == list(reversed(everyone))


def test_primary_scope_has_the_highest_rate_when_scopes_are_of_one_kind() -> None:
    quiet, loud = Scope(identity="a.example.com"), Scope(identity="z.example.com")
    verdicts: dict[AlertKey, Verdict] = {
        firing(quiet).key: breached("6%"),
        firing(loud).key: breached("8%"),
    }
    incident = the_incident(firing(quiet), firing(loud), verdicts=verdicts)
    assert incident.primary.alert.scope == loud


def test_incident_sequence_starts_at_one_and_follows_the_last_notification() -> None:
    assert the_incident(firing()).sequence == 1
    assert the_incident(firing(told=WARNING, sequence=4), firing(HOTMAIL)).sequence == 5


def test_resolved_incident_has_no_severity() -> None:
    over = replace(firing(told=CRITICAL), state=Ok())
    assert the_incident(over).severity is None


def test_incident_with_the_worst_severity_is_sent_first() -> None:
    bad = replace(firing(severity=CRITICAL), rule="z", incident="z-1")
    rules = {**RULES, "z": a_rule("z")}
    assert [one.id for one in owed([firing(HOTMAIL), bad], rules)] == [
        "z-1",
        "bounce-rate-20260312T0900Z",
    ]


def test_delivered_notification_records_the_start_and_the_send_time() -> None:
    alert = firing(since=NOW - HOUR)
    told = alert_when_delivered(the_incident(alert).primary, 1, NOW).last_notified
    assert told is not None
    assert (told.since, told.sent_at) == (NOW - HOUR, NOW)


def test_alert_without_a_readable_rule_is_notified_but_not_reminded() -> None:
    (incident,) = owed([firing()], {})
    assert (incident.rule_name, incident.indicator) == ("bounce-rate", Indicator.BOUNCE_RATE)
    long_ago = firing(told=WARNING, since=NOW - 30 * 24 * HOUR)
    assert owed([long_ago], {}) == []
    assert [one.reason for one in owed([long_ago])] == [Reason.REPEAT]


def test_alert_without_an_indicator_is_not_notified() -> None:
    assert owed([replace(firing(), indicator=None)]) == []


def test_incident_sequence_continues_when_the_last_notified_alert_has_left() -> None:
    stays = firing(told=WARNING, sequence=2)
    (incident,) = owed([stays, firing(HOTMAIL)], numbers={"bounce-rate-20260312T0900Z": 5})
    assert incident.sequence == 6


# What is not certain.


def test_unconfirmed_notification_keeps_its_sequence_when_it_is_sent_again() -> None:
    first = the_incident(firing())
    uncertain = alert_when_attempted(first.primary, NOW)
    tried = {first.id: SendAttempt(first.sequence, first.fingerprint)}
    (again,) = owed([uncertain], attempts=tried)
    assert (again.id, again.sequence, again.reason) == (first.id, 1, Reason.FIRING)


def test_changed_notification_gets_the_next_sequence_after_an_unconfirmed_one() -> None:
    first = the_incident(firing())
    tried = {first.id: SendAttempt(first.sequence, first.fingerprint)}
    worse = replace(alert_when_attempted(first.primary, NOW), state=firing(severity=CRITICAL).state)
    (again,) = owed([worse], attempts=tried)
    assert (again.sequence, again.reason) == (2, Reason.FIRING)


def test_resolution_is_due_after_an_unconfirmed_firing_notification() -> None:
    first = the_incident(firing())
    over = replace(alert_when_attempted(first.primary, NOW), state=Ok())
    tried = {first.id: SendAttempt(first.sequence, first.fingerprint)}
    (again,) = owed([over], attempts=tried)
    assert (again.sequence, again.reason) == (2, Reason.RESOLVED)


def test_firing_notification_is_due_after_an_unconfirmed_resolution() -> None:
    over = replace(firing(told=WARNING), state=Ok())
    uncertain = alert_when_attempted(the_incident(over).primary, NOW)
    assert reason_to_notify(uncertain) is Reason.RESOLVED
    assert reason_to_notify(replace(uncertain, state=firing().state)) is Reason.FIRING


def test_escalation_is_due_after_an_unconfirmed_deescalation() -> None:
    better = firing(told=CRITICAL)
    uncertain = alert_when_attempted(the_incident(better, firing(HOTMAIL)).affected[-1], NOW)
    assert uncertain.scope == NEWS
    assert (
        reason_to_notify(replace(uncertain, state=firing(severity=CRITICAL).state))
        is Reason.ESCALATED
    )


# Reminders.


@pytest.mark.parametrize(
    ("days", "is_due"), [(0.9, False), (1, True), (2.9, True), (3, True), (21, True)]
)
def test_firing_alert_is_repeated_from_one_day_after_its_notification(
    days: float, is_due: bool
) -> None:
    found = owed([firing(told=WARNING)], now=NOW + days * DAY)
    assert [one.reason for one in found] == ([Reason.REPEAT] if is_due else [])


def test_reminders_are_sent_after_1_3_and_7_days_and_then_every_7_days() -> None:
    alert, heard = firing(told=WARNING), []
    for hours in range(1, 30 * 24):
        now = NOW + hours * HOUR
        for incident in owed([alert], now=now):
            heard.append(hours / 24)
            alert = alert_when_delivered(incident.primary, incident.sequence, now)
    assert heard == [1, 3, 7, 14, 21, 28]


def test_remind_after_sets_when_and_whether_reminders_are_sent() -> None:
    for after, is_due in (((2 * HOUR,), True), ((), False)):
        rules = {"bounce-rate": a_rule(remind_after=after)}
        assert bool(owed([firing(told=WARNING)], rules, now=NOW + 2 * HOUR)) == is_due


def test_reminder_is_delayed_by_a_recent_notification() -> None:
    alert = firing(told=WARNING)
    assert alert.last_notified
    heard = replace(alert, last_notified=replace(alert.last_notified, sent_at=NOW + 25 * HOUR))
    assert owed([heard], now=NOW + 26 * HOUR) == []
    assert owed([heard], now=NOW + 72 * HOUR)


def test_reminder_covers_all_scopes_of_an_incident_in_one_notification() -> None:
    late = firing(HOTMAIL, told=WARNING, sequence=2, since=NOW + 5 * HOUR)
    alerts, heard = [firing(told=WARNING), late], []
    for hours in range(6, 80):
        now = NOW + hours * HOUR
        for incident in owed(alerts, now=now):
            heard.append(hours)
            alerts = [
                alert_when_delivered(one, incident.sequence, now) for one in incident.affected
            ]
    assert heard == [24, 72]


# Better, but not well.


def test_deescalation_is_reported_only_with_the_next_due_notification() -> None:
    better = firing(told=CRITICAL)
    assert owed([better]) == []
    with_news = the_incident(better, firing(HOTMAIL))
    assert {one.alert.scope: one.reason for one in with_news.affected} == {
        HOTMAIL: Reason.FIRING,
        NEWS: Reason.DEESCALATED,
    }
    (told,) = [one for one in with_news.affected if one.alert.scope == NEWS]
    assert reason_to_notify(alert_when_delivered(told, 2, NOW)) is None


def test_delivered_notification_records_the_reported_figures() -> None:
    alert = firing()
    lead = the_incident(alert, verdicts={alert.key: breached("6%")}).primary
    told = alert_when_delivered(lead, 1, NOW).last_notified
    assert told
    assert told.figures == ReportedFigures(Rate(600, 10_000), Window(3), NOW.date())


severities = st.sampled_from([WARNING, CRITICAL])
verdicts_seen = st.lists(
    st.one_of(
        severities.map(lambda severity: breached(severity=severity)),
        st.just(healthy()),
        st.just(unknown()),
    ),
    max_size=12,
)


def _told(history: Sequence[Verdict], lost: frozenset[int] = frozenset()) -> list[Reason]:
    """What people hear over *history*, one verdict an hour, where some messages get lost."""
    alert, heard = Alert("bounce-rate", NEWS, Indicator.BOUNCE_RATE), []
    for hour, verdict in enumerate(history):
        now = NOW + hour * HOUR
        (alert,) = group_into_incidents([advance(alert, verdict, RULE, now)], NO_CONTRIBUTORS, now)
        for incident in owed([alert], now=now):
            if hour not in lost:
                heard.append(incident.reason)
                alert = alert_when_delivered(incident.primary, incident.sequence, now)
        assert hour in lost or reason_to_notify(alert) in {None, Reason.DEESCALATED}, (
            "a delivered notice is owed again"
        )
    return heard


@given(verdicts_seen)
def test_notifications_are_never_repeated_and_never_escalate_after_a_resolution(
    history: list[Verdict],
) -> None:
    heard = _told(history)
    for before, after in pairwise(heard):
        assert (before, after) != (Reason.FIRING, Reason.FIRING)
        assert (before, after) != (Reason.RESOLVED, Reason.RESOLVED)
        assert (before, after) != (Reason.RESOLVED, Reason.ESCALATED)


@given(verdicts_seen)
def test_unknown_verdicts_do_not_change_the_notifications(history: list[Verdict]) -> None:
    known = [verdict for verdict in history if not isinstance(verdict, Unknown)]
    assert _told(history) == _told(known)


@given(verdicts_seen.filter(bool), st.frozensets(st.integers(0, 12)))
def test_persistent_breach_is_notified_whatever_was_lost_before(
    history: list[Verdict], lost: frozenset[int]
) -> None:
    ends = [*history, breached(severity=CRITICAL), breached(severity=CRITICAL)]
    last = len(ends) - 1
    heard = _told(ends, lost - {last})
    assert heard
    assert heard[-1] in {Reason.FIRING, Reason.ESCALATED}
