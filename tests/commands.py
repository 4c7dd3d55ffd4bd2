"""The commands in the documentation, and what a machine needs to run them."""

import re
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
TOOLS = ("make", "python3", "sh", "cat", "cp", "env", "expand", "find", "ln", "rm", "sed", "touch")
"""What the README demands of a machine: make, Python, and what every Unix has. No Node.js."""

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
    blocks = re.findall(r"^```(?:sh|text)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    mentions = re.findall(rf"`({_PROGRAM}[^`]+)`", prose)
    return [
        Command(page, tuple(shlex.split(command, comments=True)), is_line)
        for commands, is_line in ((lines, True), (mentions, False))
        for command in commands
        if re.match(_PROGRAM, command) and command not in _EXAMPLES_OF_NEW_COMMANDS
    ]
