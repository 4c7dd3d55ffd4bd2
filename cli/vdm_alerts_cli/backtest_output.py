"""How `backtest` prints its result."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from vdm_alerts.core.model.rates import percent
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.wording import kind_name, number_of
from vdm_alerts_cli.backtest_result import (
    Backtest,
    BacktestResult,
    ComparedAlert,
    ReplayedAlert,
)
from vdm_alerts_cli.options import Format, OutputOptions
from vdm_alerts_cli.output import UNKNOWN, Column, Row, print_json, print_rows, terminal
from vdm_alerts_cli.scope_names import scope_fields, scope_id
from vdm_alerts_cli.terminal import SEVERITY_COLORS

_WIDE = 100
"""Columns of a terminal in which further columns of the table fit."""
_NO_ALERT = "No alert would have fired."
_FIRED_BY = {
    "both": ("both", "green"),
    "present": ("only present", "red"),
    "candidates": ("only candidates", "yellow"),
}
"""What the comparison calls the rules that fire an alert, and the color."""


def print_backtest(backtest: Backtest, output: OutputOptions, *, show_comparison: bool) -> None:
    """Print *backtest*: the alerts of the candidates, or of the present rules without candidates.

    With *show_comparison*, print both side by side.
    """
    shown = backtest.candidates or backtest.present
    match output.format:
        case Format.JSON:
            print_json(_document(backtest), output)
        case Format.CSV if show_comparison:
            print_rows(_rows_of_both(backtest), (), output)
        case Format.CSV:
            print_rows([alert_row(alert) for alert in shown.alerts], (), output)
        case _:
            console = terminal(output)
            whose = "the candidates" if backtest.candidates else "the present rules"
            if show_comparison:
                whose = "the present rules and the candidates"
            console.print(_heading(backtest, whose))
            console.print()
            if show_comparison:
                rows = [_comparison_row(each) for each in backtest.comparison]
                print_rows(rows, _comparison_columns(console.width), output, _NO_ALERT)
            else:
                print_rows(
                    list(map(alert_row, shown.alerts)), _columns(console.width), output, _NO_ALERT
                )
            console.print()
            for line in _totals(backtest, show_comparison=show_comparison):
                console.print(line, markup=False)


def alert_row(alert: ReplayedAlert) -> Row:
    """Return the row of *alert*, with machine-readable values. Rates are fractions."""
    worst = alert.worst
    return {
        "id": scope_id(alert.key.scope),
        "rule": alert.key.rule,
        "indicator": alert.key.indicator.key if alert.key.indicator else None,
        "scope": scope_fields(alert.key.scope),
        "name": str(alert.key.scope),
        "kind": kind_name(alert.key.scope),
        "severity": str(alert.severity),
        "fired": alert.fired,
        "open_before": alert.was_open_before,
        "resolved": alert.resolved,
        "days": alert.days,
        "worst_rate": worst.rate.value if worst else None,
        "events": worst.rate.events if worst else None,
        "emails": worst.rate.volume if worst else None,
        "window_days": worst.window.days if worst else None,
        "confidence": worst.confidence if worst else None,
    }


def _heading(backtest: Backtest, whose: str) -> Text:
    result = backtest.present
    days = f"{result.first_day} to {result.dataset.last_day}"
    target = result.dataset.target
    return Text.assemble(
        (f"Alerts of {whose}, {days}", "bold"), f": account {target.account}, {target.region}."
    )


def _columns(width: int) -> Sequence[Column]:
    """Return the columns for a terminal of *width* columns."""
    is_wide = width >= _WIDE
    return [
        Column("Severity", lambda row: Text(row["severity"], SEVERITY_COLORS[row["severity"]])),
        Column("Scope" if is_wide else "Scope, rule", _name_cell if is_wide else _two_lines),
        Column("Rule", lambda row: row["rule"], from_width=_WIDE),
        Column("Fired", _fired_cell),
        Column("Resolved", lambda row: str(row["resolved"] or "open")),
        Column("Days", _days_cell, is_number=True),
        Column("Worst rate", lambda row: _rate_cell(row, " " if is_wide else "\n")),
    ]


def _name_cell(row: Row) -> str:
    return str(row["name"])


def _two_lines(row: Row) -> Text:
    return Text.assemble(row["name"], "\n", (row["rule"], "dim"))


def _fired_cell(row: Row) -> str:
    return "earlier" if row["open_before"] else str(row["fired"])


def _days_cell(row: Row) -> str:
    at_least = "≥ " if row["open_before"] or not row["resolved"] else ""
    return f"{at_least}{row['days']}"


def _rate_cell(row: Row, between: str) -> str:
    if row["worst_rate"] is None:
        return "no email"
    return f"{percent(row['worst_rate'])}{between}({row['events']:,} of {row['emails']:,})"


def _comparison_row(compared: ComparedAlert) -> Row:
    first = alert_row(compared.first)
    return {
        "fired_by": compared.fired_by,
        "name": first["name"],
        "indicator": first["indicator"],
        "present": [alert_row(compared.present)] if compared.present else [],
        "candidates": list(map(alert_row, compared.candidates)),
    }


def _comparison_columns(width: int) -> Sequence[Column]:
    """Return the columns of the comparison for a terminal of *width* columns."""
    between = " " if width >= _WIDE else "\n"
    return [
        Column("Fired by", lambda row: Text(*_FIRED_BY[row["fired_by"]])),
        Column("Rate", lambda row: f"{row['indicator'].replace('_', ' ')}{between}{row['name']}"),
        Column("Present rules", lambda row: _spans_cell(row["present"], between)),
        Column("Candidates", lambda row: _spans_cell(row["candidates"], between)),
    ]


def _spans_cell(rows: Sequence[Row], between: str) -> Text:
    spans = [Text(_span(row, between), SEVERITY_COLORS[row["severity"]]) for row in rows]
    return Text("\n").join(spans) if spans else Text(UNKNOWN)


def _span(row: Row, between: str) -> str:
    """Return the severity of an alert, and when it was open."""
    fired = "earlier" if row["open_before"] else f"{row['fired']:%m-%d}"
    period = f"{fired} to {row['resolved']:%m-%d}" if row["resolved"] else f"since {fired}"
    return f"{row['severity']},{between}{period} ({_days_cell(row)} d)"


def _totals(backtest: Backtest, *, show_comparison: bool) -> Sequence[str]:
    """Return the lines below the table."""
    if not (show_comparison and backtest.candidates):
        return _totals_of(backtest.candidates or backtest.present)
    counts = Counter(each.fired_by for each in backtest.comparison)
    summary = (
        f"Both fire {number_of('alert', counts['both'])}, only the present rules "
        f"{counts['present']}, only the candidates {counts['candidates']}."
    )
    present, candidates = _totals_of(backtest.present), _totals_of(backtest.candidates)
    return [summary, "", "Present rules:", *present, "", "Candidates:", *candidates]


def _totals_of(result: BacktestResult) -> Sequence[str]:
    severities = Counter(alert.severity for alert in result.alerts)
    by_severity = [
        f"{severities[each]} {each}" for each in sorted(Severity, reverse=True) if severities[each]
    ]
    still_open = sum(alert.resolved is None for alert in result.alerts)
    details = f": {', '.join(by_severity)}; {still_open} still open" if by_severity else ""
    days = [f"{count} on {day:%m-%d}" for day, count in result.notifications.items() if count]
    total = sum(result.notifications.values())
    return [
        f"{number_of('alert', len(result.alerts))}{details}.",
        f"At most {number_of('notification', total)}{': ' if days else ''}{', '.join(days)}.",
    ]


def _document(backtest: Backtest) -> Mapping[str, Any]:
    result, candidates = backtest.present, backtest.candidates
    return {
        "account": result.dataset.target.account,
        "region": result.dataset.target.region,
        "first_day": result.first_day,
        "last_day": result.dataset.last_day,
        "warm_up_days": result.warm_up_days,
        "present": _result_document(result),
        "candidates": _result_document(candidates) if candidates else None,
        "comparison": [_comparison_row(each) for each in backtest.comparison],
        "missed": len(backtest.missed),
    }


def _result_document(result: BacktestResult) -> Mapping[str, Any]:
    return {
        "rules": list(result.rules),
        "alerts": list(map(alert_row, result.alerts)),
        "notifications": {str(day): count for day, count in result.notifications.items()},
        "evaluation_seconds": round(result.seconds, 3),
    }


def _rows_of_both(backtest: Backtest) -> Sequence[Row]:
    """Return a row for each alert of either rules, with what fires it."""
    return [
        {"rules": rules, "fired_by": compared["fired_by"], **row}
        for compared in map(_comparison_row, backtest.comparison)
        for rules in ("present", "candidates")
        for row in compared[rules]
    ]
