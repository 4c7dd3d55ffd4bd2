"""Deployment options from the CDK context."""

from datetime import timedelta
from pathlib import Path

import pytest
from aws_cdk import App
from templates import CDK_JSON

from infra.settings import CONTEXT_KEYS, InvalidContextError, Settings, read_context
from vdm_alerts.core.model.metrics import Window

BASE = CDK_JSON["context"]


def test_settings_have_defaults_of_cdk_json() -> None:
    assert read_context(BASE) == Settings(
        emails=(),
        watchdog_emails=(),
        slack=None,
        schedule="rate(1 hour)",
        cadence=timedelta(hours=1),
        weekly_summary="cron(0 8 ? * MON *)",
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
        ("ops", '"ops" is not an email address. Use a form like "ops@example.com".'),
        ("ops@localhost", '"ops@localhost" is not an email address. Use a form like'),
        ("ops@example..com", '"ops@example..com" is not an email address. Use a form like'),
        ("a@b@example.com", '"a@b@example.com" is not an email address. Use a form like'),
        ("'a@b.example'", "\"'a@b.example'\" is not an email address. Use a form like"),
        ("x" * 65 + "@b.example", 'x@b.example" is not an email address. Use a form like'),
        (
            "a@" + "b" * 250 + ".example",
            'b.example" is not an email address. Use at most 254 characters.',
        ),
        (
            "Ops <a@b.example>",
            '"Ops <a@b.example>" is not an email address. Use the address only',
        ),
        (
            "MailTo:a@b.example",
            '"MailTo:a@b.example" is not an email address. Delete "mailto:".',
        ),
        ("a@b.example c@d.example", "Delete the spaces, and separate addresses by commas."),
        ("a@b.example; c@d.example", "Delete the spaces, and separate addresses by commas."),
        (
            "a@\u200bb.example",
            '"a@\\u200Bb.example" is not an email address. Delete the invisible char',
        ),
        (
            "a@b.example,A@b.example",
            '"A@b.example" is "a@b.example" in another case, and would get',
        ),
        ("[a@b.example]", "[a@b.example] is not a JSON list. Use email addresses"),
        (["a@b.example", ""], '"" is not an email address. Delete it, or add an address.'),
        (["a@b.example,c@d.example"], "Put each address in its own quotes."),
        (["a@b.example", 5], "5 is not an email address. Use a text in quotes."),
        ([["a@b.example"]], "['a@b.example'] is not an email address. Use a text in quotes."),
        (
            ["a@b.example", "a@B.example"],
            '"a@B.example" is "a@b.example" in another case, and would',
        ),
        (5, "5 is not a text or a list. Use email addresses for all notifications, separated by"),
        ({"a@b.example": True}, "is not a text or a list. Use email addresses"),
    ],
)
def test_error_names_the_invalid_address(value: object, error: str) -> None:
    with pytest.raises(InvalidContextError) as caught:
        read_context(BASE | {"email": value})
    _, line, fix = str(caught.value).splitlines()
    assert line.startswith("email: ")
    assert error in line
    assert fix.startswith("Effect: the stack is unchanged. Fix: ")


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
    with pytest.raises(InvalidContextError, match="is not a supported schedule"):
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
    _, line, _ = str(caught.value).splitlines()
    assert line.startswith(
        f'schedule: "{schedule}" runs more often than every 5 minutes, although VDM counts whole '
        "days. Use a rate, for example"
    )


@pytest.mark.parametrize(
    ("value", "reserve"), [("true", True), ("True", True), (True, True), ("False", False)]
)
def test_reserve_is_a_text_or_a_boolean(value: object, *, reserve: bool) -> None:
    """The command line passes text; cdk.json holds a boolean."""
    assert read_context(BASE | {"reserve": value}).reserve is reserve


