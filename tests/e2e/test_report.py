"""The report about a deployed stack: its alerts, and what changed since the last report."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from deployed_stack import DeployedStack

from vdm_alerts_cli import clock
from vdm_alerts_cli.command_line import vdm_alerts

SCENARIO = """
begins = 2026-03-01
ses_bounce_rate = "2%x12"

[[emails]]
identity = "news.example.com"
isp = "Hotmail"
send = "1000x12"
permanent_bounce = "10x9 200x1 10x2"
"""
FIRST = datetime(2026, 3, 10, 9, tzinfo=UTC)


def test_report_shows_alerts_and_what_changed(
    stack: DeployedStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stack.aws.set_scenario(SCENARIO)
    for name, value in stack.aws.variables.items():
        monkeypatch.setenv(name, value)
    page = tmp_path / "report.html"

    def report(now: datetime) -> str:
        """Return the text of a report as of *now*."""
        monkeypatch.setenv(clock.VARIABLE, now.isoformat())
        done = CliRunner(catch_exceptions=False).invoke(vdm_alerts, ["report", "--to", str(page)])
        assert done.exit_code == 0, done.stderr
        return " ".join(re.sub(r"<[^>]*>", " ", page.read_text("utf-8")).split())

    stack.run(at=FIRST - timedelta(days=1))
    text = report(FIRST - timedelta(days=1))
    assert "Open alerts None as of the last run of VDM Alerts, 2026-03-09 09:00 UTC." in text
    assert "2% (2026-03-09 08:00 UTC)" in text

    stack.run(at=FIRST + timedelta(days=1))
    text = report(FIRST + timedelta(days=1))
    changes = text.split("What changed")[-1].split("Open alerts")[0]
    assert changes.startswith(" Since the report of 2026-03-09 09:00 UTC: New alert ")
    assert "New alert Bounce rate of news.example.com, since 2026-03-11 09:00 UTC." in changes
    assert "Last notified 2026-03-11 09:00 UTC" in text
    assert "Nothing since the report" in report(FIRST + timedelta(days=1))
