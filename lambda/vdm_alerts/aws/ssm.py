"""Rules, one Parameter Store parameter each."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vdm_alerts.aws.refusals import doing
from vdm_alerts.core.config import BadRule, parse_rule
from vdm_alerts.core.findings import Finding
from vdm_alerts.core.shipped import FOLDER, digest
from vdm_alerts.ports import Rulebook

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

MOST_PROBLEMS = 20
"""Problems of one rule that a person is told at a time."""


class ParameterRules:
    """A RuleSource: every parameter under *path* is a rule, named by what follows.

    Under "shipped" are those that came with a deployment. One's own, directly under *path*, wins
    over a shipped one of its name, so that no deployment ever undoes it.
    """

    def __init__(self, client: "SSMClient", path: str, shipped: Mapping[str, str]) -> None:
        """Read through *client* what is under *path*, such as "/vdm-alerts/rules".

        *shipped* is the digest of each rule that the deployment put there, by its name.
        """
        self._client = client
        self._path = path
        self._shipped = shipped

    def rules(self) -> Rulebook:
        """Return the rules as they stand now: nothing is kept while the function is warm."""
        with doing("ssm:GetParametersByPath"):
            texts = self._texts()
        if not texts:
            return Rulebook({}, frozenset(self._shipped), [self._no_rules()])
        places = self._places(texts)
        rules, unusable, findings = {}, set(), []
        for name, place in sorted(places.items()):
            text, source = texts[place], f"{self._path}/{place}"
            try:
                rules[name] = parse_rule(name, text, source)
            except BadRule as error:
                unusable.add(name)
                findings.append(_unusable(error))
                continue
            if place != name and digest(text) != self._shipped.get(name):
                findings.append(_edited(source, own=f"{self._path}/{name}"))
        for name in sorted(self._shipped.keys() - places.keys()):
            unusable.add(name)  # Somebody has deleted it; that ends nothing that it found.
            findings.append(self._gone(name))
        astray = texts.keys() - places.keys() - {f"{FOLDER}/{name}" for name in places}
        findings += [self._astray(place) for place in sorted(astray)]
        return Rulebook(rules, frozenset(unusable), findings)

    def _places(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Return where among *texts* each rule stands that counts, by its name."""
        own = {place: place for place in texts if "/" not in place}
        shipped = {
            name: place
            for place in texts
            if "/" not in (name := place.removeprefix(f"{FOLDER}/")) and name != place
        }
        return shipped | own

    def _texts(self) -> dict[str, str]:
        """Return every parameter's text by what follows the path in its name."""
        pages = self._client.get_paginator("get_parameters_by_path")
        return {
            each["Name"].removeprefix(f"{self._path}/"): each["Value"]
            for page in pages.paginate(Path=self._path, Recursive=True)
            for each in page["Parameters"]
        }

    def _no_rules(self) -> Finding:
        return Finding(
            about=self._path,
            what=f"There is no rule under {self._path} in SSM Parameter Store; nothing is judged",
            remedy=f"Put the shipped ones back from the repository, like this: {self._restore()}",
        )

    def _gone(self, name: str) -> Finding:
        return Finding(
            about=f"{self._path}/{FOLDER}/{name}",
            what=f"The shipped rule {name} was deleted from SSM Parameter Store, and nothing is "
            "judged by it",
            remedy=f"Put it back from the repository: {self._restore(name)}",
        )

    def _restore(self, name: str = "bounce-rate") -> str:
        return (
            f"aws ssm put-parameter --type String --name {self._path}/{FOLDER}/{name} "
            f"--value file://rules/{name}.toml"
        )

    def _astray(self, place: str) -> Finding:
        name = place.rsplit("/", 1)[-1]
        return Finding(
            about=f"{self._path}/{place}",
            what=f"The SSM parameter {self._path}/{place} is not read as a rule",
            remedy=f"Save it as {self._path}/{name}, or delete it",
        )


def _edited(source: str, own: str) -> Finding:
    return Finding(
        about=source,
        what=f"The shipped rule {source} was edited in place, where a later deployment may write "
        "over it",
        remedy=f"Save its text as the SSM parameter {own}: that one counts instead, and no "
        "deployment touches it",
        hinders=False,
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
