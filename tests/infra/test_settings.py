from datetime import timedelta

import pytest
from templates import CDK_JSON

from infra.settings import BadContext, Settings, read_context

GOOD = CDK_JSON["context"]


def test_without_addresses_there_is_a_topic_and_nobody_on_it() -> None:
    assert read_context(GOOD) == Settings(
        emails=(),
        watchdog_emails=(),
        slack=None,
        schedule="rate(1 hour)",
        cadence=timedelta(hours=1),
        prefix="vdm-alerts",
        reserve=True,
        dashboard=False,
        encrypt=False,
        quota_share=0.97,
        queries_a_day=None,
        include_today=True,
        mask_addresses=True,
        quiet_hours=None,
        enable_vdm=False,
    )


def test_addresses_are_separated_by_commas() -> None:
    context = GOOD | {"email": "ops@example.com, me@example.com,ops@example.com,"}
    assert read_context(context).emails == ("ops@example.com", "me@example.com")


@pytest.mark.parametrize(
    ("schedule", "longest"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(6 hours)", timedelta(hours=6)),
        ("rate(1 day)", timedelta(days=1)),
        ("cron(0 8 * * ? *)", timedelta(days=1)),
        ("cron(0/5 * * * ? *)", timedelta(minutes=5)),
        ("cron(0 8-18 ? * * *)", timedelta(hours=14)),
        ("cron(0,30 */2 * * ? *)", timedelta(hours=1, minutes=30)),
        ("cron(15 6/6 * * ? *)", timedelta(hours=12)),
    ],
)
def test_how_long_it_may_be_between_two_runs_follows_from_the_schedule(
    schedule: str, longest: timedelta
) -> None:
    chosen = read_context(GOOD | {"schedule": schedule})
    assert (chosen.schedule, chosen.cadence) == (schedule, longest)


@pytest.mark.parametrize("no", ["false", "False", False])
def test_an_account_without_concurrency_to_spare_reserves_none(no: object) -> None:
    """The command line gives text, and cdk.json gives a boolean."""
    assert not read_context(GOOD | {"reserve": no}).reserve


@pytest.mark.parametrize(
    ("context", "says"),
    [
        (GOOD | {"emial": "x"}, 'emial: is not a context key of VDM Alerts; did you mean "email"?'),
        (GOOD | {"colour": "x"}, "colour: is not a context key of VDM Alerts; those are email,"),
        (
            GOOD | {"email": "a@b.example", "watchdogEmail": "a@b.example"},
            'watchdogEmail: "a@b.example" is in email too',
        ),
        (GOOD | {"email": "ops"}, 'email: "ops" is no e-mail address; it takes the addresses'),
        (
            GOOD | {"schedule": "hourly"},
            'schedule: "hourly" does not look every day, in a way that is known here; it takes how',
        ),
        (GOOD | {"schedule": "cron(nonsense)"}, "does not look every day"),
        (GOOD | {"schedule": "cron(0 8 ? * MON-FRI *)"}, "a cron of EventBridge Scheduler for eve"),
        (GOOD | {"schedule": "cron(0 8 1 * ? *)"}, "does not look every day"),
        (GOOD | {"schedule": "cron(60 8 * * ? *)"}, "does not look every day"),
        (GOOD | {"schedule": "cron(0 18-8 * * ? *)"}, "does not look every day"),
        (GOOD | {"schedule": "cron(0 8 * * *)"}, "does not look every day"),
        (GOOD | {"schedule": "rate(1 hours)"}, "does not look every day"),
        (GOOD | {"schedule": "rate(2 hour)"}, "does not look every day"),
        ({}, 'schedule: "" does not look every day'),
        (GOOD | {"prefix": "Team A"}, 'prefix: "Team A" cannot be one; it takes what the stack'),
        (GOOD | {"prefix": "aws-mail"}, 'prefix: "aws-mail" cannot be one'),
        (GOOD | {"prefix": "x" * 31}, "cannot be one"),
        (GOOD | {"encrypt": "yes"}, 'encrypt: "yes" is neither; it takes "true" for a KMS key'),
        (GOOD | {"enableVDM": "true"}, "enableVDM: is not a context key of VDM Alerts; did you"),
        (
            GOOD | {"quietHours": "22:00-07:00 Berlin"},
            'quietHours: "Berlin" is no time zone; write its IANA name, "Europe/Berlin"; it takes',
        ),
        (
            GOOD | {"reserve": "perhaps"},
            'reserve: "perhaps" is neither; it takes "true" to reserve',
        ),
    ],
)
def test_a_wrong_key_or_value_is_named_with_what_it_takes(
    context: dict[str, object], says: str
) -> None:
    with pytest.raises(BadContext) as caught:
        read_context(context)
    assert says in str(caught.value)


def test_a_slack_channel_takes_its_workspace_too() -> None:
    ids = {"slackWorkspaceId": "T0123ABCD", "slackChannelId": "C0123ABCD"}
    assert read_context(GOOD | ids).slack == ("T0123ABCD", "C0123ABCD")
    assert read_context(GOOD).slack is None
    for key in ids:
        with pytest.raises(BadContext, match=f'{key}: "" is no id of Slack'):
            read_context(GOOD | {each: value for each, value in ids.items() if each != key})
    with pytest.raises(BadContext, match='slackChannelId: "#alerts" is no id'):
        read_context(GOOD | ids | {"slackChannelId": "#alerts"})


def test_quiet_hours_are_of_a_place() -> None:
    hours = read_context(GOOD | {"quietHours": " 22:00-7:00 Europe/Berlin"}).quiet_hours
    assert str(hours) == "22:00-07:00 Europe/Berlin"
    for none in ("", "none"):
        assert read_context(GOOD | {"quietHours": none}).quiet_hours is None


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(BadContext) as caught:
        read_context(GOOD | {"emial": "x", "email": "y", "schedule": "z", "prefix": "!"})
    assert len(str(caught.value).splitlines()) == 5


def test_what_the_cdk_itself_puts_into_the_context_is_left_alone() -> None:
    cdk = {
        "@aws-cdk/core:newStyle": True,
        "aws:cdk:bundling-stacks": [],
        "vpc-provider:x": {},
        "cli-telemetry": False,
    }
    assert read_context(GOOD | cdk)
