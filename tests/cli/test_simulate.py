"""The simulation, its command, and the page about scenarios."""

import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from vdm_alerts_cli.rule_files import DEFAULT_RULES, read_rules
from vdm_alerts_cli.simulate import simulate
from vdm_local.scenario import InvalidScenarioError, Scenario, parse_scenario
from vdm_local.scenario_run import ScenarioRun
from vdm_local.traffic import METRICS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scenarios.md").read_text()
EXAMPLE = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]
RunCommand = Callable[..., Result]


@pytest.fixture
def example(tmp_path: Path) -> Path:
    path = tmp_path / "example.toml"
    path.write_text(EXAMPLE)
    return path


def test_example_of_the_page_sends_the_expected_notifications(
    run_command: RunCommand, example: Path
) -> None:
    result = run_command("simulate", example)
    assert result.exit_code == 0
    shown = result.stdout
    assert "[CRITICAL] Bounce rate 12% (above 10%): whole account" in shown
    assert "Sun 08 Mar 09:00  Yesterday 12% bounced." in shown
    assert "expected" not in shown
    assert not logging.root.manager.disable, "the log is on again"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (EXAMPLE.replace('["FIRING"]', "[]"), "FIRING"),
        (re.sub("expects = .*", "expects = []", EXAMPLE), "SUMMARY"),
    ],
    ids=["nothing at one run", "nothing at all"],
)
def test_simulate_fails_and_shows_the_difference_when_notifications_are_unexpected(
    run_command: RunCommand, example: Path, text: str, reason: str
) -> None:
    example.write_text(text)
    result = run_command("simulate", example)
    assert result.exit_code == 1
    assert f"expected: no notification; sent: {reason}\n" in result.stdout


def test_simulate_succeeds_when_the_scenario_has_no_expectations(
    run_command: RunCommand, example: Path
) -> None:
    example.write_text(re.sub("expects = .*", "", EXAMPLE))
    result = run_command("simulate", example)
    assert result.exit_code == 0
    assert "[CRITICAL]" in result.stdout


@pytest.mark.parametrize("option", ["--emails", "--mails"])
def test_simulate_uses_custom_rules_and_shows_emails(
    run_command: RunCommand, example: Path, tmp_path: Path, option: str
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "mine.toml").write_text(
        'indicator = "bounce_rate"\nscopes = ["identity"]\nwarning = "20%"\n'
    )
    result = run_command("simulate", example, "--rules", tmp_path / "rules", option)
    assert result.exit_code == 1
    assert "expected: FIRING; sent: no notification" in result.stdout
    assert "VDM Alerts is monitoring" in result.stdout


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("begins = 2026-03-01", "has no [[run]]"),
        ("begins = 2026-03-01\nbegan = 1", "  began  is not a key of a scenario"),
        (
            f'quiet_hours = "at night"\n{EXAMPLE}',
            '  quiet_hours  "at night" is not a period of quiet hours',
        ),
        (
            EXAMPLE.replace("03-11T", "03-02T"),
            "  run[2].at  2026-03-02T09:00:00+00:00 is earlier than",
        ),
        (EXAMPLE.replace("Six", "S\xe9x"), "is not encoded in UTF-8"),
        (None, "No such file"),
    ],
)
def test_simulate_reports_an_input_error_when_the_scenario_is_invalid(
    run_command: RunCommand, tmp_path: Path, text: str | None, says: str
) -> None:
    path = tmp_path / "odd.toml"
    if text:
        path.write_text(text, encoding="latin-1")
    result = run_command("simulate", path)
    assert result.exit_code == 2
    assert result.stderr.startswith("vdm-alerts: ")
    assert says in result.stderr
    assert str(path) in result.stderr


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        (
            EXAMPLE.replace("begins = 2026-03-01", "begins = 2026-03-01T00:00:00Z"),
            ["begins  2026-03-01T00:00:00+00:00 is not a date. Use a date without a time"],
        ),
        (
            EXAMPLE.replace('story = "Y', 'gone = "news.example.com"\nstory = "Y'),
            ['run[1].gone  "news.example.com" is not a list. Use square brackets'],
        ),
        (
            f'vdm_enabled = "false"\n{EXAMPLE}',
            ['vdm_enabled  "false" is not a Boolean. Use true or false, without quotes.'],
        ),
        (
            EXAMPLE.replace('"news.example.com"', "5"),
            ["emails[0].identity  5 is not a name. Use a name in quotes, without spaces."],
        ),
        (
            f"seed = '1'\n{EXAMPLE}".replace('["FIRING"]', '["FIRNG"]').replace("200x6", "200y6"),
            [
                'emails[0].permanent_bounce  "200y6" is not a count. Use a count, for example 20',
                'run[1].expects[0]           "FIRNG" is not a reason of a notification. Did you',
                'seed                        "1" is not a whole number. Use a whole number',
            ],
        ),
    ],
    ids=["time of the first day", "text for a list", "text for a switch", "number", "several"],
)
def test_simulate_rejects_a_scenario_with_every_error_and_its_path(
    run_command: RunCommand, example: Path, text: str, errors: list[str]
) -> None:
    """Promtool passed without looking: https://github.com/prometheus/prometheus/issues/12499."""
    example.write_text(text)
    result = run_command("simulate", example)
    heading, *lines = result.stderr.splitlines()
    assert (result.exit_code, result.stdout) == (2, "")
    assert heading.startswith(f"vdm-alerts: {example}: {len(errors)} error")
    for line, error in zip(lines, errors, strict=True):
        assert line.startswith(f"  {error}")


