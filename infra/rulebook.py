"""The rules, one SSM parameter each, from the files in `rules/`."""

from pathlib import Path

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from vdm_alerts.core.config import parse_rule

RULES = Path(__file__).parents[1] / "rules"
PATH = "/vdm-alerts/rules"


class Rulebook(Construct):
    """The shipped rules, read by the function's own parser, so that a bad one cannot deploy."""

    path = PATH

    def __init__(self, scope: Construct, id_: str, folder: Path = RULES) -> None:
        """Ship every rule in *folder*. Raises BadRule with all that is wrong in one."""
        super().__init__(scope, id_)
        for file in sorted(folder.glob("*.toml")):
            text = file.read_text(encoding="utf-8")
            parse_rule(file.stem, text, source=str(file.relative_to(folder.parent)))
            ssm.StringParameter(
                self,
                file.stem,
                parameter_name=f"{PATH}/{file.stem}",
                string_value=text,
                description=f"A rule of VDM Alerts (TOML), shipped as rules/{file.name}",
            )
