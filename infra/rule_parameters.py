"""The default rules: one SSM parameter for each file in `rules/`."""

import re
from pathlib import Path

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.default_rules import DEFAULT_FOLDER, fingerprint
from vdm_alerts.core.rules.parser import InvalidRuleError, parse_rule
from vdm_alerts.core.rules.toml_document import InvalidField

RULES = Path(__file__).parents[1] / "rules"
MAX_PARAMETER_BYTES = 4096
"""Largest size of a standard parameter, in bytes.

Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
"""

_NAME = re.compile(r"[A-Za-z0-9_.-]+")


class RuleParameters(Construct):
    """The default rules, validated by the function's own parser.

    An invalid rule fails the synthesis. The parameters have a folder of their own, so that the
    stack never owns a custom rule.
    """

    def __init__(self, scope: Construct, id_: str, path: str, folder: Path = RULES) -> None:
        """Create a parameter under *path* for each rule in *folder*.

        Raises InvalidRuleError with every error of an invalid rule.
        """
        super().__init__(scope, id_)
        self.path = path
        texts = {file: _read_rule(file) for file in sorted(folder.glob("*.toml"))}
        rules = [parse_rule(file.stem, text, _display_path(file)) for file, text in texts.items()]
        account_indicators = {rule.indicator for rule in rules if ACCOUNT.kind in rule.scopes}
        self.indicators = [each for each in Indicator if each in account_indicators]
        """The indicators that the rules monitor for the whole account."""
        self.shipped = " ".join(f"{file.stem}={fingerprint(text)}" for file, text in texts.items())
        for file, text in texts.items():
            ssm.StringParameter(
                self,
                file.stem,
                parameter_name=f"{path}/{DEFAULT_FOLDER}/{file.stem}",
                string_value=text,
                description=f"Default rule of VDM Alerts (TOML), from rules/{file.name}",
            )


def _display_path(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def _read_rule(file: Path) -> str:
    """Return the text of the rule in *file*.

    Raises InvalidRuleError if the text does not fit into a parameter.
    """
    source = _display_path(file)
    if not _NAME.fullmatch(file.stem):
        what = "is not valid as the name of a parameter. Use letters, digits, dots, _ and -."
        raise InvalidRuleError(source, [InvalidField("(the file name)", what)])
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRuleError(
            source, [InvalidField("(the file)", f"is unreadable: {error}")]
        ) from error
    size = len(text.encode())
    if size > MAX_PARAMETER_BYTES:
        what = (
            f"has {size} bytes, which do not fit into a parameter. Use at most "
            f"{MAX_PARAMETER_BYTES}, for example by shorter comments."
        )
        raise InvalidRuleError(source, [InvalidField("(the text)", what)])
    return text
