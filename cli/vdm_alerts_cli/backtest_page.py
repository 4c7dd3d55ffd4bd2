"""The page of a backtest: the alerts of each set of rules, and the rates behind them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.model.wording import number_of
from vdm_alerts.core.planning.queries import Query
from vdm_alerts_cli.backtest_result import Backtest, BacktestResult, ReplayedAlert
from vdm_alerts_cli.report.page import (
    AlertSection,
    AlertSpan,
    Chart,
    ChartSection,
    DayRate,
    Item,
    Level,
    ListSection,
    Page,
    Section,
)
from vdm_alerts_cli.report.wording import alert_title, rate_title

MAX_CHARTS = 30
"""Charts on a page, the worst alerts first, apart from those of the account."""


def backtest_page(backtest: Backtest, statements: Sequence[str]) -> Page:
    """Return the page of *backtest*. The *statements* say how to read it."""
    shown = backtest.candidates or backtest.present
    dataset = shown.dataset
    target = dataset.target
    days = f"{shown.first_day} to {dataset.last_day} ({number_of('day', shown.days)})"
    sections: list[Section] = [_missed(backtest)] if backtest.candidates else []
    whose = "the candidates" if backtest.candidates else "the present rules"
    sections.append(_alerts("alerts", f"Alerts of {whose}", shown))
    if backtest.candidates:
        sections.append(_alerts("present", "Alerts of the present rules", backtest.present))
    return Page(
        title="Backtest",
        subtitle=f"Account {target.account}, {target.region}, {days}",
        sections=[*sections, _charts(shown)],
        footer=statements,
    )


def _missed(backtest: Backtest) -> ListSection:
    missed = backtest.missed
    items = [
        Item(f"{alert_title(alert.key)}, {alert.fired}", "missed", alert.severity)
        for alert in missed
    ]
    intro = "" if missed else "The candidates fire every alert that the present rules fire."
    return ListSection("missed", "What the candidates miss", items, intro)


def _alerts(identifier: str, title: str, result: BacktestResult) -> AlertSection:
    spans = [_span(alert) for alert in result.alerts]
    notifications = sum(result.notifications.values())
    intro = f"At most {number_of('notification', notifications)}." if spans else "None."
    return AlertSection(identifier, title, spans, intro)


def _span(alert: ReplayedAlert) -> AlertSpan:
    """Return the period of *alert*: from the end of one day to the end of another."""
    details = [f"Rule {alert.key.rule}."]
    if alert.worst:
        days = number_of("day", alert.worst.window.days)
        details.append(f"Worst: {alert.worst.rate} in {days}.")
    return AlertSpan(
        alert_title(alert.key),
        alert.severity,
        start=None if alert.was_open_before else _end_of(alert.fired),
        end=_end_of(alert.resolved) if alert.resolved else None,
        is_open=alert.resolved is None,
        details=details,
    )


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(days=1)


def _charts(result: BacktestResult) -> ChartSection:
    """Return a chart of each rate that had an alert, and of the account."""
    indicators = dict.fromkeys(rule.indicator.counted for rule in result.rules.values())
    pairs = [(indicator, ACCOUNT) for indicator in indicators]
    worst_first = sorted(result.alerts, key=lambda alert: -alert.severity)
    alerting = [
        (alert.key.indicator.counted, alert.key.scope)
        for alert in worst_first
        if alert.key.indicator
    ]
    every = dict.fromkeys([*pairs, *alerting])
    shown = list(every)[: len(pairs) + MAX_CHARTS]
    intro = "The account, and each rate that fired an alert."
    if len(shown) < len(every):
        intro = f"The account, and the {MAX_CHARTS} worst of {len(every) - len(pairs):,} rates."
    return ChartSection("rates", "Rates", [_chart(result, *pair) for pair in shown], intro)


def _chart(result: BacktestResult, indicator: Indicator, scope: Scope) -> Chart:
    dataset = result.dataset
    by_day = result.daily_rates(scope, indicator)
    answers = [
        dataset.answers.get(Query(metric, scope), Gap.CUT_OFF)
        for metric in (indicator.events, indicator.volume)
    ]
    gap = next((answer for answer in answers if isinstance(answer, Gap)), Gap.CUT_OFF)
    first = dataset.first_day
    rates: list[DayRate] = [
        by_day.get(first + timedelta(days=index), gap) for index in range(dataset.days)
    ]
    return Chart(
        rate_title(indicator, scope),
        first,
        rates,
        low_is_bad=indicator.low_is_bad,
        levels=list(_levels(result, indicator, scope)),
        alerts=[
            _span(alert)
            for alert in result.alerts
            if (alert.key.indicator, alert.key.scope) == (indicator, scope)
        ],
    )


def _levels(result: BacktestResult, indicator: Indicator, scope: Scope) -> Iterator[Level]:
    """Yield the thresholds of the rules for *scope*."""
    for rule in result.rules.values():
        if rule.indicator is indicator and rule.covers(scope):
            for threshold in rule.for_scope(scope).thresholds:
                name = str(threshold.severity).lower()
                yield Level(threshold.share, name, threshold.severity)
