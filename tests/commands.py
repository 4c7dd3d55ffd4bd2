"""The commands in the documentation, and what a machine needs to run them."""

import re
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import botocore.session
from botocore import xform_name
from botocore.model import StructureShape

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
TOOLS = ("make", "python3", "sh", "cat", "cp", "env", "expand", "find", "ln", "rm", "sed", "touch")
"""What the README demands of a machine: make, Python, and what every Unix has. No Node.js."""

GLOBAL_OPTIONS = {"region", "profile", "query", "output", "cli-binary-format"}
"""Options of every command of the AWS CLI that the documentation may use."""
RENAMED_OPTIONS = {("sns", "subscribe"): {"notification-endpoint": "endpoint"}}
"""Options that the AWS CLI does not name like the parameter.

Source: https://github.com/aws/aws-cli/blob/develop/awscli/customizations/argrename.py
"""
CLI_COMMANDS = {
    ("cloudformation", "deploy"): {"stack-name", "template-file", "capabilities"},
    ("logs", "tail"): {"since", "follow"},
}
"""Commands of the AWS CLI that are no operation of an API, with their options.

Sources:
https://awscli.amazonaws.com/v2/documentation/api/latest/reference/cloudformation/deploy/index.html
https://awscli.amazonaws.com/v2/documentation/api/latest/reference/logs/tail.html
"""

_EXAMPLES_OF_NEW_COMMANDS = {"vdm-alerts rules"}
"""Commands that a page tells the reader to write."""
_PROGRAM = r"(?:make|aws|(?:\.venv/bin/)?(?:cdk|vdm-alerts)) "


@dataclass(frozen=True, slots=True)
class Command:
    """A command on a page."""

    page: Path
    words: tuple[str, ...]
    is_line: bool
    """Whether it is a line of a code block, ready to be copied, and not a part of a sentence."""

    @property
    def program(self) -> str:
        """The name of the program, without its folder."""
        return Path(self.words[0]).name

    def __str__(self) -> str:
        return f"{self.page.name}: {shlex.join(self.words)}"


def documented_commands(program: str) -> list[Command]:
    """Return every command of *program* in the documentation, each once."""
    commands = {str(each): each for page in PAGES for each in _commands_on(page)}
    return [each for each in commands.values() if each.program == program]


def cdk_options(command: Command) -> list[str]:
    """Return the options of the CDK that a `make` *command* passes in ARGS."""
    arguments = [word.removeprefix("ARGS=") for word in command.words if word.startswith("ARGS=")]
    return [option for each in arguments for option in shlex.split(each)]


def minimal_path(folder: Path) -> str:
    """Fill *folder* with links to TOOLS, and return it as a PATH."""
    for tool in TOOLS:
        target = shutil.which(tool)
        assert target, tool
        (folder / tool).symlink_to(target)
    return str(folder)


def _commands_on(page: Path) -> Sequence[Command]:
    text = page.read_text()
    blocks = re.findall(r"^ *```(?:sh|text)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    mentions = re.findall(rf"`({_PROGRAM}[^`]+)`", prose)
    return [
        Command(page, tuple(shlex.split(command, comments=True)), is_line)
        for commands, is_line in ((lines, True), (mentions, False))
        for command in commands
        if re.match(_PROGRAM, command) and command not in _EXAMPLES_OF_NEW_COMMANDS
    ]


def assert_is_aws_command(command: str) -> None:
    """Require that *command* is an operation of AWS with parameters that it has."""
    _, service, name, *words = shlex.split(command)
    options = {word.removeprefix("--") for word in words if word.startswith("--")} - GLOBAL_OPTIONS
    if (service, name) in CLI_COMMANDS:
        assert options <= CLI_COMMANDS[service, name]
        return
    model = botocore.session.get_session().get_service_model(service)
    operations = {xform_name(each, "-"): each for each in model.operation_names}
    shape = model.operation_model(operations[name]).input_shape
    assert isinstance(shape, StructureShape)
    renamed = RENAMED_OPTIONS.get((service, name), {})
    given = {renamed.get(option, option) for option in options}
    allowed = {xform_name(each, "-"): member for each, member in shape.members.items()}
    flags = {f"no-{each}" for each, member in allowed.items() if member.type_name == "boolean"}
    assert given <= {*allowed, *flags}
    assert given >= {xform_name(each, "-") for each in shape.required_members}
