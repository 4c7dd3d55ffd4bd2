"""What a report knows, as the page contains it for the next report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.metrics import Scope, Window
from vdm_alerts.core.model.rates import Gap, Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts_cli.dataset import MAX_COUNT
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.report.page import DayRate
from vdm_alerts_cli.report.rendering import DATA_ID
from vdm_alerts_cli.scope_names import scope_fields
from vdm_local.text_file import read_text_file

FORMAT = "vdm-alerts-report"
VERSION = 1
_INDICATORS = {indicator.key: indicator for indicator in Indicator}
_SEVERITIES = {severity.key: severity for severity in Severity}


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that is open when a report is made."""

    rule: str
    scope: Scope
    indicator: Indicator | None
    severity: Severity
    since: datetime


@dataclass(frozen=True, slots=True)
class ScopeFigures:
    """The figures of one scope in the week of a report."""

    emails: int | Gap
    rates: Mapping[Indicator, DayRate]


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """What a report states of a rule."""

    indicator: Indicator
    thresholds: Mapping[Severity, float]
    """The thresholds for scopes without an override, as fractions."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a report knows."""

    target: Target
    made_at: datetime
    week: Window
    last_day: date
    """The last day of the week."""
    scopes: Mapping[Scope, ScopeFigures]
    rules: Mapping[str, RuleFigures]
    alerts: tuple[OpenAlert, ...] | None = None
    """The open alerts; None if they are unknown."""
    ses_rates: Mapping[Indicator, float] | None = None
    """The rates that SES reports, as fractions; None if they were not read."""


def to_document(snapshot: Snapshot) -> Mapping[str, Any]:
    """Return *snapshot* as a JSON document."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "account": snapshot.target.account,
        "region": snapshot.target.region,
        "madeAt": snapshot.made_at.isoformat(),
        "weekDays": snapshot.week.days,
        "lastDay": str(snapshot.last_day),
        "alerts": None
        if snapshot.alerts is None
        else [
            {
                "rule": alert.rule,
                "scope": scope_fields(alert.scope),
                "indicator": alert.indicator.key if alert.indicator else None,
                "severity": alert.severity.key,
                "since": alert.since.isoformat(),
            }
            for alert in snapshot.alerts
        ],
        "sesRates": None
        if snapshot.ses_rates is None
        else {indicator.key: rate for indicator, rate in snapshot.ses_rates.items()},
        "rules": [
            {
                "name": name,
                "indicator": rule.indicator.key,
                "thresholds": {each.key: share for each, share in rule.thresholds.items()},
            }
            for name, rule in snapshot.rules.items()
        ],
        "scopes": [
            {
                "scope": scope_fields(scope),
                "emails": _count_document(figures.emails),
                "rates": {each.key: _rate_document(rate) for each, rate in figures.rates.items()},
            }
            for scope, figures in snapshot.scopes.items()
        ],
    }


def read_snapshot(path: Path) -> Snapshot:
    """Return what the report in the file at *path* knows.

    Raises InvalidInputError if the file is not such a report, and UnreadableFileError.
    """
    finder = _DataFinder()
    finder.feed(read_text_file(path))
    text = "".join(finder.data)
    if not text:
        raise InvalidInputError(f"{path}: it is not a report. {_FIX}")
    try:
        document = json.loads(text)
        if document["format"] != FORMAT or document["version"] != VERSION:
            raise InvalidInputError(
                f"{path}: another version of VDM Alerts wrote this report. {_FIX}"
            )
        return _from_document(document)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise InvalidInputError(f"{path}: the data of this report is damaged. {_FIX}") from error


_FIX = "Use --to with a new file, and --since-report with a report that `vdm-alerts report` wrote."


class _DataFinder(HTMLParser):
    """Collects the text of the element with the data of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.data: list[str] = []
        self._is_within = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_within = tag == "script" and ("id", DATA_ID) in attrs

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._is_within = False

    def handle_data(self, data: str) -> None:
        if self._is_within:
            self.data.append(data)


def _from_document(document: Mapping[str, Any]) -> Snapshot:
    alerts, ses_rates = document["alerts"], document["sesRates"]
    return Snapshot(
        Target(_text(document["account"]), _text(document["region"])),
        _time(document["madeAt"]),
        Window(int(document["weekDays"])),
        date.fromisoformat(document["lastDay"]),
        {_scope(each["scope"]): _figures(each) for each in document["scopes"]},
        {
            _text(rule["name"]): RuleFigures(
                _INDICATORS[rule["indicator"]],
                {_SEVERITIES[key]: _share(each) for key, each in rule["thresholds"].items()},
            )
            for rule in document["rules"]
        },
        None if alerts is None else tuple(_alert(each) for each in alerts),
        None
        if ses_rates is None
        else {_INDICATORS[key]: _share(rate) for key, rate in ses_rates.items()},
    )


def _alert(document: Mapping[str, Any]) -> OpenAlert:
    indicator = document["indicator"]
    return OpenAlert(
        _text(document["rule"]),
        _scope(document["scope"]),
        None if indicator is None else _INDICATORS[indicator],
        _SEVERITIES[document["severity"]],
        _time(document["since"]),
    )


def _figures(document: Mapping[str, Any]) -> ScopeFigures:
    emails = document["emails"]
    return ScopeFigures(
        Gap[emails] if isinstance(emails, str) else _count(emails),
        {_INDICATORS[key]: _rate(rate) for key, rate in document["rates"].items()},
    )


def _rate(document: object) -> DayRate:
    match document:
        case None:
            return None
        case str():
            return Gap[document]
        case [events, volume]:
            return Rate(_count(events), _count(volume))
        case _:
            raise ValueError(document)


def _scope(document: Mapping[str, Any]) -> Scope:
    return Scope(**{str(key): str(name) for key, name in document.items()})


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(text)
    return time.astimezone(UTC)


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(value)
    return float(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        raise ValueError(value)
    return value


def _text(value: str) -> str:
    """Return *value* on one line, without characters that no file can contain."""
    return escape_invisible(value)


def _count_document(count: int | Gap) -> int | str:
    return count.name if isinstance(count, Gap) else count


def _rate_document(rate: DayRate) -> object:
    match rate:
        case Rate(events=events, volume=volume):
            return [events, volume]
        case Gap():
            return rate.name
        case None:
            return None
