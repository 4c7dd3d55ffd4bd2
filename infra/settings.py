"""Deployment options, read from the CDK context.

Example: `cdk deploy -c email=you@example.com`.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from infra.cadence import InvalidScheduleError, is_weekly, parse_cadence, shortest_interval
from infra.email_addresses import address_errors, is_address, split_addresses
from vdm_alerts.core.fleet.document import InvalidFleetError, parse_fleet
from vdm_alerts.core.fleet.field_types import parse_prefix
from vdm_alerts.core.fleet.fleet import Fleet
from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.muting.quiet_hours import QuietHours, parse_quiet_hours
from vdm_alerts.core.observations.no_email import NO_EMAIL_AFTER, parse_no_email_after
from vdm_alerts.core.rules.quoting import quote, shorten

CONTEXT_KEYS: Mapping[str, str] = {
    "email": "email addresses for all notifications, separated by commas or in a JSON list",
    "watchdogEmail": "more email addresses for the CloudWatch alarms on VDM Alerts, separated by "
    "commas or in a JSON list",
    "slackWorkspaceId": "the ID of the workspace in which you authorized Amazon Q Developer, for "
    'example "T0123ABCD"',
    "slackChannelId": 'the ID of the channel in this workspace to notify, for example "C0123ABCD"',
    "schedule": 'a rate, for example "rate(1 hour)", or a cron expression of EventBridge Scheduler '
    'for every day, for example "cron(0 8-18 * * ? *)", with runs every 5 minutes to once a day',
    "weeklySummary": "a cron expression of EventBridge Scheduler for one time on one day of the "
    'week, in UTC, for example "cron(0 8 ? * MON *)", or "rate(7 days)", or "none"',
    "prefix": "the name of the stack, its table and its parameters, unique in the Region: 3 to 30 "
    "characters of a-z, 0-9 and -, first a letter, not starting with aws or ssm",
    "reserve": '"true" to reserve a concurrency of 1 for the function, which the quota of the '
    'account must allow, or "false" to rely on the lease in the table',
    "dashboard": '"true" to create a CloudWatch dashboard, or "false"',
    "encrypt": '"true" to encrypt the topics and the queue with a KMS key of your own, or "false"',
    "quotaShare": "the share of the VDM quota of your account that VDM Alerts can use, from "
    '"1%" to "100%"',
    "queriesPerDay": 'the maximum number of VDM queries per day, at least 100, or "unlimited"',
    "memory": "the memory of the function that evaluates, in MB, from 256 to 10240",
    "includeToday": '"true" to include today (partial), or "false" to use whole days only',
    "maskAddresses": '"true" to mask email addresses in logs and metrics, or "false" to show them',
    "quietHours": "the daily hours in which only critical notifications are sent, for example "
    '"22:00-07:00 Europe/Berlin", or "none"',
    "noEmailAfter": "the number of days without email of the whole account after which you get a "
    'notification, for example "3d", or "never"',
    "runbookUrl": 'the URL of your copy of docs/runbook.md, without "#", for example '
    '"https://wiki.example.com/vdm-alerts", or "none"',
    "enableVdm": '"true" to turn on Virtual Deliverability Manager, or "false" to leave it as it '
    "is",
    "fleet": "the path of a fleet file, which names the accounts and Regions to monitor, for "
    'example "fleet.toml", or delete this key to monitor only the account and Region of the stack',
    "fleetConcurrency": "the number of targets of the fleet to evaluate at the same time, from 1 "
    "to 100, because each reads Parameter Store, whose quota is 40 calls a second",
}
"""Every context key of VDM Alerts, with its valid values. The text completes "Use "."""

WEEKLY_SUMMARY_SCHEDULE = "cron(0 8 ? * MON *)"
"""The default schedule of the weekly summary."""
_SWITCHES = ("reserve", "dashboard", "encrypt", "includeToday", "maskAddresses", "enableVdm")
_EMAIL_KEYS = ("email", "watchdogEmail")
_SLACK_KEYS = ("slackWorkspaceId", "slackChannelId")
_CDK_KEYS = frozenset({"acknowledged-issue-numbers", "cli-telemetry"})
_MIN_QUERIES_PER_DAY = 100
_URL = re.compile(r"https?://[!-\"$-~]{1,400}")
"""A URL in printable ASCII, without a fragment: VDM Alerts adds the section."""
MAX_FLEET_CONCURRENCY = 100
"""The largest number of targets that are evaluated at the same time.

