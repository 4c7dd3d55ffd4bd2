"""The Lambda asset: pure Python, small, and the same on every machine."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from infra import asset

MEGABYTE = 1_000_000
UNCHECKED_HASH = 0b01
"""Flags of bytecode whose source hash is not checked (PEP 552)."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("asset")
    asset.assemble(target)
    return target


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_asset_contains_package_and_its_dependencies_only(built: Path) -> None:
    packages = {path.name for path in built.iterdir() if path.is_dir()} - {"__pycache__"}
    modules = {name for name in packages if not name.endswith(".dist-info")}
    assert modules == {
        "vdm_alerts",
        "aws_lambda_powertools",
        "attr",
        "attrs",
        "cattr",
        "cattrs",
        "jmespath",
        "tzdata",
    }
    assert {path.name for path in built.glob("*.py")} == {"typing_extensions.py"}


def test_asset_contains_every_module_of_package(built: Path, root: Path) -> None:
    source = root / "lambda" / "vdm_alerts"
    assert {name for name in files(built / "vdm_alerts") if name.endswith(".py")} == {
        name for name in files(source) if name.endswith(".py")
    }


def test_asset_contains_no_compiled_extension(built: Path) -> None:
    extensions = (".so", ".pyd", ".dylib")
    assert [name for name in files(built) if name.endswith(extensions)] == []
    wheels = list(built.glob("*.dist-info/WHEEL"))
    assert len(wheels) > 0
    for wheel in wheels:
        assert "Root-Is-Purelib: true" in wheel.read_text()


def test_asset_contains_no_trace_of_build_machine(built: Path) -> None:
    names = {name.rsplit("/", 1)[-1] for name in files(built)}
    assert names.isdisjoint({"RECORD", "INSTALLER", "REQUESTED", ".lock", "direct_url.json"})


@pytest.mark.skipif(asset.find_python() is None, reason=f"no Python {asset.PYTHON} is installed")
def test_asset_bytecode_has_unchecked_hashes(built: Path) -> None:
    """The CDK dates all files 1980, which would invalidate bytecode with timestamps."""
    compiled = list((built / "vdm_alerts").rglob("*.pyc"))
    assert len(compiled) == len(list((built / "vdm_alerts").rglob("*.py")))
    for path in compiled:
        flags = int.from_bytes(path.read_bytes()[4:8], "little")
        assert flags == UNCHECKED_HASH


def test_asset_is_smaller_than_three_megabytes_zipped(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "asset.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in sorted(files(built)):
            zipped.write(built / name, name)
    with capsys.disabled():
        print(f"\nthe asset is {archive.stat().st_size / MEGABYTE:.2f} MB zipped")
    assert archive.stat().st_size < 3 * MEGABYTE


def test_asset_hash_changes_with_sources_and_requirements_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = asset.asset_hash()
    sources = tmp_path / "lambda"
    shutil.copytree(asset.SOURCES, sources)
    monkeypatch.setattr(asset, "SOURCES", sources)
    monkeypatch.setattr(asset, "REQUIREMENTS", sources / "requirements.txt")
    assert asset.asset_hash() == before
    (sources / "vdm_alerts" / "__pycache__").mkdir(exist_ok=True)
    (sources / "vdm_alerts" / "__pycache__" / "x.pyc").write_bytes(b"x")
    os.utime(sources / "vdm_alerts" / "ports.py")
    assert asset.asset_hash() == before
    (sources / "vdm_alerts" / "ports.py").write_text("changed")
    changed = asset.asset_hash()
    assert changed != before
    (sources / "requirements.txt").write_text("changed")
    assert asset.asset_hash() not in {before, changed}


def test_assemble_fails_when_dependencies_are_missing_or_outdated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asset, "DEPENDENCIES", tmp_path)
    with pytest.raises(asset.MissingDependenciesError, match="run `make setup`"):
        asset.assemble(tmp_path / "out")
    (tmp_path / "requirements.txt").write_text("something else")
    with pytest.raises(asset.MissingDependenciesError, match="out of date"):
        asset.assemble(tmp_path / "out")


def test_asset_imports_with_boto3_alone(built: Path, root: Path) -> None:
    """The interpreter of the local AWS has only ministack and boto3."""
    script = (
        "import sys, aws_lambda_powertools, cattrs, attrs;"
        "from vdm_alerts.handlers import evaluate;"
        "print(*(m.__file__ for m in (aws_lambda_powertools, cattrs, attrs, evaluate)))"
    )
    done = subprocess.run(
        [root / "local" / ".venv" / "bin" / "python", "-c", script],
        env={"PYTHONPATH": str(built), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(path.startswith(str(built)) for path in done.stdout.split())


def test_asset_contains_every_time_zone(built: Path, root: Path) -> None:
    script = """
import tzdata, zoneinfo
from importlib import resources
from vdm_alerts.core.muting.quiet_hours import parse_quiet_hours

zones = resources.files("tzdata").joinpath("zones").read_text().split()
for zone in zones:
    assert str(parse_quiet_hours(f"22:00-07:00 {zone}")) == f"22:00-07:00 {zone}"
print(zoneinfo.TZPATH, len(zones) > 500, tzdata.__file__)
"""
    done = subprocess.run(
        [root / "local" / ".venv" / "bin" / "python", "-c", script],
        env={"PYTHONPATH": str(built), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == f"() True {built}/tzdata/__init__.py"
