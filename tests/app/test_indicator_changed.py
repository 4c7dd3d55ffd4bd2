"""Alerts whose rule was changed to another indicator, and alerts stored without an indicator."""

from dataclasses import replace

import pytest
from builders import NEWS_IDENTITY, a_series
from fakes import World
from rule_texts import BOUNCE_RULE, INVALID_RULE, TRANSIENT_RULE

from vdm_alerts.app.notify import NotificationsUnsentError
from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Metric
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.muting.silences import Silences, parse_silence
from vdm_alerts.core.planning.queries import Query

CLOSED = "[CLOSED] Bounce rate no longer monitored: news.example.com"


@pytest.fixture
def changed(world: World) -> World:
    """A world in which a rule was changed after its alert was sent, with its end still due."""
    world.set_bounces(NEWS_IDENTITY, 600)
    world.write_rules({"bounce-rate": BOUNCE_RULE})
    world.run()
    world.notifier.confirmed = 0
    world.write_rules({"bounce-rate": TRANSIENT_RULE})
    world.run(hours=1)
    world.notifier.confirmed = 1
    return world


def test_alert_closes_under_its_former_indicator(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 1_200)
    world.write_rules({"bounce-rate": BOUNCE_RULE})
    world.run()

    world.write_rules({"bounce-rate": TRANSIENT_RULE})
    world.run(hours=1)
    world.run(hours=2)

    assert world.subjects[1:] == [CLOSED]
    reason = "Rule bounce-rate was changed and monitors another rate now."
    assert reason in world.notifier.sent[-1].text


@pytest.mark.parametrize(
    ("transient_bounces", "new_alerts"),
    [(100, []), (900, ["[WARNING] Transient bounce rate 9% (above 5%): news.example.com"])],
)
def test_closing_notification_stays_due_until_it_is_sent(
    world: World, transient_bounces: int, new_alerts: list[str]
) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.write_rules({"bounce-rate": BOUNCE_RULE})
    world.run()
    world.series.answers[Query(Metric.TRANSIENT_BOUNCE, NEWS_IDENTITY)] = a_series(
        transient_bounces
    )
    world.write_rules({"bounce-rate": TRANSIENT_RULE})
    world.fail("publish", UnavailableError("sns:Publish", "not now"))
    with pytest.raises(NotificationsUnsentError):
        world.run(hours=1)

    world.repair("publish")
    for hours in range(2, 5):
        world.run(hours)

    assert world.subjects[1:] == [*new_alerts, CLOSED]
    closed = world.documents[-1]
    assert closed["indicator"] == "bounce_rate"
    # No rule evaluates this indicator any more.
    assert closed["affected"][0]["events"] is None


def test_closing_notification_is_sent_once_when_the_changed_rule_becomes_invalid(
    changed: World,
) -> None:
    changed.write_rules({"bounce-rate": INVALID_RULE})
    changed.run(hours=2)
    changed.run(hours=3)

    assert [subject for subject in changed.subjects[1:] if "Rule" not in subject] == [CLOSED]


def test_closing_notification_is_sent_when_the_rules_are_unavailable(changed: World) -> None:
    changed.fail("read rules", UnavailableError("ssm:GetParametersByPath", "down"))

    changed.run(hours=2)

    assert changed.subjects[1] == CLOSED


def test_silenced_closing_notification_holds_back_no_new_alert(changed: World) -> None:
    text = 'identity = "news.example.com"\nuntil = 2026-03-12T18:00:00Z\nreason = "x"\nauthor = "y"'
    silence = parse_silence("moving", text, "/vdm-alerts/silences/moving")
    changed.silences.current = Silences([silence])
    changed.series.answers[Query(Metric.TRANSIENT_BOUNCE, ACCOUNT)] = a_series(2_000)

    changed.run(hours=2)
    assert changed.subjects[1:] == [
        "[CRITICAL] Transient bounce rate 20% (above 10%): whole account"
    ]

    changed.run(hours=9)
    assert changed.subjects[2] == CLOSED


def test_alert_stays_open_when_the_indicator_is_restored_before_the_closing_notification(
    changed: World,
) -> None:
    changed.write_rules({"bounce-rate": BOUNCE_RULE})

    summary = changed.run(hours=2)

    assert summary.alerts_warning == 1
    assert len(changed.notifier.sent) == 1


def test_new_indicator_does_not_inherit_the_flapping_of_the_former(world: World) -> None:
    for hours, bounces in enumerate((600, 100, 600, 100)):
        world.set_bounces(NEWS_IDENTITY, bounces)
        world.write_rules({"bounce-rate": BOUNCE_RULE})
        world.run(hours)

    world.write_rules({"bounce-rate": TRANSIENT_RULE})
    world.series.answers[Query(Metric.TRANSIENT_BOUNCE, NEWS_IDENTITY)] = a_series(900)
    world.run(hours=4)

    assert world.subjects[-1] == "[WARNING] Transient bounce rate 9% (above 5%): news.example.com"
    assert "Flapping" not in world.notifier.sent[-1].text
    assert {key.indicator for key in world.state.alerts} == {Indicator.TRANSIENT_BOUNCE_RATE}


def remove_indicators(world: World) -> None:
    """Make the state what an earlier version left, which did not store indicators of alerts."""
    state = world.state
    alerts = [replace(alert, indicator=None) for alert in state.alerts.values()]
    world.state = replace(state, alerts={alert.key: alert for alert in alerts})


def test_state_stored_without_an_indicator_gets_the_one_of_its_rule(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    remove_indicators(world)

    world.fail("read rules", UnavailableError("ssm:GetParametersByPath", "down"))
    world.run(hours=1)
    assert [*world.state.alerts] == [AlertKey("bounce-rate", NEWS_IDENTITY)]

    world.repair("read rules")
    world.run(hours=2)
    assert [*world.state.alerts] == [AlertKey("bounce-rate", NEWS_IDENTITY, Indicator.BOUNCE_RATE)]
    assert len(world.notifier.sent) == 1
    assert len(world.history) == 1


def test_state_stored_without_an_indicator_gets_the_one_of_its_stored_rule(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.write_rules({"bounce-rate": BOUNCE_RULE})
    world.run()
    remove_indicators(world)

    world.write_rules({"bounce-rate": TRANSIENT_RULE})
    world.run(hours=1)

    assert world.subjects[1:] == [CLOSED]
