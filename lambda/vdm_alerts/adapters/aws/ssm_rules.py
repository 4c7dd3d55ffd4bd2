"""Rules in Parameter Store, one parameter for each rule."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from vdm_alerts.adapters.aws.ssm_parameters import (
    invalid_text_finding,
    parse_parameter,
    texts_under,
)
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import Finding, RestoreDefaultRule
from vdm_alerts.core.rules.default_rules import DEFAULT_FOLDER, fingerprint
from vdm_alerts.core.rules.parser import parse_rule
from vdm_alerts.core.rules.rule_set import NOT_EVALUATED, RuleSet, RuleText
from vdm_alerts.core.rules.toml_document import InvalidDocumentError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class SsmRules:
    """A RuleSource on Parameter Store.

    A parameter directly under the path is a custom rule, and a parameter under "shipped" is a
    default rule. A custom rule replaces the default rule of the same name, so that a deployment
    never overwrites the changes of a user.
    """

    def __init__(self, client: "SSMClient", path: str, default_rules: Mapping[str, str]) -> None:
        """Read through *client* the parameters under *path*, such as "/vdm-alerts/rules".

        *default_rules* is the fingerprint of the text of each deployed default rule, by its name.
        """
        self._client = client
        self._path = path
        self._default_rules = default_rules

    def rules(self, deadline: Deadline) -> RuleSet:
        """Return the rules as they are stored now. A warm function keeps none of them.

        If there is no rule at all, the default rules are invalid and not deleted: an accident must
        not close their alerts.
        """
        texts = texts_under(self._client, self._path, deadline)
        if not texts:
            none_found = self._no_rules()
            invalid = dict.fromkeys(self._default_rules, none_found)
            return RuleSet({}, invalid, [none_found], none_found=none_found)
        places = _rule_places(texts)
        rules, invalid, findings, rule_texts = {}, {}, [], {}
        for name, place in sorted(places.items()):
            text, source = texts[place], f"{self._path}/{place}"
            rule = parse_parameter(parse_rule, name, text, source)
            if isinstance(rule, InvalidDocumentError):
                invalid[name] = invalid_text_finding("rule", rule)
                continue
            rules[name] = rule
            rule_texts[name] = RuleText(text or "", source)
            is_default = place != name
            if is_default and fingerprint(text or "") != self._default_rules.get(name):
                findings.append(_edited(name, source, custom=f"{self._path}/{name}"))
        deleted = self._default_rules.keys() - places.keys()
        findings += [self._deleted(name) for name in sorted(deleted)]
        default_places = {f"{DEFAULT_FOLDER}/{name}" for name in places}
        misplaced = texts.keys() - places.keys() - default_places
        findings += [self._misplaced(place) for place in sorted(misplaced)]
        custom = (name for name, place in places.items() if place == name)
        replaced = frozenset(name for name in custom if name in self._default_rules)
        return RuleSet(rules, invalid, findings, rule_texts, replaced)

    def _no_rules(self) -> Finding:
        return Finding(
            key=self._path,
            what=f"SSM Parameter Store has no rule under {self._path}",
            effect="no rule is applied",
            remedy="Restore each default rule from the repository, as in this example",
            fix=self._restore("bounce-rate"),
        )

    def _deleted(self, name: str) -> Finding:
        return Finding(
            key=f"{self._path}/{DEFAULT_FOLDER}/{name}",
            what=f"Default rule {name} was deleted",
            effect=NOT_EVALUATED,
            remedy="Restore its SSM parameter from the repository",
            fix=self._restore(name),
        )

    def _restore(self, name: str) -> RestoreDefaultRule:
        return RestoreDefaultRule(name, f"{self._path}/{DEFAULT_FOLDER}/{name}")

    def _misplaced(self, place: str) -> Finding:
        name = place.rsplit("/", 1)[-1]
        return Finding(
            key=f"{self._path}/{place}",
            what=f"SSM parameter {self._path}/{place} is in a folder that VDM Alerts does not read",
            effect=NOT_EVALUATED,
            remedy=f"Save its text as SSM parameter {self._path}/{name}, or delete it",
        )


def _rule_places(texts: Collection[str]) -> dict[str, str]:
    """Return the place of each rule that applies, by the name of the rule.

    A place is the name of a parameter without the path, such as "mine" or "shipped/bounce-rate".
    """
    custom = {place: place for place in texts if "/" not in place}
    default = {
        name: place
        for place in texts
        if "/" not in (name := place.removeprefix(f"{DEFAULT_FOLDER}/")) and name != place
    }
    return default | custom


def _edited(name: str, source: str, custom: str) -> Finding:
    return Finding(
        key=source,
        what=f"Default rule {name} was edited in place",
        effect="the edited text applies until a deployment overwrites it",
        remedy=f"Save its text as SSM parameter {custom}, which replaces the default rule. No "
        "deployment changes that parameter",
        blocks_monitoring=False,
    )
