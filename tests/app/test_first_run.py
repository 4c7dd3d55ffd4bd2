"""The first summary of a new deployment."""

from collections.abc import Callable

import pytest
from builders import HOUR, NEWS_IDENTITY, a_rule
from fakes import World

from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.account import AccountStatus
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Query


@pytest.fixture
def world(world: World) -> World:
    """A world before its first run."""
    world.state = StoredState()
    return world


def test_first_summary_does_not_wait_for_hold(world: World) -> None:
    world.set_rules(a_rule(hold=2 * HOUR))
    world.set_bounces(NEWS_IDENTITY, 1_200)

    world.run()
    world.run(hours=3)

    assert world.subjects == ["[CRITICAL] VDM Alerts is monitoring: 1 incident already open"]


def test_first_summary_waits_until_the_account_is_readable(world: World) -> None:
    answers = world.series.answers
    world.series.answers = dict.fromkeys(answers, Gap.UNAVAILABLE)
    world.run()
    assert world.notifier.sent == []

    news = {query: Gap.UNAVAILABLE for query in answers if query.scope == NEWS_IDENTITY}
    world.series.answers = {**answers, **news}
    world.run(hours=1)

    (message,) = world.notifier.sent
    assert message.subject.startswith(
        "[WARNING] VDM Alerts is monitoring: 1 of 16 rates not readable yet"
    )
    assert "1 of 16 rates could not be read yet, so they are unknown. " in message.text


def make_account_unreadable(world: World) -> None:
    world.series.answers[Query(Metric.SEND, ACCOUNT)] = Gap.UNAVAILABLE


def pause_sending(world: World) -> None:
    world.account.current_status = AccountStatus(vdm_enabled=True, may_send=False)


@pytest.mark.parametrize("hinder", [make_account_unreadable, pause_sending])
def test_first_summary_has_all_incidents_when_the_account_is_unreadable_or_paused(
    world: World, hinder: Callable[[World], None]
) -> None:
    world.account.senders = [Scope(identity=f"{letter}.example.com") for letter in "abcdef"]
    for sender in world.account.senders:
        world.set_bounces(sender, 600)
    hinder(world)

    world.run()

    assert world.subjects[0] == "[WARNING] VDM Alerts is monitoring: 6 incidents already open"
    later = [message.text for message in world.notifier.sent[1:]]
    assert [text for text in later if "bounce-rate-" in text] == []
