"""Tests that pyproject.toml is the only place that states the version of this project."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_newest_release_in_changelog_has_the_version_of_the_project() -> None:
    released = re.findall(r"^## \[(\d[\w.]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert released[:1] in ([], [VERSION])


def test_npm_package_states_no_version() -> None:
    assert "version" not in json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert "version" not in lock
    assert "version" not in lock["packages"][""]


@pytest.mark.parametrize("folder", ["lambda", "cli", "local"])
def test_python_packages_state_no_version(folder: str) -> None:
    modules = sorted((ROOT / folder).glob("vdm_*/**/*.py"))
    assert modules
    stating = [path for path in modules if "__version__ =" in path.read_text()]
    assert stating == []
