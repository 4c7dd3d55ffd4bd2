"""Tests of the list of mailbox providers."""

from pathlib import Path

from vdm_alerts.core.model.mailbox_providers import (
    EVIDENCE,
    KNOWN_ISPS,
    MISNAMED_ISPS,
    OTHER_ISPS,
    UNKNOWN_ISP,
)
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.naming import is_well_formed

DOCS = Path(__file__).parents[3] / "docs"


def test_every_known_name_has_evidence_and_a_form_that_ses_accepts() -> None:
    assert {"Att", "Cox", UNKNOWN_ISP} <= set(KNOWN_ISPS)
    assert all(EVIDENCE.values())
    assert all(map(is_well_formed, KNOWN_ISPS))
    assert not is_well_formed(OTHER_ISPS)
    assert set(MISNAMED_ISPS.values()) <= set(KNOWN_ISPS)


def test_every_known_name_is_a_documented_assumption() -> None:
    for page in ("assumptions.md", "rules.md"):
        text = (DOCS / page).read_text()
        assert [isp for isp in KNOWN_ISPS if f"`{isp}`" not in text] == []


def test_only_the_catch_all_is_shown_in_other_words() -> None:
    shown = {isp: str(Scope(isp=isp)) for isp in (*KNOWN_ISPS, OTHER_ISPS)}
    changed = {isp: words for isp, words in shown.items() if words != isp}
    assert changed == {UNKNOWN_ISP: "providers that SES does not name"}
