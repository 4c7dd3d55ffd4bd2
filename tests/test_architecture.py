"""Architecture rules beyond those of the linters."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCAL_AWS = sorted((ROOT / "local" / "vdm_local").rglob("*.py"))
SHIPPED = sorted((ROOT / "lambda" / "vdm_alerts").rglob("*.py"))


def relative_path(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", SHIPPED, ids=relative_path)
def test_only_handlers_and_the_deadline_read_clock_and_environment(path: Path) -> None:
    pattern = r"\bdatetime\.now\(|\bos\.environ\b|\btime\.(?:time|monotonic|sleep)\("
    uses = re.search(pattern, path.read_text()) is not None
    is_handler = path.parent.name == "handlers" and path.name != "__init__.py"
    is_deadline = path.name == "monotonic_deadline.py"
    assert is_handler or is_deadline or not uses


@pytest.mark.parametrize("path", SHIPPED, ids=relative_path)
def test_package_imports_only_what_the_asset_contains(path: Path) -> None:
    allowed = {"vdm_alerts", "aws_lambda_powertools", "attrs", "cattrs", "boto3", "botocore"}
    services = ("cloudwatch", "dynamodb", "organizations", "s3", "sesv2", "sns", "ssm", "sts")
    typing_only = {f"mypy_boto3_{service}" for service in services}
    stdlib = set(sys.stdlib_module_names)
    for name in imported_modules(path):
        assert name.split(".")[0] in allowed | typing_only | stdlib, name


@pytest.mark.parametrize("path", LOCAL_AWS, ids=relative_path)
def test_local_aws_imports_only_the_checks_of_texts_from_the_function(path: Path) -> None:
    """Otherwise, it could share an error about SES with the function that it tests."""
    others = {
        "core.fleet.field_types",
        "core.model.invisible_characters",
        "core.model.metrics",
        "core.model.target",
        "core.muting.quiet_hours",
        "core.notifications.reasons",
        "core.observations.no_email",
    }
    for name in imported_modules(path):
        package, _, module = name.partition(".")
        if package == "vdm_alerts":
            assert module.startswith("core.rules.") or module in others, name


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
def test_build_output_is_not_committed() -> None:
    committed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    output = [name for name in committed if re.search(r"(^|/)(\.venv|build|node_modules)/", name)]
    assert output == []


def test_lock_files_contain_no_download_address() -> None:
    locks = [
        *ROOT.glob("requirements*.txt"),
        *ROOT.glob("*/requirements.txt"),
        ROOT / "package-lock.json",
    ]
    assert len(locks) == 6
    for lock in locks:
        assert "://" not in lock.read_text(), lock
