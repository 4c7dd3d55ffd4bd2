"""Deployment options from the CDK context."""

from datetime import timedelta

import pytest
from aws_cdk import App
from templates import CDK_JSON

from infra.settings import InvalidContextError, Settings, read_context
from vdm_alerts.core.model.metrics import Window

BASE = CDK_JSON["context"]


def test_settings_have_defaults_of_cdk_json() -> None:
    assert read_context(BASE) == Settings(
        emails=(),
        watchdog_emails=(),
        slack=None,
        schedule="rate(1 hour)",
        cadence=timedelta(hours=1),
        prefix="vdm-alerts",
        reserve=False,
        dashboard=False,
        encrypt=False,
        quota_share=0.97,
        queries_per_day=None,
        include_today=True,
        mask_addresses=True,
        quiet_hours=None,
        no_email_after=Window(7),
        runbook_url=None,
        enable_vdm=False,
    )


@pytest.mark.parametrize(
    "value",
    [
        "ops@example.com,dev@example.com",
        " ops@example.com, dev@example.com,ops@example.com,",
        ["ops@example.com", "dev@example.com"],
        ["ops@example.com ", "dev@example.com", "ops@example.com"],
        '["ops@example.com", "dev@example.com"]',
    ],
    ids=["text", "text with spaces", "list", "list with spaces", "list as text"],
)
@pytest.mark.parametrize("key", ["email", "watchdogEmail"])
def test_addresses_are_a_text_with_commas_or_a_list(key: str, value: object) -> None:
    """The command line passes a list as text; cdk.json holds a list."""
    settings = read_context(App(context=BASE | {key: value}).node.get_all_context())
    addresses = settings.emails if key == "email" else settings.watchdog_emails
    assert addresses == ("ops@example.com", "dev@example.com")


@pytest.mark.parametrize("value", ["", ",", [], "[]"])
def test_nobody_is_subscribed_without_addresses(value: object) -> None:
    assert read_context(BASE | {"email": value}).emails == ()


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("ops", '"ops" is not an email address; write it like "ops@example.com"'),
        ("ops@localhost", '"ops@localhost" is not an email address; write it like'),
        ("ops@example..com", '"ops@example..com" is not an email address; write it like'),
        ("a@b@example.com", '"a@b@example.com" is not an email address; write it like'),
        ("'a@b.example'", "\"'a@b.example'\" is not an email address; write it like"),
        ("x" * 65 + "@b.example", 'x@b.example" is not an email address; write it like'),
        (
            "a@" + "b" * 250 + ".example",
            'b.example" is not an email address; an address has at most',
        ),
        (
            "Ops <a@b.example>",
            '"Ops <a@b.example>" is not an email address; write the address alone',
        ),
        (
            "MailTo:a@b.example",
            '"MailTo:a@b.example" is not an email address; write it without "mail',
        ),
        ("a@b.example c@d.example", "write no space in an address, and a comma between two"),
        ("a@b.example; c@d.example", "write no space in an address, and a comma between two"),
        (
            "a@\u200bb.example",
            '"a@\\u200Bb.example" is not an email address; delete the invisible char',
        ),
        (
            "a@b.example,A@b.example",
            '"A@b.example" is "a@b.example" in another case, and would get',
        ),
        ("[a@b.example]", "[a@b.example] is not a JSON list; without brackets, commas are enough"),
        (["a@b.example", ""], '"" is not an email address; delete it, or write an address'),
        (["a@b.example,c@d.example"], "write each address in quotes of its own"),
        (["a@b.example", 5], "5 is not an email address; write it in quotes"),
        ([["a@b.example"]], "['a@b.example'] is not an email address; write it in quotes"),
        (
            ["a@b.example", "a@B.example"],
            '"a@B.example" is "a@b.example" in another case, and would',
        ),
        (5, "5 is neither a text nor a list; it takes the addresses to write to, separated by"),
        ({"a@b.example": True}, "is neither a text nor a list; it takes the addresses"),
    ],
)
def test_error_names_the_invalid_address(value: object, error: str) -> None:
    with pytest.raises(InvalidContextError) as caught:
        read_context(BASE | {"email": value})
    (line,) = str(caught.value).splitlines()[1:]
    assert line.startswith("email: ")
    assert error in line


