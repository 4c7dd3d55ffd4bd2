"""Tests of docs/guarantees.md: the tests that it names exist, and reasons are explained."""

import re
from pathlib import Path

import pytest

from vdm_alerts.core.notifications.notification import MAX_MESSAGES
from vdm_alerts.core.notifications.reasons import Reason

ROOT = Path(__file__).parents[2]
GUARANTEES = (ROOT / "docs" / "guarantees.md").read_text()
NAMED = re.findall(r"`(tests/[\w/.]+)::(\w+)`", GUARANTEES)


def test_guarantees_are_five_and_each_names_a_test() -> None:
    guarantees = re.split(r"^\d\. ", GUARANTEES, flags=re.MULTILINE)[1:]
    assert len(guarantees) == 5
    assert all("::test_" in guarantee for guarantee in guarantees)


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_guarantee_names_an_existing_test(file: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / file).read_text()


def test_alerts_page_explains_every_reason() -> None:
    alerts = (ROOT / "docs" / "alerts.md").read_text()
    explained = re.findall(r"^\| `([A-Z]+)` \|", alerts, re.MULTILINE)
    assert {*explained} == {reason.value for reason in Reason} | {"SUMMARY", "DIGEST", "WEEKLY"}
    assert f"more than {['none', 'one', 'two', 'three', 'four', 'five'][MAX_MESSAGES]}" in alerts
