"""What the person who deploys can choose, as CDK context: `cdk deploy -c email=you@example.com`."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from infra.cadence import NoSchedule, cadence
from vdm_alerts.core.muting.quiet_hours import QuietHours, parse_quiet_hours

CHOICES: Mapping[str, str] = {
    "email": "the addresses to write to, separated by commas",
    "watchdogEmail": "addresses that the alarms on VDM Alerts itself go to as well",
    "slackWorkspaceId": 'the workspace that Amazon Q Developer is authorised in, like "T0123ABCD"',
    "slackChannelId": 'the channel of it to tell, like "C0123ABCD"',
    "schedule": 'how often to look, "rate(1 hour)", or a cron of EventBridge Scheduler for every '
    'day, "cron(0 8-18 * * ? *)"',
    "prefix": "what the stack, its table and its parameters are called, to tell it from another in "
    "the Region: 3 to 30 of a-z, 0-9 and -, a letter first, and neither aws nor ssm",
    "reserve": '"true" to reserve the function one execution at a time, "false" where the account '
    "has none to spare",
    "dashboard": '"true" for a CloudWatch dashboard, "false" for none',
    "encrypt": '"true" for a KMS key of your own on the topics and the queue, "false" for none',
    "quotaShare": "how much to take of the calls of VDM that SES answers in a second, which are "
    'everybody\'s in the account, "1%" to "100%"',
    "queriesPerDay": 'how many queries of VDM to make a day, 100 or more, or "unlimited"',
    "includeToday": '"true" to count the day that is going on, "false" for whole days alone',
    "maskAddresses": '"true" to keep e-mail addresses out of logs and metrics, "false" to show '
    "them there",
    "quietHours": "when of every day nobody is to be written to of what is not critical, like "
    '"22:00-07:00 Europe/Berlin", or "none"',
    "enableVdm": '"true" to switch Virtual Deliverability Manager on, "false" to leave it as it is',
}
"""Every context key of ours, and what it takes."""

_SWITCHES = ("reserve", "dashboard", "encrypt", "includeToday", "maskAddresses", "enableVdm")
_ADDRESSED = ("email", "watchdogEmail")
_SLACK = ("slackWorkspaceId", "slackChannelId")
_CDK_OWN = frozenset({"acknowledged-issue-numbers", "cli-telemetry"})
_ADDRESS = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")
_FEWEST_QUERIES = 100
_PREFIX = re.compile(r"(?!aws|ssm)[a-z][a-z0-9-]{2,29}")


class BadContext(Exception):
    """The context holds what cannot be used; the message names every key and what it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What was chosen; cdk.json holds what is where nothing was."""

    emails: tuple[str, ...]
    watchdog_emails: tuple[str, ...]
    slack: tuple[str, str] | None
    schedule: str
    cadence: timedelta
    prefix: str
    reserve: bool
    dashboard: bool
    encrypt: bool
    quota_share: float
    queries_a_day: int | None
    include_today: bool
    mask_addresses: bool
    quiet_hours: QuietHours | None
    enable_vdm: bool


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
    problems += [
        f'watchdogEmail: "{email}" is in email too, and would be told everything twice'
        for email in watchdog_emails
        if email in emails
    ]
    schedule = str(context.get("schedule", ""))
    often = timedelta()
    try:
        often = cadence(schedule)
    except NoSchedule:
        what = "does not look every day, in a way that is known here"
        problems.append(f'schedule: "{schedule}" {what}; it takes {CHOICES["schedule"]}')
    if often > timedelta(days=1):
        problems.append(f'schedule: "{schedule}" is too seldom; look once a day at the least')
    prefix = str(context.get("prefix", ""))
    if not _PREFIX.fullmatch(prefix):
        problems.append(f'prefix: "{prefix}" cannot be one; it takes {CHOICES["prefix"]}')
    share = re.fullmatch(r"(\d{1,3})%", str(context.get("quotaShare", "")))
    if not share or not 1 <= int(share[1]) <= 100:  # noqa: PLR2004 - per cent
        what = f'"{context.get("quotaShare", "")}" is no share; it takes {CHOICES["quotaShare"]}'
        problems.append(f"quotaShare: {what}")
    queries = str(context.get("queriesPerDay", ""))
    if queries != "unlimited" and not (queries.isdecimal() and int(queries) >= _FEWEST_QUERIES):
        what = f'"{queries}" is no number of them; it takes {CHOICES["queriesPerDay"]}'
        problems.append(f"queriesPerDay: {what}")
    switches = {key: str(context.get(key, "")).lower() for key in _SWITCHES}
    problems += [
        f'{key}: "{value}" is neither; it takes {CHOICES[key]}'
        for key, value in switches.items()
        if value not in {"true", "false"}
    ]
    slack, wrong = _slack(context)
    quiet_hours, wrong_hours = _quiet_hours(context)
    problems += [*wrong, *wrong_hours]
    if problems:
        raise BadContext("\n".join(["The CDK context cannot be used:", *problems]))
    on = {key for key, value in switches.items() if value == "true"}
    return Settings(
        emails=emails,
        watchdog_emails=watchdog_emails,
        slack=slack,
        schedule=schedule,
        cadence=often,
        prefix=prefix,
        reserve="reserve" in on,
        dashboard="dashboard" in on,
        encrypt="encrypt" in on,
        quota_share=int(share[1]) / 100 if share else 0,
        queries_a_day=int(queries) if queries.isdecimal() else None,
        include_today="includeToday" in on,
        mask_addresses="maskAddresses" in on,
        quiet_hours=quiet_hours,
        enable_vdm="enableVdm" in on,
    )


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


def _quiet_hours(context: Mapping[str, object]) -> tuple[QuietHours | None, list[str]]:
    """Return the quiet hours, if there are any, and what is wrong with them."""
    try:
        return parse_quiet_hours(str(context.get("quietHours", "")).strip()), []
    except ValueError as error:
        return None, [f"quietHours: {error}; it takes {CHOICES['quietHours']}"]


def _is_cdk_own(key: str) -> bool:
    """Say whether the CDK put *key* there: its flags and look-ups have signs that ours lack."""
    return key.startswith("@") or ":" in key or key in _CDK_OWN


def _suggestion(key: str) -> str:
    near = difflib.get_close_matches(key.lower(), CHOICES, n=1)
    return f'; did you mean "{near[0]}"?' if near else f"; those are {', '.join(CHOICES)}"
