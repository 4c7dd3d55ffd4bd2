"""`vdm-alerts report`: what it reads and writes, and its exit status."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cli.report.report_accounts import NOW, TODAY, an_account, counts, many_identities, series
from cli.scenario_account import use_account
from click.testing import Result

from vdm_alerts.adapters.aws.cloudwatch_reputation import CloudWatchReputation
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts_cli.dataset import to_json

RunCommand = Callable[..., Result]
SCENARIO = """
begins = 2026-03-01
ses_bounce_rate = "2%x19"

[[emails]]
identity = "news.example.com"
isp = "Hotmail"
send = "1000x19"
permanent_bounce = "10x12 200x7"
"""


@pytest.fixture
def dataset(tmp_path: Path) -> Callable[..., Path]:
    """Write a dataset of news.example.com with these bounces a day, and return its path."""

    def write(bounced: int = 10, name: str = "counts.json") -> Path:
        news = Scope(identity="news.example.com")
        answers = {
            **counts(ACCOUNT, series(*[9_000] * 20), series(*[bounced] * 20)),
            **counts(news, series(*[1_000] * 20), series(*[bounced] * 20)),
        }
        path = tmp_path / name
        path.write_text(to_json(an_account(answers).rates.dataset))
        return path

    return write


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands read an account without a stack, with the emails of `SCENARIO`."""
    use_account(monkeypatch, SCENARIO, NOW)


