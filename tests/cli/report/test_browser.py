"""The page in a real browser, with and without scripts.

The tests need Chromium on the path; `apt-get install chromium` installs it on Debian.
"""

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from browser import CHROMIUM, Tab, browser_tab
from cli.report.report_accounts import (
    HOSTILE,
    NOW,
    a_history,
    a_transition,
    an_account,
    an_alert,
    counts,
    series,
)

from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.rates import Gap
from vdm_alerts_cli.report.account_page import Comparison, account_page
from vdm_alerts_cli.report.page import Item
from vdm_alerts_cli.report.rendering import render_page

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on the path, so the page was not opened in a browser"
)
BAD = Scope(identity="bad.example.com")
ANSWERS = {
    **counts(ACCOUNT, series(*[9_000] * 20), series(*[90] * 19, 900), series(*[1] * 20)),
    **counts(Scope(identity="large.example.com"), series(*[7_000] * 20), series(*[70] * 20)),
    **counts(BAD, series(*[500] * 20), series(*[5] * 17, 100, 100, 100)),
    **counts(Scope(identity="unknown.example.com"), Gap.REJECTED, Gap.REJECTED),
    **counts(Scope(identity=HOSTILE), series(*[100] * 20), series(*[2] * 20)),
}
NAMES = (
    "[...document.querySelectorAll('#identity tbody tr:not([hidden]) th')].map(e => e.innerText)"
)
DARK_TEXT = "rgb(228, 232, 237)"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser_tab(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    history = a_history(an_alert(BAD), transitions=[a_transition(BAD, "Ok", "Firing WARNING", NOW)])
    comparison = Comparison("Since the report before:", [Item(HOSTILE, "New alert")])
    text = render_page(
        account_page(an_account(ANSWERS, history=history), comparison, (HOSTILE,), UTC)
    )
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(text, "utf-8")
    return path


def names(tab: Tab) -> list[str]:
    """Return the first words of the visible rows of identities."""
    rows: list[Any] = tab.evaluate(NAMES)
    return [str(each).split("\n")[0].split(" open ")[0].strip() for each in rows]


def test_page_has_no_errors_and_requests_nothing(tab: Tab, page: Path) -> None:
    tab.requested.clear()
    tab.open(page)
    assert tab.problems == []
    assert tab.requested == [page.as_uri()]
    assert tab.evaluate("document.images.length") == 0


def test_policy_blocks_other_scripts(tab: Tab, page: Path) -> None:
    other = page.with_name("changed.html")
    text = page.read_text("utf-8")
    other.write_text(text.replace("</body>", "<script>document.title = 'x'</script></body>"))
    tab.open(other)
    assert tab.evaluate("document.title") != "x"
    assert any("Content Security Policy" in each for each in tab.problems)


def test_click_on_a_heading_sorts_with_unknown_values_last(tab: Tab, page: Path) -> None:
    tab.open(page)
    click = "document.querySelectorAll('#identity th button')[{}].click()"
    tab.evaluate(click.format(1))
    assert names(tab) == ["large.example.com", "bad.example.com", HOSTILE, "unknown.example.com"]
    assert tab.evaluate("document.querySelector('#identity [aria-sort]').ariaSort") == "descending"
    tab.evaluate(click.format(1))
    assert names(tab) == [HOSTILE, "bad.example.com", "large.example.com", "unknown.example.com"]
    tab.evaluate(click.format(0))
    assert names(tab) == [HOSTILE, "bad.example.com", "large.example.com", "unknown.example.com"]
    assert tab.evaluate("document.querySelectorAll('#identity [aria-sort]').length") == 1
    assert tab.problems == []


def test_filters_hide_other_rows(tab: Tab, page: Path) -> None:
    tab.open(page)
    tab.evaluate("document.querySelector('#identity input[type=checkbox]').click()")
    assert names(tab) == ["bad.example.com"]
    tab.evaluate("document.querySelector('#identity input[type=checkbox]').click()")
    tab.evaluate(
        "(e => {e.value = ' EXAMPLE.com'; e.dispatchEvent(new Event('input'))})"
        "(document.querySelector('#identity input[type=search]'))"
    )
    assert len(names(tab)) == 3
    assert tab.evaluate("document.querySelector('#identity output').value") == "3 of 4"
    tab.resize(390)
    assert len(names(tab)) == 3
    assert tab.evaluate("getComputedStyle(document.querySelector('[hidden]')).display") == "none"
    tab.resize(1280)


@pytest.mark.parametrize("with_scripts", [True, False])
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_page_fits_every_width(tab: Tab, page: Path, width: int, with_scripts: bool) -> None:
    tab.resize(width)
    tab.open(page, with_scripts=with_scripts)
    metrics = tab.call("Page.getLayoutMetrics")
    assert metrics["cssContentSize"]["width"] <= width
    tab.resize(1280)


def test_page_without_scripts_is_complete(tab: Tab, page: Path) -> None:
    tab.open(page, with_scripts=False)
    assert tab.problems == []
    count = "document.querySelectorAll({!r}).length"
    assert tab.evaluate(count.format("#identity tbody tr")) == 4
    assert tab.evaluate(count.format("button, input")) == 0


def test_colors_follow_the_system_and_paper_is_white(tab: Tab, page: Path) -> None:
    color = "getComputedStyle(document.body).color"
    tab.resize(1280, scheme="dark")
    tab.open(page)
    assert tab.evaluate(color) == DARK_TEXT
    tab.resize(1280, scheme="light")
    assert tab.evaluate(color) != DARK_TEXT
    tab.call(
        "Emulation.setEmulatedMedia",
        media="print",
        features=[{"name": "prefers-color-scheme", "value": "dark"}],
    )
    assert tab.evaluate(color) != DARK_TEXT
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    tab.call("Emulation.setEmulatedMedia", media="")
