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

from vdm_alerts.core.alerts.alert import Alert, Key, Ok, Pending
from vdm_alerts.core.alerts.lifecycle import advance
from vdm_alerts.core.alerts.sequence import Attempt
from vdm_alerts.core.evaluation.revision import Ground
from vdm_alerts.core.evaluation.verdicts import Unknown, Verdict
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.affected import attempted, delivered
from vdm_alerts.core.notifications.grouping import group_into_incidents
from vdm_alerts.core.notifications.incidents import Incident, incidents
from vdm_alerts.core.notifications.reasons import Reason, due
from vdm_alerts.core.rules.rule import Rule

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
RULE = a_rule()
RULES = {"bounce-rate": RULE}
DAY = timedelta(days=1)


def owed(
    alerts: Iterable[Alert],
    rules: Mapping[str, Rule] = RULES,
    verdicts: Mapping[Key, Verdict] | None = None,
    attempts: Mapping[str, Attempt] | None = None,
    numbers: Mapping[str, int] | None = None,
    now: datetime = NOW,
) -> list[Incident]:
    return incidents(
        alerts, rules, verdicts or {}, NO_CONTRIBUTORS, numbers or {}, attempts or {}, now
    )


def the_incident(*alerts: Alert, verdicts: dict[Key, Verdict] | None = None) -> Incident:
    (incident,) = owed(alerts, verdicts=verdicts)
    return incident


def test_alerts_of_two_rules_are_two_incidents() -> None:
    other = replace(firing(HOTMAIL), rule="complaint-rate", incident=None)
    gathered = group_into_incidents([firing(), other], NO_CONTRIBUTORS, NOW)
    rules = {**RULES, "complaint-rate": a_rule("complaint-rate")}
    assert [one.rule for one in owed(gathered, rules)] == [
        "bounce-rate",
        "complaint-rate",
    ]


def test_a_message_lists_what_is_still_firing_beside_what_is_new() -> None:
    incident = the_incident(firing(told=WARNING), firing(HOTMAIL))
    assert incident.reason is Reason.FIRING
    assert [one.alert.scope for one in incident.affected] == [HOTMAIL, NEWS]


def test_what_is_broken_anew_and_waits_is_not_called_over() -> None:
    waits = replace(firing(told=WARNING), state=Pending(WARNING, NOW))
    assert owed([waits]) == []
    (beside,) = owed([waits, firing(HOTMAIL)])
    assert [one.alert.scope for one in beside.affected] == [HOTMAIL]


def test_the_most_urgent_reason_speaks_for_the_message() -> None:
    incident = the_incident(firing(), firing(HOTMAIL, CRITICAL, told=WARNING))
    assert incident.reason is Reason.ESCALATED
    assert incident.severity is CRITICAL


def test_the_account_leads_and_then_who_sends_and_then_where_to() -> None:
    everyone = [Scope(isp="Aol"), Scope(configuration_set="a"), NEWS, ACCOUNT]
    incident = the_incident(*(firing(scope) for scope in everyone))
    assert [one.alert.scope for one in incident.affected] == list(reversed(everyone))


def test_the_higher_rate_leads_among_equals() -> None:
    quiet, loud = Scope(identity="a.example.com"), Scope(identity="z.example.com")
    verdicts: dict[Key, Verdict] = {
        firing(quiet).key: breached("6%"),
        firing(loud).key: breached("8%"),
    }
    incident = the_incident(firing(quiet), firing(loud), verdicts=verdicts)
    assert incident.lead.alert.scope == loud


def test_the_first_message_of_an_incident_is_number_one_and_the_next_counts_on() -> None:
    assert the_incident(firing()).sequence == 1
    assert the_incident(firing(told=WARNING, sequence=4), firing(HOTMAIL)).sequence == 5


def test_an_incident_that_is_over_has_no_severity() -> None:
    over = replace(firing(told=CRITICAL), state=Ok())
    assert the_incident(over).severity is None