def test_page_shows_the_errors_of_an_invalid_scenario() -> None:
    (errors,) = re.findall(r"```text\nvdm-alerts: (.*?)\n```", PAGE, re.DOTALL)
    text = (
        EXAMPLE.replace('"20000x10"', "20000")
        .replace('["FIRING"]', '["FIRNG"]')
        .replace('story = "Y', 'gone = "news.example.com"\nstory = "Y')
    )
    with pytest.raises(InvalidScenarioError) as caught:
        parse_scenario(text, "late.toml")
    assert str(caught.value) == errors


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_simulate_accepts_files_with_a_byte_order_mark(
    run_command: RunCommand, example: Path, tmp_path: Path, line_end: bytes
) -> None:
    (tmp_path / "rules").mkdir()
    files = {example: example, DEFAULT_RULES / "bounce-rate.toml": tmp_path / "rules" / "mine.toml"}
    for original, copy in files.items():
        copy.write_bytes(b"\xef\xbb\xbf" + original.read_bytes().replace(b"\n", line_end))
    result = run_command("simulate", example, "--rules", tmp_path / "rules")
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "says"),
    [("none.txt", ": has no rule"), ("odd.toml", "/odd.toml: is not encoded in UTF-8")],
)
def test_simulate_reports_an_input_error_when_the_rules_are_unreadable(
    run_command: RunCommand, example: Path, tmp_path: Path, name: str, says: str
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / name).write_bytes(b"\xe9")
    result = run_command("simulate", example, "--rules", tmp_path / "rules")
    assert result.exit_code == 2
    assert f"{tmp_path / 'rules'}{says}" in result.stderr


def test_default_rule_applies_again_when_the_custom_rule_is_deleted() -> None:
    replaced = EXAMPLE.replace(
        'story = "Six days of 1%."',
        'story = ""\n[run.rules]\nbounce-rate = """\nindicator = "bounce_rate"\n'
        'scopes = ["account"]\nwarning = "50%"\n"""\n',
    )
    deleted = replaced.replace(
        'story = "Yesterday 12% bounced."', 'story = ""\n[run.rules]\nbounce-rate = ""\n'
    )
    for text, reasons in ((replaced, ()), (deleted, ("FIRING",))):
        _, second, *_ = simulate(parse_scenario(text, "the page's"), read_rules(DEFAULT_RULES))
        assert second.reasons == reasons


def test_simulate_sends_a_service_notification_when_a_rule_is_invalid() -> None:
    scenario = parse_scenario(
        EXAMPLE + '[run.rules]\nbounce-rate = "warning = 5"\n', "the page's, with a bad rule"
    )
    *_, last = simulate(scenario, read_rules(DEFAULT_RULES))
    assert last.reasons[-1] == "SERVICE"
    assert "/vdm-alerts/rules/bounce-rate" in last.messages[-1].text
    assert "last valid version stays in effect" in last.messages[-1].text


def test_page_documents_every_key_of_a_run_and_of_a_scenario() -> None:
    run_fields = {*ScenarioRun.__dataclass_fields__} - {"expected_reasons", "has_expected_reasons"}
    keys = {*run_fields, "expects"} | {
        name
        for name, each in Scenario.__dataclass_fields__.items()
        if each.init and name not in {"streams", "runs", "faults", "recommendations", "seed"}
    }
    named = {*re.findall(r"`(\w+)`", PAGE)}
    assert keys <= named
    assert named & {each.lower() for each in METRICS} == {"send", "permanent_bounce", "complaint"}
