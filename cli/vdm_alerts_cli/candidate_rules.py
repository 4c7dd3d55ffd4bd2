"""The rules that `backtest` replays: those in effect, and candidates to replace them."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from vdm_alerts.core.rules.parser import InvalidRuleError, parse_rule
from vdm_alerts.core.rules.quoting import quote, suggestion
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.rules.rule_set import RuleSet, RuleText
from vdm_alerts.core.rules.schema import RuleDocument
from vdm_alerts.core.rules.toml_text import normalize_text
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.rule_files import DEFAULT_RULES, read_rules

_KEYS = [field.name for field in fields(RuleDocument)]
"""The keys of a rule."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one key of rules, as `--what-if` describes it."""

    rule: str | None
    """The name of the rule to change; None for every rule."""
    keys: tuple[str, ...]
    """The path of the key, for example ("exclude", "isp")."""
    value: Any
    """The value, as in TOML."""

    def apply_to(self, document: dict[str, Any]) -> None:
        """Set the key in *document*, the keys of a rule."""
        *tables, key = self.keys
        for name in tables:
            if not isinstance(document.get(name), dict):
                document[name] = {}
            document = document[name]
        document[key] = self.value


def read_folder(folder: Path) -> RuleSet:
    """Return the rules in *folder*, one TOML file for each rule.

    Raises InvalidInputError with every error of every rule, and UnreadableFileError.
    """
    texts = read_rules(folder)
    return parse_rules(
        {name: RuleText(text, f"{folder}/{name}.toml") for name, text in texts.items()}
    )


def default_rules() -> RuleSet:
    """Return the default rules."""
    return read_folder(DEFAULT_RULES)


def parse_rules(texts: Mapping[str, RuleText]) -> RuleSet:
    """Return the rules of *texts*, by name.

    Raises InvalidInputError with every error of every rule, each with its path.
    """
    rules: dict[str, Rule] = {}
    errors: list[str] = []
    for name, text in texts.items():
        try:
            rules[name] = parse_rule(name, text.text, text.source)
        except InvalidRuleError as error:
            errors.append(str(error))
    if errors:
        raise InvalidInputError("\n".join(errors))
    return RuleSet(rules, texts=texts)


def counted(rule_set: RuleSet) -> RuleSet:
    """Return the rules about rates that VDM has counts of.

    The other rules are about rates that SES itself calculates. They cannot be replayed.
    """
    rules = {rule.name: rule for rule in rule_set.counted_rules}
    return RuleSet(rules, texts={name: rule_set.texts[name] for name in rules})


def changed(rule_set: RuleSet, what_if: Sequence[str]) -> RuleSet:
    """Return *rule_set* with the changes *what_if*, such as "confidence=99%".

    Raises InvalidInputError if a change has the wrong form, or with every error of the changed
    rules.
    """
    changes = [parse_change(text, list(rule_set.rules)) for text in what_if]
    return parse_rules(
        {name: _changed_text(name, text, changes) for name, text in rule_set.texts.items()}
    )


def parse_change(text: str, rules: Sequence[str]) -> Change:
    """Return the change that *text* describes: KEY=VALUE, or RULE.KEY=VALUE for one of *rules*.

    VALUE is a value of TOML; quotes around a text are optional. Raises InvalidInputError.
    """
    path, equals, value = text.partition("=")
    path, value = path.strip(), value.strip()
    if not (equals and path and value):
        raise InvalidInputError(
            f"--what-if: {quote(text)} is not a change. Use KEY=VALUE, for example confidence=99%, "
            "or RULE.KEY=VALUE."
        )
    rule = max((each for each in rules if path.startswith(f"{each}.")), key=len, default=None)
    keys = path.removeprefix(f"{rule}.") if rule else path
    first, *rest = keys.split(".")
    if first not in _KEYS and rest and rule is None:
        raise InvalidInputError(
            f"--what-if: {quote(first)} is neither a rule that is replayed nor a key of a rule. "
            f"{suggestion(first, [*rules, *_KEYS])}"
        )
    return Change(rule, (first, *rest), _value(value))


def _value(text: str) -> Any:  # noqa: ANN401 - any value of TOML
    """Return *text* as a value of TOML, or as it is if it is none."""
    with suppress(ValueError):
        table = tomllib.loads(f"value = {text}")
        if list(table) == ["value"] and not hasattr(table["value"], "isoformat"):
            return table["value"]
    return text


def _changed_text(name: str, text: RuleText, changes: Sequence[Change]) -> RuleText:
    document = tomllib.loads(normalize_text(text.text))
    for change in changes:
        if change.rule in {None, name}:
            change.apply_to(document)
    lines = (f"{_toml(key)} = {_toml(value)}" for key, value in document.items())
    return RuleText("\n".join(lines), text.source)


def _toml(value: Any) -> str:  # noqa: ANN401 - any value of a rule
    """Return *value* in TOML: texts, numbers and Booleans are written as in JSON."""
    match value:
        case dict():
            pairs = (f"{_toml(key)} = {_toml(each)}" for key, each in value.items())
            return f"{{ {', '.join(pairs)} }}"
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
