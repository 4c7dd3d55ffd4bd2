"""Tests of docs/guarantees.md: the tests that it names exist, and reasons are explained."""

import re
from pathlib import Path

import pytest

from vdm_alerts.core.notifications.notification import MAX_MESSAGES
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.notifications.rendering.incident import MAX_LISTED
from vdm_alerts.core.notifications.service_notification import MAX_FINDINGS

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


@pytest.mark.parametrize("page", ["fleet", "guarantees"])
def test_page_has_the_limits_of_a_notification(page: str) -> None:
    text = " ".join((ROOT / "docs" / f"{page}.md").read_text().split())
    assert f"has at most {MAX_FINDINGS} problems" in text
    assert f"email lists the first {MAX_LISTED}" in text


def test_alerts_page_explains_every_reason() -> None:
    alerts = (ROOT / "docs" / "alerts.md").read_text()
    explained = re.findall(r"^\| `([A-Z]+)` \|", alerts, re.MULTILINE)
    assert {*explained} == {reason.value for reason in Reason} | {"SUMMARY", "DIGEST", "WEEKLY"}
    assert f"more than {['none', 'one', 'two', 'three', 'four', 'five'][MAX_MESSAGES]}" in alerts
