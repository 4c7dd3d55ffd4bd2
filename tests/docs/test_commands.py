"""Every command in the documentation and in messages can be run as it is written.

tests/e2e/test_lifecycle.py runs the commands of the README that deploy, on a local AWS.
"""

import re
import shlex
import subprocess
from itertools import pairwise
from typing import get_args

import pytest
from commands import (
    ROOT,
    Command,
    assert_is_aws_command,
    cdk_options,
    documented_commands,
)
from deployed_stack import MADE_TARGETS
from templates import CONTEXT, FLEET_FILE

from infra.settings import read_context
from vdm_alerts.core.model.findings import DeleteParameter, Finding, Fix, RestoreDefaultRule
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.rendering.commands import (
    fix_step,
    pause_step,
    suppression_step,
)
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts_cli.aws_environment import LocalCommand
from vdm_alerts_cli.command_line import vdm_alerts
from vdm_alerts_cli.silence_store import version_command

ONLY_PARSED = {
    "demo": "tests/cli/test_demo.py runs what it starts",
    "demo-fleet": "tests/cli/test_demo.py runs what it starts",
    "stop": "tests/cli/test_demo.py runs what it starts",
    "test": "it runs this test",
    "test-fast": "it runs this test",
    "check": "`make test` runs it first",
    "proof": "it takes 20 minutes; tests/simulation runs a part of it",
    "fuzz": "it takes 20 minutes; tests/fuzzing runs a part of it",
    "faults": "it takes half an hour; tests/e2e runs a part of it",
    "setup": "it needs package registries, and has run before this test",
    "requirements": "it needs a package registry",
    "snapshots": "it changes files of the repository",
    "clean": "it deletes what this test needs",
}
"""Targets of the Makefile that no test runs, and why."""
START_PAGES = (
    *("README.md", "docs/README.md", "docs/backtest.md", "docs/cli.md", "docs/cost.md"),
    *("docs/doctor.md", "docs/first-hour.md", "docs/fleet.md", "docs/report.md"),
    *("docs/scenarios.md", "docs/tutorial.md"),
)
"""Pages that a reader can start with, and that use `vdm-alerts`."""
_AWS_COMMAND = r"\baws ([a-z0-9]+ (?:[a-z]+(?:-[a-z]+)+|subscribe))"
TARGET = Target("111122223333", "eu-west-1")
FIXES = [
    DeleteParameter("/vdm-alerts/silences/move"),
    RestoreDefaultRule("bounce-rate", "/vdm-alerts/rules/shipped/bounce-rate"),
    *(each() for each in get_args(Fix) if each not in {DeleteParameter, RestoreDefaultRule}),
]
STEPS = [
    *(fix_step(Finding("key", "what", "remedy", fix=fix), Links(TARGET)) for fix in FIXES),
    pause_step("newsletter", TARGET),
    suppression_step(TARGET),
]
MESSAGES = [
    *(command for step in STEPS for command in (step.command, step.verify) if command),
    version_command("/vdm-alerts/silences/move", 2),
]
"""Every command in a notification, or in an error. tests/cli/doctor tests those of the doctor."""

MAKE = documented_commands("make")
VDM_ALERTS = documented_commands("vdm-alerts")
DEPLOYMENTS = [each for each in MAKE if each.words[1] in MADE_TARGETS and len(each.words) > 2]
AWS = [shlex.join(each.words) for each in documented_commands("aws")]


def _with_fleet_file(word: str) -> str:
    """Return *word* with the path of a fleet file that exists."""
    return word.replace("fleet.toml", str(FLEET_FILE))


def run(path: str, *words: str) -> str:
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={"PATH": path, "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", MAKE, ids=str)
def test_make_command_is_valid(bare_path: str, command: Command) -> None:
    program, *arguments = command.words
    run(bare_path, program, "-n", *arguments)


def test_every_documented_target_is_run_by_a_test_or_has_a_reason() -> None:
    targets = {each.words[1] for each in MAKE}
    assert targets - {"help"} <= {*MADE_TARGETS, *ONLY_PARSED}
    assert targets >= {*MADE_TARGETS}


def test_no_page_asks_to_run_the_cdk_itself() -> None:
    """It needs a Node.js, which is on the PATH of `make` alone."""
    assert not [each for each in documented_commands("cdk") if each.is_line]


def test_make_help_lists_every_documented_target(bare_path: str) -> None:
    listed = set(re.findall(r"^  make (\S+)", run(bare_path, "make", "help"), re.MULTILINE))
    assert listed >= {each.words[1] for each in MAKE}


@pytest.mark.parametrize("command", VDM_ALERTS, ids=str)
def test_vdm_alerts_command_succeeds(bare_path: str, command: Command) -> None:
    """A command in a sentence has no arguments, so that only its help is shown.

    Of a command that reads an account, only the arguments are parsed.
    """
    _, *arguments = command.words
    is_complete = command.is_line or len(arguments) > 1
    named = vdm_alerts.commands.get(arguments[0]) if arguments else None
    if named and not isinstance(named, LocalCommand):
        named.make_context(arguments[0], arguments[1:], resilient_parsing=not is_complete)
        return
    if ">" in arguments:
        arguments = arguments[: arguments.index(">")]
    arguments = [_with_fleet_file(each) for each in arguments]
    run(bare_path, ".venv/bin/vdm-alerts", *arguments, *([] if is_complete else ["--help"]))


def test_no_page_names_the_folder_of_vdm_alerts() -> None:
    assert not [each for each in VDM_ALERTS if "/" in each.words[0]]


@pytest.mark.parametrize("page", START_PAGES)
def test_start_page_adds_vdm_alerts_to_the_path(page: str) -> None:
    assert 'export PATH="$PWD/.venv/bin:$PATH"' in (ROOT / page).read_text()


@pytest.mark.parametrize("command", DEPLOYMENTS, ids=str)
def test_deployment_passes_known_options(bare_path: str, command: Command) -> None:
    options = cdk_options(command)
    context = [value for name, value in pairwise(options) if name == "-c"]
    read_context(CONTEXT | dict(_with_fleet_file(each).split("=", 1) for each in context))
    path = f"{ROOT / '.venv/bin'}:{bare_path}"
    documentation = run(path, ".venv/bin/cdk", command.words[1], "--help")
    for option in options:
        if option.startswith("--"):
            assert re.search(rf"{option.partition('=')[0]}\b", documentation), option


@pytest.mark.parametrize("command", [*AWS, *MESSAGES])
def test_aws_command_is_an_operation_with_its_parameters(command: str) -> None:
    assert_is_aws_command(command)


def test_every_aws_command_in_the_code_is_tested() -> None:
    written = {
        match
        for folder in ("lambda", "infra", "cli", "local/vdm_local")
        for source in (ROOT / folder).rglob("*.py")
        for match in re.findall(
            r"\baws ([a-z0-9]+ [a-z]+(?:-[a-z]+)+|sns subscribe)", source.read_text()
        )
    }
    assert written == {" ".join(shlex.split(each)[1:3]) for each in MESSAGES}