def test_invalid_address_in_both_keys_is_an_error_of_each_only() -> None:
    with pytest.raises(InvalidContextError) as raised:
        read_context(BASE | {"email": "\u202eops", "watchdogEmail": "\u202eops"})
    _, *errors, _ = str(raised.value).split("\n")
    assert [error.partition(":")[0] for error in errors] == ["email", "watchdogEmail"]


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (
            BASE | {"emial": "x"},
            'emial: is not a context key of VDM Alerts. Did you mean "email"?',
        ),
        (
            BASE | {"colour": "x"},
            "colour: is not a context key of VDM Alerts. Use one of email,",
        ),
        (
            BASE | {"email": "a@b.example", "watchdogEmail": "a@b.example"},
            'watchdogEmail: "a@b.example" is also in email',
        ),
        (
            BASE | {"email": "a@b.example", "watchdogEmail": ["A@b.example"]},
            'watchdogEmail: "A@b.example" is also in email',
        ),
        (
            BASE | {"schedule": "hourly"},
            'schedule: "hourly" is not a supported schedule. Use a rate, for',
        ),
        (BASE | {"schedule": "cron(nonsense)"}, "is not a supported schedule"),
        ({}, 'schedule: "" is not a supported schedule'),
        (
            BASE | {"prefix": "Team A"},
            'prefix: "Team A" is not a valid prefix. Use the name of the stack',
        ),
        (BASE | {"prefix": "aws-mail"}, 'prefix: "aws-mail" is not a valid prefix'),
        (BASE | {"prefix": "x" * 31}, "is not a valid prefix"),
        (
            BASE | {"queriesPerDay": "9" * 5_000},
            f'queriesPerDay: "{"9" * 38}… is not a valid number of queries. Use the maximum',
        ),
        (BASE | {"queriesPerDay": "\u0661" * 4}, "is not a valid number of queries"),
        (BASE | {"memory": "255"}, 'memory: "255" is not a size. Use the memory of the function'),
        (BASE | {"memory": "10241"}, 'memory: "10241" is not a size'),
        (BASE | {"memory": "1 GB"}, 'memory: "1 GB" is not a size'),
        (BASE | {"queriesPerDay": "99"}, 'queriesPerDay: "99" is not a valid number of queries'),
        (BASE | {"encrypt": "yes"}, 'encrypt: "yes" is not a Boolean. Use "true" to encrypt'),
        (
            BASE | {"enableVDM": "true"},
            "enableVDM: is not a context key of VDM Alerts. Did you",
        ),
        (
            BASE | {"quietHours": "22:00-07:00 Berlin"},
            'quietHours: "Berlin" is not a time zone. Use an IANA name, for example',
        ),
        (
            BASE | {"reserve": "perhaps"},
            'reserve: "perhaps" is not a Boolean. Use "true" to reserve',
        ),
    ],
)
def test_error_names_key_and_allowed_values(context: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidContextError) as caught:
        read_context(context)
    assert message in str(caught.value)


@pytest.mark.parametrize("key", CONTEXT_KEYS)
def test_nested_value_is_a_short_error_at_any_depth(key: str) -> None:
    """A list in itself, and one whose text doubles with each level."""
    deep: list[object] = []
    wide: list[object] = ["x"]
    for _ in range(1_000):
        deep = [deep]
    for _ in range(100):
        wide = [wide, wide]
    for value in (deep, wide):
        with pytest.raises(InvalidContextError) as caught:
            read_context(BASE | {key: value})
        lines = [line for line in str(caught.value).splitlines() if line.startswith(f"{key}: ")]
        assert lines
        assert all(len(line) < 600 for line in lines)


def test_slack_needs_workspace_and_channel() -> None:
    ids = {"slackWorkspaceId": "T0123ABCD", "slackChannelId": "C0123ABCD"}
    assert read_context(BASE | ids).slack == ("T0123ABCD", "C0123ABCD")
    assert read_context(BASE).slack is None
    for key in ids:
        with pytest.raises(InvalidContextError, match=f'{key}: "" is not a Slack ID'):
            read_context(BASE | {each: value for each, value in ids.items() if each != key})
    with pytest.raises(InvalidContextError, match='slackChannelId: "#alerts" is not a Slack ID'):
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


def test_message_lists_every_error() -> None:
    with pytest.raises(InvalidContextError) as caught:
        read_context(BASE | {"emial": "x", "email": "y", "schedule": "z", "prefix": "!"})
    assert len(str(caught.value).splitlines()) == 6


def test_context_keys_of_cdk_are_ignored() -> None:
    cdk_keys = {
        "@aws-cdk/core:newStyle": True,
        "aws:cdk:bundling-stacks": [],
        "vpc-provider:x": {},
        "cli-telemetry": False,
    }
    assert read_context(BASE | cdk_keys) == read_context(BASE)


@pytest.mark.parametrize(
    ("value", "schedule"),
    [
        ("none", None),
        ("cron(30 17 ? * FRI *)", "cron(30 17 ? * FRI *)"),
        ("cron(00 08 ? * 2 *)", "cron(00 08 ? * 2 *)"),
        ("rate(7 days)", "rate(7 days)"),
    ],
)
def test_weekly_summary_has_a_weekly_schedule_or_none(value: str, schedule: str | None) -> None:
    assert read_context(BASE | {"weeklySummary": value}).weekly_summary == schedule


