"""The evidence for a review, as text to paste and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.model.rates import Indicator, Rate, SesRate, percent
from vdm_alerts.core.model.wording import WORDING, kind_name
from vdm_alerts_cli.evidence_pack import BLANKS, INDICATORS, DayCounts, EvidencePack, Share
from vdm_alerts_cli.scope_names import scope_fields
from vdm_alerts_cli.silence_fields import fields_of

UNKNOWN = "unknown"


def pack_text(pack: EvidencePack) -> str:
    """Return *pack* as text. Blanks for the operator begin with "[TO FILL IN".

    Times are in UTC, as AWS reports them.
    """
    sections = (
        _summary(pack),
        _timeline(pack),
        _rates_by_day(pack),
        _contributors(pack),
        _actions(pack),
        _limits(pack),
    )
    titles = (
        "Summary",
        "Alerts, in UTC",
        "Rates by day",
        "Main contributors",
        "Actions",
        "About these figures",
    )
    parts = [
        "\n".join([f"{number}. {title}", *lines])
        for number, (title, lines) in enumerate(zip(titles, sections, strict=True), 1)
    ]
    return "\n\n".join(["\n".join(_heading(pack)), *parts]) + "\n"


def _heading(pack: EvidencePack) -> Iterator[str]:
    yield f"Amazon SES account {pack.target.account}, {pack.target.region}"
    yield (
        f"Period: {pack.dataset.first_day} to {pack.dataset.last_day}"
        f"{' (so far)' if pack.is_last_day_partial else ''}. Read {_time(pack.created_at)} UTC."
    )


def _summary(pack: EvidencePack) -> Iterator[str]:
    for indicator in INDICATORS:
        noun, rate = WORDING[indicator].noun.capitalize(), _total_rate(pack, indicator)
        counted = f"{rate}" if rate else UNKNOWN
        yield f"{noun} in the period: {counted}. As SES reports it: {_ses_text(pack, indicator)}."
    yield _blank("cause")


def _timeline(pack: EvidencePack) -> Iterator[str]:
    if pack.alerts is None:
        yield f"The alert history is {UNKNOWN}."
    elif not pack.alerts:
        yield "No alert changed in the period."
    for change in pack.alerts or ():
        yield (
            f"{_time(change.time)}  {change.key.rule}, {change.key.scope}: {change.after} "
            f"(was {change.before})"
        )
        if change.reason:
            yield f"    {change.reason}"


def _rates_by_day(pack: EvidencePack) -> Iterator[str]:
    rows = [
        ("Day", "Emails", "Bounces", "Rate", "Complaints", "Rate"),
        *(_day_cells(each) for each in pack.days()),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        day, *numbers = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join([day.strip().ljust(widths[0]), *numbers])


def _day_cells(day: DayCounts) -> tuple[str, ...]:
    bounces, complaints = INDICATORS
    return (
        f"{day.day}",
        _number(day.volume[bounces]),
        _number(day.events[bounces]),
        _rate_cell(day, bounces),
        _number(day.events[complaints]),
        _rate_cell(day, complaints),
    )


def _rate_cell(day: DayCounts, indicator: Indicator) -> str:
    if rate := day.rate(indicator):
        return percent(rate.value)
    return "-" if day.volume[indicator] == 0 else UNKNOWN


def _contributors(pack: EvidencePack) -> Iterator[str]:
    for indicator in INDICATORS:
        shares = list(pack.shares(indicator))
        events = WORDING[indicator].events
        if not shares:
            is_known = pack.total(indicator.events) == 0
            yield f"{events.capitalize()}: {'none' if is_known else UNKNOWN}."
        for share in shares:
            yield f"Most {events} of a single {kind_name(share.scope)}: {_share_text(share)}."


def _share_text(share: Share) -> str:
    part = "" if share.of_account is None else f", {percent(share.of_account)} of the account's"
    rate = f" of {share.emails:,} emails" if share.emails else ""
    unread = f" ({share.unread:,} more could not be read)" if share.unread else ""
    return f"{share.scope}, {share.events:,}{rate}{part}{unread}"


def _actions(pack: EvidencePack) -> Iterator[str]:
    if pack.status is None:
        yield f"Sending of the account: {UNKNOWN}."
    else:
        yield f"Sending of the account: {'on' if pack.status.may_send else 'off'}."
        yield from (f"SES says: {finding.what}." for finding in pack.status.findings)
    unchecked = pack.paused.unchecked_sets
    more = f" ({unchecked:,} more were not checked)" if unchecked else ""
    yield f"Configuration sets with sending off: {_names(pack.paused.configuration_sets)}{more}."
    yield f"Tenants with sending off: {_names(pack.paused.tenants)}."
    yield _blank("first_action")
    yield _blank("fix")
    yield _blank("prevention")
    if pack.silences:
        yield "Alerts that were muted (this does not change what is sent):"
    for silence in pack.silences or ():
        patterns = " ".join(f"{key}={text}" for key, text in silence.patterns.items())
        yield f"  {patterns}, until {_time(silence.until)}: {silence.reason} ({silence.author})"


def _limits(pack: EvidencePack) -> Iterator[str]:
    yield "Counts are from Virtual Deliverability Manager. It counts a bounce or a complaint on the"
    yield "day it arrives. The complaint rate is of emails to providers that report complaints."
    yield "A domain includes its addresses. Alerts are those of VDM Alerts."
    yield from (f"Not read: {line}" for line in pack.unread)


def _blank(key: str) -> str:
    return f"[TO FILL IN: {BLANKS[key]}]"


def _total_rate(pack: EvidencePack, indicator: Indicator) -> Rate | None:
    events, volume = pack.total(indicator.events), pack.total(indicator.volume)
    return Rate(events, volume) if events is not None and volume else None


def _ses_rate(pack: EvidencePack, indicator: Indicator) -> SesRate | None:
    own = indicator.from_ses
    rates = pack.ses_rates[own] if pack.ses_rates and own else None
    return rates.latest if rates else None


def _ses_text(pack: EvidencePack, indicator: Indicator) -> str:
    if rate := _ses_rate(pack, indicator):
        return f"{rate}"
    return UNKNOWN if pack.ses_rates is None else "no rate in the last 14 days"


def _names(names: Sequence[str] | None) -> str:
    if names is None:
        return UNKNOWN
    return ", ".join(names) or "none"


def _number(count: int | None) -> str:
    return UNKNOWN if count is None else f"{count:,}"


def _time(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M}"


def pack_document(pack: EvidencePack) -> Mapping[str, Any]:
    """Return *pack* for JSON. An unknown value is None; blanks for the operator are None, too."""
    status, paused = pack.status, pack.paused
    return {
        "account": pack.target.account,
        "region": pack.target.region,
        "created_at": pack.created_at,
        "first_day": pack.dataset.first_day,
        "last_day": pack.dataset.last_day,
        "last_day_is_partial": pack.is_last_day_partial,
        "rates": {each.key: _indicator_document(pack, each) for each in INDICATORS},
        "days": [_day_document(each) for each in pack.days()],
        "alerts": None if pack.alerts is None else [_alert_document(each) for each in pack.alerts],
        "sending": None if status is None else status.may_send,
        "ses_findings": None if status is None else [each.what for each in status.findings],
        "paused_configuration_sets": paused.configuration_sets,
        "unchecked_configuration_sets": paused.unchecked_sets,
        "paused_tenants": paused.tenants,
        "silences": None
        if pack.silences is None
        else [{"id": each.name, **fields_of(each)} for each in pack.silences],
        "to_fill_in": {key: {"question": text, "answer": None} for key, text in BLANKS.items()},
        "not_read": list(pack.unread),
    }


def _indicator_document(pack: EvidencePack, indicator: Indicator) -> Mapping[str, Any]:
    rate, own = _total_rate(pack, indicator), _ses_rate(pack, indicator)
    return {
        "events": pack.total(indicator.events),
        "volume": pack.total(indicator.volume),
        "rate": rate.value if rate else None,
        "ses_rate": own.value if own else None,
        "ses_reported_at": own.at if own else None,
        "contributors": [
            {
                "scope": scope_fields(share.scope),
                "events": share.events,
                "emails": share.emails,
                "share": share.of_account,
                "unread_of_this_kind": share.unread,
            }
            for share in pack.shares(indicator)
        ],
    }


def _day_document(day: DayCounts) -> Mapping[str, Any]:
    return {
        "day": day.day,
        **{
            indicator.key: {
                "events": day.events[indicator],
                "volume": day.volume[indicator],
                "rate": rate.value if (rate := day.rate(indicator)) else None,
            }
            for indicator in INDICATORS
        },
    }


def _alert_document(change: Transition) -> Mapping[str, Any]:
    return {
        "time": change.time,
        "rule": change.key.rule,
        "indicator": change.key.indicator.key if change.key.indicator else None,
        "scope": scope_fields(change.key.scope),
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
    }
