"""Alerts whose rule was deleted, or changed so that it no longer covers their scope."""

from dataclasses import replace

import pytest
from builders import NEWS_IDENTITY, TARGET, a_rule
from fakes import World
from rule_texts import (
    BOUNCE_RULE,
    BOUNCE_RULE_WITHOUT_NEWS,
    HIGHER_BOUNCE_RULE,
    TRANSIENT_RULE,
)

from vdm_alerts.app.notify import NotificationsUnsentError
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope
from vdm_alerts.core.rules.patterns import ScopePatterns

CLOSED = "[CLOSED] Bounce rate no longer monitored: news.example.com"


def without_subscriber(world: World, hours: int) -> None:
    """Run without a subscriber, so that notifications stay due."""
    world.notifier.confirmed = 0
    world.run(hours)
    world.notifier.confirmed = 1


def test_alert_closes_with_a_notification_when_its_rule_is_deleted(world: World) -> None:
    world.write_rules({"bounce-rate": BOUNCE_RULE})
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()

    world.set_rules(a_rule("another", warning="90%", critical=None))
    world.run(hours=1)
    world.run(hours=2)

    assert world.subjects[1:] == [CLOSED]
    assert world.notifier.sent[1].text.startswith(
        "Rule bounce-rate was deleted. The bounce rate of news.example.com was above your "
        "threshold before, and the problem might still exist."
    )
    assert world.state.alerts == {}
    assert "bounce-rate" not in world.state.rules