def test_the_worst_incident_is_told_first() -> None:
    bad = replace(firing(severity=CRITICAL), rule="z", incident="z-1")
    rules = {**RULES, "z": a_rule("z")}
    assert [one.id for one in owed([firing(HOTMAIL), bad], rules)] == [
        "z-1",
        "bounce-rate-20260312T0900Z",
    ]


def test_what_was_told_keeps_when_it_began() -> None:
    alert = firing(since=NOW - HOUR)
    told = delivered(the_incident(alert).lead, 1, NOW).told
    assert told is not None
    assert (told.since, told.at) == (NOW - HOUR, NOW)


def test_where_a_rule_cannot_be_read_what_it_found_is_told_and_nobody_is_reminded() -> None:
    (incident,) = owed([firing()], {})
    assert (incident.rule, incident.indicator) == ("bounce-rate", Indicator.BOUNCE_RATE)
    long_ago = firing(told=WARNING, since=NOW - 30 * 24 * HOUR)
    assert owed([long_ago], {}) == []
    assert [one.reason for one in owed([long_ago])] == [Reason.REPEAT]


def test_nobody_is_told_of_what_it_is_not_known_what_it_is_about() -> None:
    assert owed([replace(firing(), indicator=None)]) == []


def test_the_number_counts_on_where_who_was_told_last_has_left() -> None:
    stays = firing(told=WARNING, sequence=2)
    (incident,) = owed([stays, firing(HOTMAIL)], numbers={"bounce-rate-20260312T0900Z": 5})
    assert incident.sequence == 6


# What is not certain.


def test_a_message_of_which_nobody_knows_whether_it_went_out_keeps_its_number() -> None:
    first = the_incident(firing())
    uncertain = attempted(first.lead, NOW)
    tried = {first.id: Attempt(first.sequence, first.news)}
    (again,) = owed([uncertain], attempts=tried)
    assert (again.id, again.sequence, again.reason) == (first.id, 1, Reason.FIRING)


def test_other_news_after_it_has_the_next_number() -> None:
    first = the_incident(firing())
    tried = {first.id: Attempt(first.sequence, first.news)}
    worse = replace(attempted(first.lead, NOW), state=firing(severity=CRITICAL).state)
    (again,) = owed([worse], attempts=tried)
    assert (again.sequence, again.reason) == (2, Reason.FIRING)


def test_the_end_of_what_people_may_have_heard_of_is_owed() -> None:
    first = the_incident(firing())
    over = replace(attempted(first.lead, NOW), state=Ok())
    tried = {first.id: Attempt(first.sequence, first.news)}
    (again,) = owed([over], attempts=tried)
    assert (again.sequence, again.reason) == (2, Reason.RESOLVED)


def test_what_begins_anew_after_an_end_that_people_may_have_heard_of_is_owed() -> None:
    over = replace(firing(told=WARNING), state=Ok())
    uncertain = attempted(the_incident(over).lead, NOW)
    assert due(uncertain) is Reason.RESOLVED
    assert due(replace(uncertain, state=firing().state)) is Reason.FIRING


def test_a_rise_after_better_news_that_people_may_have_heard_of_is_owed() -> None:
    better = firing(told=CRITICAL)
    uncertain = attempted(the_incident(better, firing(HOTMAIL)).affected[-1], NOW)
    assert uncertain.scope == NEWS
    assert due(replace(uncertain, state=firing(severity=CRITICAL).state)) is Reason.ESCALATED


# Reminders.


@pytest.mark.parametrize(
    ("days", "is_due"), [(0.9, False), (1, True), (2.9, True), (3, True), (21, True)]
)
def test_people_are_reminded_of_what_goes_on(days: float, is_due: bool) -> None:
    found = owed([firing(told=WARNING)], now=NOW + days * DAY)
    assert [one.reason for one in found] == ([Reason.REPEAT] if is_due else [])


