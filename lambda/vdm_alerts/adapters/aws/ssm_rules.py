"""Rules, one Parameter Store parameter each."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from vdm_alerts.adapters.aws.ssm_parameters import (
    invalid_text_finding,
    parse_parameter,
    texts_under,
)
from vdm_alerts.core.model.findings import Finding, RestoreDefaultRule
from vdm_alerts.core.rules.default_rules import DEFAULT_FOLDER, fingerprint
from vdm_alerts.core.rules.parser import parse_rule
from vdm_alerts.core.rules.rule_set import RuleSet, RuleText
from vdm_alerts.core.rules.toml_document import InvalidDocumentError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class SsmRules:
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

    def rules(self) -> RuleSet:
        """Return the rules as they stand now: nothing is kept while the function is warm."""
        texts = texts_under(self._client, self._path)
        if not texts:  # That is an accident, which ends nothing that they have found.
            none = self._no_rules()
            return RuleSet({}, dict.fromkeys(self._shipped, none), [none], none_found=none)
        places = self._places(texts)
        rules, unusable, findings, written = {}, {}, [], {}
        for name, place in sorted(places.items()):
            text, source = texts[place], f"{self._path}/{place}"
            rule = parse_parameter(parse_rule, name, text, source)
            if isinstance(rule, InvalidDocumentError):
                unusable[name] = invalid_text_finding("rule", rule)
                continue
            rules[name] = rule
            written[name] = RuleText(text or "", source)
            if place != name and fingerprint(text or "") != self._shipped.get(name):
                findings.append(_edited(name, source, own=f"{self._path}/{name}"))
        findings += [self._gone(name) for name in sorted(self._shipped.keys() - places.keys())]
        astray = texts.keys() - places.keys() - {f"{DEFAULT_FOLDER}/{name}" for name in places}
        findings += [self._astray(place) for place in sorted(astray)]
        return RuleSet(rules, unusable, findings, written)

    def _places(self, texts: Collection[str]) -> dict[str, str]:
        """Return where among *texts* each rule stands that counts, by its name."""
        own = {place: place for place in texts if "/" not in place}
        shipped = {
            name: place
            for place in texts
            if "/" not in (name := place.removeprefix(f"{DEFAULT_FOLDER}/")) and name != place
        }
        return shipped | own

    def _no_rules(self) -> Finding:
        return Finding(
            key=self._path,
            what=f"There is no rule under {self._path} in SSM Parameter Store",
            remedy="Put the shipped ones back from the repository, each like this",
            fix=self._restore("bounce-rate"),
        )

    def _gone(self, name: str) -> Finding:
        return Finding(
            key=f"{self._path}/{DEFAULT_FOLDER}/{name}",
            what=f"The shipped rule {name} was deleted, and nothing is judged by it",
            remedy="Put it back into SSM Parameter Store from the repository",
            fix=self._restore(name),
        )

    def _restore(self, name: str) -> RestoreDefaultRule:
        return RestoreDefaultRule(name, f"{self._path}/{DEFAULT_FOLDER}/{name}")

    def _astray(self, place: str) -> Finding:
        name = place.rsplit("/", 1)[-1]
        return Finding(
            key=f"{self._path}/{place}",
            what=f"No rule is read from the SSM parameter {self._path}/{place}",
            remedy=f"Save it as {self._path}/{name}, or delete it",
        )


def _edited(name: str, source: str, own: str) -> Finding:
    return Finding(
        key=source,
        what=f"The shipped rule {name} was edited in place, where a later deployment may write "
        "over it",
        remedy=f"Save its text as the SSM parameter {own}: that one counts instead, and no "
        "deployment touches it",
        blocks_monitoring=False,
    )
