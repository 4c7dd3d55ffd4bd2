"""What the README shows is what there is."""

import re
import subprocess
from pathlib import Path

import pytest
from stage import DEPLOY
from templates import full_template

from infra.settings import CONTEXT_KEYS
from vdm_alerts_cli.demo import DEMO_SCENARIO
from vdm_alerts_cli.simulate import DEFAULT_RULES, read_rules, simulate
from vdm_local.scenario import load_scenario

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.split("\n")
]
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_mail_at_the_top_is_the_first_alert_of_the_demo() -> None:
    runs = simulate(load_scenario(DEMO_SCENARIO), read_rules(DEFAULT_RULES))
    told = (one for played in runs for one in played.messages)
    first = next(message for message in told if message.attributes["reason"] == "FIRING")
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert shown
    assert shown[1] == f"Subject: {first.subject}\n\n{first.text}"


def test_every_make_command_is_a_target() -> None:
    targets = [line.split()[1] for line in COMMANDS if line.startswith("make ")]
    assert {"demo", "test"} <= set(targets)
    for target in targets:
        subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)


def test_the_deployment_shown_is_the_one_that_the_end_to_end_tests_make() -> None:
    assert f'make deploy ARGS="{" ".join(DEPLOY)}"' in COMMANDS


def test_every_context_key_is_listed_and_no_other() -> None:
    rows = re.findall(r"^\| (`.*?) \| ", README, re.MULTILINE)
    assert [key for row in rows for key in re.findall(r"`(\w+)`", row)] == list(CONTEXT_KEYS)


def test_everything_that_can_be_deployed_is_listed_and_in_its_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    kinds = {each["Type"] for each in full_template().to_json()["Resources"].values()}
    assert set(re.findall(r"`(AWS::\w+::\w+)`", page)) == kinds
    for room in re.findall(r"\| `(\w+\.py)` \|", page):
        assert (ROOT / "infra" / room).exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_test_that_is_named_exists(page: Path) -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for name in re.findall(r"`(test_\w+)`", page.read_text()):
        assert f"def {name}(" in tests, name
