"""The emails that an operator gets from the service alarms, on the simulated CloudWatch.

`tests/docs/test_operations_page.py` compares the number of emails of every story and schedule.
"""

from itertools import pairwise

import pytest
from alarm_stories import DAY, END, HOUR, RUNS, START, WEEK, Deployment, emails

DEAD_LETTERS = [("dead-letters", "ALARM")]
NOT_RUNNING = [("not-running", "ALARM"), ("not-running", "OK")]
FREQUENT = ("rate(5 minutes)", "rate(1 hour)")


@pytest.mark.parametrize("schedule", RUNS)
class TestEverySchedule:
    def test_no_email_is_sent_without_a_lasting_problem(self, schedule: str) -> None:
        for story in (
            "No problem for a week",
            "One run succeeds at its last retry",
            "VDM is unreadable for 6 hours",
            "Slack accepts 10 notifications only at the last retry",
        ):
            assert emails(story, schedule) == []

    def test_failed_run_is_reported_once(self, schedule: str) -> None:
        assert emails("One run fails, with both retries", schedule) == DEAD_LETTERS

    def test_outage_is_reported_as_failed_runs_and_as_not_running(self, schedule: str) -> None:
        """The 6 hours contain one of the runs of a daily schedule, and not two intervals."""
        sent = emails("Every run fails for 6 hours", schedule)
        assert sent == DEAD_LETTERS + (NOT_RUNNING if schedule in FREQUENT else [])

    def test_unreadable_data_is_reported_with_its_end(self, schedule: str) -> None:
        sent = emails("VDM is unreadable for 3 days", schedule)
        assert sent == [("unreadable", "ALARM"), ("unreadable", "OK")]

    def test_deleted_schedule_is_reported_once(self, schedule: str) -> None:
        assert emails("Someone deletes the schedule", schedule) == NOT_RUNNING[:1]

    def test_dead_subscriber_is_reported_once_by_each_alarm(self, schedule: str) -> None:
        undelivered = [("undelivered", "ALARM")]
        story = "A subscriber without a dead-letter queue fails for a week"
        assert emails(story, schedule) == undelivered
        story = "A subscriber with a dead-letter queue fails for a week"
        assert emails(story, schedule) == DEAD_LETTERS + undelivered

    def test_first_deployment_ends_with_one_ok(self, schedule: str) -> None:
        """The other alarms are OK before the operator has confirmed the subscription."""
        story = "First deployment, with the first run as late as possible"
        assert emails(story, schedule) == NOT_RUNNING[1:]


@pytest.mark.parametrize("hours", [1, 12, 24, 36, 60, 72, 80, 90, 120])
@pytest.mark.parametrize("dead_letters", [True, False])
def test_dead_subscriber_raises_each_alarm_at_most_once_a_week(
    hours: int, *, dead_letters: bool
) -> None:
    """The alarm's own notification fails, too. *hours* are between two other notifications."""
    deployment = Deployment("rate(1 hour)", dead_subscriber=True, dead_letters=dead_letters)
    for run in deployment.runs():
        deployment.succeed(run)
    end = START + 8 * WEEK
    for minute in range(START, end, hours * HOUR):
        deployment.send(minute)
    for run in deployment.runs(END, end):
        deployment.succeed(run)
    raised: dict[str, list[int]] = {}
    for email in deployment.play(START, end):
        raised.setdefault(email.alarm, []).append(email.minute)
    assert set(raised) - {"vdm-alerts-dead-letters"} == (
        {"vdm-alerts-undelivered"} if hours <= 80 else set()
    )
    for minutes in raised.values():
        assert all(later - earlier >= 7 * DAY for earlier, later in pairwise(minutes))


@pytest.mark.parametrize("minute", [0, 14, 15, 29, 59])
def test_not_running_alarm_ignores_a_failed_run_at_every_phase(minute: int) -> None:
    """The time between two completed runs is then two intervals and the jitter of Scheduler."""
    deployment = Deployment("rate(1 hour)", offset=minute)
    for run in deployment.runs():
        if START <= run < START + HOUR:
            deployment.fail(run)
        else:
            deployment.succeed(run + 14)  # The longest run takes 15 minutes.
    assert [email.alarm for email in deployment.play(START)] == ["vdm-alerts-dead-letters"]
