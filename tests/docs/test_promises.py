"""What is promised names tests, and those are there."""

import re
from pathlib import Path

import pytest

from vdm_alerts.core.notifications.notification import MOST_MESSAGES
from vdm_alerts.core.notifications.reasons import Reason

ROOT = Path(__file__).parents[2]
PROMISES = (ROOT / "docs" / "promises.md").read_text()
NAMED = re.findall(r"`(tests/[\w/.]+)::(\w+)`", PROMISES)


def test_there_are_five_each_with_a_test() -> None:
    promises = re.split(r"^\d\. ", PROMISES, flags=re.MULTILINE)[1:]
    assert len(promises) == 5
    assert all("::test_" in promise for promise in promises)


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_is_named_is_there(file: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / file).read_text()


def test_every_reason_is_explained() -> None:
    alerts = (ROOT / "docs" / "alerts.md").read_text()
    explained = re.findall(r"^\| `([A-Z]+)` \|", alerts, re.MULTILINE)
    assert {*explained} == {reason.name for reason in Reason} | {"SUMMARY", "DIGEST"}
    assert f"more than {['none', 'one', 'two', 'three', 'four', 'five'][MOST_MESSAGES]}" in alerts
