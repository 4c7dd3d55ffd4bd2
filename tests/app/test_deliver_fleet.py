from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from builders import LEASE, NOW
from fleet_examples import DENIED, a_fleet, failing_provider
from fleet_world import HUB, a_target

from vdm_alerts.app.notify import NotificationsUnsentError
from vdm_alerts.core.alerts.alert import Firing
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.fleet.answers import FAILED, NO_ANSWER, NO_ENDPOINT, TargetAnswer
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.target import fleet_of
from vdm_alerts.core.notifications import fleet as grouping

LOST = UnavailableError("sns:Publish", "the topic is down")


def test_notification_of_one_target_is_the_usual_one_with_its_alias() -> None:
    fleet = a_fleet(3, 1)
    report = fleet.execute()
    assert report
    assert (report.targets, report.evaluated, report.messages_sent) == (3, 3, 1)
    subject = fleet.shared.notifier.sent[0].subject
    assert subject.endswith(" - brand-2 000000000002 eu-west-1")
    [message] = fleet.take_messages()
    assert (message["kind"], message["account"]) == ("incident", "000000000002")
    assert (message["alias"], message["severity"]) == ("brand-2", "CRITICAL")


def test_delivered_notification_is_not_sent_again() -> None:
    fleet = a_fleet(3, 1)
    fleet.execute()
    fleet.take_messages()
    fleet.execute(1)
    assert fleet.take_messages() == []


def test_evaluation_alone_sends_nothing_and_stores_the_alert() -> None:
    fleet = a_fleet(3, 1)
    fleet.evaluate()
    assert fleet.take_messages() == []
    [alert] = fleet.state(a_target(2)).alerts.values()
    assert isinstance(alert.state, Firing)
    assert alert.last_notified is None


def test_what_was_not_delivered_is_delivered_by_the_next_execution() -> None:
    fleet = a_fleet(3, 1)
    fleet.evaluate()  # And then the execution dies.
    fleet.execute(1)
    assert [message["sequence"] for message in fleet.take_messages()] == [1]


def test_handover_is_not_delivered_after_a_later_run() -> None:
    fleet = a_fleet(3, 1)
    answers = fleet.evaluate()
    late = dict(fleet.handovers.by_target)
    fleet.execute(1)
    fleet.take_messages()
    fleet.handovers.by_target = late
    fleet.deliver(answers, 2)
    assert fleet.take_messages() == []


def test_failed_publish_is_repeated_by_the_next_try_of_the_step() -> None:
    fleet = a_fleet(3, bad=2)
    answers = fleet.evaluate()
    fleet.shared.fail("publish", LOST, only=1)
    with pytest.raises(NotificationsUnsentError):
        fleet.deliver(answers)
    assert len(fleet.take_messages()) == 1
    report = fleet.metrics.fleet_reports[-1]
    assert (report.messages_sent, report.messages_failed, report.unsent) == (1, 1, 1)
    fleet.shared.repair("publish")
    fleet.deliver(answers)
    [message] = fleet.take_messages()
    assert (message["sequence"], message["account"]) == (1, "000000000002")
    fleet.deliver(answers)
    assert fleet.take_messages() == []


def test_lost_response_repeats_a_notification_with_the_same_number() -> None:
    fleet = a_fleet(3, 1)
    answers = fleet.evaluate()
    fleet.shared.lost_responses.add("publish")
    with pytest.raises(NotificationsUnsentError):
        fleet.deliver(answers)
    fleet.shared.lost_responses.clear()
    fleet.deliver(answers)
    first, second = fleet.take_messages()
    assert (first["id"], first["sequence"]) == (second["id"], second["sequence"])


def test_unreadable_state_of_one_target_does_not_stop_the_others() -> None:
    fleet = a_fleet(3, bad=2)
    answers = fleet.evaluate()
    fleet.shared.fail("load state", UnavailableError("dynamodb:Query", "down"), only=1)
    with pytest.raises(NotificationsUnsentError):
        fleet.deliver(answers)
    assert [message["account"] for message in fleet.take_messages()] == ["000000000003"]
    fleet.shared.repair("load state")
    fleet.deliver(answers)
    assert [message["account"] for message in fleet.take_messages()] == ["000000000002"]