@pytest.mark.parametrize(
    ("schedule", "cadence"),
    [
        ("rate(5 minutes)", timedelta(minutes=5)),
        ("rate(6 hours)", timedelta(hours=6)),
        ("rate(1 day)", timedelta(days=1)),
        ("cron(0 8 * * ? *)", timedelta(days=1)),
        ("cron(0/5 * * * ? *)", timedelta(minutes=5)),
        ("cron(0 8-18 ? * * *)", timedelta(hours=14)),
        ("cron(00 0-23/6 * * ? *)", timedelta(hours=6)),
        ("cron(0,30 */2 * * ? *)", timedelta(hours=1, minutes=30)),
        ("cron(15 6/6 * * ? *)", timedelta(hours=12)),
    ],
)
def test_cadence_is_longest_time_between_runs_of_schedule(
    schedule: str, cadence: timedelta
) -> None:
    settings = read_context(BASE | {"schedule": schedule})
    assert (settings.schedule, settings.cadence) == (schedule, cadence)


@pytest.mark.parametrize(
    "schedule",
    [
        "cron(0 8 * * * *)",  # Scheduler requires "?" in one of the day fields,
        "cron(0 8 ? * ? *)",  # and rejects it in both.
        "cron(0 8 1 * ? *)",
        "cron(0 8 ? * MON-FRI *)",
        "cron(0 8 * JAN ? *)",
        "cron(0 8 * * ? 2026)",
        "cron(0 8 * * ?)",
        "cron(0  8 * * ? *)",
        "cron( 0 8 * * ? *)",
        "cron(60 8 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 18-8 * * ? *)",
        "cron(0/60 * * * ? *)",
        "cron(*/0 * * * ? *)",
        "cron(0 /6 * * ? *)",
        "cron(0,*/30 * * * ? *)",
        "cron(0, 8 * * ? *)",
        "cron(? 8 * * ? *)",
        "cron(000 8 * * ? *)",
        "cron(-1 8 * * ? *)",
        "cron(\u0660 8 * * ? *)",
        "cron(0 8 * * ? *) ",
        "CRON(0 8 * * ? *)",
        "rate(0 hours)",
        "rate(1 hours)",
        "rate(2 hour)",
        "rate(01 hour)",
        "rate(1.5 hours)",
        "rate(3600 seconds)",
        "rate(999999999999 days)",
        "at(2026-12-01T08:00:00)",
    ],
)
def test_schedule_is_rejected_when_scheduler_rejects_it_or_it_is_not_daily(schedule: str) -> None:
    with pytest.raises(InvalidContextError, match="does not look every day"):
        read_context(BASE | {"schedule": schedule})


@pytest.mark.parametrize(
    "schedule",
    [
        "rate(1 minute)",
        "rate(4 minutes)",
        "cron(* * * * ? *)",
        "cron(0/4 * * * ? *)",
        "cron(0,2 8 * * ? *)",
        "cron(0/7 * * * ? *)",  # The last run of an hour is 4 minutes before the next hour.
    ],
)
def test_schedule_is_rejected_when_runs_are_less_than_five_minutes_apart(schedule: str) -> None:
    with pytest.raises(InvalidContextError) as caught:
        read_context(BASE | {"schedule": schedule})
    (line,) = str(caught.value).splitlines()[1:]
    assert line.startswith(
        f'schedule: "{schedule}" runs more often than every 5 minutes; VDM counts whole days; it '
        "takes how often to look, every 5 minutes to once a day,"
    )


