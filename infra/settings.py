"""What the person who deploys can choose, as CDK context: `cdk deploy -c email=you@example.com`."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

CHOICES: Mapping[str, str] = {
    "email": "the addresses to write to, separated by commas",
    "watchdogEmail": "addresses that the alarms on VDM Alerts itself go to as well",
    "slackWorkspaceId": 'the workspace that Amazon Q Developer is authorised in, like "T0123ABCD"',
    "slackChannelId": 'the channel of it to tell, like "C0123ABCD"',
    "reserve": '"true" to reserve the function one execution at a time, "false" where the account '
    "has none to spare",
    "schedule": 'how often to look, "rate(1 hour)" or EventBridge Scheduler\'s cron of six fields',
}
"""Every context key of ours, and what it takes."""

_ADDRESSED = ("email", "watchdogEmail")
_SLACK = ("slackWorkspaceId", "slackChannelId")
_CDK_OWN = frozenset({"acknowledged-issue-numbers", "cli-telemetry"})
_ADDRESS = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")
_SCHEDULE = re.compile(
    r"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)"
    r"|cron\([0-9A-Z*?/,#-]+( [0-9A-Z*?/,#-]+){5}\)"
)


class BadContext(Exception):
    """The context holds what cannot be used; the message names every key and what it takes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What was chosen."""

    emails: tuple[str, ...]
    schedule: str
    reserve: bool
    watchdog_emails: tuple[str, ...] = ()
    slack: tuple[str, str] | None = None

    @property
    def cadence(self) -> timedelta:
        """The longest time between two wake-ups, of a cron expression taken for a day."""
        return _cadence(self.schedule)


def read_context(context: Mapping[str, object]) -> Settings:
    """Return the settings in *context*. Raises BadContext with everything that is wrong in it."""
    problems = [
        f"{key}: is not a context key of VDM Alerts{_suggestion(key)}"
        for key in sorted(context)
        if key not in CHOICES and not _is_cdk_own(key)
    ]
    emails, watchdog_emails = (_addresses(context.get(key, "")) for key in _ADDRESSED)
    problems += [
        f'{key}: "{email}" is no e-mail address; it takes {CHOICES[key]}'
        for key, listed in zip(_ADDRESSED, (emails, watchdog_emails), strict=True)
        for email in listed
        if not _ADDRESS.fullmatch(email)
    ]
    schedule = str(context.get("schedule", ""))
    if not _SCHEDULE.fullmatch(schedule):
        problems.append(f'schedule: "{schedule}" is no schedule; it takes {CHOICES["schedule"]}')
    elif _cadence(schedule) > timedelta(days=1):
        problems.append(f'schedule: "{schedule}" is too seldom; look once a day at the least')
    reserve = str(context.get("reserve", "")).lower()
    if reserve not in {"true", "false"}:
        problems.append(f'reserve: "{reserve}" is neither; it takes {CHOICES["reserve"]}')
    slack, wrong = _slack(context)
    problems += wrong
    if problems:
        raise BadContext("\n".join(["The CDK context cannot be used:", *problems]))
    return Settings(emails, schedule, reserve == "true", watchdog_emails, slack)


def _cadence(schedule: str) -> timedelta:
    match = re.match(r"rate\((\d+) (minute|hour|day)", schedule)
    return timedelta(**{f"{match[2]}s": int(match[1])}) if match else timedelta(days=1)


def _addresses(value: object) -> tuple[str, ...]:
    listed = (each.strip() for each in str(value).split(","))
    return tuple(dict.fromkeys(each for each in listed if each))


def _slack(context: Mapping[str, object]) -> tuple[tuple[str, str] | None, list[str]]:
    """Return the workspace and the channel, if they are named, and what is wrong with them."""
    named = {key: str(context[key]) for key in _SLACK if context.get(key)}
    if not named:
        return None, []
    wrong = [
        f'{key}: "{named.get(key, "")}" is no id of Slack\'s; it takes {CHOICES[key]}'
        for key in _SLACK
        if not re.fullmatch(r"[A-Z0-9]{8,}", named.get(key, ""))
    ]
    return (None, wrong) if wrong else ((named[_SLACK[0]], named[_SLACK[1]]), [])


def _is_cdk_own(key: str) -> bool:
    """Say whether the CDK put *key* there: its flags and look-ups have signs that ours lack."""
    return key.startswith("@") or ":" in key or key in _CDK_OWN


def _suggestion(key: str) -> str:
    near = difflib.get_close_matches(key.lower(), CHOICES, n=1)
    return f'; did you mean "{near[0]}"?' if near else f"; those are {', '.join(CHOICES)}"
