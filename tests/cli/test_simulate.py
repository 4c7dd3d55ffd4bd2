"""The simulation, its command, and the page about scenarios."""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

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


NO_SCENARIO = "begins = 2026-03-01\nbegan = 1\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_invalid_scenario_does_not_stop_the_others(
    run_command: RunCommand, example: Path, tmp_path: Path
) -> None:
    invalid = write(tmp_path / "invalid.toml", NO_SCENARIO)
    unexpected = write(tmp_path / "odd.toml", EXAMPLE.replace('["FIRING"]', "[]"))
    result = run_command("simulate", invalid, example, unexpected)
    assert result.exit_code == 2, "2 wins over 1"
    assert f"vdm-alerts: {invalid}: 1 error\n  began  is not a key" in result.stderr
    assert str(example) in result.stdout
    assert "expected: no notification; sent: FIRING" in result.stdout
    assert "3 scenarios: 1 with unexpected notifications, 1 invalid." in result.stderr


def test_rules_that_no_scenario_fires_are_listed(run_command: RunCommand, example: Path) -> None:
    result = run_command("simulate", example, example)
    unfired = [name for name in read_rules(DEFAULT_RULES) if name != "bounce-rate"]
    (line,) = [line for line in result.stderr.splitlines() if "no scenario fires" in line]
    assert all(name in line for name in unfired)
    assert not re.search(r"(?<!-)\bbounce-rate", line.replace("transient-bounce-rate", ""))
    assert result.exit_code == 0
    assert not run_command("simulate", example).stderr


def test_diff_shows_the_runs_that_are_not_as_expected(
    run_command: RunCommand, example: Path, tmp_path: Path
) -> None:
    unexpected = write(tmp_path / "odd.toml", EXAMPLE.replace('["FIRING"]', "[]"))
    free = write(tmp_path / "free.toml", re.sub("expects = .*", "", EXAMPLE))
    result = run_command("simulate", "--diff", example, unexpected, free)
    assert result.exit_code == 1
    (difference,) = re.findall(r"```text\n(--- quiet.*?)```", PAGE, re.DOTALL)
    assert result.stdout == (
        f"{example}: as expected, 3 runs\n"
        f"{difference.replace('quiet.toml', str(unexpected))}"
        f"{free}: nothing is expected, 3 runs\n"
    )


def test_junit_file_has_a_test_for_each_run(
    run_command: RunCommand, example: Path, tmp_path: Path
) -> None:
    text = EXAMPLE.replace('["FIRING"]', "[]").replace("Yesterday", "<\\u0007&")
    paths = [
        example,
        write(tmp_path / "odd.toml", text),
        write(tmp_path / "free.toml", re.sub("expects = .*", "", EXAMPLE)),
        write(tmp_path / "invalid.toml", NO_SCENARIO),
    ]
    result = run_command("simulate", *paths, "--junit", tmp_path / "results.xml")
    assert result.exit_code == 2
    suites = ET.parse(tmp_path / "results.xml").getroot()  # noqa: S314 - a file of this test
    counts = ("tests", "failures", "errors", "skipped")
    assert [(suite.get("name"), *map(suite.get, counts)) for suite in suites] == [
        (str(paths[0]), "3", "0", "0", "0"),
        (str(paths[1]), "3", "1", "0", "0"),
        (str(paths[2]), "1", "0", "0", "1"),
        (str(paths[3]), "1", "0", "1", "0"),
    ]
    (failed,) = suites.findall("testsuite/testcase[failure]")
    assert failed.get("name") == "2026-03-08 09:00 <\\u0007& 12% bounced."
    (failure,) = failed
    assert failure.get("message") == "expected: no notification; sent: FIRING"
    assert "[CRITICAL] Bounce rate 12%" in (failure.text or "")
    (error,) = suites.findall("testsuite/testcase/error")
    assert "began  is not a key" in (error.text or "")


@pytest.mark.parametrize(("expected", "status"), [('["FIRING"]', 3), ("[]", 1)])
def test_junit_file_that_cannot_be_written_is_reported(
    run_command: RunCommand, example: Path, expected: str, status: int
) -> None:
    example.write_text(EXAMPLE.replace('["FIRING"]', expected))
    result = run_command("simulate", example, "--junit", "/dev/full")
    assert result.exit_code == status
    assert "vdm-alerts: not written: /dev/full: No space left on device\n" in result.stderr
    assert "expected" in result.stdout or expected != "[]"
