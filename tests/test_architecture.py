"""What keeps the house in order beyond what the linters see."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED = sorted((ROOT / "lambda" / "vdm_alerts").rglob("*.py"))


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SHIPPED, ids=shown)
def test_only_the_handler_looks_at_the_clock_and_the_environment(path: Path) -> None:
    looks = re.search(r"\bdatetime\.now\(|\bos\.environ\b|\btime\.time\(", path.read_text())
    assert (looks is not None) == (path.parent.name == "handlers" and path.name != "__init__.py")


@pytest.mark.parametrize("path", SHIPPED, ids=shown)
def test_what_ships_imports_nothing_but_what_ships(path: Path) -> None:
    allowed = {"vdm_alerts", "aws_lambda_powertools", "attrs", "cattrs", "boto3", "botocore"}
    typing_only = {"mypy_boto3_sesv2", "mypy_boto3_ssm", "mypy_boto3_sns", "mypy_boto3_dynamodb"}
    stdlib = set(__import__("sys").stdlib_module_names)
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] in allowed | typing_only | stdlib, name


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no git checkout")
def test_what_is_made_here_is_not_committed() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert not [name for name in listed if re.search(r"(^|/)(\.venv|build|node_modules)/", name)]


def test_lock_files_name_no_place_that_things_were_downloaded_from() -> None:
    locks = [
        *ROOT.glob("requirements*.txt"),
        *ROOT.glob("*/requirements.txt"),
        ROOT / "package-lock.json",
    ]
    assert len(locks) == 6
    for lock in locks:
        assert "://" not in lock.read_text(), lock