def test_target_whose_attempt_is_not_saved_is_not_published() -> None:
    fleet = a_fleet(3, 1)
    answers = fleet.evaluate()
    fleet.shared.fail("save state", UnavailableError("dynamodb:PutItem", "down"))
    with pytest.raises(NotificationsUnsentError):
        fleet.deliver(answers)
    assert fleet.take_messages() == []


def test_run_without_history_is_delivered_with_the_problem() -> None:
    fleet = a_fleet(3, 1)
    fleet.worlds[a_target(2)].fail("load state", UnavailableError("dynamodb:Query", "down"))
    fleet.execute()
    [incident] = fleet.take_messages()
    assert (incident["kind"], incident["history_available"]) == ("incident", False)
    assert fleet.state(a_target(2)).alerts == {}


def test_run_without_history_is_delivered_once_by_several_tries() -> None:
    fleet = a_fleet(3, bad=2)
    fleet.worlds[a_target(2)].fail("load state", UnavailableError("dynamodb:Query", "down"))
    answers = fleet.evaluate()
    with fleet.shared.store.lease(a_target(3), LEASE.until, NOW, "other"):
        for _ in range(2):
            with pytest.raises(NotificationsUnsentError):
                fleet.deliver(answers)
    assert [message["account"] for message in fleet.take_messages()] == ["000000000002"]
    fleet.deliver(answers)
    assert [message["account"] for message in fleet.take_messages()] == ["000000000003"]


def test_unsent_incident_of_a_digest_is_sent_without_the_others() -> None:
    fleet = a_fleet(1, bad=0, limit=6)
    senders = [Scope(identity=f"{number}.example.com") for number in range(7)]
    [world] = fleet.worlds.values()
    world.account.senders = senders
    for sender in senders:
        world.set_bounces(sender, 2_000)
    answers = fleet.evaluate()
    fleet.shared.fail("publish", LOST, only=1)
    with pytest.raises(NotificationsUnsentError):
        fleet.deliver(answers)
    fleet.shared.repair("publish")
    sent = _incidents(fleet.take_messages())
    fleet.deliver(answers)
    repaired = _incidents(fleet.take_messages())
    assert (len(sent), len(repaired)) == (6, 1)
    assert not sent & repaired


def test_notification_is_still_due_after_a_save_that_stopped_between_two_transactions() -> None:
    fleet = a_fleet(3, bad=1)
    answers = fleet.evaluate()
    state = fleet.state(a_target(2))
    fleet.set_state(a_target(2), state)  # The first transaction of the attempts.
    fleet.deliver(answers)
    assert len(fleet.take_messages()) == 1


def test_busy_target_waits_and_the_others_are_delivered() -> None:
    fleet = a_fleet(3, bad=2)
    answers = fleet.evaluate()
    with fleet.shared.store.lease(a_target(2), LEASE.until, NOW, "other"):
        with pytest.raises(NotificationsUnsentError):
            fleet.deliver(answers)
        assert [message["account"] for message in fleet.take_messages()] == ["000000000003"]
    fleet.deliver(answers)
    assert [message["account"] for message in fleet.take_messages()] == ["000000000002"]


def test_blind_target_is_notified_once_with_its_name_and_reason() -> None:
    fleet = a_fleet(3, bad=0)
    answers = {**fleet.evaluate(), a_target(3): DENIED}
    fleet.deliver(answers)
    [message] = fleet.take_messages()
    assert message["kind"] == "service"
    [finding] = message["findings"]
    assert "000000000003 (brand-3), eu-west-1 is not monitored" in finding["headline"]
    assert "the hub cannot assume the role" in finding["headline"]
    assert fleet.metrics.fleet_reports[-1].blind == (a_target(3),)
    fleet.deliver({**fleet.evaluate(1), a_target(3): replace(DENIED, details="other")}, 1)
    assert fleet.take_messages() == []
    assert fleet.metrics.fleet_reports[-1].blind == (a_target(3),)
    fleet.execute(2)
    [message] = fleet.take_messages()
    assert (message["severity"], message["fixed_total"]) == ("OK", 1)


