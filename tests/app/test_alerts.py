"""The life of an alert over several runs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import HOTMAIL, HOUR, NEWS_IDENTITY, NOW, a_confidence_rule, a_rule, a_series
from fakes import World

from vdm_alerts.app.notify import NotificationsUnsentError
from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.model.account import AccountStatus
from vdm_alerts.core.model.findings import Finding, UnavailableError
from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Series
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.rules.rule import MissingData

PAUSED = Finding("enforcement", "Paused", "Appeal", severity=Severity.CRITICAL)

CLOSED = "[CLOSED] No email for 3 days, bounce rate unknown: news.example.com"


def test_healthy_account_gets_no_notification(world: World) -> None:
    summary = world.run()

    assert world.notifier.sent == []
    assert (summary.alerts_warning, summary.notifications_sent, summary.series_unknown) == (0, 0, 0)
    # The account, one identity, ten mailbox providers and the rest.
    assert summary.series_evaluated == 2 + len(KNOWN_ISPS) + 1


def test_alert_is_notified_once_and_then_only_when_it_changes(world: World) -> None:
    for hours, bounces in enumerate((600, 600, 700, 1_200, 600, 100, 100)):
        world.set_bounces(NEWS_IDENTITY, bounces)
        world.run(hours)

    assert world.subjects == [
        "[WARNING] Bounce rate 6% (above 5%): news.example.com",
        "[CRITICAL] Bounce rate rose to 12% (above 10%): news.example.com",
        "[RESOLVED] Bounce rate 1% (below 5%): news.example.com",
    ]


def test_resolved_alert_is_forgotten_after_15_days(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    world.set_bounces(NEWS_IDENTITY, 100)
    world.run(hours=1)
    (resolved,) = world.state.alerts.values()
    assert not resolved.is_active
    assert resolved.resolved_at == (NOW + HOUR,)

    world.run(hours=24 * 15)

    assert world.state.alerts == {}
    assert world.state.last_run == NOW + 15 * 24 * HOUR


def test_incident_of_several_scopes_is_one_message(world: World) -> None:
    for scope in (ACCOUNT, NEWS_IDENTITY, HOTMAIL):
        world.set_bounces(scope, 600)

    summary = world.run()

    assert (summary.alerts_warning, summary.notifications_sent) == (3, 1)


def test_alert_stays_open_when_the_volume_is_too_low(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 1_200)
    world.run()
    world.set_bounces(NEWS_IDENTITY, 90, of=180)

    summary = world.run(hours=1)

    assert (summary.alerts_critical, summary.series_unknown) == (1, 0)
    assert len(world.notifier.sent) == 1


def test_hold_begins_at_once_when_it_was_to_begin_before_the_clock_was_set_back(
    world: World,
) -> None:
    """A run with a later clock has saved the alert, and died before it saved its own time."""
    world.set_bounces(NEWS_IDENTITY, 600)
    world.set_rules(a_rule(hold=2 * HOUR)).run(hours=5)
    world.state = replace(world.state, last_run=NOW)

    world.run(hours=1)
    world.run(hours=2)
    assert world.notifier.sent == []
    world.run(hours=3)

    assert world.subjects == ["[WARNING] Bounce rate 6% (above 5%): news.example.com"]


def test_alert_resolves_when_the_threshold_is_raised_above_its_rate(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 900)
    for hours, warning in enumerate(("5%", "8%", "8%")):
        world.set_rules(a_confidence_rule(warning=warning, critical=None)).run(hours)
        assert world.subjects == ["[WARNING] Bounce rate 9% (above 5%): news.example.com"]

    world.set_rules(a_confidence_rule(warning="11%", critical=None)).run(hours=3)

    assert world.subjects[1:] == ["[RESOLVED] Bounce rate 9% (below 11%): news.example.com"]


def test_resolved_alert_is_not_notified_again_when_the_threshold_is_raised(world: World) -> None:
    rule = a_confidence_rule(scopes=frozenset({()}))
    for day in range(9):
        ending = NOW.date() + timedelta(days=day)
        bad_days, good_days = min(day + 1, 4), max(0, day - 3)
        for metric, bad, good in (
            (Metric.SEND, 10_000, 10_000),
            (Metric.PERMANENT_BOUNCE, 980, 100),
        ):
            counts = [bad] * bad_days + [good] * good_days
            world.series.answers[Query(metric, ACCOUNT)] = a_series(*counts, ending=ending)
        world.set_rules(rule).run(hours=24 * day)
    before = world.subjects
    assert len(before) > 1

    raised = replace(rule, thresholds=a_confidence_rule(warning="5.5%").thresholds)
    world.set_rules(raised).run(hours=24 * 8 + 1)

    assert world.subjects == before


def test_recovering_alert_that_was_never_sent_is_notified_only_when_resolved(
    world: World,
) -> None:
    world.set_rules(a_rule(clear_after=10 * HOUR))
    world.set_bounces(NEWS_IDENTITY, 600)
    world.fail("publish", UnavailableError("sns:Publish", "not now"))
    with pytest.raises(NotificationsUnsentError):
        world.run()
    world.repair("publish")
    world.set_bounces(NEWS_IDENTITY, 100)

    for hours in range(1, 11):
        world.run(hours)
        assert world.notifier.sent == []
    world.run(hours=11)

    assert world.subjects == ["[RESOLVED] Bounce rate 1% (below 5%): news.example.com"]


def test_reminder_leads_with_a_firing_scope_before_a_recovering_one(world: World) -> None:
    world.set_rules(a_rule(clear_after=48 * HOUR))
    world.set_bounces(ACCOUNT, 600)
    world.set_bounces(NEWS_IDENTITY, 1_500)
    world.run()
    world.set_bounces(NEWS_IDENTITY, 0)
    world.run(hours=1)

    world.run(hours=24)

    assert world.subjects[1:] == ["[WARNING] Bounce rate still 6% (above 5%): whole account"]
    recovering = "Below the threshold, not yet resolved:\n- news.example.com (identity): 0%"
    assert recovering in world.notifier.sent[-1].text


def test_paused_account_gets_no_reminders(world: World) -> None:
    world.set_bounces(ACCOUNT, 600)
    world.run()
    world.series.answers.clear()
    paused = Finding("VDM", "SES has paused it", "Turn it on", blocks_monitoring=False)
    world.account.current_status = AccountStatus(
        vdm_enabled=True, may_send=False, findings=[paused]
    )

    for hours in range(72, 400, 6):
        assert world.run(hours).alerts_warning == 1

    assert world.subjects == [
        "[WARNING] Bounce rate 6% (above 5%): whole account",
        "[WARNING] SES has paused it, and 1 more problem",
    ]


def test_alert_stays_open_when_the_account_may_not_send(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    del world.series.answers[Query(Metric.SEND, NEWS_IDENTITY)]
    world.account.current_status = AccountStatus(
        vdm_enabled=True, may_send=False, findings=[PAUSED]
    )

    summary = world.run(hours=1)

    assert summary.alerts_warning == 1
    assert world.subjects[1].startswith("[CRITICAL] Paused")


def test_alert_stays_open_when_the_account_sends_no_email(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    world.series.answers = {}

    summary = world.run(hours=1)

    assert summary.alerts_warning == 1
    assert [subject.split("]")[0] for subject in world.subjects] == ["[WARNING", "[WARNING"]


def test_alert_closes_when_its_scope_sends_no_email(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    del world.series.answers[Query(Metric.SEND, NEWS_IDENTITY)]

    summary = world.run(hours=1)

    assert summary.alerts_warning == 0
    assert world.subjects[1] == CLOSED
    assert [document["reason"] for document in world.documents] == ["FIRING", "CLOSED"]


def test_scopes_without_email_are_listed_as_closed_and_not_as_resolved(world: World) -> None:
    world.set_bounces(ACCOUNT, 600)
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    world.set_bounces(ACCOUNT, 10)
    del world.series.answers[Query(Metric.SEND, NEWS_IDENTITY)]
    world.run(hours=72)

    reasons = {
        each["scope"].get("EMAIL_IDENTITY"): each["reason"]
        for each in world.documents[-1]["affected"]
    }
    assert reasons == {None: "REVISED", "news.example.com": "CLOSED"}
    assert "Also closed, rate unknown:\n- news.example.com" in world.notifier.sent[-1].text


def test_closed_alert_is_forgotten_after_24_days(world: World) -> None:
    world.set_rules(a_confidence_rule())
    world.set_bounces(NEWS_IDENTITY, 2_000)
    world.run()
    days = [NOW.date() + timedelta(days=day) for day in range(20)]
    for scope in (ACCOUNT, Scope(isp="Gmail")):
        world.series.answers[Query(Metric.SEND, scope)] = Series(dict.fromkeys(days, 10_000))
    world.series.answers[Query(Metric.SEND, NEWS_IDENTITY)] = Series({})

    world.run(hours=24 * 9)
    assert world.subjects[-1] == CLOSED.replace("3 days", "7 days")
    assert [key.scope for key in world.state.alerts] == [NEWS_IDENTITY]
    world.run(hours=24 * 24)

    assert world.state.alerts == {}


def test_alert_closes_when_its_identity_is_deleted(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    world.account.senders = []
    world.series.answers = {
        query: series for query, series in world.series.answers.items() if query.scope == ACCOUNT
    }

    summary = world.run(hours=1)

    assert summary.alerts_warning == 0
    assert world.subjects[1].startswith(CLOSED)


def test_closing_notification_says_that_the_identity_was_deleted(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    world.account.senders = ()

    world.run(hours=30)

    closing = world.notifier.sent[-1].text
    assert "Identity news.example.com was deleted from this account" in closing
    assert world.state.alerts == {}


def test_missing_email_is_notified_for_past_senders_when_the_rule_asks_for_it(
    world: World,
) -> None:
    scopes = frozenset({(Dimension.IDENTITY,)})
    world.set_rules(
        a_confidence_rule(windows=(2,), scopes=scopes, missing_data=MissingData.BREACHING)
    )
    world.account.senders = [NEWS_IDENTITY, Scope(identity="never.example.com")]
    world.series.answers[Query(Metric.SEND, NEWS_IDENTITY)] = a_series(9, 0, 0, 0)
    world.series.answers[Query(Metric.PERMANENT_BOUNCE, NEWS_IDENTITY)] = a_series(0)

    world.run()

    assert world.subjects == ["[WARNING] No email for 2 days: news.example.com"]
    (message,) = world.notifier.sent
    assert "Check whether the application that sends this email still runs" in message.text
    assert "never.example.com" not in message.text


def test_rule_for_identities_only_is_evaluated_in_the_first_run(world: World) -> None:
    world.set_rules(a_confidence_rule(scopes=frozenset({(Dimension.IDENTITY,)})))
    world.set_bounces(NEWS_IDENTITY, 900)

    world.run()

    assert world.subjects == ["[WARNING] Bounce rate 9% (above 5%): news.example.com"]


def test_transitions_are_stored_with_their_explanation(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    world.set_bounces(NEWS_IDENTITY, 100)
    world.run(hours=1)

    fired, resolved = world.history
    assert (fired["before"], fired["after"]) == ("Ok", "Firing WARNING")
    assert (resolved["before"], resolved["after"]) == ("Firing WARNING", "Ok")
    assert fired["at"] == NOW.isoformat()
    assert resolved["at"] == (NOW + HOUR).isoformat()
    explanation = "600 of 10,000 emails bounced permanently in the last 3 days (6%)"
    assert fired["why"].startswith(explanation)
    for item in (fired, resolved):
        assert (item["rule"], item["indicator"]) == ("bounce-rate", "bounce_rate")
        assert item["scope"] == {Dimension.IDENTITY.value: NEWS_IDENTITY.identity}
    assert [*world.state.alerts] == [AlertKey("bounce-rate", NEWS_IDENTITY, Indicator.BOUNCE_RATE)]
