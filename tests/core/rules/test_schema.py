"""The published schema of a rule takes what the parser takes, and nothing else."""

import json
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from cattrs import ClassValidationError
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from vdm_alerts.core.rules.parser import DEFAULT_CONFIDENCE
from vdm_alerts.core.rules.rule import REMIND_AFTER, REPRESENTATIVE_VOLUME
from vdm_alerts.core.rules.schema import Override, RuleDocument, read_rule_document
from vdm_alerts.core.rules.validation import cross_field_errors

PATH = Path(__file__).parents[3] / "docs" / "rule.schema.json"
SCHEMA = json.loads(PATH.read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
BASE = {"indicator": "bounce_rate", "scopes": ["account", "identity"], "warning": "5%"}

words = st.sampled_from(
    [
        *(
            "5%",
            "0.1 %",
            "100%",
            "100.0%",
            "100.1%",
            "0%",
            "0.0%",
            "005%",
            "5.%",
            ".5%",
            "5",
            "\u0665%",
        ),
        *(
            "none",
            "None",
            "50%",
            "49.9%",
            "99.9999%",
            "99.99999%",
            "0.0001%",
            "0.00001%",
            "99.5 %",
            "099.5%",
        ),
        *("1d", "60d", "61d", "0d", "07d", "6h", "1440h", "1441h", "24 h", "1w"),
        *("keep", "ok", "breaching", "OK", "bounce_rate", "account", "identity_at_isp"),
        *("news.*", " ", "", "[ab]*", "a" * 320, "a" * 321),
    ]
)
numbers = st.sampled_from([0, 1, 2, -1, 3.5, 0.5, True, False, 10**12, 10**12 + 1])
scalars = words | numbers
pools = (
    scalars
    | st.lists(scalars, max_size=2)
    | st.dictionaries(words, scalars, max_size=2)
    | st.fixed_dictionaries({"identity": words | st.lists(words, max_size=2)})
    | st.lists(st.fixed_dictionaries({"identity": words}, optional={"hold": words}), max_size=2)
)
keys = st.sampled_from([*SCHEMA["properties"], "warnings"])


BEYOND = (
    "critical must be",
    "is reached by every rate",
    "is not for",
    "takes a confidence",
    "is of no scope",
    "may be of the same",
)
"""What is wrong between keys, and no schema can say."""


def parses(table: dict[str, Any]) -> bool:
    try:
        read_rule_document(table)
    except ClassValidationError:
        return False
    return not list(cross_field_errors(table))


@settings(max_examples=500)
@given(keys, pools)
@example("windows", ["1d", "60d"])
@example("remind_after", ["1d", "6h", "1d"])
@example("remind_after", "never")
@example("remind_after", [])
@example("feedback", {"1h": "93%"})
@example("feedback", {})
@example("overrides", [{"identity": "a", "min_volume": 5}])
@example("overrides", [{"hold": "1d"}])
@example("include", {"tenant": ["a"], "isp": ["Hotmail"]})
def test_json_schema_accepts_exactly_what_the_parser_accepts(key: str, value: Any) -> None:
    table = {**BASE, key: value}
    assume(not any(each in what for _, what in cross_field_errors(table) for each in BEYOND))
    assume(key != "feedback" or not isinstance(value, dict) or len(value) < 2)
    assert VALIDATOR.is_valid(table) == parses(table)


@pytest.mark.parametrize("missing", [*BASE, "scopes"])
def test_json_schema_and_parser_reject_a_rule_without_a_required_key(missing: str) -> None:
    table = {key: value for key, value in BASE.items() if key != missing}
    assert not VALIDATOR.is_valid(table)
    assert not parses(table)


def test_json_schema_lists_every_key_and_the_defaults() -> None:
    properties = SCHEMA["properties"]
    assert properties.keys() == {field.name for field in fields(RuleDocument)}
    override = properties["overrides"]["items"]["properties"]
    assert override.keys() == {field.name for field in fields(Override)}
    assert properties["windows"]["default"] == [f"{each.days}d" for each in RuleDocument.windows]
    assert (
        properties["confidence"]["default"]
        == f"{(1 - DEFAULT_CONFIDENCE.error_probability) * 100:g}%"
    )
    assert properties["representative_volume"]["default"] == REPRESENTATIVE_VOLUME
    assert properties["remind_after"]["default"] == [f"{each.days}d" for each in REMIND_AFTER]


@pytest.mark.parametrize("path", sorted((PATH.parents[1] / "rules").glob("*.toml")))
def test_default_rules_are_valid_by_the_json_schema(path: Path) -> None:
    VALIDATOR.validate(tomllib.loads(path.read_text()))