def test_end_of_blindness_does_not_hide_an_open_alert() -> None:
    fleet = a_fleet(3, bad=1)
    fleet.deliver({**fleet.evaluate(), a_target(4): DENIED})
    fleet.take_messages()
    fleet.execute(1)
    [message] = fleet.take_messages()
    assert message["text"] == [
        "All reported problems are fixed. Alerts about rates are still open."
    ]
    assert message["headline"] == "[RESOLVED] VDM Alerts: 1 problem fixed"


def test_target_without_an_answer_is_blind() -> None:
    fleet = a_fleet(3, bad=0)
    fleet.deliver(fleet.evaluate(targets=fleet.targets[:2]))
    [message] = fleet.take_messages()
    assert NO_ANSWER in message["headline"]


def test_blind_target_keeps_its_open_alert() -> None:
    fleet = a_fleet(3, 1)
    fleet.execute()
    before = fleet.state(a_target(2))
    fleet.deliver({**fleet.evaluate(1, fleet.targets[1:]), a_target(2): DENIED}, 1)
    assert fleet.state(a_target(2)) == before


@dataclass
class Countdown:
    """A deadline that is over after some questions."""

    questions: int

    def remaining(self) -> timedelta:
        self.questions -= 1
        return timedelta(seconds=max(0, self.questions + 1))


def test_targets_without_time_are_delivered_by_the_next_try() -> None:
    fleet = a_fleet(4, bad=4)
    answers = fleet.evaluate()
    fleet.deadline = Countdown(2)
    with pytest.raises(NotificationsUnsentError):
        fleet.deliver(answers)
    first = [message["account"] for message in fleet.take_messages()]
    fleet.deadline = NoDeadline()
    fleet.deliver(answers)
    second = [message["account"] for message in fleet.take_messages()]
    assert (len(first), len(second)) == (2, 2)
    assert {*first, *second} == {target.account for target in fleet.targets}


def test_end_of_a_common_cause_is_one_notification() -> None:
    fleet = failing_provider(a_fleet(4))
    for world in fleet.worlds.values():
        world.set_bounces(ACCOUNT, 1_500)
    fleet.execute()
    fleet.take_messages()
    for world in failing_provider(fleet, 0).worlds.values():
        world.set_bounces(ACCOUNT, 0)
    fleet.execute(1)
    [message] = fleet.take_messages()
    assert (message["kind"], message["severity"]) == ("fleet", "OK")


def test_removed_target_is_notified_once_with_its_open_alerts() -> None:
    fleet = a_fleet(3, bad=1)
    fleet.execute()
    fleet.take_messages()
    others = fleet.targets[1:]
    fleet.shared.fail("publish", LOST)
    with pytest.raises(NotificationsUnsentError):
        fleet.deliver(fleet.evaluate(1, others), 1, expected=others)
    fleet.shared.repair()
    fleet.deliver(fleet.evaluate(2, others), 2, expected=others)
    [message] = fleet.take_messages()
    [finding] = message["findings"]
    assert "000000000002 (brand-2), eu-west-1 is no longer in the fleet" in finding["headline"]
    assert finding["effect"] == "1 alert is open there, and not updated any more"
    assert finding["fix"]["text"].startswith("If you removed it, do nothing.")
    fleet.deliver(fleet.evaluate(3, others), 3, expected=others)
    assert fleet.take_messages() == []
    fleet.execute(4)  # It comes back, and its alert continues.
    assert [message["kind"] for message in fleet.take_messages()] == []
    assert fleet.state(a_target(2)).alerts


