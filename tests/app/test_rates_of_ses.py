"""Runs with the rates that SES itself reports."""

from collections.abc import Sequence

import pytest
from builders import HOUR, NEWS_IDENTITY, NOW, a_confidence_rule, a_rule
from fakes import World

from vdm_alerts.core.model.account import AccountStatus
from vdm_alerts.core.model.findings import AccessDeniedError, Finding, UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.model.rates import Indicator, SesRate

BOUNCES = Indicator.SES_BOUNCE_RATE
SES_RULE = a_rule("ses-bounce-rate", indicator=BOUNCES, scopes=frozenset({ACCOUNT.kind}))
COUNTED_RULE = a_confidence_rule(scopes=frozenset({ACCOUNT.kind, NEWS_IDENTITY.kind}))
CALL = "read rates of SES"
VDM_OFF = Finding("VDM", "VDM is off", "Turn it on")


@pytest.fixture
def world(world: World) -> World:
    """The world with a rule about the rate of SES, beside the one about the counts of VDM."""
    return world.set_rules(COUNTED_RULE, SES_RULE)


def report(world: World, *percentages: float, first_hour: int = 0) -> None:
    """Let SES report these rates, one an hour, from so many hours after NOW on."""
    history: Sequence[SesRate] = world.reputation.histories.get(BOUNCES, ())
    new = [
        SesRate(percentage / 100, NOW + (first_hour + number) * HOUR)
        for number, percentage in enumerate(percentages)
    ]
    world.reputation.histories = {BOUNCES: [*history, *new]}


def test_denied_permission_is_reported_once_and_the_run_continues(world: World) -> None:
    world.fail(CALL, AccessDeniedError("cloudwatch:GetMetricData"))
    world.set_bounces(ACCOUNT, 1_200)
    world.run()
    world.run(hours=1)
    incident, finding = world.notifier.sent
    assert "not allowed to call cloudwatch:GetMetricData" in finding.text
    assert "Allow cloudwatch:GetMetricData in the role of the function" in finding.text
    assert "the bounce rate that SES reports could not be read; estimate" in incident.text
    assert world.documents[0]["ses"] is None

    world.repair(CALL)
    world.run(hours=2)
    assert world.subjects[2:] == ["[RESOLVED] VDM Alerts: 1 problem fixed"]


def test_outage_of_cloudwatch_neither_fires_nor_resolves(world: World) -> None:
    report(world, 6)
    world.run()
    world.fail(CALL, UnavailableError("cloudwatch:GetMetricData", "Rate exceeded."))
    summary = world.run(hours=1)
    assert summary.alerts_warning == 1
    assert summary.unreadable == 1, "an outage is counted, for the alarm"
    assert len(world.notifier.sent) == 1


def test_rate_of_ses_is_monitored_while_vdm_is_off(world: World) -> None:
    world.account.current_status = AccountStatus(vdm_enabled=False, findings=[VDM_OFF])
    report(world, 6.2)
    world.run()
    assert world.series.asked == []
    assert world.subjects[0] == "[WARNING] SES bounce rate 6.2% (above 5%): whole account"
    assert "VDM is off" in world.notifier.sent[1].text
    document = world.documents[0]
    assert (document["rule"], document["indicator"]) == ("ses-bounce-rate", "ses_bounce_rate")
    assert document["ses"] == {"rate": 0.062, "reported_at": NOW.isoformat(), "fresh": True}
    assert document["estimate"] is None
    (affected,) = document["affected"]
    assert (affected["rate"], affected["reported_at"]) == (0.062, NOW.isoformat())
    assert [affected[name] for name in ("events", "volume", "window_days", "confidence")] == [
        None
    ] * 4


def test_rules_on_rates_of_ses_query_nothing_from_vdm(world: World) -> None:
    world.set_rules(SES_RULE)
    report(world, 2)
    summary = world.run()
    assert world.series.asked == []
    assert (summary.queries, summary.series_evaluated, summary.series_unknown) == (0, 1, 0)


def test_breach_of_both_rates_is_one_notification(world: World) -> None:
    world.set_bounces(ACCOUNT, 1_200)
    report(world, 6)
    world.run()
    (document,) = world.documents
    assert document["severity"] == "WARNING", "SES reports 6%, so 12% is not critical"
    rules = [(affected["indicator"], affected["rate"]) for affected in document["affected"]]
    assert rules == [("bounce_rate", 0.12), ("ses_bounce_rate", 0.06)]
    report(world, 11, first_hour=1)
    world.run(hours=1)
    assert world.documents[1]["severity"] == "CRITICAL"
    assert [document["id"] for document in world.documents] == [document["id"]] * 2


def test_sender_that_breaches_later_joins_the_incident_of_the_rate_of_ses(world: World) -> None:
    report(world, 6)
    world.run()
    world.set_bounces(NEWS_IDENTITY, 1_200)
    world.run(hours=1)
    first, second = world.documents
    assert second["id"] == first["id"]
    assert second["sequence"] == 2


def test_rate_of_ses_keeps_an_alert_open_when_vdm_counts_no_events_any_more(world: World) -> None:
    world.set_bounces(ACCOUNT, 1_200)
    report(world, *[6] * 3)
    world.run()
    world.set_bounces(ACCOUNT, 0)
    world.run(hours=1)
    assert world.run(hours=2).alerts_warning == 2
    assert len(world.notifier.sent) == 1


def test_rate_around_the_threshold_is_notified_once(world: World) -> None:
    report(world, *[5.0, 4.9] * 36)
    for hours in range(72):
        world.run(hours)
    reasons = [document["reason"] for document in world.documents]
    assert reasons == ["FIRING", "REPEAT"], "nothing but the reminder after a day"


def test_alert_is_resolved_after_a_day_below_the_threshold(world: World) -> None:
    report(world, 6, *[4] * 30)
    for hours in range(30):
        world.run(hours)
        assert len(world.documents) == (1 if hours < 25 else 2)
    assert world.documents[1]["reason"] == "RESOLVED"


def test_missing_rate_is_neither_zero_nor_a_failure(world: World) -> None:
    world.set_bounces(ACCOUNT, 1_200)
    summary = world.run()
    assert summary.series_unknown == 0
    assert "SES has reported no bounce rate in the last 14 days; estimate" in (
        world.notifier.sent[0].text
    )
    assert world.documents[0]["ses"] == {"rate": None, "reported_at": None, "fresh": False}


def test_stale_rate_keeps_an_open_alert(world: World) -> None:
    report(world, 6)
    world.run()
    summary = world.run(hours=24)
    assert (summary.alerts_warning, summary.series_unknown) == (1, 0)
    (reminder,) = world.notifier.sent[1:]
    assert "SES has reported no new rate for over a day" in reminder.text
    assert "the last notification reported 6% (2026-03-12 09:00 UTC)" in reminder.text


def test_complaints_of_ses_do_not_decide_about_bounces(world: World) -> None:
    world.set_bounces(ACCOUNT, 1_200)
    world.reputation.histories = {Indicator.SES_COMPLAINT_RATE: [SesRate(0.0001, NOW)]}
    world.run()
    assert world.documents[0]["severity"] == "CRITICAL"
