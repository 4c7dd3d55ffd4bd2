"""What would be told, as the command shows it, and as the page about scenarios has it."""

import logging
import re
from pathlib import Path

import pytest

from vdm_alerts_cli.__main__ import main
from vdm_alerts_cli.simulate import RULES, play, texts_in
from vdm_local.scenario import Scenario, parse_scenario
from vdm_local.scenario_run import ScenarioRun
from vdm_local.traffic import METRICS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scenarios.md").read_text()
EXAMPLE = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def simulated(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["vdm-alerts", "simulate", *map(str, arguments)])
    return main()


@pytest.fixture
def example(tmp_path: Path) -> Path:
    path = tmp_path / "example.toml"
    path.write_text(EXAMPLE)
    return path


def test_the_scenario_on_the_page_tells_what_it_says_that_it_tells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], example: Path
) -> None:
    assert simulated(monkeypatch, example) == 0
    shown = capsys.readouterr().out
    assert "[WARNING] Bounce rate of the account is 12%" in shown
    assert "Sun 08 Mar 09:00  Yesterday 12% bounced." in shown
    assert "expected" not in shown
    assert not logging.root.manager.disable, "what logs goes on logging"


@pytest.mark.parametrize(
    ("expecting", "told"),
    [
        (EXAMPLE.replace('["FIRING"]', "[]"), "FIRING"),
        (re.sub("tells = .*", "tells = []", EXAMPLE), "SUMMARY"),
    ],
    ids=["nothing at one run", "nothing at all"],
)
def test_where_something_else_is_told_than_expected_that_is_shown(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    example: Path,
    expecting: str,
    told: str,
) -> None:
    example.write_text(expecting)
    assert simulated(monkeypatch, example) == 1
    assert f"expected: nothing; told: {told}\n" in capsys.readouterr().out


def test_a_scenario_that_expects_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], example: Path
) -> None:
    example.write_text(re.sub("tells = .*", "", EXAMPLE))
    assert simulated(monkeypatch, example) == 0
    assert "[WARNING]" in capsys.readouterr().out


def test_rules_of_ones_own_can_be_tried_and_mails_read(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    example: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "mine.toml").write_text(
        'indicator = "bounce_rate"\nscopes = ["identity"]\nwarning = "20%"\n'
    )
    assert simulated(monkeypatch, example, "--rules", tmp_path / "rules", "--mails") == 1
    shown = capsys.readouterr().out
    assert "expected: FIRING; told: nothing" in shown
    assert "VDM Alerts has begun to watch" in shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("begins = 2026-03-01", "there is no [[run]] in it"),
        ("begins = 2026-03-01\nbegan = 1", "not known in a scenario: began"),
        (f'quiet_hours = "at night"\n{EXAMPLE}', 'quiet_hours: "at night" is not like'),
        (EXAMPLE.replace("03-11T", "03-02T"), "a run at 2026-03-02 09:00:00+00:00 comes after"),
        (EXAMPLE.replace("Six", "S\xe9x"), "is no text in UTF-8"),
        (None, "No such file"),
    ],
)
def test_what_cannot_be_played_is_an_error_that_says_why(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    text: str | None,
    says: str,
) -> None:
    path = tmp_path / "odd.toml"
    if text:
        path.write_text(text, encoding="latin-1")
    assert simulated(monkeypatch, path) == 2
    error = capsys.readouterr().err
    assert says in error
    assert str(path) in error


@pytest.mark.parametrize(
    ("name", "says"),
    [("none.txt", "there is no rule in it"), ("odd.toml", "a rule is no text in UTF-8")],
)
def test_rules_that_are_none_are_an_error(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    example: Path,
    tmp_path: Path,
    name: str,
    says: str,
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / name).write_bytes(b"\xe9")
    assert simulated(monkeypatch, example, "--rules", tmp_path / "rules") == 2
    assert f"{tmp_path / 'rules'}: {says}" in capsys.readouterr().err


def test_a_rule_of_ones_own_that_is_taken_away_uncovers_the_one_that_shipped() -> None:
    covered = EXAMPLE.replace(
        'story = "Six days of 1%."',
        'story = ""\n[run.rules]\nbounce-rate = """\nindicator = "bounce_rate"\n'
        'scopes = ["account"]\nwarning = "50%"\n"""\n',
    )
    uncovered = covered.replace(
        'story = "Yesterday 12% bounced."', 'story = ""\n[run.rules]\nbounce-rate = ""\n'
    )
    for text, told in ((covered, ()), (uncovered, ("FIRING",))):
        _, second, *_ = play(parse_scenario(text, "the page's"), texts_in(RULES))
        assert second.told == told


def test_a_rule_that_is_broken_in_a_scenario_is_told_as_the_function_would() -> None:
    scenario = parse_scenario(
        EXAMPLE + '[run.rules]\nbounce-rate = "warning = 5"\n', "the page's, with a bad rule"
    )
    *_, last = play(scenario, texts_in(RULES))
    assert last.told[-1] == "SERVICE"
    assert "/vdm-alerts/rules/bounce-rate" in last.messages[-1].text
    assert "it counts as it was when it last could be read" in last.messages[-1].text


def test_the_page_has_every_key_of_a_run_and_of_a_scenario() -> None:
    run_fields = {*ScenarioRun.__dataclass_fields__}
    keys = run_fields - {"expected_reasons", "has_expected_reasons"} | {"tells"}
    keys |= {
        name
        for name, each in Scenario.__dataclass_fields__.items()
        if each.init and name not in {"streams", "runs", "faults", "seed"}
    }
    named = {*re.findall(r"`(\w+)`", PAGE)}
    assert keys <= named
    assert named & {each.lower() for each in METRICS} == {"send", "permanent_bounce", "complaint"}