def test_target_that_is_removed_again_is_notified_again() -> None:
    fleet = a_fleet(3, bad=0)
    others = fleet.targets[1:]
    for hour, expected in enumerate([fleet.targets, others, fleet.targets, others, others]):
        fleet.deliver(fleet.evaluate(hour, expected), hour, expected=expected)
    assert [message["sequence"] for message in fleet.take_messages()] == [1, 2]


def test_removal_is_not_repeated_if_the_known_targets_were_not_saved() -> None:
    fleet = a_fleet(3, bad=0)
    fleet.execute()
    known, others = fleet.known_targets.targets, fleet.targets[1:]
    for hour in (1, 2):
        fleet.deliver(fleet.evaluate(hour, others), hour, expected=others)
        assert [*fleet.known_targets.targets] == others
        fleet.known_targets.targets = known
    assert len(fleet.take_messages()) == 1


def test_many_removed_targets_are_one_problem_that_is_notified_once() -> None:
    fleet = a_fleet(24, bad=0)
    fleet.execute()
    known, others = fleet.known_targets.targets, fleet.targets[22:]
    fleet.deliver(fleet.evaluate(1, others), 1, expected=others)
    [message] = fleet.take_messages()
    assert (message["kind"], message["findings_total"]) == ("service", 1)
    [finding] = message["findings"]
    assert finding["headline"].startswith("22 targets are no longer in the fleet")
    assert "Account 000000000002 (brand-2), eu-west-1" in finding["headline"]
    assert finding["headline"].endswith("and 2 more")
    for hour in (2, 3):
        assert [*fleet.known_targets.targets] == others
        fleet.known_targets.targets = known if hour == 2 else others  # As if not saved.
        fleet.deliver(fleet.evaluate(hour, others), hour, expected=others)
    assert fleet.take_messages() == []
    fleet.execute(4)
    fleet.deliver(fleet.evaluate(5, others), 5, expected=others)
    assert [message["sequence"] for message in fleet.take_messages()] == [2]


def test_unsent_removal_of_many_targets_stays_due() -> None:
    fleet = a_fleet(24, bad=0)
    fleet.execute()
    others = fleet.targets[22:]
    fleet.shared.fail("publish", LOST)
    with pytest.raises(NotificationsUnsentError):
        fleet.deliver(fleet.evaluate(1, others), 1, expected=others)
    fleet.shared.repair()
    fleet.deliver(fleet.evaluate(2, others), 2, expected=others)
    assert [message["findings_total"] for message in fleet.take_messages()] == [1]


def test_removal_of_a_blind_target_does_not_say_that_it_is_fixed() -> None:
    fleet = a_fleet(3, bad=0)
    fleet.execute()
    others = fleet.targets[1:]
    blind = {a_target(2): DENIED}
    fleet.deliver({**fleet.evaluate(1, others), **blind}, 1)
    fleet.take_messages()
    fleet.deliver(fleet.evaluate(2, others), 2, expected=others)
    [message] = fleet.take_messages()
    assert [finding["key"] for finding in message["findings"]] == ["removed:000000000002:eu-west-1"]
    assert message["fixed"] == []
    fleet.deliver(fleet.evaluate(3, others), 3, expected=others)
    assert fleet.take_messages() == []
    fleet.deliver({**fleet.evaluate(4, others), **blind}, 4)  # It returns, and is blind again.
    [message] = fleet.take_messages()
    assert [finding["new"] for finding in message["findings"]] == [True]


def test_blind_target_that_returns_before_its_removal_is_notified_is_fixed() -> None:
    fleet = a_fleet(3, bad=0)
    fleet.execute()
    others = fleet.targets[1:]
    fleet.deliver({**fleet.evaluate(1, others), a_target(2): DENIED}, 1)
    fleet.take_messages()
    fleet.shared.fail("publish", LOST)
    with pytest.raises(NotificationsUnsentError):
        fleet.deliver(fleet.evaluate(2, others), 2, expected=others)
    fleet.shared.repair()
    fleet.execute(3)
    [message] = fleet.take_messages()
    assert (message["findings"], message["fixed_total"]) == ([], 1)


