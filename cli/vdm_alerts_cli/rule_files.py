"""Folders of rules, as files."""

from collections.abc import Mapping
from pathlib import Path

from vdm_alerts_cli.errors import InvalidInputError
from vdm_local.text_file import read_text_file

DEFAULT_RULES = Path(__file__).parent / "default_rules"
"""The folder of the default rules: in a checkout, a link to rules."""


def read_rules(folder: Path) -> Mapping[str, str]:
    """Return the text of each rule in *folder*, by name. A rule is a TOML file.

    Raises InvalidInputError if *folder* has no rule, and UnreadableFileError.
    """
    if not folder.is_dir():
        raise InvalidInputError(f"{folder}: is not a folder. Use one with .toml files.")
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise InvalidInputError(
            f"{folder}: has no rule. Add a rule as a file whose name ends in .toml."
        )
    return {file.stem: read_text_file(file) for file in files}