def words(path: Path) -> str:
    """Return the text of the page at *path* on one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", path.read_text("utf-8")).split())


def test_report_of_a_file_needs_no_account_and_says_what_is_unknown(
    run_command: RunCommand, dataset: Callable[..., Path], tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    result = run_command("report", "--from", dataset(), "--to", page)
    assert result.exit_code == 0
    assert result.stdout.startswith("There is no earlier report to compare with.")
    assert result.stderr == f"Wrote {page}.\n"
    text = words(page)
    assert "Open alerts unknown this report was made from a file" in text
    assert "SES reports are unknown: this report was made from a file" in text


def test_report_to_the_same_file_compares_with_the_last_one(
    run_command: RunCommand, dataset: Callable[..., Path], tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    options = ("--to", page, "--quiet", "-o", "json")
    assert json.loads(run_command("report", "--from", dataset(10), *options).stdout) == []
    assert json.loads(run_command("report", "--from", dataset(10), *options).stdout) == []
    assert "Nothing since the report of 2026-03-20 09:00 UTC." in words(page)
    result = run_command("report", "--from", dataset(70), *options)
    assert result.stderr == ""
    first, *_ = json.loads(result.stdout)
    assert first["kind"] == "Now above"
    assert first["severity"] == "WARNING"
    assert f"Now above {first['text']}" in words(page)


def test_report_compares_with_the_report_of_another_file(
    run_command: RunCommand, dataset: Callable[..., Path], tmp_path: Path
) -> None:
    old, new = tmp_path / "old.html", tmp_path / "new.html"
    run_command("report", "--from", dataset(10), "--to", old)
    before = old.read_text()
    options = ("--from", dataset(70), "--to", new, "--since-report", old)
    assert "Now above" in run_command("report", *options).stdout
    assert old.read_text() == before


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--from", "{data}"), "Missing option '--to'"),
        (("--to", "{page}", "--from", __file__), "Use a file that `vdm-alerts export` wrote"),
        (("--to", "{data}", "--from", "{data}"), "{data}: it is not a report"),
        (("--to", "{page}", "--from", "{data}", "--since-report", "{data}"), "it is not a report"),
        (("--to", "{page}", "--from", "{folder}/none"), "{folder}/none"),
        (("--to", "{page}", "--from", "{data}", "--since-report", "{folder}/none"), "none"),
        (("--to", "{page}", "--from", "{data}", "--rules", "{folder}"), "has no rule"),
        (("--to", "{page}", "--from", "{data}", "--days", "61"), "61 is not in the range"),
        (("--to", "{page}", "--rules", "{folder}"), "--rules needs --from"),
    ],
)
def test_invalid_input_exits_with_2_and_writes_nothing(
    run_command: RunCommand,
    dataset: Callable[..., Path],
    tmp_path: Path,
    arguments: tuple[str, ...],
    error: str,
) -> None:
    data = dataset()
    names = {"data": data, "page": tmp_path / "report.html", "folder": tmp_path}
    before = data.read_text()
    result = run_command("report", *(each.format(**names) for each in arguments))
    assert result.exit_code == 2
    assert error.format(**names) in result.stderr
    assert "Traceback" not in result.stderr
    assert data.read_text() == before
    assert not (tmp_path / "report.html").exists() or "{page}" in arguments[3]


def test_invalid_rule_in_a_folder_exits_with_2(
    run_command: RunCommand, dataset: Callable[..., Path], tmp_path: Path
) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "mine.toml").write_text('indicator = "bounce_rat"\n')
    page = tmp_path / "report.html"
    result = run_command("report", "--from", dataset(), "--to", page, "--rules", rules)
    assert result.exit_code == 2
    assert "bounce_rat" in result.stderr
    assert not page.exists()


def test_rules_of_a_folder_apply(
    run_command: RunCommand, dataset: Callable[..., Path], tmp_path: Path
) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "mine.toml").write_text(
        'indicator = "bounce_rate"\nscopes = ["identity"]\nwarning = "0.5%"\n'
    )
    page = tmp_path / "report.html"
    assert run_command("report", "--from", dataset(), "--to", page, "--rules", rules).exit_code == 0
    assert "news.example.com 7,000 1% ≥ 0.5%" in words(page)


@pytest.mark.parametrize("has_file", [True, False])
@pytest.mark.usefixtures("account")
def test_report_about_another_account_is_an_error_before_any_query(
    run_command: RunCommand, dataset: Callable[..., Path], tmp_path: Path, has_file: bool
) -> None:
    page = tmp_path / "report.html"
    run_command("report", "--from", dataset(), "--to", page)
    page.write_text(page.read_text().replace("111122223333", "444455556666"))
    source = ("--from", dataset()) if has_file else ()
    result = run_command("report", "--to", page, *source)
    assert result.exit_code == 2
    assert result.stderr == (
        f"vdm-alerts: {page}: it is a report about Account 444455556666, eu-west-1. Use --to with "
        "a new file for Account 111122223333, eu-west-1.\n"
    )


def test_unwritable_file_exits_with_3(
    run_command: RunCommand, dataset: Callable[..., Path], tmp_path: Path
) -> None:
    page = tmp_path / "none" / "report.html"
    result = run_command("report", "--from", dataset(), "--to", page)
    assert result.exit_code == 3
    assert result.stderr == f"vdm-alerts: {page}: No such file or directory\n"


@pytest.mark.usefixtures("account")
def test_report_of_an_account_without_a_stack(run_command: RunCommand, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    result = run_command("report", "--to", page, "--days", "30")
    assert result.exit_code == 0
    assert "VDM queries" in result.stderr
    text = words(page)
    assert "Open alerts unknown VDM Alerts is not deployed here" in text
    assert "news.example.com 7,000" in text
    assert "Hotmail 7,000" in text
    assert "Bounce rate 2% (2026-03-" in text


@pytest.mark.usefixtures("account")
def test_what_could_not_be_read_is_on_the_page_and_exits_with_3(
    run_command: RunCommand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise UnavailableError("cloudwatch:GetMetricData", "throttled")

    monkeypatch.setattr(CloudWatchReputation, "rates", fail)
    page = tmp_path / "report.html"
    result = run_command("report", "--to", page, "--max-queries", "20")
    assert result.exit_code == 3
    assert "not read: " in result.stderr
    text = words(page)
    assert "Not read" in text
    assert "series: not read, because time or queries ran out" in text
    assert "cloudwatch:GetMetricData" in text


def test_times_are_in_the_time_zone_of_the_user(
    run_command: RunCommand, dataset: Callable[..., Path], tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    run_command("report", "--from", dataset(), "--to", page, "--time-zone", "Asia/Kolkata")
    assert "made 2026-03-20 14:30 IST" in words(page)


def test_days_are_those_of_the_dataset_at_most(run_command: RunCommand, tmp_path: Path) -> None:
    data, page = tmp_path / "counts.json", tmp_path / "report.html"
    data.write_text(to_json(an_account(days=5).rates.dataset))
    run_command("report", "--from", data, "--to", page)
    assert f"{TODAY - timedelta(days=4)} to {TODAY}, made" in words(page)


def test_dataset_of_100_identities_is_a_page_of_at_most_300_kb(
    run_command: RunCommand, tmp_path: Path
) -> None:
    data, page = tmp_path / "counts.json", tmp_path / "report.html"
    data.write_text(to_json(an_account(many_identities(100)).rates.dataset))
    assert run_command("report", "--from", data, "--to", page).exit_code == 0
    assert page.stat().st_size <= 300_000
