"""The rules, one SSM parameter each, from the files in `rules/`."""

import re
from pathlib import Path

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.default_rules import FOLDER, digest
from vdm_alerts.core.rules.parser import BadRule, parse_rule
from vdm_alerts.core.rules.toml_document import Problem

RULES = Path(__file__).parents[1] / "rules"
LONGEST = 4096
"""Bytes that a standard parameter holds.

Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
"""

_NAME = re.compile(r"[A-Za-z0-9_.-]+")


class Rulebook(Construct):
    """The shipped rules, read by the function's own parser, so that a bad one cannot deploy.

    They have a folder to themselves: what a person saves beside it is no business of a stack's.
    """

    def __init__(self, scope: Construct, id_: str, path: str, folder: Path = RULES) -> None:
        """Ship every rule in *folder* to *path*. Raises BadRule with all that is wrong in one."""
        super().__init__(scope, id_)
        self.path = path
        texts = {file: _text(file) for file in sorted(folder.glob("*.toml"))}
        rules = [parse_rule(file.stem, text, _source(file)) for file, text in texts.items()]
        self.indicators = [each for each in Indicator if each in {rule.indicator for rule in rules}]
        self.shipped = " ".join(f"{file.stem}={digest(text)}" for file, text in texts.items())
        for file, text in texts.items():
            ssm.StringParameter(
                self,
                file.stem,
                parameter_name=f"{path}/{FOLDER}/{file.stem}",
                string_value=text,
                description=f"A rule of VDM Alerts (TOML), shipped as rules/{file.name}",
            )


def _source(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def _text(file: Path) -> str:
    """Return the text of the rule in *file*, once it is sure that a parameter can hold it."""
    source = _source(file)
    if not _NAME.fullmatch(file.stem):
        what = "a parameter cannot be called that; use letters, digits, . _ and -"
        raise BadRule(source, [Problem("(the file's name)", what)])
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRule(source, [Problem("(the file)", f"cannot be read: {error}")]) from error
    size = len(text.encode())
    if size > LONGEST:
        what = f"is {size} bytes long; a parameter holds {LONGEST}: shorten the comments"
        raise BadRule(source, [Problem("(the text)", what)])
    return text
