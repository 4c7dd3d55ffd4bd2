"""Rules, one Parameter Store parameter each."""

from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from vdm_alerts.aws.refusals import doing
from vdm_alerts.core.config import BadRule, parse_rule
from vdm_alerts.core.findings import Finding
from vdm_alerts.ports import Rulebook

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

MOST_PROBLEMS = 20
"""Problems of one rule that a person is told at a time."""


class ParameterRules:
    """A RuleSource: every parameter directly under *path* is a rule, named by what follows."""

    def __init__(self, client: "SSMClient", path: str) -> None:
        """Read through *client* what is under *path*, such as "/vdm-alerts/rules"."""
        self._provider = SSMProvider(boto3_client=client)
        self._path = path

    def rules(self) -> Rulebook:
        """Return the rules as they stand now, not as they stood when the function was warm."""
        with doing("ssm:GetParametersByPath"):
            texts = self._texts()
        if not texts:
            return Rulebook({}, findings=[self._no_rules()])
        rules, unusable, findings = {}, set(), []
        for name, text in sorted(texts.items()):
            try:
                rules[name] = parse_rule(name, text, source=f"{self._path}/{name}")
            except BadRule as error:
                unusable.add(name)
                findings.append(_unusable(error))
        return Rulebook(rules, frozenset(unusable), findings)

    def _texts(self) -> dict[str, str]:
        try:
            found = self._provider.get_multiple(self._path, force_fetch=True)
        except GetParameterError as error:
            # Powertools wraps every error in its own, and keeps AWS's as the context alone.
            raise (error.__context__ or error) from error
        return {name: str(text) for name, text in found.items()}

    def _no_rules(self) -> Finding:
        return Finding(
            about=self._path,
            what=f"There is no rule under {self._path} in SSM Parameter Store; nothing is judged",
            remedy="Put the shipped ones back from the repository, each like this: aws ssm "
            f"put-parameter --type String --name {self._path}/bounce-rate "
            "--value file://rules/bounce-rate.toml",
        )


def _first(problems: list[str]) -> list[str]:
    """Return as many of *problems* as fit in a mail that people read."""
    more = len(problems) - MOST_PROBLEMS
    return [*problems[:MOST_PROBLEMS], f"  and {more} more"] if more > 0 else problems


def _unusable(error: BadRule) -> Finding:
    heading, *problems = str(error).splitlines()
    return Finding(
        about=error.source,
        what=f"A rule cannot be used, {heading}",
        details="\n".join(_first(problems)),
        remedy="Edit that parameter in SSM Parameter Store; it is read again at the next run",
    )
