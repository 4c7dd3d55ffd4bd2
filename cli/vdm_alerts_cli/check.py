"""The rates of an account now: what `vdm-alerts check` prints."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from rich.text import Text

from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.app.failures import FailureCollector
from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing, Ok, Pending
from vdm_alerts.core.evaluation.explanation import confidence_text, explain
from vdm_alerts.core.evaluation.ses_estimate import AccountRateEstimate, DistanceToLevel
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Evidence,
    Healthy,
    NoEmail,
    Unknown,
    Verdict,
    evidence_of,
    value_of,
)
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.findings import FindingSource
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Series, Window
from vdm_alerts.core.model.rates import Indicator, Rate, percent
from vdm_alerts.core.model.timefmt import format_duration, format_time
from vdm_alerts.core.model.wording import WORDING, kind_name, number_of
from vdm_alerts.core.planning.queries import Query, find_answer
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts_cli.account_counts import metrics_of
from vdm_alerts_cli.account_reading import AccountReading, read_account, rule_source
from vdm_alerts_cli.clock import current_time
from vdm_alerts_cli.connection import connect
from vdm_alerts_cli.counts_reader import list_scopes, max_queries
from vdm_alerts_cli.deployment import find_deployment
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.listed_account import ListedAccount
from vdm_alerts_cli.options import AccountOptions, Format, OutputOptions, ReadingOptions
from vdm_alerts_cli.output import (
    UNKNOWN,
    Column,
    Row,
    print_json,
    print_rows,
    say,
    show_time,
    terminal,
    warn,
)
from vdm_alerts_cli.progress import progress
from vdm_alerts_cli.scope_names import find_scopes, scope_fields, scope_id
from vdm_alerts_cli.terminal import SEVERITY_COLORS

MAX_ROWS = 25
"""Rates that a table shows unless --all is used, in addition to those that are not OK."""
_ORDER = ("CRITICAL", "WARNING", "NO EMAIL", "UNREADABLE", "UNDECIDED", "OK", "NO RATE")
"""The states of a rate, the worst first."""
_FOUND = frozenset({"CRITICAL", "WARNING", "NO EMAIL"})
"""The states that are a breach."""
_QUIET = frozenset({"OK", "NO RATE"})
"""The states of which a table shows a few."""
_RATED_BY_SES = (Indicator.BOUNCE_RATE, Indicator.COMPLAINT_RATE)
_COLORS = {
    **SEVERITY_COLORS,
    "NO EMAIL": "yellow",
    "UNREADABLE": "magenta",
    "UNDECIDED": "cyan",
    "NO RATE": "dim",
}
_WIDEST = 130
"""Columns of a terminal in which all columns of the table fit."""


def run_check(
    scope: str | None,
    at: datetime | None,
    watch: int | None,
    account: AccountOptions,
    reading: ReadingOptions,
    output: OutputOptions,
    *,
    show_all: bool,
) -> ExitStatus:
    """Print the rates of the account, once or, with *watch*, every *watch* seconds."""
    if at is not None:
        _require_known(at)
    while True:
        result = read(account, reading, output, at)
        status = _print(result, scope, output, show_all=show_all)
        if watch is None:
            return status
        time.sleep(watch)
        terminal(output).clear()


def _require_known(at: datetime) -> None:
    """Raise InvalidInputError if VDM has no counts of *at*."""
    now = current_time()
    if not now - timedelta(days=LONGEST_WINDOW.days) <= at <= now:
        raise InvalidInputError(
            f"--at: {format_time(at)} is not within the last {LONGEST_WINDOW}, which VDM keeps."
        )


def read(
    account: AccountOptions, reading: ReadingOptions, output: OutputOptions, at: datetime | None
) -> AccountReading:
    """Return what the function would read and decide *at* a time; None is now."""
    connection = connect(account)
    deployment = find_deployment(connection, account.prefix)
    source = ListedAccount(SesAccount(connection.client("sesv2"), time))
    scopes = list_scopes(source).scopes
    rules = FailureCollector().attempt(  # `read_account` reports rules that are unreadable.
        partial(rule_source(connection, deployment).rules, NoDeadline()),
        RuleSet({}),
        FindingSource.RULES,
    )
    limit = max_queries(scopes, metrics_of(rules), reading.max_queries)
    more = ", and more for senders whose rate is bad" if reading.max_queries is None else ""
    say(
        f"Reads {len(scopes):,} scopes of account {connection.account}, {connection.region}, with "
        f"up to {limit:,} VDM queries{more}.",
        output,
    )
    with progress("VDM queries", limit, output) as advance:
        now = at or current_time()
        return read_account(connection, deployment, reading, now, time, source, advance)


def _print(
    result: AccountReading, scope: str | None, output: OutputOptions, *, show_all: bool
) -> ExitStatus:
    """Print *result*, and return what was found."""
    verdicts = result.evaluation.verdicts
    chosen = set(find_scopes(scope, (key.scope for key in verdicts))) if scope else None
    rows = sorted(
        (
            _row(key, verdict, result)
            for key, verdict in verdicts.items()
            if chosen is None or key.scope in chosen
        ),
        key=lambda row: (_ORDER.index(row["state"]), -(row["of_threshold"] or 0), row["id"]),
    )
    for line in result.unread:
        warn(f"not read: {line}")
    match output.format:
        case Format.TABLE:
            _print_table(result, rows, output, show_all=show_all or scope is not None)
        case Format.JSON:
            print_json(_document(result, rows), output)
        case _:
            print_rows(rows, (), output)
    return ExitStatus.of(
        found=bool(result.problems) or any(row["state"] in _FOUND for row in rows),
        unread=bool(result.unread) or any(row["state"] == "UNREADABLE" for row in rows),
    )


def _row(key: AlertKey, verdict: Verdict, result: AccountReading) -> Row:
    """Return the row of one rate, with machine-readable values. Rates are fractions."""
    rule = result.observation.rules[key.rule].for_scope(key.scope)
    alert = result.observation.alerts.get(key)
    evidence = _evidence_since_resolution(key, alert, rule, result) or evidence_of(verdict)
    from_ses = isinstance(verdict, Breached | Healthy) and verdict.ses_rate is not None
    counts = None if from_ses or evidence is None else evidence
    value = counts.rate.value if counts else value_of(verdict)
    threshold = verdict.threshold if isinstance(verdict, Breached) else rule.first_threshold
    return {
        "id": scope_id(key.scope),
        "state": _state(verdict, value),
        "rule": key.rule,
        "indicator": rule.indicator.key,
        "scope": scope_fields(key.scope),
        "name": str(key.scope),
        "kind": kind_name(key.scope),
        "rate": value,
        "events": counts.rate.events if counts else None,
        "emails": counts.rate.volume if counts else None,
        "days": counts.window.days if counts else None,
        "last_day": counts.last_day if counts else None,
        "confidence": counts.confidence if counts else None,
        "threshold": threshold.share,
        "of_threshold": None if value is None else round(rule.badness(value), 4),
        "alert": _alert_name(alert) if result.is_history_known else "unknown",
        "silences": [
            silence.name
            for silence in result.observation.silences
            if silence.covers(key.rule, key.scope)
        ],
        "why": why(key, verdict, result),
    }


def why(key: AlertKey, verdict: Verdict, result: AccountReading) -> str:
    """Return a sentence that explains *verdict*, by the counts that can fire the alert again."""
    rule = result.observation.rules[key.rule].for_scope(key.scope)
    evidence = _evidence_since_resolution(key, result.observation.alerts.get(key), rule, result)
    if isinstance(verdict, Healthy) and evidence:
        verdict = replace(verdict, evidence=evidence)
    return explain(verdict)


def _evidence_since_resolution(
    key: AlertKey, alert: Alert | None, rule: Rule, result: AccountReading
) -> Evidence | None:
    """Return the counts since the alert was resolved, the only ones that can fire it again.

    None if it was not resolved, or if its window starts later.
    """
    reading = result.observation.reading
    if reading is None or alert is None or not isinstance(alert.state, Ok):
        return None
    since, last = alert.state.since, reading.as_of.last_day
    if since is None or since.date() < rule.longest_window.first_day(last):
        return None
    events, volume = (
        find_answer(Query(metric, key.scope), reading.plan.isps, reading.answers)
        for metric in (rule.indicator.events, rule.indicator.volume)
    )
    window = Window(max(1, (last - since.date()).days + 1))
    if not (isinstance(events, Series) and isinstance(volume, Series)):
        return None
    if not volume.total(window, last):
        return None
    return Evidence(Rate(events.total(window, last), volume.total(window, last)), window)


def _state(verdict: Verdict, value: float | None) -> str:
    match verdict:
        case Breached():
            return str(verdict.severity)
        case NoEmail():
            return "NO EMAIL"
        case Unknown(gap=gap) if gap.is_failure:
            return "UNREADABLE"
        case _ if value is None:
            return "NO RATE"
        case Healthy(threshold=threshold, subject=subject) if not threshold.is_reached_by(
            value, subject.indicator
        ):
            return "OK"
        case _:  # The counts are too few to tell.
            return "UNDECIDED"


def _alert_name(alert: Alert | None) -> str | None:
    """Return the state of the stored alert; None if none is open."""
    match alert.state if alert else None:
        case Firing(recovering_since=datetime()):
            return "recovering"
        case Firing():
            return "firing"
        case Pending():
            return "pending"
        case _:
            return None


def _print_table(
    result: AccountReading,
    rows: Sequence[Row],
    output: OutputOptions,
    *,
    show_all: bool,
) -> None:
    console = terminal(output)
    if result.deployment is None:
        console.print(
            "No stack of VDM Alerts is deployed here. So the default rules apply, and there is no "
            "alert history.",
            style="yellow",
        )
    console.print(_heading(result, output))
    for line in _account_lines(result, output):
        console.print(line, markup=False)
    if result.problems:
        console.print("\nProblems:", style="bold")
        for problem in result.problems:
            console.print(f"- {problem}", markup=False)
    console.print()
    loud = [row for row in rows if row["state"] not in _QUIET]
    rated = [row for row in rows if row["state"] == "OK"][:MAX_ROWS]
    shown = rows if show_all else [*loud, *rated]
    print_rows(shown, _columns(result), output, "No rate was evaluated.")
    if len(shown) < len(rows):
        more = len(rows) - len(shown)
        console.print(
            f"Not shown: {number_of('rate', more)} that are OK or have too few emails. Use --all.",
            style="dim",
        )


def _heading(result: AccountReading, output: OutputOptions) -> Text:
    reading = result.observation.reading
    data = "VDM was not read"
    if reading:
        last, today = reading.as_of.last_day, result.now.date()
        data = "data through today (partial)" if last == today else f"data through {last}"
        data += f", {reading.queries_made:,} VDM queries"
    monitoring = [rule for rule in result.observation.rules.values() if rule.scopes]
    rules = number_of("rule", len(monitoring))
    where = "of the stack" if result.deployment else "by default"
    time_of_run = show_time(result.now, output.time_zone)
    return Text.assemble((f"Rates at {time_of_run}", "bold"), f": {data}, {rules} {where}.")


def _account_lines(result: AccountReading, output: OutputOptions) -> Iterator[str]:
    """Yield a line for each rate of the account that SES reviews."""
    for indicator in _RATED_BY_SES:
        from_ses = indicator.from_ses
        rates = result.observation.rates_of_ses(from_ses) if from_ses else None
        noun = WORDING[indicator].noun.capitalize()
        if rates is None:
            known = "SES's own rate could not be read"
        elif rates.latest is None:
            known = "SES has reported no rate"
        else:
            at = show_time(rates.latest.at, output.time_zone)
            known = f"SES reports {percent(rates.latest.value)} ({at})"
            known += "" if rates.fresh else ", which is old"
        distance = _distance_text(_estimate(result, indicator))
        yield f"{noun} of the account: {known}.{distance}"


def _estimate(result: AccountReading, indicator: Indicator) -> AccountRateEstimate | None:
    rules = [rule for rule in result.observation.rules.values() if rule.indicator is indicator]
    return result.observation.estimate(rules[0]) if rules else None


def _distance_text(estimate: AccountRateEstimate | None) -> str:
    if estimate is None:
        return ""
    return (
        f" By VDM: {estimate.rate} in the last {estimate.window}."
        f" Review at {_level_text(estimate.review)}, pause at {_level_text(estimate.pause)}."
    )


def _level_text(distance: DistanceToLevel) -> str:
    level = percent(distance.level)
    if distance.time is None:
        return f"{level} (not on course)"
    if not distance.emails:
        return f"{level} (reached)"
    return f"{level} (in {format_duration(distance.time)} at this pace)"


def _columns(result: AccountReading) -> Sequence[Column]:
    columns = [
        Column("State", lambda row: Text(row["state"], _COLORS[row["state"]])),
        Column("Rate", _rate_cell, is_number=True),
        Column("Threshold", lambda row: percent(row["threshold"]), is_number=True),
        Column("Scope", lambda row: row["name"]),
        Column("Kind", lambda row: row["kind"].replace("mailbox ", ""), from_width=_WIDEST),
        Column("Rule", lambda row: row["rule"]),
        Column("Counts", _counts_cell),
        Column("Confidence", _confidence_cell, is_number=True, from_width=_WIDEST),
    ]
    if result.deployment:
        columns.append(Column("Alert", _alert_cell))
    return columns


def _rate_cell(row: Row) -> str:
    return UNKNOWN if row["rate"] is None else percent(row["rate"])


def _counts_cell(row: Row) -> str:
    if row["emails"] is not None:
        days = "1 day" if row["days"] == 1 else f"{row['days']} days"
        return f"{row['events']:,} of {row['emails']:,} in {days}"
    return "by SES" if row["rate"] is not None else row["why"].rstrip(".")


def _confidence_cell(row: Row) -> str:
    return "" if row["confidence"] is None else confidence_text(row["confidence"])


def _alert_cell(row: Row) -> str:
    parts = [row["alert"] or "", *(f"silenced: {name}" for name in row["silences"])]
    return ", ".join(part for part in parts if part)


def _document(result: AccountReading, rows: Sequence[Row]) -> Mapping[str, Any]:
    reading = result.observation.reading
    return {
        "at": result.now,
        "queries": reading.queries_made if reading else 0,
        "last_day": reading.as_of.last_day if reading else None,
        "deployed": result.deployment is not None,
        "ses": {indicator.key: _ses_document(result, indicator) for indicator in _RATED_BY_SES},
        "problems": list(result.problems),
        "unread": list(result.unread),
        "rates": list(rows),
    }


def _ses_document(result: AccountReading, indicator: Indicator) -> Mapping[str, Any]:
    from_ses = indicator.from_ses
    rates = result.observation.rates_of_ses(from_ses) if from_ses else None
    estimate = _estimate(result, indicator)
    return {
        "rate": rates.latest.value if rates and rates.latest else None,
        "reported_at": rates.latest.at if rates and rates.latest else None,
        "estimate": estimate.rate.value if estimate else None,
        "levels": [
            {
                "level": each.level,
                "emails": each.emails,
                "hours": None if each.time is None else round(each.time.total_seconds() / 3600, 1),
            }
            for each in ((estimate.review, estimate.pause) if estimate else ())
        ],
    }
