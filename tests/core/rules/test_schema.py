"""The published JSON Schema of a rule accepts exactly what the parser accepts."""

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

from vdm_alerts.core.rules.field_types import parse_arrival_curve
from vdm_alerts.core.rules.parser import DEFAULT_CONFIDENCE
from vdm_alerts.core.rules.rule import REMIND_AFTER, REPRESENTATIVE_VOLUME
from vdm_alerts.core.rules.schema import OverrideDocument, RuleDocument, read_rule_document
from vdm_alerts.core.rules.validation import CrossFieldCheck, cross_field_errors

SCHEMA_PATH = Path(__file__).parents[3] / "docs" / "rule.schema.json"
SCHEMA = json.loads(SCHEMA_PATH.read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
MINIMAL_RULE = {"indicator": "bounce_rate", "scopes": ["account", "identity"], "warning": "5%"}

sample_texts = st.sampled_from(
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
        *("222222222222", "2222*", "22222222222", "22222222222?", "1*2*3*4*", "**", "?" * 13),
        *("eu-west-1", "us-gov-west-1", "eu-*", "EU-*", "europe", "*" * 64, "*" * 65),
        *("news\u00a0.*", "\u200bnews.*", "*\ufeff", "n\u00e9ws.*"),
    ]
)
sample_numbers = st.sampled_from([0, 1, 2, -1, 3.5, 0.5, True, False, 10**12, 10**12 + 1])
scalars = sample_texts | sample_numbers
sample_values = (
    scalars
    | st.lists(scalars, max_size=2)
    | st.dictionaries(sample_texts, scalars, max_size=2)
    | st.dictionaries(
        st.sampled_from(["identity", "account", "region"]),
        sample_texts | st.lists(sample_texts, max_size=2),
        min_size=1,
        max_size=1,
    )
    | st.lists(
        st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("identity", "account", "region", "hold"), sample_texts)
        ),
        max_size=2,
    )
)
keys = st.sampled_from([*SCHEMA["properties"], "warnings"])

CHECKS_IN_SCHEMA = {CrossFieldCheck.THRESHOLD_MISSING, CrossFieldCheck.MATCHER_MISSING}
"""The checks of several keys that the schema expresses too. It cannot express the others."""


def is_inconsistent_curve(value: Any) -> bool:
    """Return whether each point of a feedback table is valid, and the table is not.

    A schema cannot compare the points.
    """
    if not isinstance(value, dict):
        return False
    return not is_curve(value) and all(is_curve({key: share}) for key, share in value.items())


def is_curve(value: Any) -> bool:
    try:
        parse_arrival_curve(value)
    except ValueError:
        return False
    return True


def parses(table: dict[str, Any]) -> bool:
    try:
        read_rule_document(table)
    except ClassValidationError:
        return False
    return not list(cross_field_errors(table))


@settings(max_examples=500)
@given(keys, sample_values)
@example("windows", ["1d", "60d"])
@example("remind_after", ["1d", "6h", "1d"])
@example("remind_after", "never")
@example("remind_after", [])
@example("feedback", {"1h": "93%"})
@example("feedback", {})
@example("feedback", {"1h": "50%", "1d": "99.5 %"})
@example("feedback", {"1h": "50%", "1d": "5"})
@example("overrides", [{"identity": "a", "min_volume": 5}])
@example("overrides", [{"hold": "1d"}])
@example("include", {"tenant": ["a"], "isp": ["Hotmail"]})
@example("include", {"identity": ["news.\u202f*"]})
@example("include", {"account": ["1*2*3*4*5*6*7*8*9*0*1*2*"], "region": ["ap-*", "*-gov-*"]})
@example("exclude", {"account": ["1*2*3*4*5*6*7*8*9*0*1*2*3"]})
@example("exclude", {"account": ["shop"]})
@example("exclude", {"region": ["eu-west-1", "europe"]})
@example("overrides", [{"account": "222222222222", "region": "eu-*", "hold": "1d"}])
@example("overrides", [{"account": 222222222222, "hold": "1d"}])
@example("overrides", [{"tenant": "acme\u2060", "hold": "1d"}])
def test_json_schema_accepts_exactly_what_the_parser_accepts(key: str, value: Any) -> None:
    table = {**MINIMAL_RULE, key: value}
    assume(CHECKS_IN_SCHEMA.issuperset(error.code for error in cross_field_errors(table)))
    assume(key != "feedback" or value == {} or not is_inconsistent_curve(value))
    assert VALIDATOR.is_valid(table) == parses(table)


@pytest.mark.parametrize("missing", list(MINIMAL_RULE))
def test_json_schema_and_parser_reject_a_rule_without_a_required_key(missing: str) -> None:
    table = {key: value for key, value in MINIMAL_RULE.items() if key != missing}
    assert not VALIDATOR.is_valid(table)
    assert not parses(table)


def test_json_schema_lists_every_key_and_the_defaults() -> None:
    properties = SCHEMA["properties"]
    assert properties.keys() == {field.name for field in fields(RuleDocument)}
    override = properties["overrides"]["items"]["properties"]
    assert override.keys() == {field.name for field in fields(OverrideDocument)}
    assert properties["windows"]["default"] == [
        f"{window.days}d" for window in RuleDocument.windows
    ]
    assert (
        properties["confidence"]["default"]
        == f"{(1 - DEFAULT_CONFIDENCE.error_probability) * 100:g}%"
    )
    assert properties["representative_volume"]["default"] == REPRESENTATIVE_VOLUME
    assert properties["remind_after"]["default"] == [f"{delay.days}d" for delay in REMIND_AFTER]


DEFAULT_RULE_PATHS = sorted((SCHEMA_PATH.parents[1] / "rules").glob("*.toml"))


def test_default_rules_exist() -> None:
    assert [path.stem for path in DEFAULT_RULE_PATHS] == [
        "bounce-rate",
        "complaint-rate",
        "ses-bounce-rate",
        "ses-complaint-rate",
        "transient-bounce-rate",
    ]


@pytest.mark.parametrize("path", DEFAULT_RULE_PATHS, ids=lambda path: path.stem)
def test_default_rules_are_valid_by_the_json_schema(path: Path) -> None:
    VALIDATOR.validate(tomllib.loads(path.read_text()))