@pytest.mark.parametrize(
    "value",
    [
        "weekly",
        "",
        False,
        "rate(1 hour)",
        "rate(7 day)",
        "cron(0 8 * * ? *)",
        "cron(0 8 ? * * *)",
        "cron(0 24 ? * MON *)",
        "cron(60 8 ? * MON *)",
        "cron(0 8 ? * MON-FRI *)",
        "cron(0 8 * * MON *)",
        "cron(0 8 ? * 0 *)",
        "cron(0 8 ? * mon *)",
        "cron(0 8 ? * MON 2027)",
    ],
)
def test_weekly_summary_is_rejected_when_its_schedule_is_not_weekly(value: object) -> None:
    with pytest.raises(InvalidContextError, match="is not a weekly schedule") as error:
        read_context(BASE | {"weeklySummary": value})
    assert str(error.value).splitlines()[1].startswith("weeklySummary: ")


LISTED = '[[targets]]\naccount = "222222222222"\nregions = ["eu-west-1"]\n'


def fleet_context(folder: Path, text: str = LISTED, **changes: object) -> dict[str, object]:
    file = folder / "fleet.toml"
    file.write_text(text)
    context: dict[str, object] = BASE | {"fleet": str(file)} | changes
    return context


def test_fleet_is_read_from_its_file(tmp_path: Path) -> None:
    context = fleet_context(tmp_path)
    options = read_context(context).fleet
    assert options is not None
    assert (options.path, options.concurrency) == (context["fleet"], 40)
    assert [str(entry.target) for entry in options.fleet.targets] == [
        "Account 222222222222, eu-west-1"
    ]


@pytest.mark.parametrize("value", ["1", 1, "100", 100])
def test_fleet_concurrency_is_a_text_or_a_number(tmp_path: Path, value: object) -> None:
    options = read_context(fleet_context(tmp_path, fleetConcurrency=value)).fleet
    assert options is not None
    assert options.concurrency == int(str(value))


@pytest.mark.parametrize("value", ["0", "101", "1000", "many", "-1", 2.5, "9" * 5_000, "\u0661"])
def test_fleet_concurrency_is_limited(tmp_path: Path, value: object) -> None:
    with pytest.raises(InvalidContextError) as caught:
        read_context(fleet_context(tmp_path, fleetConcurrency=value))
    error = str(caught.value)
    assert "is not a valid number of targets. Use the number of targets of the fleet" in error
    assert "Parameter Store, whose quota is 40 calls a second" in error


def test_fleet_concurrency_without_a_fleet_is_an_error() -> None:
    with pytest.raises(InvalidContextError, match=r"fleetConcurrency: has no effect without fleet"):
        read_context(BASE | {"fleetConcurrency": "40"})


def test_every_error_in_a_fleet_file_is_an_error_of_the_context(tmp_path: Path) -> None:
    context = fleet_context(tmp_path, LISTED.replace("222222222222", "22").replace("eu-", "eu"))
    with pytest.raises(InvalidContextError) as caught:
        read_context(context | {"encrypt": "perhaps"})
    heading, *lines, _ = str(caught.value).splitlines()
    assert heading == "Invalid CDK context: 3 errors"
    file = context["fleet"]
    account, region = lines[1:]
    assert account == (
        f'fleet: {file}: targets[0].account "22" is not an account ID. Use 12 digits, in quotes, '
        'for example "222222222222".'
    )
    assert region.startswith(f'fleet: {file}: targets[0].regions[0] "euwest-1" is not a Region.')


def test_unreadable_fleet_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"# \xe4")
    for path, error in (
        (tmp_path / "missing.toml", "is unreadable: No such file or directory. Use the path of"),
        (tmp_path, "is unreadable: Is a directory. Use the path of a fleet file"),
        (tmp_path / "latin.toml", "is not UTF-8. Save it with this encoding."),
        ("a\0b", "is unreadable: embedded null byte."),
    ):
        with pytest.raises(InvalidContextError) as caught:
            read_context(BASE | {"fleet": str(path)})
        assert error in str(caught.value)


@pytest.mark.parametrize("schedule", ["rate(5 minutes)", "cron(0,5 8 * * ? *)"])
def test_executions_of_a_fleet_are_at_least_ten_minutes_apart(
    tmp_path: Path, schedule: str
) -> None:
    with pytest.raises(InvalidContextError) as caught:
        read_context(fleet_context(tmp_path, schedule=schedule))
    assert f'schedule: "{schedule}" runs more often than every 10 minutes. A fleet sends' in str(
        caught.value
    )
    assert read_context(fleet_context(tmp_path, schedule="rate(10 minutes)")).fleet
