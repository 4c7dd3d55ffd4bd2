"""The content of the weekly summary."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from vdm_alerts.core.model.bounded_text import bounded
from vdm_alerts.core.model.findings import FindingSource
from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.timefmt import format_duration, format_time
from vdm_alerts.core.model.wording import enumeration, number_of
from vdm_alerts.core.notifications.rendering.content import Content, Listing, Table, listed
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.weekly_alerts import (
    MAX_LISTED,
    ended_alerts_listing,
    open_alerts_listing,
    open_alerts_sentence,
)
from vdm_alerts.core.notifications.rendering.weekly_tables import comparison, sender_parts
from vdm_alerts.core.notifications.weekly_summary import WeeklySummary

MAX_HEADLINE_SIZE = 400
"""Bytes of the headline of a problem. A service notification has the whole headline."""
_MILLION = 1_000_000
SOURCES = {
    FindingSource.HISTORY: "alert history",
    FindingSource.RULES: "rules",
    FindingSource.SILENCES: "silences",
    FindingSource.SUBSCRIBERS: "number of subscriptions",
    FindingSource.ACCOUNT: "account status",
    FindingSource.TENANTS: "paused tenants",
    FindingSource.ADVISOR: "VDM advisor",
    FindingSource.LISTS: "lists of senders",
    FindingSource.METRICS: "all rates",
    FindingSource.SES_RATES: "rates that SES reports",
}
"""What is unknown while a source is unreadable."""


def weekly_content(summary: WeeklySummary, links: Links, now: datetime) -> Content:
    """Return the content of the weekly summary."""
    return Content(
        headline=weekly_subject(summary),
        paragraphs=(_status(summary),),
        listings=tuple(_listings(summary, now)),
        background=(_service_paragraph(summary, now),),
        links=(links.messages,),
        reference=(
            "To change or turn off this summary, deploy with the context key weeklySummary.",
            f"{links.target}. Run {format_time(now)}. Weekly summary {summary.day}.",
        ),
    )


def weekly_subject(summary: WeeklySummary) -> str:
    """Return the subject, uncut, without account and Region. It is OK only if all is known."""
    tag = str(summary.severity) if summary.severity else "OK"
    return f"[{tag}] Weekly summary: {_volume(summary)}, {_alerts_phrase(summary)}"


def _volume(summary: WeeklySummary) -> str:
    """Return the emails of the week, such as "1.2 million emails"."""
    emails = summary.figures.emails if summary.figures else None
    if emails is None:
        return "emails unknown"
    if emails < _MILLION:
        return number_of("email", emails)
    return f"{emails // (_MILLION // 10) / 10:,.1f} million emails"


def _alerts_phrase(summary: WeeklySummary) -> str:
    """Return what is open, or that nothing is."""
    if summary.open_alerts:
        return f"{number_of('alert', len(summary.open_alerts))} open"
    if summary.findings:
        return f"{number_of('problem', len(summary.findings))} open"
    if summary.coverage.unreadable:
        rates = number_of("rate", summary.coverage.rates)
        return f"{summary.coverage.unreadable:,} of {rates} unreadable"
    if summary.is_incomplete:
        return "not everything was readable"
    if summary.ended:
        return f"{number_of('alert', len(summary.ended))}, none open"
    return "no alert"


def _status(summary: WeeklySummary) -> str:
    """Return the most important sentence, and what is unknown now."""
    return " ".join([*_open_sentences(summary), *_unreadable_sentences(summary)])


def _open_sentences(summary: WeeklySummary) -> Iterator[str]:
    problems = len(summary.findings)
    if summary.open_alerts:
        yield open_alerts_sentence(summary.open_alerts)
    if problems:
        verb = "is" if problems == 1 else "are"
        yield f"{number_of('problem', problems)} {verb} open, as listed below."
    if summary.open_alerts or problems:
        return
    if summary.is_incomplete:
        yield "No alert is known to be open."
    elif summary.ended or _has_unknown(summary):
        yield "No alert is open."
    else:
        rates = number_of("rate", summary.coverage.rates)
        yield f"No alert was open this week, and all {rates} are readable."


def _unreadable_sentences(summary: WeeklySummary) -> Iterator[str]:
    coverage = summary.coverage
    if summary.figures is None:
        yield "The rates are unknown, because VDM was not read."
    elif coverage.unreadable:
        rates = number_of("rate", coverage.rates)
        yield f"{coverage.unreadable:,} of {rates} could not be read now, so they are unknown."
    if summary.ended is None:
        yield "Which alerts fired this week is unknown, because the alert history was not read."
    elif not summary.is_history_complete:
        yield "Alerts of this week are missing here, because only a part of the history was read."
    sources = [SOURCES[each] for each in summary.unreadable_sources]
    if sources:
        yield f"Not readable now: {enumeration(sources)}."


def _has_unknown(summary: WeeklySummary) -> bool:
    week = summary.week
    return bool(week.unreadable_sources or week.unknown_scopes or week.other_scopes)


def _listings(summary: WeeklySummary, now: datetime) -> Iterator[Listing | Table]:
    """Yield the parts below the status, the most important first."""
    yield from open_alerts_listing(summary, now)
    problems = [
        f"{finding.severity.key}: {bounded(finding.headline, MAX_HEADLINE_SIZE)}"
        for finding in summary.findings[:MAX_LISTED]
    ]
    yield from listed("Open problems:", problems, len(summary.findings))
    if summary.figures:
        yield comparison(summary.figures)
    yield from ended_alerts_listing(summary)
    if summary.figures:
        yield from sender_parts(summary.figures)
    yield from _unknown_listing(summary)
    advice = [
        escape_invisible(bounded(str(each), MAX_HEADLINE_SIZE)) for each in summary.advice or ()
    ]
    yield from listed("Low-impact advice of the VDM advisor:", advice[:MAX_LISTED], len(advice))


def _unknown_listing(summary: WeeklySummary) -> Sequence[Listing]:
    items = list(_unknown_items(summary))
    return listed("Unknown this week:", items[:MAX_LISTED], len(items))


def _unknown_items(summary: WeeklySummary) -> Iterator[str]:
    """Yield what was unknown, and for how long: first what matters most, then the longest."""
    week = summary.week
    sources = {source.value: name for source, name in SOURCES.items()}
    for source, seconds in _longest_first(week.unreadable_sources):
        yield f"{sources.get(source, source)}, for {_hours(seconds)}"
    for scope, seconds in _longest_first(week.unknown_scopes):
        yield f"rates of {scope}, for {_hours(seconds)}"
    if week.other_scopes:
        yield f"rates of others, for {_hours(week.other_scopes)}"


def _longest_first(durations: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    return sorted(durations.items(), key=lambda item: (-item[1], item[0]))


def _hours(seconds: int) -> str:
    return format_duration(timedelta(seconds=seconds))


def _service_paragraph(summary: WeeklySummary, now: datetime) -> str:
    """Return the figures of the runs: that the service is alive, and what it costs."""
    week = summary.week
    since = week.since or now
    gap = f", at most {_hours(week.longest_gap)} apart" if week.longest_gap else ""
    known = "" if _has_unknown(summary) else " Everything was readable."
    return (
        f"VDM Alerts: {number_of('run', week.runs)} since {format_time(since)}{gap}, with "
        f"{week.queries:,} queries of VDM. {number_of('rate', summary.coverage.rates)} monitored."
        f"{known}"
    )
