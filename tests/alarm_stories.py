"""Stories of a deployment, and the emails that its service alarms send in each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from alarm_simulator import CloudWatch, Notification
from templates import template_scheduled

HOUR = 60
DAY = 24 * HOUR
WEEK = 7 * DAY
START = 5 * DAY
"""When a story begins: after days without problems. A story of a new deployment begins at 0."""
END = START + WEEK + DAY
"""When it ends. Alarms on calendar days need the last day."""
RUNS: Mapping[str, Sequence[int]] = {
    "rate(5 minutes)": range(0, DAY, 5),
    "rate(1 hour)": range(0, DAY, HOUR),
    "cron(0 8-18 * * ? *)": range(8 * HOUR, 19 * HOUR, HOUR),
    "cron(0 8 * * ? *)": [8 * HOUR],
}
"""The minutes of a day at which each schedule runs."""
MESSAGE = 9 * HOUR + 30
"""The minute of each day at which VDM Alerts sends a notification."""
CONFIRMED = 30
"""Minutes from a deployment until the operator confirms the subscription."""

_ATTEMPTS = (0, 1, 3)
"""Minutes at which Lambda invokes the function again after an error.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""
_ERRORS = "Errors"
_QUEUE = "ApproximateNumberOfMessagesVisible"
_FAILED = "NumberOfNotificationsFailed"
_UNREADABLE = "Unreadable"


