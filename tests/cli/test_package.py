"""The installed package: complete without a checkout, apart from the demo."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Series
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.planning.queries import Query
from vdm_alerts_cli.dataset import Dataset, to_json
from vdm_local.cdk import ROOT

PARTS = ("pyproject.toml", "README.md", "LICENSE", "cli", "lambda", "local", "rules")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the project as `pipx install .` does, without its dependencies."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    listed = subprocess.check_output(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PARTS],
        cwd=ROOT,
        text=True,
    )
    for path in listed.splitlines():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, source / path, follow_symlinks=False)
    uv = Path(sys.executable).parent / "uv"
    options = ("--no-deps", "--no-build-isolation", "--python", sys.executable)
    subprocess.run(
        [uv, "pip", "install", "-q", *options, "--target", folder / "site", source], check=True
    )
    return folder / "site"


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, "-m", "vdm_alerts_cli", *arguments],
        env=environment,
        cwd=installed,
        capture_output=True,
        text=True,
        check=False,
    )


def test_installed_package_has_rules_templates_and_commands(installed: Path) -> None:
    where = "import vdm_alerts_cli.rule_files as each; print(each.DEFAULT_RULES)"
    code = [sys.executable, "-c", where]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    folder = subprocess.check_output(code, env=environment, cwd=installed, text=True).strip()
    assert Path(folder).is_relative_to(installed)
    assert len(list(Path(folder).glob("*.toml"))) == 5
    scenario = run(installed, "init", "scenario").stdout
    (installed / "scenario.toml").write_text(scenario)
    assert run(installed, "simulate", "scenario.toml").returncode == 0


def test_installed_package_writes_a_report(installed: Path) -> None:
    target, time = Target("111122223333", "eu-west-1"), datetime(2026, 3, 20, 9, tzinfo=UTC)
    counts = {Query(Metric.SEND, ACCOUNT): Series({time.date(): 5})}
    (installed / "counts.json").write_text(to_json(Dataset(target, time, time.date(), 1, counts)))
    done = run(installed, "report", "--from", "counts.json", "--to", "report.html")
    assert (done.returncode, done.stderr) == (0, "Wrote report.html.\n")


@pytest.mark.parametrize("command", ["demo", "stop"])
def test_demo_and_stop_need_a_checkout(installed: Path, command: str) -> None:
    done = run(installed, command)
    assert done.returncode == 3
    assert done.stderr.startswith(f"vdm-alerts: {command} needs a checkout of the repository")
