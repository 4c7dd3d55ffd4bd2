"""`check` and `explain`: what the function would decide now, and why."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from builders import firing
from cli.scenario_account import use_account
from click.testing import Result
from mocked_stack import VARIABLES

from vdm_alerts.core.alerts.alert import Firing
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.settings import read_settings
from vdm_alerts_cli import check
from vdm_alerts_cli.deployment import Deployment
from vdm_alerts_cli.explain import explanations_of
from vdm_alerts_cli.options import AccountOptions, OutputOptions, ReadingOptions

RunCommand = Callable[..., Result]
NOW = datetime(2026, 3, 15, 9, tzinfo=UTC)
DAY = timedelta(days=1)
BEGIN = "begins = 2026-03-01\n"
GOOD = """
[[emails]]
identity = "shop.example.com"
isp = "Gmail"
send = "10000x14"
permanent_bounce = "50x14"
"""
BAD = """
[[emails]]
identity = "news.example.com"
isp = "Hotmail"
send = "1000x14"
permanent_bounce = "10x12 200x2"
"""


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let commands read an account with these emails, as of `NOW`."""
    return lambda text: use_account(monkeypatch, BEGIN + text, NOW)


def test_good_rates_exit_with_0(account: Callable[[str], None], run_command: RunCommand) -> None:
    account(GOOD)
    result = run_command("check")
    assert result.exit_code == 0
    assert "shop.example.com" in result.stdout
    assert "CRITICAL" not in result.stdout
    assert "VDM queries, and more for senders whose rate is bad." in result.stderr


def test_worst_rate_is_first_and_exits_with_1(
    account: Callable[[str], None], run_command: RunCommand
) -> None:
    account(GOOD + BAD)
    result = run_command("check", "--quiet", "-o", "json")
    assert result.exit_code == 1
    assert result.stderr == ""
    document = json.loads(result.stdout)
    worst = document["rates"][0]
    assert worst["state"] == "CRITICAL"
    assert worst["scope"] in ({"identity": "news.example.com"}, {"isp": "Hotmail"})
    assert (worst["events"], worst["emails"]) == (400, 2000)
    assert worst["rate"] == pytest.approx(0.2)
    states = [row["state"] for row in document["rates"]]
    assert states == sorted(states, key=["CRITICAL", "WARNING", "OK", "NO RATE"].index)


def test_scope_selects_rates_and_an_unknown_one_is_an_error(
    account: Callable[[str], None], run_command: RunCommand
) -> None:
    account(GOOD + BAD)
    ids = run_command("check", "--scope", "NEWS.example.com", "-o", "ids", "--quiet").stdout
    assert set(ids.split()) == {"identity=news.example.com"}
    result = run_command("check", "--scope", "new.example.com", "--quiet")
    assert result.exit_code == 2
    assert '"new.example.com" names no scope that was read. Did you mean' in result.stderr


def test_earlier_time_is_read_with_at(
    account: Callable[[str], None], run_command: RunCommand
) -> None:
    account(GOOD + BAD)
    assert run_command("check", "--at", "2026-03-12T09:00:00Z").exit_code == 0
    result = run_command("check", "--at", "2026-03-12")
    assert result.exit_code == 2
    assert '--at: "2026-03-12" is not a time with an offset' in result.stderr


def test_rate_that_few_emails_make_high_is_undecided(
    account: Callable[[str], None], run_command: RunCommand
) -> None:
    account(GOOD + BAD.replace("1000x14", "0x13 13").replace("10x12 200x2", "0x13 1"))
    result = run_command("check", "--quiet", "-o", "json", "--scope", "news.example.com")
    states = {row["rule"]: row["state"] for row in json.loads(result.stdout)["rates"]}
    assert states["bounce-rate"] == "UNDECIDED"
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("more", "status", "text"),
    [
        ("vdm_enabled = false\n", 1, "Virtual Deliverability Manager is turned off"),
        ('[[fault]]\nkind = "denied"\n', 3, "not allowed to call ses:BatchGetMetricData"),
        ('[[fault]]\nkind = "query-failure"\n', 3, "UNREADABLE"),
    ],
    ids=["VDM off", "denied", "failed queries"],
)
def test_what_cannot_be_read_is_never_well(
    account: Callable[[str], None], run_command: RunCommand, more: str, status: int, text: str
) -> None:
    account(more + GOOD if "[[" not in more else GOOD + more)
    result = run_command("check")
    assert result.exit_code == status
    assert text in result.stdout + result.stderr


def test_query_limit_leaves_rates_unread(
    account: Callable[[str], None], run_command: RunCommand
) -> None:
    account(GOOD)
    result = run_command("check", "--max-queries", "3")
    assert result.exit_code == 3
    assert "up to 3 VDM queries" in result.stderr


def test_explain_names_rule_counts_and_verdict(
    account: Callable[[str], None], run_command: RunCommand
) -> None:
    account(GOOD + BAD)
    result = run_command("explain", "news.example.com", "--quiet")
    assert result.exit_code == 1
    for part in (
        "Rule bounce-rate",
        "Yes. The rule monitors the bounce rate of each identity.",
        "WARNING 5%, CRITICAL 10%; minimum confidence 98%",
        "400 of 2,000 emails bounced permanently",
        "No. The rule monitors each mailbox provider, and this scope is of the kind identity.",
        "No stack is deployed, so there is no alert history.",
    ):
        assert part in result.stdout, result.stdout


def test_explain_says_when_a_flapping_alert_resolves(account: Callable[[str], None]) -> None:
    account(GOOD)
    result = check.read(AccountOptions(), ReadingOptions(), OutputOptions(quiet=True), None)
    scope = Scope(identity="shop.example.com")
    recovering = replace(
        firing(scope),
        state=Firing(Severity.WARNING, NOW - 9 * DAY, recovering_since=NOW - DAY),
        resolved_at=(NOW - 8 * DAY, NOW - 5 * DAY),
    )
    observation = replace(result.observation, alerts={recovering.key: recovering})
    deployment = Deployment("vdm-alerts", {}, read_settings(VARIABLES))
    result = replace(result, deployment=deployment, observation=observation)
    (explanation,) = (
        each
        for each in explanations_of(scope, result, OutputOptions())
        if each.rule == recovering.rule
    )
    steps = {step.title: step.text for step in explanation.steps}
    # Three days after the recovery began, and not after the rule's own clear_after.
    assert "It resolves at 2026-03-17 09:00 UTC at the earliest" in steps["Next"]


def test_explain_is_also_json(account: Callable[[str], None], run_command: RunCommand) -> None:
    account(GOOD)
    documents = json.loads(run_command("explain", "account", "-o", "json", "--quiet").stdout)
    bounce_rate = next(each for each in documents if each["rule"] == "bounce-rate")
    assert bounce_rate["breach"] is False
    assert [window["days"] for window in bounce_rate["windows"]] == [1, 2, 4, 7]
    assert bounce_rate["windows"][0]["events"] == 50
