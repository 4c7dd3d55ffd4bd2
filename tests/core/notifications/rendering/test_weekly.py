"""The weekly summary as text: what it calls OK, its figures, and its size."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import HOTMAIL, HOUR, NEWS_IDENTITY, NOW, TARGET, breached, firing
from notification_schema import violations
from sample_notifications import weekly_sample

from vdm_alerts.adapters.aws.sns_notifier import forms_of
from vdm_alerts.core.alerts.firing_periods import FiringPeriod
from vdm_alerts.core.alerts.week import WeekFigures
from vdm_alerts.core.model.account import Impact, Recommendation
from vdm_alerts.core.model.findings import Finding, FindingSource
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.rendering.content import Table
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.message import MAX_SUBJECT, Message, render
from vdm_alerts.core.notifications.rendering.weekly import weekly_subject
from vdm_alerts.core.notifications.weekly_summary import CurrentAlert, WeeklySummary
from vdm_alerts.core.observations.coverage import Coverage
from vdm_alerts.core.observations.weekly_figures import WeekCounts, WeeklyFigures, WeeklyRate

PROBLEM = Finding("VDM", "VDM is off", "Turn it on")
COUNTS = WeekCounts(600, 10_000)
MAX_MESSAGE_SIZE = 256 * 1_024
EVERYTHING = weekly_sample(PROBLEM)
GOOD = replace(EVERYTHING, open_alerts=(), ended=(), findings=(), unreadable_sources=())
GOOD = replace(GOOD, week=WeekFigures(NOW, 168, 4_000, 3_600))


def rendered(summary: WeeklySummary) -> Message:
    return render(summary, Links(TARGET), NOW)


def with_figures(**changes: object) -> WeeklySummary:
    """Return a good week with other figures."""
    assert GOOD.figures
    figures: WeeklyFigures = replace(GOOD.figures, **changes)  # type: ignore[arg-type]
    return replace(GOOD, figures=figures)


@pytest.mark.parametrize(
    ("emails", "phrase"),
    [
        (None, "emails unknown"),
        (0, "0 emails"),
        (1, "1 email"),
        (999_999, "999,999 emails"),
        (1_000_000, "1.0 million emails"),
        (1_299_999, "1.2 million emails"),
        (1_234_567_890, "1,234.5 million emails"),
    ],
)
def test_subject_has_the_emails_rounded_down(emails: int | None, phrase: str) -> None:
    assert f": {phrase}, " in weekly_subject(with_figures(emails=emails))


def test_good_week_is_ok_and_says_so() -> None:
    message = rendered(GOOD)

    assert message.subject.startswith("[OK] Weekly summary: 10,000 emails, no alert - ")
    assert message.text.startswith("No alert was open this week, and all 28 rates are readable.\n")
    assert "with 4,000 queries of VDM. 28 rates monitored. Everything was readable." in message.text


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ({"findings": (PROBLEM,)}, "1 problem open"),
        ({"open_alerts": EVERYTHING.open_alerts}, "1 alert open"),
        ({"coverage": Coverage((), {}, rates=28, unreadable=3)}, "3 of 28 rates unreadable"),
        ({"figures": None}, "not everything was readable"),
        ({"ended": None}, "not everything was readable"),
        ({"is_history_complete": False}, "not everything was readable"),
        ({"unreadable_sources": (FindingSource.RULES,)}, "not everything was readable"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_week_is_not_ok_while_something_is_open_or_unknown(
    change: dict[str, object], phrase: str
) -> None:
    summary: WeeklySummary = replace(GOOD, **change)  # type: ignore[arg-type]

    message = rendered(summary)

    assert not message.subject.startswith("[OK]")
    assert phrase in message.subject
    assert "No alert was open" not in message.text
    assert message.attributes["severity"] != "OK"


@pytest.mark.parametrize(
    "change",
    [
        {"ended": EVERYTHING.ended},
        {"week": replace(GOOD.week, unknown_scopes={"a.example.com": 3_600})},
        {"week": replace(GOOD.week, unreadable_sources={"rules": 3_600})},
        {"week": replace(GOOD.week, other_scopes=3_600)},
    ],
    ids=["ended alert", "unknown scope", "unreadable source", "other scopes"],
)
def test_week_was_not_good_when_an_alert_was_resolved_or_something_was_unknown(
    change: dict[str, object],
) -> None:
    summary: WeeklySummary = replace(GOOD, **change)  # type: ignore[arg-type]

    message = rendered(summary)

    assert message.subject.startswith("[OK]")
    assert message.text.startswith("No alert is open.\n")


def test_unknown_counts_are_never_shown_as_zero() -> None:
    assert GOOD.figures
    (rate,) = GOOD.figures.rates
    unknown = replace(rate, this_week=None)

    text = rendered(with_figures(emails=None, emails_before=None, rates=(unknown,))).text

    assert "  Emails sent    unknown      unknown\n" in text
    assert "  Bounce rate    unknown           6%\n" in text


@pytest.mark.parametrize(
    ("events", "change"),
    [
        (1_200, "+6 points"),
        (700, "+1 point"),
        (500, "-1 point"),
        (640, "about the same"),
        (600, "about the same"),
    ],
)
def test_change_of_a_rate_is_in_points_unless_it_is_small(events: int, change: str) -> None:
    assert GOOD.figures
    (rate,) = GOOD.figures.rates
    changed = replace(rate, this_week=WeekCounts(events, 10_000))

    (line,) = [
        line
        for line in rendered(with_figures(rates=(changed,))).text.splitlines()
        if line.startswith("  Bounce rate")
    ]

    assert line.endswith(f"  {change}")


def test_alerts_of_an_incident_share_a_line_and_count_as_alerts() -> None:
    alerts = tuple(
        CurrentAlert(
            FiringPeriod(firing(scope).key, severity, NOW - HOUR, None, is_open=True),
            verdict,
            incident,
        )
        for scope, severity, verdict, incident in (
            (NEWS_IDENTITY, Severity.CRITICAL, breached("12%"), "one"),
            (HOTMAIL, Severity.WARNING, breached("6%"), "one"),
            (Scope(tenant="acme"), Severity.WARNING, None, "two"),
        )
    )
    text = rendered(replace(GOOD, open_alerts=alerts)).text

    assert text.startswith("3 alerts are open, 1 of them critical, in 2 incidents.")
    since = "open since 2026-03-12 08:00 UTC (1 hour)"
    assert (
        f"- critical: bounce rate 12%, news.example.com (identity), {since}; also Hotmail "
        "(mailbox provider) 6%\n"
        f"- warning: bounce rate unknown, acme (tenant), {since}\n"
    ) in text


def test_alerts_that_ended_together_share_a_line_with_their_duration() -> None:
    end = NOW - HOUR
    periods = [
        FiringPeriod(firing(NEWS_IDENTITY).key, Severity.WARNING, NOW - 25 * HOUR, end),
        FiringPeriod(firing(HOTMAIL).key, Severity.WARNING, NOW - 25 * HOUR, end),
        FiringPeriod(firing(Scope(tenant="old")).key, Severity.WARNING, None, end),
        FiringPeriod(firing(Scope(tenant="lost")).key, Severity.WARNING, NOW - HOUR, None),
    ]
    text = rendered(replace(GOOD, ended=tuple(periods))).text

    until = "until 2026-03-12 08:00 UTC"
    assert (
        "Resolved or closed this week:\n"
        f"- warning: bounce rate, old (tenant): open {until}, for more than a week\n"
        "- warning: bounce rate, news.example.com (identity) and Hotmail (mailbox provider): open "
        f"for 1 day, {until}\n"
        "- warning: bounce rate, lost (tenant): the end is unknown\n"
    ) in text


@pytest.mark.parametrize("letter", ["x", "é", "\u0000", '"', "\u202e"])
def test_message_fits_into_sns_whatever_names_and_numbers_it_has(letter: str) -> None:
    names = [f"{number}{letter * 10_000}" for number in range(60)]
    scopes = [Scope(identity=name) for name in names]
    periods = tuple(
        FiringPeriod(firing(scope).key, Severity.CRITICAL, NOW - HOUR, NOW) for scope in scopes
    )
    assert EVERYTHING.figures
    (rate,), (sender,) = EVERYTHING.figures.worst, EVERYTHING.figures.largest
    figures = replace(
        EVERYTHING.figures,
        largest=tuple(replace(sender, scopes=tuple(scopes)) for _ in range(5)),
        worst=tuple(replace(rate, scopes=tuple(scopes)) for _ in range(6)),
        improved=tuple(replace(rate, scopes=tuple(scopes)) for _ in range(3)),
    )
    finding = Finding("x" * 400, letter * 500, "remedy").bounded()
    summary = replace(
        EVERYTHING,
        figures=figures,
        open_alerts=tuple(CurrentAlert(period, breached("6%"), "i" * 100) for period in periods),
        ended=periods,
        findings=(finding,) * 60,
        week=replace(
            EVERYTHING.week,
            unknown_scopes={f"{number}{letter * 190}": 60 for number in range(20)},
        ),
    )

    message = rendered(summary)

    forms = json.dumps(forms_of(message), ensure_ascii=False)
    assert len(forms.encode()) <= MAX_MESSAGE_SIZE
    assert len(message.subject) <= MAX_SUBJECT
    assert [*violations(json.loads(message.payload))] == []


def test_table_aligns_names_left_and_figures_right() -> None:
    table = Table("Title:", (("Emails", "Sender"), ("1,000", "a"), ("7", "bb")), names=1)

    assert table.text == "Title:\n  Emails  Sender\n   1,000  a\n       7  bb"
    assert table.chat_text == "Title:\n```\n  Emails  Sender\n   1,000  a\n       7  bb\n```"


def test_summary_that_is_late_has_the_day_of_its_request() -> None:
    summary = replace(GOOD, day=NOW.date() - timedelta(days=2))

    assert summary.id == "weekly-2026-03-10"
    assert "Weekly summary 2026-03-10." in rendered(summary).text


def test_rate_that_no_sender_has_is_no_column() -> None:
    assert GOOD.figures
    rates = [
        WeeklyRate(Indicator.BOUNCE_RATE, COUNTS, COUNTS),
        WeeklyRate(Indicator.TRANSIENT_BOUNCE_RATE, COUNTS, COUNTS),
    ]
    (sender,) = GOOD.figures.largest
    largest = (replace(sender, rates=(rates[0], WeeklyRate(rates[1].indicator, None, None))),)
    text = rendered(with_figures(rates=tuple(rates), largest=largest)).text
    assert text.count("Transient bounce rate") == 1, "in the table of the account"
    assert text.count("Bounce rate") == 2


def test_low_impact_advice_is_listed_and_invisible_characters_are_visible() -> None:
    advice = Recommendation("news.example.com", "BIMI", Impact.LOW, "No BIMI\u202e record.")
    message = rendered(replace(GOOD, advice=(advice,)))
    assert "Low-impact advice of the VDM advisor:\n- news.example.com: BIMI (No BIMI\\u202E" in (
        message.text
    )
    assert message.subject.startswith("[OK] ")


@pytest.mark.parametrize(("advice", "field"), [(None, None), ((), [])])
def test_advice_that_was_not_read_is_not_shown_as_none(
    advice: tuple[Recommendation, ...] | None, field: list[object] | None
) -> None:
    message = rendered(replace(GOOD, advice=advice))
    assert json.loads(message.payload)["advice"] == field
    assert "advisor" not in message.text