def test_alert_closes_with_a_notification_when_its_rule_excludes_the_scope(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()

    exclude = ScopePatterns({Dimension.IDENTITY: ("news.*",)})
    world.set_rules(replace(a_rule(), exclude=exclude))
    world.run(hours=1)

    reason = "Rule bounce-rate was changed and no longer covers news.example.com"
    assert reason in world.notifier.sent[1].text
    assert world.state.alerts == {}


def test_alert_closes_when_its_rule_excludes_the_account_and_nothing_is_invalid(
    world: World,
) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.write_rules({"bounce-rate": BOUNCE_RULE, "another": HIGHER_BOUNCE_RULE})
    world.run()

    elsewhere = f'{BOUNCE_RULE}exclude.account = ["{TARGET.account}"]\n'
    world.write_rules({"bounce-rate": elsewhere})
    report = world.run(hours=1)

    reason = "Rule bounce-rate was changed and no longer covers news.example.com"
    assert world.subjects[1:] == [CLOSED]
    assert reason in world.notifier.sent[1].text
    assert report.findings == 0
    assert world.state.alerts == {}


def test_rule_for_another_target_is_no_finding_and_makes_no_query(world: World) -> None:
    patterns = 'include.region = ["us-*"]\ninclude.identity = ["nobody.example.com"]\n'
    world.write_rules({"bounce-rate": BOUNCE_RULE + patterns})

    world.run()

    assert world.subjects == []
    assert world.series.asked == []


def test_override_for_another_target_does_not_apply(world: World) -> None:
    here, elsewhere = TARGET.account, "333333333333"
    override = '[[overrides]]\naccount = "{}"\nidentity = "n*"\nwarning = "{}%"\ncritical = "95%"\n'
    world.set_bounces(NEWS_IDENTITY, 600)
    world.write_rules({"bounce-rate": BOUNCE_RULE + override.format(here, 90)})
    world.run()
    assert world.subjects == []

    world.write_rules({"bounce-rate": BOUNCE_RULE + override.format(elsewhere, 90)})
    world.run(hours=1)
    assert world.subjects == ["[WARNING] Bounce rate 6% (above 5%): news.example.com"]


def test_alert_is_forgotten_and_logged_when_its_deleted_rule_was_not_stored(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()

    world.set_rules(a_rule("another", warning="90%", critical=None))
    world.run(hours=1)

    assert world.state.alerts == {}
    assert "Rule bounce-rate was deleted" in caplog.text


def test_undelivered_alert_closes_without_a_notification_when_its_rule_is_deleted(
    world: World,
) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    without_subscriber(world, hours=0)

    world.set_rules(a_rule("another", warning="90%", critical=None))
    world.run(hours=1)

    assert world.notifier.sent == []
    assert world.history[-1]["why"] == "Rule bounce-rate was deleted"


@pytest.mark.parametrize("edit", ["", TRANSIENT_RULE], ids=["deleted", "other indicator"])
def test_closing_notification_is_sent_when_the_stored_rule_is_missing(
    world: World, edit: str
) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.write_rules({"bounce-rate": BOUNCE_RULE, "another": HIGHER_BOUNCE_RULE})
    world.run()
    # A save that stopped between two transactions leaves this.
    world.state = replace(world.state, rules={})

    world.write_rules({"bounce-rate": edit})
    world.run(hours=1)

    assert world.subjects[1:] == [CLOSED]


def test_episode_that_closes_and_then_resolves_has_two_notifications(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.write_rules({"bounce-rate": BOUNCE_RULE, "another": HIGHER_BOUNCE_RULE})
    world.run()
    world.write_rules({"bounce-rate": ""})
    world.lost_responses.add("publish")
    with pytest.raises(NotificationsUnsentError):
        world.run(hours=1)
    world.lost_responses.clear()

    world.set_bounces(NEWS_IDENTITY, 100)
    world.write_rules({"bounce-rate": BOUNCE_RULE})
    world.run(hours=2)

    assert [(document["sequence"], document["reason"]) for document in world.documents] == [
        (1, "FIRING"),
        (2, "CLOSED"),
        (3, "RESOLVED"),
    ]


def test_closing_notification_lists_resolved_scopes_separately(world: World) -> None:
    world.set_bounces(ACCOUNT, 600)
    world.set_bounces(NEWS_IDENTITY, 600)
    world.write_rules({"bounce-rate": BOUNCE_RULE, "another": HIGHER_BOUNCE_RULE})
    world.run()
    world.set_bounces(NEWS_IDENTITY, 100)
    without_subscriber(world, hours=1)
    world.write_rules({"bounce-rate": ""})
    without_subscriber(world, hours=2)

    world.run(hours=3)

    text = world.notifier.sent[1].text
    assert "The bounce rate of the account was above your threshold before, and" in text
    assert "Resolved:\n- news.example.com (identity)\n" in text
    # The end is unknown for the account, so the message has no duration.
    assert "The alert opened at 2026-03-12 09:00 UTC." in text


def test_closing_notification_says_that_the_rate_recovered_while_it_was_monitored_again(
    world: World,
) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.write_rules({"bounce-rate": BOUNCE_RULE, "another": HIGHER_BOUNCE_RULE})
    world.run()
    world.write_rules({"bounce-rate": BOUNCE_RULE_WITHOUT_NEWS})
    without_subscriber(world, hours=1)
    world.set_bounces(NEWS_IDENTITY, 100)
    world.write_rules({"bounce-rate": BOUNCE_RULE})
    without_subscriber(world, hours=2)
    world.write_rules({"bounce-rate": BOUNCE_RULE_WITHOUT_NEWS})
    without_subscriber(world, hours=3)

    world.run(hours=4)

    assert "was back below your threshold by then." in world.notifier.sent[1].text


@pytest.mark.parametrize(
    ("edit", "has_parameter"),
    [("", False), (TRANSIENT_RULE, False), (BOUNCE_RULE_WITHOUT_NEWS, True)],
    ids=["deleted", "other indicator", "scope excluded"],
)
def test_closing_notification_says_that_the_rate_recovered_before_the_rule_changed(
    world: World, edit: str, has_parameter: bool
) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.write_rules({"bounce-rate": BOUNCE_RULE, "another": HIGHER_BOUNCE_RULE})
    world.run()
    world.set_bounces(NEWS_IDENTITY, 100)
    without_subscriber(world, hours=1)
    world.write_rules({"bounce-rate": edit})
    without_subscriber(world, hours=2)

    world.run(hours=3)

    (closed,) = world.notifier.sent[1:]
    assert closed.subject.startswith(f"{CLOSED} - ")
    recovered = "The bounce rate of news.example.com was back below your threshold by then."
    assert recovered in closed.text
    assert "The alert was open for 1 hour, from 2026-03-12 09:00 UTC." in closed.text
    # The parameter has another text now.
    assert "SSM parameter" not in closed.text
    assert (world.documents[-1]["parameter"] is not None) is has_parameter


def test_closing_digest_is_not_shown_as_good_news(world: World) -> None:
    world.account.senders = [Scope(identity=f"{letter}.example.com") for letter in "abcdef"]
    for sender in world.account.senders:
        world.set_bounces(sender, 600)
    world.write_rules({"bounce-rate": BOUNCE_RULE, "another": HIGHER_BOUNCE_RULE})
    world.run()

    world.write_rules({"bounce-rate": ""})
    world.run(hours=1)

    digest = world.notifier.sent[-1]
    assert digest.subject.startswith("[CLOSED] 2 more incidents ended: 2 closed")
    assert ":white_circle:" in digest.amazon_q


def test_alert_keeps_its_start_when_its_rule_is_deleted_and_restored(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.write_rules({"bounce-rate": BOUNCE_RULE, "another": HIGHER_BOUNCE_RULE})
    world.run()
    world.write_rules({"bounce-rate": ""})
    without_subscriber(world, hours=1)
    world.write_rules({"bounce-rate": BOUNCE_RULE})
    without_subscriber(world, hours=2)

    world.run(hours=24)

    (reminder,) = world.notifier.sent[1:]
    assert reminder.subject.startswith(
        "[WARNING] Bounce rate still 6% (above 5%): news.example.com - "
    )
    assert "Alert open since: 2026-03-12 09:00 UTC (" in reminder.text
