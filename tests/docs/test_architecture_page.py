"""Tests of docs/architecture.md: the files, functions and classes that it names exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
TEXT = PAGE.read_text()
PACKAGE = ROOT / "lambda" / "vdm_alerts"
LINKS = sorted(set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", TEXT)))
REFERENCES = sorted(set(re.findall(r"`([\w/]+\.py)#(\w+)`", TEXT)))
PACKAGE_ROWS = set(
    re.findall(r"^\| \[`[\w./]+`\]\(\.\./lambda/vdm_alerts/([\w./]+)\)", TEXT, re.MULTILINE)
)


def defined_names(path: Path) -> set[str]:
    """Return the functions, classes and constants at the top level of the module at *path*."""
    names = set[str]()
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]):
                names.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return names


def test_architecture_page_links_to_files_and_names_functions() -> None:
    assert len(LINKS) > 20
    assert len(REFERENCES) > 15


@pytest.mark.parametrize("link", LINKS)
def test_architecture_page_links_to_an_existing_path(link: str) -> None:
    assert (PAGE.parent / link).exists()


@pytest.mark.parametrize(("module", "name"), REFERENCES)
def test_architecture_page_names_an_existing_function_or_class(module: str, name: str) -> None:
    assert name in defined_names(PACKAGE / module)


def test_architecture_page_lists_every_package_of_the_function() -> None:
    modules = {
        path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"
    }
    unlisted = [
        module.as_posix()
        for module in modules
        if PACKAGE_ROWS.isdisjoint({module.as_posix(), module.parent.as_posix()})
    ]
    assert not unlisted


def test_architecture_page_shows_the_steps_of_a_run_in_order() -> None:
    steps = re.findall(r"^\| \*\*(\w+)\*\* \|", TEXT, re.MULTILINE)
    drawn = re.findall(r"handler --> (.+)", TEXT)
    assert drawn == [" --> ".join(steps)]