@pytest.mark.parametrize(
    ("answer", "fix"),
    [
        (DENIED, "Deploy the role template in this account again"),
        (replace(DENIED, reason=f"{NO_ENDPOINT} xx-north-9"), "Delete the Region from the fleet"),
        (replace(DENIED, reason=FAILED), "Read the log of the function that evaluates targets"),
        (replace(DENIED, reason=NO_ANSWER), "Read the last execution of the state machine"),
    ],
)
def test_fix_of_a_blind_target_fits_its_reason(answer: TargetAnswer, fix: str) -> None:
    fleet = a_fleet(3, bad=0)
    fleet.deliver({**fleet.evaluate(), a_target(3): answer})
    [message] = fleet.take_messages()
    [finding] = message["findings"]
    assert finding["fix"]["text"].startswith(fix)


def test_blind_target_and_problem_of_the_hub_are_different_notifications() -> None:
    fleet = a_fleet(3, bad=0)
    fleet.deliver({**fleet.evaluate(), a_target(3): DENIED})
    [message] = fleet.take_messages()
    assert (message["account"], message["id"]) == (HUB.account, "fleet-service")


def test_event_about_one_target_says_nothing_about_the_others() -> None:
    fleet = a_fleet(3, 1)
    fleet.deliver(fleet.evaluate(targets=[a_target(2)]), is_complete=False, expected=[a_target(2)])
    assert [message["kind"] for message in fleet.take_messages()] == ["incident"]
    fleet.deliver({**fleet.evaluate(1), a_target(3): DENIED}, 1)
    fleet.take_messages()
    fleet.deliver(fleet.evaluate(2, [a_target(2)]), 2, is_complete=False, expected=[a_target(2)])
    assert fleet.take_messages() == []  # The blind target is not reported as fixed.


def test_blind_target_waits_for_a_subscriber() -> None:
    fleet = a_fleet(3, bad=0)
    fleet.shared.notifier.confirmed = 0
    fleet.deliver({**fleet.evaluate(), a_target(3): DENIED})
    assert fleet.take_messages() == []
    fleet.shared.notifier.confirmed = 1
    fleet.deliver({**fleet.evaluate(1), a_target(3): DENIED}, 1)
    kinds = [message["kind"] for message in fleet.take_messages()]
    assert kinds[-1:] == ["service"] or "fleet" in kinds
    assert fleet.state(fleet_of(HUB)).findings


def test_first_summaries_of_a_new_fleet_are_one_notification() -> None:
    fleet = a_fleet(3, bad=1)
    for target in fleet.targets:
        fleet.set_state(target, StoredState())
    fleet.execute()
    [message] = fleet.take_messages()
    assert (message["kind"], message["topic"], message["parts_total"]) == ("fleet", "summary", 3)
    assert all(fleet.state(target).summary_sent for target in fleet.targets)


def test_target_that_is_left_after_a_full_digest_has_its_usual_notification(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grouping, "MAX_TARGETS", 2)
    fleet = a_fleet(3)
    for target in fleet.targets:
        fleet.set_state(target, StoredState())
    fleet.execute()
    assert [message["kind"] for message in fleet.take_messages()] == ["fleet", "summary"]


@pytest.mark.parametrize("count", [12, 250])
def test_failing_provider_is_one_notification_that_names_every_target(count: int) -> None:
    fleet = failing_provider(a_fleet(count))
    fleet.execute()
    sent = fleet.shared.notifier.sent
    assert len(sent) <= 10
    texts = "\n".join(message.text for message in sent)
    for target in fleet.targets:
        assert f"{target.account} {target.region}" in texts
    fleet.take_messages()
    fleet.execute(1)
    assert fleet.take_messages() == []


def _incidents(messages: list[dict[str, Any]]) -> set[str]:
    """Return the ids of the incidents in *messages*."""
    return {part["id"] for message in messages for part in message.get("parts", [message])}
