from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from builders import HOTMAIL, HOUR, NEWS, NOW, a_rule, breached, firing, healthy, nobody, unknown
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.alerts import Alert, Key, Ok, advance
from vdm_alerts.core.findings import Finding
from vdm_alerts.core.metrics import ACCOUNT, Scope
from vdm_alerts.core.rules import Severity
from vdm_alerts.core.telling.notices import (
    Incident,
    Reason,
    delivered,
    due,
    gather,
    incidents,
    trouble,
)
from vdm_alerts.core.verdicts import Unknown, Verdict

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
RULES = {"bounce-rate": a_rule()}
OFF = Finding("VDM", "VDM is off", "Switch it on")
DENIED = Finding("ses:GetAccount", "AWS refused ses:GetAccount", "Allow it")
OUTAGE = Finding("SES", "SES is down", "Wait", passing=True)


def the_incident(*alerts: Alert, verdicts: dict[Key, Verdict] | None = None) -> Incident:
    (incident,) = incidents(alerts, RULES, verdicts or {}, nobody)
    return incident


def test_a_breach_nobody_was_told_of_is_owed() -> None:
    assert due(firing()) is Reason.FIRING


def test_what_was_told_is_not_owed_again() -> None:
    assert due(firing(told=WARNING)) is None


def test_a_rise_above_what_was_told_is_owed() -> None:
    assert due(firing(severity=CRITICAL, told=WARNING)) is Reason.ESCALATED


def test_a_fall_below_what_was_told_waits_for_the_next_message() -> None:
    assert due(firing(severity=WARNING, told=CRITICAL)) is None


def test_the_end_of_what_was_told_is_owed() -> None:
    assert due(replace(firing(told=WARNING), state=Ok())) is Reason.RESOLVED


def test_the_end_of_what_nobody_heard_of_is_not_worth_a_word() -> None:
    assert due(replace(firing(), state=Ok())) is None


def test_alerts_of_one_rule_that_begin_together_are_one_incident() -> None:
    alerts = [replace(firing(scope), incident=None) for scope in (NEWS, HOTMAIL, ACCOUNT)]
    gathered = gather(alerts, NOW)
    assert {alert.incident for alert in gathered} == {"bounce-rate-20260312T0900Z"}
    assert len(incidents(gathered, RULES, {}, nobody)) == 1


def test_an_alert_that_begins_later_joins_the_open_incident() -> None:
    late = replace(firing(HOTMAIL), incident=None)
    gathered = gather([firing(told=WARNING), late], NOW + HOUR)
    assert {alert.incident for alert in gathered} == {"bounce-rate-20260312T0900Z"}


def test_alerts_of_two_rules_are_two_incidents() -> None:
    other = replace(firing(HOTMAIL), rule="complaint-rate", incident=None)
    gathered = gather([firing(), other], NOW)
    rules = {**RULES, "complaint-rate": a_rule("complaint-rate")}
    assert [one.rule.name for one in incidents(gathered, rules, {}, nobody)] == [
        "bounce-rate",
        "complaint-rate",
    ]


def test_a_message_lists_what_is_still_firing_beside_what_is_new() -> None:
    incident = the_incident(firing(told=WARNING), firing(HOTMAIL))
    assert incident.reason is Reason.FIRING
    assert [one.alert.scope for one in incident.affected] == [HOTMAIL, NEWS]


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
        ("bounce-rate", quiet): breached("6%"),
        ("bounce-rate", loud): breached("8%"),
    }
    incident = the_incident(firing(quiet), firing(loud), verdicts=verdicts)
    assert incident.lead.alert.scope == loud


def test_the_first_message_of_an_incident_is_number_one_and_the_next_counts_on() -> None:
    assert the_incident(firing()).sequence == 1
    assert the_incident(firing(told=WARNING, sequence=4), firing(HOTMAIL)).sequence == 5


def test_a_message_that_was_not_delivered_keeps_its_id_and_number() -> None:
    first = the_incident(firing(told=WARNING, sequence=1), firing(HOTMAIL))
    again = the_incident(firing(told=WARNING, sequence=1), firing(HOTMAIL))
    assert (first.id, first.sequence) == (again.id, again.sequence)


def test_an_incident_that_is_over_has_no_severity() -> None:
    over = replace(firing(told=CRITICAL), state=Ok())
    assert the_incident(over).severity is None


def test_the_worst_incident_is_told_first() -> None:
    bad = replace(firing(severity=CRITICAL), rule="z", incident="z-1")
    rules = {**RULES, "z": a_rule("z")}
    assert [one.id for one in incidents([firing(HOTMAIL), bad], rules, {}, nobody)] == [
        "z-1",
        "bounce-rate-20260312T0900Z",
    ]


def test_what_was_told_keeps_when_it_began() -> None:
    alert = firing(since=NOW - HOUR)
    told = delivered(alert, the_incident(alert), NOW).told
    assert told is not None
    assert (told.since, told.at) == (NOW - HOUR, NOW)


def test_an_alert_whose_rule_cannot_be_read_waits_for_it() -> None:
    assert incidents([firing()], {}, {}, nobody) == []


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
    alert, heard = Alert("bounce-rate", NEWS), []
    for hour, verdict in enumerate(history):
        now = NOW + hour * HOUR
        (alert,) = gather([advance(alert, verdict, a_rule(), now)], now)
        for incident in incidents([alert], RULES, {}, nobody):
            if hour not in lost:
                heard.append(incident.reason)
                alert = delivered(alert, incident, now)
        assert hour in lost or due(alert) is None, "a delivered notice is owed again"
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


def test_something_new_that_is_wrong_with_the_service_is_told_once() -> None:
    message = trouble([OFF], told=[], told_sequence=0)
    assert message is not None
    assert (message.sequence, message.findings, message.gone) == (1, (OFF,), ())
    assert trouble([OFF], told=[OFF], told_sequence=1) is None


def test_what_else_goes_wrong_is_told_together_with_what_still_is() -> None:
    message = trouble([OFF, DENIED], told=[OFF], told_sequence=1)
    assert message is not None
    assert message.findings == (OFF, DENIED)
    assert message.sequence == 2


def test_that_all_is_well_again_is_told_once() -> None:
    message = trouble([], told=[OFF, DENIED], told_sequence=2)
    assert message is not None
    assert (message.findings, message.gone) == ((), (OFF, DENIED))
    assert trouble([], told=[], told_sequence=3) is None


def test_what_has_changed_is_news_and_not_called_gone() -> None:
    worse = replace(OFF, what="VDM was never on", severity=CRITICAL)
    message = trouble([DENIED, worse], told=[OFF, DENIED], told_sequence=2)
    assert message is not None
    assert message.findings == (worse, DENIED), "the worst first"
    assert message.gone == ()
    assert message.severity is CRITICAL


def test_what_is_gone_while_something_new_came_is_listed() -> None:
    paused = replace(DENIED, hinders=False)
    message = trouble([paused], told=[OFF], told_sequence=1)
    assert message is not None
    assert (message.findings, message.gone, message.kept) == ((paused,), (OFF,), ())


def test_nothing_is_called_gone_while_nobody_could_look() -> None:
    message = trouble([DENIED], told=[OFF], told_sequence=1)
    assert message is not None
    assert (message.findings, message.gone, message.kept) == ((DENIED,), (), (OFF,))


def test_a_passing_finding_is_told_to_nobody() -> None:
    assert trouble([OUTAGE], told=[], told_sequence=0) is None


def test_nothing_is_called_well_while_a_passing_finding_hides_the_rest() -> None:
    assert trouble([OUTAGE], told=[OFF], told_sequence=1) is None
