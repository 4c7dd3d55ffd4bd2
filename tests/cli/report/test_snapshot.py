"""What a report knows is read back from its page, and nothing else is."""

import json
import re
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from cli.report.report_accounts import (
    DAY,
    HOSTILE,
    NOW,
    a_history,
    an_account,
    an_alert,
    counts,
    series,
    ses_rates,
)
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.report.account_page import Comparison, account_page
from vdm_alerts_cli.report.rendering import render_page
from vdm_alerts_cli.report.snapshot import OpenAlert, read_snapshot, to_document

ACCOUNT_WITH_EVERYTHING = an_account(
    {
        **counts(ACCOUNT, series(100), series(10), Gap.ACCESS_DENIED),
        **counts(Scope(identity=HOSTILE), Gap.REJECTED, Gap.REJECTED),
        **counts(Scope(isp="Gmail"), series(100), series(10)),
    },
    history=a_history(an_alert(Scope(identity=HOSTILE, isp="Yahoo"))),
    ses_rates={Indicator.SES_BOUNCE_RATE: ses_rates(0.02)},
)
PAGE = render_page(account_page(ACCOUNT_WITH_EVERYTHING, Comparison(""), (), UTC))
DOCUMENT = to_document(ACCOUNT_WITH_EVERYTHING.snapshot)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each),
    max_leaves=5,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "report.html"


def page_with(document: object) -> str:
    """Return a page with *document* as its data."""
    data = json.dumps(document).replace("<", "\\u003c").replace("\\", "\\\\")
    return re.sub(r'(?<=id="vdm-alerts-data">).*?(?=</script>)', data, PAGE)


def test_snapshot_is_read_back_unchanged(file: Path) -> None:
    file.write_text(PAGE, "utf-8")
    assert read_snapshot(file) == ACCOUNT_WITH_EVERYTHING.snapshot


def test_snapshot_without_alerts_and_rates_of_ses_is_read_back_unchanged(file: Path) -> None:
    account = an_account()
    file.write_text(render_page(account_page(account, Comparison(""), (), UTC)), "utf-8")
    snapshot = read_snapshot(file)
    assert snapshot == account.snapshot
    assert snapshot.alerts is None
    assert snapshot.ses_rates is None


def test_alert_of_an_unknown_indicator_is_read_back(file: Path) -> None:
    alert = OpenAlert("mine", Scope(), None, an_alert(ACCOUNT).state.severity, NOW - DAY)  # type: ignore[union-attr]
    file.write_text(page_with(to_document(replace(an_account().snapshot, alerts=(alert,)))))
    assert read_snapshot(file).alerts == (alert,)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "it is not a report"),
        ("<p>Another page</p>", "it is not a report"),
        (page_with({**DOCUMENT, "version": 2}), "another version of VDM Alerts wrote this report"),
        (page_with({**DOCUMENT, "madeAt": "2026-03-20T09:00:00"}), "damaged"),
        (page_with([]), "damaged"),
        (page_with({**DOCUMENT, "scopes": [{"scope": {"folder": "a"}}]}), "damaged"),
        (PAGE.replace("vdm-alerts-report", "other"), "another version"),
        (PAGE[: PAGE.index("vdm-alerts-data") + 40], "it is not a report|damaged"),
    ],
    ids=range(8),
)
def test_other_file_is_one_error_with_a_fix(file: Path, text: str, error: str) -> None:
    file.write_text(text, "utf-8")
    with pytest.raises(InvalidInputError, match=error) as caught:
        read_snapshot(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert "Use --to with a new file" in str(caught.value)


@given(st.sampled_from(sorted(DOCUMENT)), JSON)
def test_damaged_data_is_one_error_or_a_snapshot(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: object
) -> None:
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(page_with({**DOCUMENT, key: value}), "utf-8")
    try:
        snapshot = read_snapshot(file)
    except InvalidInputError:
        return
    json.dumps(to_document(snapshot))