def test_reminders_come_after_1_3_7_and_then_every_7_days() -> None:
    alert, heard = firing(told=WARNING), []
    for hours in range(1, 30 * 24):
        now = NOW + hours * HOUR
        for incident in owed([alert], now=now):
            heard.append(hours / 24)
            alert = delivered(incident.lead, incident.sequence, now)
    assert heard == [1, 3, 7, 14, 21, 28]


def test_a_rule_says_when_people_are_reminded_and_whether() -> None:
    for after, is_due in (((2 * HOUR,), True), ((), False)):
        rules = {"bounce-rate": a_rule(remind_after=after)}
        assert bool(owed([firing(told=WARNING)], rules, now=NOW + 2 * HOUR)) == is_due


def test_who_has_just_heard_of_it_is_not_reminded() -> None:
    alert = firing(told=WARNING)
    assert alert.told
    heard = replace(alert, told=replace(alert.told, at=NOW + 25 * HOUR))
    assert owed([heard], now=NOW + 26 * HOUR) == []
    assert owed([heard], now=NOW + 72 * HOUR)


def test_a_reminder_is_one_message_whenever_each_of_its_scopes_began() -> None:
    late = firing(HOTMAIL, told=WARNING, sequence=2, since=NOW + 5 * HOUR)
    alerts, heard = [firing(told=WARNING), late], []
    for hours in range(6, 80):
        now = NOW + hours * HOUR
        for incident in owed(alerts, now=now):
            heard.append(hours)
            alerts = [delivered(one, incident.sequence, now) for one in incident.affected]
    assert heard == [24, 72]


# Better, but not well.


def test_what_is_no_longer_critical_is_said_in_the_next_message_that_goes_out_anyway() -> None:
    better = firing(told=CRITICAL)
    assert owed([better]) == []
    with_news = the_incident(better, firing(HOTMAIL))
    assert {one.alert.scope: one.reason for one in with_news.affected} == {
        HOTMAIL: Reason.FIRING,
        NEWS: Reason.DEESCALATED,
    }
    (told,) = [one for one in with_news.affected if one.alert.scope == NEWS]
    assert due(delivered(told, 2, NOW)) is None


def test_what_is_told_keeps_the_figures_that_it_was_told_with() -> None:
    alert = firing()
    lead = the_incident(alert, verdicts={alert.key: breached("6%")}).lead
    told = delivered(lead, 1, NOW).told
    assert told
    assert told.ground == Ground(Rate(600, 10_000), Window(3), NOW.date())


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
                alert = delivered(incident.lead, incident.sequence, now)
        assert hour in lost or due(alert) in {None, Reason.DEESCALATED}, (
            "a delivered notice is owed again"
        )
    return heard


@given(verdicts_seen)
def test_nothing_is_said_twice_and_nothing_but_news_is_said(history: list[Verdict]) -> None:
    heard = _told(history)
    for before, after in pairwise(heard):
        assert (before, after) != (Reason.FIRING, Reason.FIRING)
        assert (before, after) != (Reason.RESOLVED, Reason.RESOLVED)
        assert (before, after) != (Reason.RESOLVED, Reason.ESCALATED)


@given(verdicts_seen)
def test_unknown_verdicts_change_nothing_that_is_said(history: list[Verdict]) -> None:
    known = [verdict for verdict in history if not isinstance(verdict, Unknown)]
    assert _told(history) == _told(known)


@given(verdicts_seen.filter(bool), st.frozensets(st.integers(0, 12)))
def test_a_breach_that_stays_is_told_whatever_was_lost_before(
    history: list[Verdict], lost: frozenset[int]
) -> None:
    ends = [*history, breached(severity=CRITICAL), breached(severity=CRITICAL)]
    last = len(ends) - 1
    heard = _told(ends, lost - {last})
    assert heard
    assert heard[-1] in {Reason.FIRING, Reason.ESCALATED}
