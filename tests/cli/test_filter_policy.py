"""Tests of the evaluation of filter policies of SNS."""

import json

import pytest

from vdm_alerts_cli.filter_policy import passes

MESSAGE = {"kind": "incident", "severity": "CRITICAL", "account": "111122223333"}


@pytest.mark.parametrize(
    ("policy", "result"),
    [
        ({}, True),
        ({"severity": ["CRITICAL"]}, True),
        ({"severity": ["WARNING", "CRITICAL"]}, True),
        ({"severity": ["WARNING"]}, False),
        ({"severity": ["CRITICAL"], "kind": ["service"]}, False),
        ({"team": ["a"]}, False),
        ({"severity": [{"prefix": "CRIT"}]}, True),
        ({"severity": [{"suffix": "ICAL"}]}, True),
        ({"severity": [{"prefix": "WARN"}]}, False),
        ({"severity": [{"equals-ignore-case": "critical"}]}, True),
        ({"severity": [{"wildcard": "CR*AL"}]}, True),
        ({"severity": [{"wildcard": "CR[*"}]}, False),
        ({"severity": [{"anything-but": ["OK"]}]}, True),
        ({"severity": [{"anything-but": "CRITICAL"}]}, False),
        ({"severity": [{"anything-but": {"prefix": "CRIT"}}]}, False),
        ({"team": [{"anything-but": ["a"]}]}, False),
        ({"team": [{"exists": False}]}, True),
        ({"severity": [{"exists": False}]}, False),
        ({"severity": [{"exists": True}]}, True),
        ({"account": [111122223333]}, False),
        ({"account": [{"numeric": ["=", 111122223333]}]}, False),
        ({"$or": [{"severity": ["OK"]}, {"kind": ["incident"]}]}, True),
        ({"$or": [{"severity": ["OK"]}, {"kind": ["service"]}]}, False),
        ({"severity": [{"cidr": "10.0.0.0/8"}]}, None),
        ({"severity": [{"cidr": "10.0.0.0/8"}, "CRITICAL"]}, True),
        ({"severity": [{"cidr": "10.0.0.0/8"}], "kind": ["service"]}, False),
        ({"severity": [{"anything-but": {"new": 1}}]}, None),
        ({"severity": "CRITICAL"}, None),
        ([], None),
    ],
    ids=json.dumps,
)
def test_policy_passes_or_drops_a_message(policy: object, result: bool | None) -> None:
    assert passes({"FilterPolicy": json.dumps(policy)}, MESSAGE) is result


def test_subscription_without_a_policy_gets_everything() -> None:
    assert passes({}, MESSAGE) is True


def test_policy_that_cannot_be_evaluated_is_unknown() -> None:
    assert passes({"FilterPolicy": "{"}, MESSAGE) is None
    body = {"FilterPolicy": '{"severity": ["OK"]}', "FilterPolicyScope": "MessageBody"}
    assert passes(body, MESSAGE) is None
