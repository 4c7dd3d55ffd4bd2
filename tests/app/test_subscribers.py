"""Runs while the topic has fewer subscriptions than before or none, or they are not counted."""

import pytest
from builders import NEWS_IDENTITY
from fakes import World

from vdm_alerts.app.notify import NotificationsUnsentError
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError

FELL_TO_1 = "[WARNING] SNS subscriptions fell from 2 to 1 after 2026-03-12 {} UTC"


@pytest.fixture
def world_of_two(world: World) -> World:
    """A world in which a run has counted two subscribers, and then one subscription ended."""
    world.notifier.confirmed = 2
    world.run()
    world.notifier.confirmed = 1
    return world


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
    assert "The SNS topic has no confirmed subscription" in caplog.text


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
    assert world.subjects == ["[WARNING] Bounce rate 6% (above 5%): news.example.com"]


def test_notifications_are_sent_when_counting_subscribers_fails_twice(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.notifier.confirmed = 0
    world.run()

    world.fail("count subscribers", AccessDeniedError("sns:GetTopicAttributes"))
    world.run(hours=1)
    assert world.notifier.sent == []
    world.run(hours=2)

    assert world.subjects[0] == "[WARNING] Bounce rate 6% (above 5%): news.example.com"


def test_ended_subscription_is_notified_once_to_the_others(world_of_two: World) -> None:
    first, second = world_of_two.run(hours=1), world_of_two.run(hours=2)

    (message,) = world_of_two.notifier.sent
    assert message.text.startswith(
        "Problems: 1 new.\n\n"
        "1. SNS subscriptions fell from 2 to 1 after 2026-03-12 09:00 UTC.\n"
        "   Effect: a former receiver gets no notifications.\n"
        "   Fix: If you did not intend this, find the missing receiver and subscribe it again. "
    )
    command = "aws sns list-subscriptions-by-topic --region eu-west-1 --topic-arn TOPIC_ARN"
    assert f"\n     {command}\n" in message.text
    assert (first.findings, second.findings) == (1, 0)


def test_ended_subscription_stays_due_until_it_is_delivered(world_of_two: World) -> None:
    world = world_of_two
    world.fail("publish", UnavailableError("sns:Publish", "not now"))
    for hours in (1, 2):
        with pytest.raises(NotificationsUnsentError):
            world.run(hours)
    world.repair("publish")

    world.run(hours=3)
    world.run(hours=4)

    assert world.subjects == [FELL_TO_1.format("09:00")]


def test_ended_subscription_is_repeated_with_its_number_when_the_save_failed(
    world_of_two: World,
) -> None:
    world = world_of_two
    world.fail("save state", UnavailableError("dynamodb:PutItem", "not now"), only=2)
    with pytest.raises(UnavailableError):
        world.run(hours=1)
    world.repair()

    world.run(hours=2)
    world.run(hours=3)

    first, second = world.documents
    assert (first["sequence"], first["findings"]) == (second["sequence"], second["findings"])


def test_subscription_that_ends_while_subscribers_are_not_counted_is_notified(
    world_of_two: World,
) -> None:
    world = world_of_two
    world.fail("count subscribers", UnavailableError("sns:GetTopicAttributes", "throttled"))
    world.run(hours=1)
    world.run(hours=2)
    assert world.notifier.sent == []
    world.repair("count subscribers")

    world.run(hours=3)

    assert world.subjects == [FELL_TO_1.format("09:00")]


def test_ended_subscription_is_not_notified_when_it_is_back_before_that(
    world_of_two: World,
) -> None:
    world = world_of_two
    world.fail("publish", UnavailableError("sns:Publish", "not now"))
    with pytest.raises(NotificationsUnsentError):
        world.run(hours=1)
    world.repair("publish")
    world.notifier.confirmed = 2

    world.run(hours=2)

    assert world.notifier.sent == []


def test_subscription_that_ends_again_is_notified_again(world_of_two: World) -> None:
    world = world_of_two
    world.run(hours=1)
    for hours, confirmed in ((2, 2), (3, 1), (4, 1)):
        world.notifier.confirmed = confirmed
        world.run(hours)

    assert world.subjects == [FELL_TO_1.format("09:00"), FELL_TO_1.format("11:00")]


def test_subscriptions_that_end_one_after_the_other_are_each_counted_from_the_last(
    world: World,
) -> None:
    for hours, confirmed in enumerate((3, 2, 1)):
        world.notifier.confirmed = confirmed
        world.run(hours)

    assert world.subjects == [
        "[WARNING] SNS subscriptions fell from 3 to 2 after 2026-03-12 09:00 UTC",
        FELL_TO_1.format("10:00"),
    ]


def test_ended_subscription_is_notified_to_the_first_new_subscriber_when_none_was_left(
    world_of_two: World,
) -> None:
    world = world_of_two
    for hours, confirmed in ((1, 0), (2, 0), (3, 1)):
        world.notifier.confirmed = confirmed
        world.run(hours)

    assert world.subjects == [FELL_TO_1.format("09:00")]


def test_confirmed_subscriptions_cause_no_notification(world: World) -> None:
    for hours, confirmed in enumerate((0, 1, 2, 2)):
        world.notifier.confirmed = confirmed
        world.run(hours)

    assert world.notifier.sent == []
