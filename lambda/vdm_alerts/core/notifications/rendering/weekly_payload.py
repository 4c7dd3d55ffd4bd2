"""The JSON payload of the weekly summary. `docs/notification.schema.json` describes it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from vdm_alerts.core.alerts.firing_periods import FiringPeriod
from vdm_alerts.core.model.bounded_text import bounded
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.notifications.rendering.content import fitting
from vdm_alerts.core.notifications.rendering.payload import rate_fields, size_in_sns
from vdm_alerts.core.notifications.weekly_summary import CurrentAlert, WeeklySummary
from vdm_alerts.core.observations.weekly_figures import (
    SenderRate,
    SenderWeek,
    WeekCounts,
    WeeklyFigures,
    WeeklyRate,
)

MAX_LIST_SIZE = 4_000
"""Bytes of a list of alerts or problems, as SNS counts them. The payload has several lists."""
MAX_SCOPES = 3
"""Scopes of one sender, which send the same email."""
MAX_NAME_SIZE = 320
"""Bytes of a name in a scope. SES has no longer names.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateEmailIdentity.html
"""
MAX_HEADLINE_SIZE = 600
"""Bytes of the headline of a problem. A service notification has the whole headline."""


def weekly_fields(summary: WeeklySummary, now: datetime) -> dict[str, Any]:
    """Return the fields of *summary*, sent at *now*.

    Each list has its first items, those that fit.
    """
    ended, week = summary.ended, summary.week
    return {
        "id": summary.id,
        "sequence": summary.sequence,
        "week": _week_fields(summary.figures) if summary.figures else None,
        "open_alerts": _fitting(_current_fields(alert, now) for alert in summary.open_alerts),
        "open_alerts_total": len(summary.open_alerts),
        "ended_alerts": None if ended is None else _fitting(map(_period_fields, ended)),
        "ended_alerts_total": None if ended is None else len(ended),
        "history_complete": summary.is_history_complete,
        "findings": _fitting(
            {
                "key": finding.key,
                "headline": bounded(finding.headline, MAX_HEADLINE_SIZE),
                "severity": str(finding.severity),
            }
            for finding in summary.findings
        ),
        "findings_total": len(summary.findings),
        "advice": None
        if summary.advice is None
        else _fitting(
            {
                "resource": bounded(each.resource, MAX_NAME_SIZE),
                "topic": each.topic,
                "text": bounded(each.text, MAX_HEADLINE_SIZE),
            }
            for each in summary.advice
        ),
        "rates": summary.coverage.rates,
        "rates_unreadable": summary.coverage.unreadable,
        "unreadable_sources": [str(source) for source in summary.unreadable_sources],
        "service": {
            "since": week.since.isoformat() if week.since else None,
            "runs": week.runs,
            "queries": week.queries,
            "longest_gap_seconds": week.longest_gap,
            "unreadable_sources": [
                {"source": source, "seconds": seconds}
                for source, seconds in week.unreadable_sources.items()
            ],
            "unknown_scopes": _fitting(
                {"scope": scope, "seconds": seconds}
                for scope, seconds in week.unknown_scopes.items()
            ),
            "other_scopes_seconds": week.other_scopes,
        },
    }


def _fitting(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return fitting(items, MAX_LIST_SIZE, size_in_sns)


def _week_fields(figures: WeeklyFigures) -> dict[str, Any]:
    return {
        "first_day": figures.first_day.isoformat(),
        "last_day": figures.last_day.isoformat(),
        "emails": figures.emails,
        "emails_before": figures.emails_before,
        "rates": [_rate_fields(rate) for rate in figures.rates],
        "largest_senders": _fitting(map(_sender_fields, figures.largest)),
        "worst_rates": _fitting(map(_sender_rate_fields, figures.worst)),
        "improved_rates": _fitting(map(_sender_rate_fields, figures.improved)),
        "unread_senders": figures.unread_senders,
    }


def _sender_fields(sender: SenderWeek) -> dict[str, Any]:
    return {
        "scopes": _scopes_fields(sender.scopes),
        "emails": sender.emails,
        "rates": [_rate_fields(rate) for rate in sender.rates],
    }


def _sender_rate_fields(sender: SenderRate) -> dict[str, Any]:
    return {"scopes": _scopes_fields(sender.scopes), **_rate_fields(sender.rate)}


def _rate_fields(rate: WeeklyRate) -> dict[str, Any]:
    return {
        "indicator": rate.indicator.key,
        "this_week": _counts_fields(rate.this_week),
        "week_before": _counts_fields(rate.week_before),
    }


def _counts_fields(counts: WeekCounts | None) -> dict[str, Any] | None:
    """Return the counts and the rate, which is null without email; null if they are unknown."""
    if counts is None:
        return None
    rate = counts.rate
    return {
        "rate": rate.value if rate else None,
        "events": counts.events,
        "volume": counts.volume,
    }


def _current_fields(alert: CurrentAlert, now: datetime) -> dict[str, Any]:
    period = _period_fields(alert.period)
    return {"incident": alert.incident, **period, **rate_fields(alert.verdict, now)}


def _period_fields(period: FiringPeriod) -> dict[str, Any]:
    indicator = period.key.indicator
    return {
        "rule": period.key.rule,
        "indicator": indicator.key if indicator else None,
        "scope": _scope_fields(period.key.scope),
        "severity": str(period.severity),
        "start": period.start.isoformat() if period.start else None,
        "end": period.end.isoformat() if period.end else None,
    }


def _scopes_fields(scopes: Sequence[Scope]) -> list[Mapping[str, str]]:
    """Return the first of *scopes*, which send the same email."""
    return [_scope_fields(scope) for scope in scopes[:MAX_SCOPES]]


def _scope_fields(scope: Scope) -> Mapping[str, str]:
    return {key.value: bounded(name, MAX_NAME_SIZE) for key, name in scope.dimensions.items()}