Each run calls GetParametersByPath at least twice. The default quota of Parameter Store is 40 calls
a second, for GetParameter, GetParameters and GetParametersByPath together:
https://docs.aws.amazon.com/general/latest/gr/ssm.html
"""
_FLEET_CONCURRENCY = 40
_SHORTEST_FLEET_INTERVAL = timedelta(minutes=10)
"""The shortest time between two executions of a fleet.

A fleet sends at most 10 notifications an hour, and an execution at least one, if any is due.
"""

Context: TypeAlias = Mapping[str, object]


class InvalidContextError(Exception):
    """The CDK context is invalid. The message lists all errors."""

    def __init__(self, errors: Sequence[str]) -> None:
        """Create the exception for at least one of *errors*, each of which names its key."""
        count = f"{len(errors)} {'error' if len(errors) == 1 else 'errors'}"
        fix = "Effect: the stack is unchanged. Fix: correct the -c options, or edit cdk.json."
        super().__init__("\n".join([f"Invalid CDK context: {count}", *errors, fix]))


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """The deployment options of a fleet."""

    path: str
    """The path of the fleet file."""
    fleet: Fleet
    """The content of the file."""
    concurrency: int = _FLEET_CONCURRENCY
    """The number of targets that are evaluated at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Deployment options; defaults are in cdk.json."""

    emails: tuple[str, ...]
    """Addresses that are subscribed to all notifications."""
    watchdog_emails: tuple[str, ...]
    """Addresses that are subscribed to the alarms on VDM Alerts only."""
    slack: tuple[str, str] | None
    """The workspace and the channel of Slack to notify."""
    schedule: str
    cadence: timedelta
    """The longest time between two runs of *schedule*."""
    weekly_summary: str | None
    """The schedule of the weekly summary; None for no summary."""
    prefix: str
    """Name of the stack and prefix of what it creates."""
    reserve: bool
    """Whether to reserve a concurrency of one for the function. A fleet ignores it."""
    dashboard: bool
    encrypt: bool
    quota_share: float
    """Share of the SES quota to use, as a fraction."""
    queries_per_day: int | None
    """Largest number of VDM queries a day; None for no limit."""
    memory: int = 256
    """Memory of the function that evaluates, in MB."""
    include_today: bool
    mask_addresses: bool
    quiet_hours: QuietHours | None
    no_email_after: Window | None
    """Days without email of the account that are notified; None if no number is."""
    runbook_url: str | None
    """The URL of the runbook that notifications link to; None if they name the file."""
    enable_vdm: bool
    fleet: FleetOptions | None = None
    """The accounts and Regions to monitor; None for only those of the stack."""


def read_context(context: Context) -> Settings:
    """Return the deployment options in *context*.

    Raises InvalidContextError with every error in it.
    """
    errors = _unknown_keys(context)
    emails, watchdog_emails = _emails(context, errors)
    schedule, cadence = _schedule(context, errors)
    weekly_summary = _weekly_summary(context, errors)
    prefix = _prefix(context, errors)
    quota_share = _quota_share(context, errors)
    queries_per_day = _queries_per_day(context, errors)
    memory = _memory(context, errors)
    enabled = _enabled_switches(context, errors)
    slack = _slack(context, errors)
    quiet_hours = _quiet_hours(context, errors)
    no_email_after = _no_email_after(context, errors)
    runbook_url = _runbook_url(context, errors)
    fleet = _fleet(context, errors)
    if errors:
        raise InvalidContextError(errors)
    return Settings(
        emails=emails,
        watchdog_emails=watchdog_emails,
        slack=slack,
        schedule=schedule,
        cadence=cadence,
        weekly_summary=weekly_summary,
        prefix=prefix,
        reserve="reserve" in enabled,
        dashboard="dashboard" in enabled,
        encrypt="encrypt" in enabled,
        quota_share=quota_share,
        queries_per_day=queries_per_day,
        memory=memory,
        include_today="includeToday" in enabled,
        mask_addresses="maskAddresses" in enabled,
        quiet_hours=quiet_hours,
        no_email_after=no_email_after,
        runbook_url=runbook_url,
        enable_vdm="enableVdm" in enabled,
        fleet=fleet,
    )


# Each of these reads one option and appends what is wrong with it to *errors*.


def _unknown_keys(context: Context) -> list[str]:
    return [
        f"{shorten(escape_invisible(key))}: is not a context key of VDM Alerts. {_suggestion(key)}"
        for key in sorted(context)
        if key not in CONTEXT_KEYS and not _is_cdk_key(key)
    ]


def _emails(context: Context, errors: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    emails, watchdog_emails = (_addresses(context, key, errors) for key in _EMAIL_KEYS)
    in_lower_case = {email.lower() for email in emails}
    errors += [
        f'watchdogEmail: "{email}" is also in email, and would get every CloudWatch alarm twice. '
        "Delete it from watchdogEmail."
        for email in watchdog_emails
        if email.lower() in in_lower_case and is_address(email)  # Else it has an error already.
    ]
    return emails, watchdog_emails


def _addresses(context: Context, key: str, errors: list[str]) -> tuple[str, ...]:
    try:
        entries = split_addresses(context.get(key, ""))
    except ValueError as error:
        errors.append(f"{key}: {error} {_usage(key)}")
        return ()
    errors += [f"{key}: {error}" for error in address_errors(entries)]
    return tuple(dict.fromkeys(entry.strip() for entry in entries if isinstance(entry, str)))


def _schedule(context: Context, errors: list[str]) -> tuple[str, timedelta]:
    """Return the schedule and its cadence."""
    schedule = _text(context, "schedule")
    try:
        cadence = parse_cadence(schedule)
    except InvalidScheduleError as error:
        errors.append(f"schedule: {quote(schedule)} {error}. {_usage('schedule')}")
        return schedule, timedelta()
    if cadence > timedelta(days=1):
        errors.append(
            f"schedule: {quote(schedule)} runs less than once a day. {_usage('schedule')}"
        )
    if context.get("fleet") and shortest_interval(schedule) < _SHORTEST_FLEET_INTERVAL:
        minutes = _SHORTEST_FLEET_INTERVAL // timedelta(minutes=1)
        errors.append(
            f"schedule: {quote(schedule)} runs more often than every {minutes} minutes. A fleet "
            "sends at most 10 notifications an hour, and at least one per execution. Use "
            f'"rate({minutes} minutes)", or less often.'
        )
    return schedule, cadence


def _weekly_summary(context: Context, errors: list[str]) -> str | None:
    schedule = _text(context, "weeklySummary", WEEKLY_SUMMARY_SCHEDULE)
    if schedule == "none":
        return None
    if not is_weekly(schedule):
        what = f"{quote(schedule)} is not a weekly schedule. {_usage('weeklySummary')}"
        errors.append(f"weeklySummary: {what}")
    return schedule


def _prefix(context: Context, errors: list[str]) -> str:
    prefix = _text(context, "prefix")
    try:
        return parse_prefix(prefix)
    except ValueError as error:
        errors.append(f"prefix: {error}")
        return prefix


def _quota_share(context: Context, errors: list[str]) -> float:
    text = _text(context, "quotaShare")
    percentage = re.fullmatch(r"(\d{1,3})%", text)
    if not percentage or not 1 <= int(percentage[1]) <= 100:  # noqa: PLR2004 - per cent
        what = f"{quote(text)} is not a whole percentage. {_usage('quotaShare')}"
        errors.append(f"quotaShare: {what}")
        return 0
    return int(percentage[1]) / 100


def _queries_per_day(context: Context, errors: list[str]) -> int | None:
    text = _text(context, "queriesPerDay")
    if text == "unlimited":
        return None
    # SES answers fewer than a billion queries a day.
    if not (re.fullmatch(r"[0-9]{1,9}", text) and int(text) >= _MIN_QUERIES_PER_DAY):
        what = f"{quote(text)} is not a valid number of queries. {_usage('queriesPerDay')}"
        errors.append(f"queriesPerDay: {what}")
        return None
    return int(text)


def _memory(context: Context, errors: list[str]) -> int:
    text = _text(context, "memory", "256")
    # The highest value is the maximum of Lambda.
    if not re.fullmatch(r"[0-9]{3,5}", text) or not 256 <= int(text) <= 10_240:  # noqa: PLR2004
        errors.append(f"memory: {quote(text)} is not a size. {_usage('memory')}")
        return 0
    return int(text)


def _enabled_switches(context: Context, errors: list[str]) -> set[str]:
    """Return the keys of the switches that are on.

    A value on the command line is text; a value in cdk.json is a boolean.
    """
    switches = {key: _text(context, key).lower() for key in _SWITCHES}
    errors += [
        f"{key}: {quote(value)} is not a Boolean. {_usage(key)}"
        for key, value in switches.items()
        if value not in {"true", "false"}
    ]
    return {key for key, value in switches.items() if value == "true"}


def _slack(context: Context, errors: list[str]) -> tuple[str, str] | None:
    """Return the workspace and the channel, or None if neither is set."""
    ids = {key: _text(context, key) for key in _SLACK_KEYS if context.get(key)}
    if not ids:
        return None
    errors += [
        f"{key}: {quote(ids.get(key, ''))} is not a Slack ID. {_usage(key)}"
        for key in _SLACK_KEYS
        if not re.fullmatch(r"[A-Z0-9]{8,}", ids.get(key, ""))
    ]
    workspace, channel = (ids.get(key, "") for key in _SLACK_KEYS)
    return workspace, channel


def _quiet_hours(context: Context, errors: list[str]) -> QuietHours | None:
    try:
        return parse_quiet_hours(_text(context, "quietHours").strip())
    except ValueError as error:
        errors.append(f"quietHours: {error}")
        return None


def _no_email_after(context: Context, errors: list[str]) -> Window | None:
    try:
        return parse_no_email_after(_text(context, "noEmailAfter", f"{NO_EMAIL_AFTER.days}d"))
    except ValueError as error:
        errors.append(f'noEmailAfter: {error} Use "never" to turn this notification off.')
        return None


def _runbook_url(context: Context, errors: list[str]) -> str | None:
    url = _text(context, "runbookUrl", "none")
    if url == "none":
        return None
    if not _URL.fullmatch(url):
        errors.append(
            f"runbookUrl: {quote(url)} is not a URL of printable ASCII. {_usage('runbookUrl')}"
        )
    return url


def _fleet(context: Context, errors: list[str]) -> FleetOptions | None:
    """Return the options of the fleet, or None for a single account and Region."""
    path = _text(context, "fleet")
    if not path:
        if "fleetConcurrency" in context:
            errors.append(
                "fleetConcurrency: has no effect without fleet. Delete it, or add fleet: "
                f"{CONTEXT_KEYS['fleet']}."
            )
        return None
    concurrency = _text(context, "fleetConcurrency", str(_FLEET_CONCURRENCY))
    # More digits than those of the limit need no number, which Python limits.
    if not (
        re.fullmatch(r"[1-9][0-9]{0,2}", concurrency) and int(concurrency) <= MAX_FLEET_CONCURRENCY
    ):
        what = f"{quote(concurrency)} is not a valid number of targets."
        errors.append(f"fleetConcurrency: {what} {_usage('fleetConcurrency')}")
        concurrency = str(_FLEET_CONCURRENCY)
    try:
        fleet = parse_fleet(Path(path).read_text(encoding="utf-8"), path)
    except InvalidFleetError as error:
        name = escape_invisible(path)
        errors += [f"fleet: {name}: {each.path} {each.what}" for each in error.errors]
        return None
    except UnicodeDecodeError:
        errors.append(f"fleet: {quote(path)} is not UTF-8. Save it with this encoding.")
        return None
    except (OSError, ValueError) as error:  # ValueError for a path with a null character.
        reason = error.strerror if isinstance(error, OSError) else error
        errors.append(f"fleet: {quote(path)} is unreadable: {reason}. {_usage('fleet')}")
        return None
    return FleetOptions(path, fleet, int(concurrency))


def _text(context: Context, key: str, default: str = "") -> str:
    """Return the value of *key* as text.

    A list or a table becomes a short text, which no option accepts: a deep one has no `str()`.
    """
    value = context.get(key, default)
    return value if isinstance(value, str) else quote(value)


def _is_cdk_key(key: str) -> bool:
    """Return whether *key* is a flag or a lookup of the CDK itself."""
    return key.startswith("@") or ":" in key or key in _CDK_KEYS


def _usage(key: str) -> str:
    return f"Use {CONTEXT_KEYS[key]}."


def _suggestion(key: str) -> str:
    matches = difflib.get_close_matches(key.lower(), CONTEXT_KEYS, n=1)
    return f'Did you mean "{matches[0]}"?' if matches else f"Use one of {', '.join(CONTEXT_KEYS)}."
