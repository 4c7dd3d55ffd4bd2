"""The page: complete, safe and small, whatever an account contains."""

import base64
import hashlib
import json
import re
from datetime import UTC
from html.parser import HTMLParser

import pytest
from cli.report.report_accounts import (
    DAY,
    HOSTILE,
    NOW,
    TODAY,
    a_history,
    a_transition,
    an_account,
    an_alert,
    counts,
    many_identities,
    series,
    ses_rates,
)

from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.rates import Gap, Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts_cli.report.account import Account
from vdm_alerts_cli.report.account_page import Comparison, account_page
from vdm_alerts_cli.report.page import (
    AlertSection,
    AlertSpan,
    Chart,
    ChartSection,
    Item,
    Level,
    Page,
)
from vdm_alerts_cli.report.rendering import TEMPLATES, render_page

VOID = {"meta", "input", "br", "img", "link"}
NEWS = Scope(identity="news.example.com")
MAX_SIZE = 300_000


class Document(HTMLParser):
    """A parsed page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.blocks: dict[str, list[str]] = {"style": [], "script": []}
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)
        if tag in self.blocks:
            self.blocks[tag].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in self.blocks:
            self.blocks[self._open[-1]][-1] += data
        else:
            self.text.append(data)

    @property
    def words(self) -> str:
        """Return the text on one line."""
        return " ".join(" ".join(self.text).split())

    @property
    def policy(self) -> str:
        return next(each["content"] for _, each in self.tags if "http-equiv" in each)

    def of_class(self, name: str) -> list[str]:
        """Return the tags of the elements of a class."""
        return [tag for tag, each in self.tags if name in each.get("class", "").split()]


def page_of(
    account: Account, comparison: Comparison | None = None, unread: tuple[str, ...] = ()
) -> str:
    comparison = comparison or Comparison("There is no earlier report.")
    return render_page(account_page(account, comparison, unread, UTC))


HOSTILE_ACCOUNT = an_account(
    {
        **counts(ACCOUNT, series(1_000), series(100)),
        **counts(Scope(identity=HOSTILE), series(1_000), series(100)),
        **counts(Scope(tenant=HOSTILE), series(0), series(0)),
        **counts(Scope(configuration_set='" onload="x'), Gap.REJECTED, Gap.REJECTED),
    },
    history=a_history(an_alert(Scope(identity=HOSTILE))),
)


def test_page_has_no_external_reference() -> None:
    text = page_of(an_account(), Comparison(HOSTILE, [Item("https://example.com")]))
    document = Document(text)
    for tag, attributes in document.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}
        assert not {"src", "srcset", "action", "data", "style", "onclick"} & set(attributes)
        assert attributes.get("href", "#").startswith("#")
    (style,) = document.blocks["style"]
    assert not re.search(r"url\(|@import|https?:", style)


def test_policy_allows_only_the_style_and_the_script_of_the_page() -> None:
    document = Document(page_of(an_account()))
    (style,), (data, script) = document.blocks["style"], document.blocks["script"]
    json.loads(data)

    def source(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert document.policy == (
        f"default-src 'none'; style-src 'sha256-{source(style)}'; "
        f"script-src 'sha256-{source(script)}'; base-uri 'none'; form-action 'none'"
    )


def test_hostile_names_are_text() -> None:
    comparison = Comparison(HOSTILE, [Item(HOSTILE, HOSTILE)])
    text = page_of(HOSTILE_ACCOUNT, comparison, (HOSTILE,))
    assert "<img" not in text
    document = Document(text)
    assert document.words.count(HOSTILE) >= 6
    assert all("onload" not in attributes for _, attributes in document.tags)
    assert len(document.blocks["script"]) == 2
    assert HOSTILE in json.dumps(json.loads(document.blocks["script"][0]))


@pytest.mark.parametrize("days", [1, 2, 7, 60])
def test_page_of_any_number_of_days_is_complete(days: int) -> None:
    words = Document(page_of(an_account(days=days))).words
    window = "7 days" if days == 60 else "6 days" if days == 7 else "day"
    last = TODAY if days == 1 else TODAY - DAY
    assert f"{window} through {last}" in words


def test_page_without_rules_or_email_is_complete() -> None:
    for answers in (None, counts(ACCOUNT, series(0), series(0))):
        words = Document(page_of(an_account(answers, rules=RuleSet({})))).words
        assert "There is no rule, so there are no rates to show." in words
        assert "Rules in effect None." in words
    words = Document(page_of(an_account(counts(ACCOUNT, series(0), series(0))))).words
    assert "Bounce rate none no email" in words


def test_unknown_is_never_zero() -> None:
    account = an_account(
        {
            **counts(ACCOUNT, Gap.UNAVAILABLE, Gap.UNAVAILABLE),
            **counts(NEWS, Gap.REJECTED, Gap.REJECTED),
        }
    )
    document = Document(page_of(account))
    assert "0%" not in re.sub(r"\d0%", "", document.words.split("Mailbox providers")[-1])
    assert document.words.count("unknown: SES rejects queries about it") >= 3
    assert document.words.count("unknown: SES did not answer") >= 3
    assert "Open alerts unknown VDM Alerts is not deployed here" in document.words
    assert "gap" in [each.get("class") for tag, each in document.tags if tag == "rect"]
    assert document.of_class("rate") == document.of_class("volume") == []
    assert "60 days unknown: SES did not answer." in document.words
    assert "Tenants None in the counts that were read." in document.words


def test_open_and_past_alerts_are_in_tables_and_charts() -> None:
    history = a_history(
        an_alert(ACCOUNT, Severity.CRITICAL),
        transitions=[
            a_transition(NEWS, "Ok", "Firing WARNING", NOW - 9 * DAY),
            a_transition(NEWS, "Firing WARNING", "Ok", NOW - 4 * DAY),
            a_transition(ACCOUNT, "Ok", "Firing CRITICAL", NOW - DAY),
        ],
    )
    document = Document(page_of(an_account(history=history)))
    assert "Open alerts 1 worst: CRITICAL" in document.words
    assert "Bounce rate of the account 200 of 1,000 emails bounced. Not notified yet." in (
        document.words
    )
    assert "2026-03-11 09:00 UTC 2026-03-16 09:00 UTC 5 days" in document.words
    assert len(document.of_class("span")) == 1
    assert len(document.of_class("lane")) == 1


def test_rates_of_ses_are_beside_its_levels() -> None:
    rates = {
        Indicator.SES_BOUNCE_RATE: ses_rates(0.061),
        Indicator.SES_COMPLAINT_RATE: ses_rates(0.001, NOW - 3 * DAY),
    }
    document = Document(page_of(an_account(ses_rates=rates)))
    assert "Bounce rate 6.1% (2026-03-20 08:00 UTC) 1% (70 of 7,000) 5% 10%" in document.words
    assert "Complaint rate SES has reported no new rate for over a day" in document.words
    assert len(document.of_class("markers")) == 2


def test_rows_are_worst_first_and_say_which_threshold_is_reached() -> None:
    account = an_account(
        {
            **counts(ACCOUNT, series(*[9_000] * 9), series(*[300] * 9)),
            **counts(Scope(identity="large.example"), series(*[8_000] * 9), series(*[80] * 9)),
            **counts(Scope(identity="bad.example"), series(*[900] * 9), series(*[180] * 9)),
            **counts(Scope(identity="idle.example"), series(0), series(0)),
        }
    )
    words = Document(page_of(account)).words
    table = words.split("Identity Emails Bounce rate Complaint rate")[1]
    assert table.startswith(" bad.example 6,300 20% ≥ 10% 1,260 of 6,300")
    assert table.index("bad.example") < table.index("large.example")
    assert "1 identity without email in these 60 days: idle.example." in table


def test_tables_and_charts_are_accessible() -> None:
    tags = Document(page_of(HOSTILE_ACCOUNT)).tags
    headers = [each for tag, each in tags if tag == "th"]
    assert headers
    assert all(each.get("scope") in {"col", "row"} for each in headers)
    ids = {each["id"] for _, each in tags if "id" in each}
    for _, attributes in tags:
        assert set(attributes.get("aria-labelledby", "").split()) <= ids
        assert attributes.get("href", "#content").removeprefix("#") in ids
    images = [each for tag, each in tags if tag == "svg" and each.get("role") == "img"]
    named = [tag for tag, _ in tags if tag in {"desc", "title"}]
    assert len(named) >= len(images) > 4
    assert len(ids) == sum("id" in each for _, each in tags)


def test_page_of_100_identities_has_at_most_300_kb() -> None:
    text = page_of(an_account(many_identities(100)))
    assert text.count("newsletter-") >= 100
    assert len(text.encode()) <= MAX_SIZE


def luminance(color: str) -> float:
    """Return the relative luminance of a color such as "#fff", as WCAG 2.2 defines it."""
    digits = color.removeprefix("#")
    digits = "".join(each * 2 for each in digits) if len(digits) == 3 else digits
    channels = [int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    ]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colors_have_enough_contrast(scheme: int) -> None:
    roots = re.findall(r":root\{(.*?)\}", (TEMPLATES / "page.css").read_text())
    colors = dict(re.findall(r"--([\w-]+):(#\w+)", roots[scheme]))
    for text in ("text", "muted", "accent", "warning", "critical"):
        for background in ("surface", "page", "notice"):
            assert contrast(colors[text], colors[background]) >= 4.5, (text, background)
    for shape in ("accent", "critical-fill", "gap"):
        assert contrast(colors[shape], colors["surface"]) >= 3, shape


def test_page_can_show_other_sections() -> None:
    span = AlertSpan("Bounce rate of a", Severity.WARNING, NOW - 2 * DAY, NOW - DAY)
    chart = Chart(
        "Bounce rate of a",
        TODAY - 3 * DAY,
        [Rate(1, 100), None, Gap.UNAVAILABLE, Rate(9, 100)],
        levels=[Level(0.05, "warning", Severity.WARNING)],
        alerts=[span],
    )
    text = render_page(
        Page(
            "Backtest",
            "30 days",
            [AlertSection("alerts", "Alerts", [span]), ChartSection("rates", "Rates", [chart])],
        )
    )
    document = Document(text)
    assert "warning Bounce rate of a 2026-03-18 09:00 UTC 2026-03-19 09:00 UTC 1 day" in (
        document.words
    )
    for text in ("1% (1 of 100)", "no email", "unknown: SES did not answer", "9% (9 of 100)"):
        assert text in document.words
    assert len(document.blocks["script"]) == 1
