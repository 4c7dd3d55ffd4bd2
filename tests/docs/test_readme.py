"""The README and the other pages, compared with the code."""

import re
from pathlib import Path

import pytest
from commands import PAGES
from deployed_stack import README_OPTIONS
from templates import fleet_template, full_template

from infra.settings import CONTEXT_KEYS
from vdm_alerts_cli.demo import DEMO_SCENARIO
from vdm_alerts_cli.rule_files import DEFAULT_RULES, read_rules
from vdm_alerts_cli.simulate import simulate
from vdm_local.scenario import load_scenario

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.split("\n")
]


def test_notification_in_the_readme_is_the_start_of_the_first_alert_of_the_demo() -> None:
    runs = simulate(load_scenario(DEMO_SCENARIO), read_rules(DEFAULT_RULES))
    messages = (message for run in runs for message in run.messages)
    alert = next(message for message in messages if message.attributes["reason"] == "FIRING")
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert shown
    start, end = shown[1].split("[...]")
    assert f"Subject: {alert.subject}\n\n{alert.text}".startswith(start)
    assert start.count("\n") >= 8
    assert not end.strip()


def test_deployment_of_the_readme_is_the_one_that_tests_e2e_deploys() -> None:
    assert f'make deploy ARGS="{" ".join(README_OPTIONS)}"' in COMMANDS


def test_configuration_page_lists_every_context_key_and_no_other() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    rows = re.findall(r"^\| (`.*?) \| ", page, re.MULTILINE)
    assert [key for row in rows for key in re.findall(r"`(\w+)`", row)] == list(CONTEXT_KEYS)


def test_architecture_page_lists_every_resource_type_and_module() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    types = {
        each["Type"]
        for template in (full_template(), fleet_template())
        for each in template.to_json()["Resources"].values()
    }
    assert set(re.findall(r"`(AWS::\w+::\w+)`", page)) == types
    for module in re.findall(r"`(\w+\.py)`(?:, `\w+\.py`)? \|", page):
        assert (ROOT / "infra" / module).exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_to_files_resolve(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_to_sections_resolve(page: Path) -> None:
    for target, section in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", page.read_text()):
        if not target.startswith("https://"):
            assert section in _anchors(page.parent / target if target else page), section


def _anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes for the headings of *page*."""
    prose = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_tests_named_on_a_page_exist(page: Path) -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for name in re.findall(r"`(test_\w+)`", page.read_text()):
        assert f"def {name}(" in tests, name