@pytest.mark.parametrize(
    ("value", "reserve"), [("true", True), ("True", True), (True, True), ("False", False)]
)
def test_reserve_is_a_text_or_a_boolean(value: object, *, reserve: bool) -> None:
    """The command line passes text; cdk.json holds a boolean."""
    assert read_context(BASE | {"reserve": value}).reserve is reserve


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (
            BASE | {"emial": "x"},
            'emial: is not a context key of VDM Alerts; did you mean "email"?',
        ),
        (
            BASE | {"colour": "x"},
            "colour: is not a context key of VDM Alerts; those are email,",
        ),
        (
            BASE | {"email": "a@b.example", "watchdogEmail": "a@b.example"},
            'watchdogEmail: "a@b.example" is in email too',
        ),
        (
            BASE | {"email": "a@b.example", "watchdogEmail": ["A@b.example"]},
            'watchdogEmail: "A@b.example" is in email too',
        ),
        (
            BASE | {"schedule": "hourly"},
            'schedule: "hourly" does not look every day, in a way that is known here; it takes how',
        ),
        (BASE | {"schedule": "cron(nonsense)"}, "does not look every day"),
        ({}, 'schedule: "" does not look every day'),
        (
            BASE | {"prefix": "Team A"},
            'prefix: "Team A" cannot be one; it takes what the stack',
        ),
        (BASE | {"prefix": "aws-mail"}, 'prefix: "aws-mail" cannot be one'),
        (BASE | {"prefix": "x" * 31}, "cannot be one"),
        (
            BASE | {"queriesPerDay": "9" * 5_000},
            f'queriesPerDay: "{"9" * 38}… is no number of them; it takes how many queries',
        ),
        (BASE | {"queriesPerDay": "\u0661" * 4}, "is no number of them"),
        (BASE | {"queriesPerDay": "99"}, 'queriesPerDay: "99" is no number of them'),
        (BASE | {"encrypt": "yes"}, 'encrypt: "yes" is neither; it takes "true" for a KMS key'),
        (
            BASE | {"enableVDM": "true"},
            "enableVDM: is not a context key of VDM Alerts; did you",
        ),
        (
            BASE | {"quietHours": "22:00-07:00 Berlin"},
            'quietHours: "Berlin" is no time zone; write its IANA name, "Europe/Berlin"; it takes',
        ),
        (
            BASE | {"reserve": "perhaps"},
            'reserve: "perhaps" is neither; it takes "true" to reserve',
        ),
    ],
)
def test_error_names_key_and_allowed_values(context: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidContextError) as caught:
        read_context(context)
    assert message in str(caught.value)


def test_slack_needs_workspace_and_channel() -> None:
    ids = {"slackWorkspaceId": "T0123ABCD", "slackChannelId": "C0123ABCD"}
    assert read_context(BASE | ids).slack == ("T0123ABCD", "C0123ABCD")
    assert read_context(BASE).slack is None
    for key in ids:
        with pytest.raises(InvalidContextError, match=f'{key}: "" is no id of Slack'):
            read_context(BASE | {each: value for each, value in ids.items() if each != key})
    with pytest.raises(InvalidContextError, match='slackChannelId: "#alerts" is no id'):
        read_context(BASE | ids | {"slackChannelId": "#alerts"})


def test_days_without_email_can_be_set_or_switched_off() -> None:
    assert read_context(BASE).no_email_after == Window(7)
    assert read_context(BASE | {"noEmailAfter": "2d"}).no_email_after == Window(2)
    assert read_context(BASE | {"noEmailAfter": "never"}).no_email_after is None
    with pytest.raises(InvalidContextError, match=r'noEmailAfter: "2" is not a window'):
        read_context(BASE | {"noEmailAfter": "2"})


def test_quiet_hours_have_time_zone() -> None:
    hours = read_context(BASE | {"quietHours": " 22:00-7:00 Europe/Berlin"}).quiet_hours
    assert str(hours) == "22:00-07:00 Europe/Berlin"
    for none in ("", "none"):
        assert read_context(BASE | {"quietHours": none}).quiet_hours is None


def test_error_lists_every_problem() -> None:
    with pytest.raises(InvalidContextError) as caught:
        read_context(BASE | {"emial": "x", "email": "y", "schedule": "z", "prefix": "!"})
    assert len(str(caught.value).splitlines()) == 5


def test_context_keys_of_cdk_are_ignored() -> None:
    cdk_keys = {
        "@aws-cdk/core:newStyle": True,
        "aws:cdk:bundling-stacks": [],
        "vpc-provider:x": {},
        "cli-telemetry": False,
    }
    assert read_context(BASE | cdk_keys) == read_context(BASE)