@dataclass
class Deployment:
    """A deployment with *schedule*, created at minute *offset* of a day.

    Minutes of its methods count from the creation.
    """

    schedule: str
    offset: int = 0
    confirmed: int = 0
    """When the operator confirms the subscription."""
    dead_subscriber: bool = False
    dead_letters: bool = False
    """Whether the dead subscription has the dead-letter queue."""
    emails: list[Notification] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.cloudwatch = CloudWatch.from_template(template_scheduled(self.schedule))
        self._has_dead_letters = False

    def runs(self, start: int = 0, end: int = END) -> Sequence[int]:
        """Return when the schedule runs. Scheduler invokes within the minute, or just after it."""
        minutes = [
            day * DAY + minute - self.offset + (day + minute // 5) % 2
            for day in range((end + self.offset) // DAY + 1)
            for minute in RUNS[self.schedule]
        ]
        return [minute for minute in minutes if start <= minute < end]

    def succeed(self, run: int, *, unreadable: bool = False) -> None:
        """Record a completed run; *unreadable* if it could not read VDM."""
        self.cloudwatch.record(_ERRORS, run, 0)
        if unreadable:
            self.cloudwatch.record(_UNREADABLE, run, 1)

    def fail(self, run: int, *, attempts: int = 3) -> None:
        """Record a run whose first *attempts* of three fail."""
        for minute in _ATTEMPTS[:attempts]:
            self.cloudwatch.record(_ERRORS, run + minute, 1)
        if attempts == len(_ATTEMPTS):
            self.queue(run + _ATTEMPTS[-1] + 1)
        else:
            self.succeed(run + _ATTEMPTS[attempts])

    def queue(self, minute: int) -> None:
        """Record a message that stays in the dead-letter queue."""
        if not self._has_dead_letters:
            self._has_dead_letters = True
            for sample in range(minute, END, 5):
                self.cloudwatch.record(_QUEUE, sample, 1)

    def send(self, minute: int) -> None:
        """Record the deliveries of a notification."""
        self.cloudwatch.record(_FAILED, minute, int(self.dead_subscriber))
        if self.dead_subscriber and self.dead_letters:
            self.queue(minute + 1)

    def play(self, start: int, end: int = END) -> Sequence[Notification]:
        """Return the emails between the minutes *start* and *end*."""
        self.cloudwatch.play(end, self._publish)
        return [email for email in self.emails if email.minute >= max(start, self.confirmed)]

    def _publish(self, notification: Notification) -> None:
        self.emails.append(notification)
        self.send(notification.minute + 1)


def _with_problem(
    schedule: str, problem: Callable[[Deployment, int], None], hours: int
) -> Sequence[Notification]:
    """Return the emails if each run of the *hours* from 07:30 has *problem*."""
    deployment = Deployment(schedule)
    start = START + 7 * HOUR + 30
    for run in deployment.runs():
        if start <= run < start + hours * HOUR:
            problem(deployment, run)
        else:
            deployment.succeed(run)
    return deployment.play(START)


def healthy(schedule: str) -> Sequence[Notification]:
    """Return the emails of a week without problems, with a notification each day."""
    return _with_subscriber(schedule)


def _with_subscriber(
    schedule: str, *, is_dead: bool = False, dead_letters: bool = False
) -> Sequence[Notification]:
    deployment = Deployment(schedule, dead_subscriber=is_dead, dead_letters=dead_letters)
    for run in deployment.runs():
        deployment.succeed(run)
    for day in range(START, START + WEEK, DAY):
        deployment.send(day + MESSAGE)
    return deployment.play(START)


def dead_subscriber(schedule: str) -> Sequence[Notification]:
    """Return the emails if a subscriber without a dead-letter queue fails for a week."""
    return _with_subscriber(schedule, is_dead=True)


def dead_subscriber_with_queue(schedule: str) -> Sequence[Notification]:
    """Return the emails if a subscriber with the dead-letter queue fails for a week."""
    return _with_subscriber(schedule, is_dead=True, dead_letters=True)


def slack_retries(schedule: str) -> Sequence[Notification]:
    """Return the emails if Slack accepts 10 notifications around midnight at the last attempt."""
    deployment = Deployment(schedule)
    for run in deployment.runs():
        deployment.succeed(run)
    for minute in range(START + DAY - 10, START + DAY + 10, 2):
        for _ in range(3):
            deployment.cloudwatch.record(_FAILED, minute, 1)
    return deployment.play(START)


def ses_unreadable_for_hours(schedule: str) -> Sequence[Notification]:
    """Return the emails if VDM is unreadable for 6 hours. The runs complete."""
    return _with_problem(schedule, _run_without_data, 6)


def ses_unreadable_for_days(schedule: str) -> Sequence[Notification]:
    """Return the emails if VDM is unreadable for 3 days."""
    return _with_problem(schedule, _run_without_data, 3 * 24)


def _run_without_data(deployment: Deployment, run: int) -> None:
    deployment.succeed(run, unreadable=True)


def table_outage(schedule: str) -> Sequence[Notification]:
    """Return the emails if every run of 6 hours fails with all its retries."""
    return _with_problem(schedule, Deployment.fail, 6)


def failed_run(schedule: str) -> Sequence[Notification]:
    """Return the emails if one run fails with all its retries."""
    return _with_one_failure(schedule, attempts=3)


def retried_run(schedule: str) -> Sequence[Notification]:
    """Return the emails if one run succeeds at the last retry."""
    return _with_one_failure(schedule, attempts=2)


def _with_one_failure(schedule: str, attempts: int) -> Sequence[Notification]:
    deployment = Deployment(schedule)
    first, *others = deployment.runs(START)
    deployment.fail(first, attempts=attempts)
    for run in [*deployment.runs(0, START), *others]:
        deployment.succeed(run)
    return deployment.play(START)


def first_deployment(schedule: str) -> Sequence[Notification]:
    """Return the emails of a new deployment whose first run is as late as it can be."""
    deployment = Deployment(schedule, offset=RUNS[schedule][-1] + 2, confirmed=CONFIRMED)
    for run in deployment.runs(0, WEEK + DAY):
        deployment.succeed(run)
    return deployment.play(0, WEEK + DAY)


def deleted_schedule(schedule: str) -> Sequence[Notification]:
    """Return the emails if someone deletes the schedule."""
    deployment = Deployment(schedule)
    for run in deployment.runs(0, START):
        deployment.succeed(run)
    return deployment.play(START)


STORIES: Mapping[str, Callable[[str], Sequence[Notification]]] = {
    "No problem for a week": healthy,
    "One run succeeds at its last retry": retried_run,
    "One run fails, with both retries": failed_run,
    "Every run fails for 6 hours": table_outage,
    "VDM is unreadable for 6 hours": ses_unreadable_for_hours,
    "VDM is unreadable for 3 days": ses_unreadable_for_days,
    "Someone deletes the schedule": deleted_schedule,
    "Slack accepts 10 notifications only at the last retry": slack_retries,
    "A subscriber without a dead-letter queue fails for a week": dead_subscriber,
    "A subscriber with a dead-letter queue fails for a week": dead_subscriber_with_queue,
    "First deployment, with the first run as late as possible": first_deployment,
}
"""Each story by its name in docs/operations.md. A story returns the emails with a schedule."""


@cache
def emails(story: str, schedule: str) -> Sequence[tuple[str, str]]:
    """Return the alarm and the state of each email that *story* sends."""
    return [
        (notification.alarm.removeprefix("vdm-alerts-"), notification.state)
        for notification in STORIES[story](schedule)
    ]
