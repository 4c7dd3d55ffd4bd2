"""Runs while the topic has no confirmed subscription, or subscriptions cannot be counted."""

import pytest
from builders import NEWS_IDENTITY
from fakes import World

from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError


def test_missing_subscriber_is_not_reported_by_message(world: World) -> None:
    world.notifier.confirmed = 0

    world.run()

    assert world.notifier.sent == []


def test_missing_subscriber_is_counted_and_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.notifier.confirmed = 0

    summary = world.run()

    assert (summary.subscribers, summary.findings, summary.unreadable) == (0, 1, 0)
    assert "no alert reaches anyone" in caplog.text


def test_notifications_stay_due_until_the_first_subscription_is_confirmed(world: World) -> None:
    """The schedule starts at deployment, before the subscriber can confirm."""
    world.notifier.confirmed = 0
    world.fail("list configuration sets", AccessDeniedError("ses:ListConfigurationSets"))
    world.set_bounces(NEWS_IDENTITY, 600)

    first, second = world.run(), world.run(hours=1)
    world.notifier.confirmed = 1
    third = world.run(hours=2)
    fourth = world.run(hours=3)

    assert (first.notifications_sent, first.notifications_unsent) == (0, 2)
    assert (second.notifications_sent, second.notifications_unsent) == (0, 2)
    assert (third.notifications_sent, fourth.notifications_sent) == (2, 0)
    assert [subject.split()[0] for subject in world.subjects] == ["[WARNING]", "[WARNING]"]


def test_notifications_are_sent_when_subscribers_were_never_counted(world: World) -> None:
    world.fail("count subscribers", AccessDeniedError("sns:GetTopicAttributes"))
    world.set_bounces(NEWS_IDENTITY, 600)

    assert world.run().notifications_sent == 2


def test_last_count_of_subscribers_applies_when_counting_fails_once(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.notifier.confirmed = 0
    world.run()

    world.fail("count subscribers", UnavailableError("sns:GetTopicAttributes", "throttled"))
    summary = world.run(hours=1)
    assert summary.subscribers is None
    assert world.notifier.sent == []

    world.repair("count subscribers")
    world.notifier.confirmed = 1
    world.run(hours=2)
    assert world.subjects == ["[WARNING] Bounce rate of news.example.com is 6%"]


def test_notifications_are_sent_when_counting_subscribers_fails_twice(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.notifier.confirmed = 0
    world.run()

    world.fail("count subscribers", AccessDeniedError("sns:GetTopicAttributes"))
    world.run(hours=1)
    assert world.notifier.sent == []
    world.run(hours=2)

    assert world.subjects[0] == "[WARNING] Bounce rate of news.example.com is 6%"
