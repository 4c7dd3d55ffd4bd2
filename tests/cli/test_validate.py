"""`validate` and `init`: errors and advice about rules and silences, and where to start."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vdm_alerts.core.muting.silences import parse_silence
from vdm_alerts.core.rules.parser import parse_rule
from vdm_alerts_cli.advice import advice_on_rule, advice_on_rules, advice_on_silence
from vdm_alerts_cli.command_line import vdm_alerts
from vdm_alerts_cli.init import template
from vdm_alerts_cli.rule_files import DEFAULT_RULES, read_rules

RunCommand = Callable[..., Result]
NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
RULE = """
indicator = "bounce_rate"
scopes = ["account"]
warning = "5%"
critical = "10%"
"""
SILENCE = """
rule = "bounce-rate"
isp = "Gmail"
until = 2026-03-13T09:00:00Z
reason = "migration"
author = "ops"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Write each text to a file named by its keyword, and return the folder."""

    def write(**texts: str) -> Path:
        for name, text in texts.items():
            (tmp_path / f"{name}.toml").write_text(text, "utf-8")
        return tmp_path

    return write


def test_default_rules_are_valid_and_need_no_advice(run_command: RunCommand) -> None:
    result = run_command("validate", "--strict", DEFAULT_RULES)
    assert (result.exit_code, result.stdout) == (0, "5 documents checked, without a problem.\n")


def test_every_error_of_every_document_is_listed(
    run_command: RunCommand, folder: Callable[..., Path]
) -> None:
    path = folder(
        good=RULE, bad=RULE.replace("5%", "5").replace("account", "acount"), later="until = 5"
    )
    result = run_command("validate", path, path / "none.toml", "-o", "json")
    assert result.exit_code == 2
    found = {(Path(row["id"]).name, row["kind"], row["key"]) for row in json.loads(result.stdout)}
    assert found == {
        ("bad.toml", "rule", "scopes[0]"),
        ("bad.toml", "rule", "warning"),
        ("later.toml", "silence", "until"),
        ("later.toml", "silence", "reason"),
        ("later.toml", "silence", "author"),
        ("later.toml", "silence", "rule"),
        ("none.toml", "rule", ""),
    }


def test_standard_input_is_a_document() -> None:
    runner = CliRunner(catch_exceptions=False)
    assert runner.invoke(vdm_alerts, ["validate", "-"], input=SILENCE).exit_code == 0
    result = runner.invoke(vdm_alerts, ["validate", "-"], input="\xff".encode("latin-1"))
    assert result.exit_code == 2
    assert "is not encoded in UTF-8" in result.stdout


@pytest.mark.parametrize("arguments", [[], ["--ssm", "x.toml"]])
def test_paths_and_ssm_exclude_each_other(run_command: RunCommand, arguments: list[str]) -> None:
    result = run_command("validate", *arguments)
    assert result.exit_code == 2
    assert "Use either at least one PATH, or --ssm." in result.stderr


def test_folder_without_documents_is_an_error(run_command: RunCommand, tmp_path: Path) -> None:
    result = run_command("validate", tmp_path)
    assert result.exit_code == 2
    assert f"{tmp_path}: has no rule and no silence." in result.stderr


def test_advice_is_given_with_strict_only(
    run_command: RunCommand, folder: Callable[..., Path]
) -> None:
    path = folder(late=RULE.replace('"5%"', '"7%"'))
    assert run_command("validate", path).exit_code == 0
    result = run_command("validate", "--strict", path)
    assert result.exit_code == 1
    assert "warning is 7%, and SES reviews an account at 5%" in result.stdout


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"5%"', '"7%"', "warning"),
        ('"10%"', '"12%"', "critical"),
        ('critical = "10%"', "", "critical"),
        ('warning = "5%"', "", "warning"),
        ("scopes", 'confidence = "80%"\nscopes', "confidence"),
        ("scopes", 'confidence = "none"\nscopes', "confidence"),
        ("scopes", 'hold = "1d"\nscopes', "hold"),
        ("scopes", 'remind_after = "never"\nscopes', "remind_after"),
    ],
)
def test_unwise_rule_has_advice_on_its_key(old: str, new: str, key: str) -> None:
    assert list(advice_on_rule(parse_rule("r", RULE, "here"))) == []
    rule = parse_rule("r", RULE.replace(old, new), "here")
    assert [advice.path for advice in advice_on_rule(rule)] == [key]


@pytest.mark.parametrize(
    ("text", "now", "keys"),
    [
        (SILENCE, NOW, []),
        (SILENCE, NOW + timedelta(days=1), ["until"]),
        (SILENCE, NOW - timedelta(days=40), ["until"]),
        (SILENCE.replace('isp = "Gmail"', "").replace('"bounce-rate"', '"*"'), NOW, ["rule"]),
    ],
)
def test_unwise_silence_has_advice_on_its_key(text: str, now: datetime, keys: list[str]) -> None:
    silence = parse_silence("s", text, "here")
    assert [advice.path for advice in advice_on_silence(silence, now)] == keys


def test_overlapping_rules_have_advice() -> None:
    first, second = (parse_rule(name, RULE, name) for name in ("first", "second"))
    other = parse_rule("other", RULE.replace("account", "tenant"), "other")
    ((rule, advice),) = advice_on_rules([first, second, other])
    assert rule is second
    assert advice.what == "overlaps rule first: a bad bounce rate can fire both."
    assert list(advice_on_rules([parse_rule(*each, "x") for each in _defaults()])) == []


def _defaults() -> list[tuple[str, str]]:
    return list(read_rules(DEFAULT_RULES).items())


def test_templates_are_valid_and_simulate_as_they_say(
    run_command: RunCommand, tmp_path: Path
) -> None:
    rule = parse_rule("r", template("rule", NOW), "here")
    assert list(advice_on_rule(rule)) == []
    silence = parse_silence("s", template("silence", NOW), "here")
    assert silence.until == NOW + timedelta(days=2)
    assert run_command("init", "scenario", "--to", tmp_path / "s.toml").exit_code == 0
    assert run_command("simulate", tmp_path / "s.toml").exit_code == 0


def test_commented_keys_of_the_rule_template_are_valid() -> None:
    lines = [line.removeprefix("# ") for line in template("rule", NOW).splitlines()]
    keys = [line for line in lines if line.startswith("[") or line.partition(" = ")[1]]
    parse_rule("r", "\n".join(key for key in keys if not key[0].isupper()), "here")


def test_existing_file_stays(run_command: RunCommand, tmp_path: Path) -> None:
    path = tmp_path / "rule.toml"
    path.write_text("mine")
    result = run_command("init", "rule", "--to", path)
    assert result.exit_code == 2
    assert (
        result.stderr
        == f"vdm-alerts: {path}: exists. Use another name, or delete the file first.\n"
    )
    assert path.read_text() == "mine"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_asks_the_program(run_command: RunCommand, shell: str) -> None:
    result = run_command("completion", shell)
    assert result.exit_code == 0
    assert "_VDM_ALERTS_COMPLETE" in result.stdout
