"""The volumes and rates of a week in the weekly summary."""

from collections.abc import Iterator, Sequence

from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.rates import Indicator, percent
from vdm_alerts.core.model.wording import WORDING, number_of
from vdm_alerts.core.notifications.rendering.content import Listing, Table, listed
from vdm_alerts.core.notifications.rendering.sentences import capitalized
from vdm_alerts.core.notifications.rendering.weekly_alerts import short_name
from vdm_alerts.core.observations.weekly_figures import (
    SenderRate,
    WeekCounts,
    WeeklyFigures,
    WeeklyRate,
)

MAX_SCOPES = 3
"""Scopes of one sender, which send the same email."""
MAX_SAME_CHANGE = 0.1
"""The share by which a rate can change and still be about the same."""
_UNKNOWN = "unknown"
_SAME = "about the same"


def comparison(figures: WeeklyFigures) -> Table:
    """Return the emails and rates of the account in both weeks."""
    rows = [
        (
            "Emails sent",
            _count(figures.emails),
            _count(figures.emails_before),
            _change_of_emails(figures),
        ),
        *(
            (
                capitalized(WORDING[rate.indicator].noun),
                rate_of_week(rate.this_week),
                rate_of_week(rate.week_before),
                _change_of_rate(rate),
            )
            for rate in figures.rates
        ),
    ]
    return Table(
        f"Account, {figures.first_day} to {figures.last_day}, and the 7 days before:",
        (("", "This week", "Week before", "Change"), *rows),
        names=0,
    )


def sender_parts(figures: WeeklyFigures) -> Iterator[Listing | Table]:
    """Yield the largest senders, and those with the worst and the most improved rates."""
    if figures.largest:
        known = {
            rate.indicator for sender in figures.largest for rate in sender.rates if rate.this_week
        }
        # A rule may monitor a rate at providers only.
        indicators = [rate.indicator for rate in figures.rates if rate.indicator in known]
        nouns = [capitalized(WORDING[indicator].noun) for indicator in indicators]
        rows = [
            (
                f"{sender.emails:,}",
                *(_sender_rate(sender.rates, indicator) for indicator in indicators),
                _names(sender.scopes),
            )
            for sender in figures.largest
        ]
        yield Table(
            f"Largest senders{_of_read(figures)}:",
            (("Emails", *nouns, "Sender"), *rows),
            names=1 + len(nouns),
        )
    yield from listed("Worst rates of senders:", *_rate_items(figures.worst))
    yield from listed("Most improved rates of senders:", *_rate_items(figures.improved))


def _count(emails: int | None) -> str:
    return _UNKNOWN if emails is None else f"{emails:,}"


def rate_of_week(counts: WeekCounts | None) -> str:
    """Return the rate of a week in words; unknown is never 0."""
    if counts is None:
        return _UNKNOWN
    return percent(counts.rate.value) if counts.rate else "no email"


def _change_of_emails(figures: WeeklyFigures) -> str:
    emails, before = figures.emails, figures.emails_before
    if emails is None or before is None or (emails and not before):
        return ""
    change = round(100 * (emails / before - 1)) if before else 0
    return f"{change:+,}%" if change else _SAME


def _change_of_rate(rate: WeeklyRate) -> str:
    """Return the change in percentage points, unless it is too small to matter."""
    now, before = (
        counts.rate.value if counts and counts.rate else None
        for counts in (rate.this_week, rate.week_before)
    )
    if now is None or before is None:
        return ""
    change = now - before
    if abs(change) <= MAX_SAME_CHANGE * before:
        return _SAME
    points = percent(abs(change)).removesuffix("%")
    return f"{'+' if change > 0 else '-'}{points} point{'' if points == '1' else 's'}"


def _of_read(figures: WeeklyFigures) -> str:
    if not figures.unread_senders:
        return ""
    return f" ({number_of('sender', figures.unread_senders)} not read in this run)"


def _sender_rate(rates: Sequence[WeeklyRate], indicator: Indicator) -> str:
    counts = [rate.this_week for rate in rates if rate.indicator is indicator]
    # Too few events to matter are not queried.
    return rate_of_week(counts[0]) if counts and counts[0] else "-"


def _rate_items(rates: Sequence[SenderRate]) -> tuple[Sequence[str], int]:
    return [_rate_item(rate) for rate in rates], len(rates)


def _rate_item(sender: SenderRate) -> str:
    rate = sender.rate
    counts = rate.this_week.rate if rate.this_week else None
    was = f", {rate_of_week(rate.week_before)} the week before" if rate.week_before else ""
    return f"{WORDING[rate.indicator].noun} {counts}{was}: {_names(sender.scopes)}"


def _names(scopes: Sequence[Scope]) -> str:
    """Return the names of a sender, of which there can be several."""
    return " / ".join(short_name(scope) for scope in scopes[:MAX_SCOPES])
