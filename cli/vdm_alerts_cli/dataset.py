"""The daily counts of an account, as `export` writes them and other commands read them.

A dataset is one JSON document, or one CSV table. Both have the same content. Unknown is never zero:
a series that could not be read is listed with the reason, and a series without email has zeros.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.metrics import Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.rules.quoting import quote
from vdm_alerts_cli.clock import MAX_YEAR, MIN_YEAR
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.scope_names import scope_fields
from vdm_local.text_file import read_text_file

FORMAT = "vdm-alerts-counts"
VERSION = 1
MAX_COUNT = 2**53
"""Largest count: the largest integer that every JSON parser reads exactly."""
MAX_DIGITS = len(str(MAX_COUNT))
MAX_DAYS = 3_660
"""Most days of a dataset: ten years."""
_SCOPE_KEYS = tuple(dimension.key for dimension in Dimension)
_CSV_HEAD = ("account", "region", "read_at", "last_day")
_CSV_COLUMNS = (*_CSV_HEAD, "day", "metric", *_SCOPE_KEYS, "count", "gap")


@dataclass(frozen=True, slots=True)
class Dataset:
    """The daily counts of one account in one Region."""

    target: Target
    read_at: datetime
    """The time at which VDM was read, in UTC."""
    last_day: date
    """The last UTC day that was read: the day of `read_at`, partial, or the day before."""
    days: int
    """The number of days that were read."""
    answers: Mapping[Query, Series | Gap]
    """The daily counts of each metric and scope, or why there are none."""

    @property
    def first_day(self) -> date:
        """The first day that was read."""
        return Window(self.days).first_day(self.last_day)

    @property
    def scopes(self) -> Sequence[Scope]:
        """Every scope, in the order of the document."""
        return list(dict.fromkeys(query.scope for query in self.answers))

    @property
    def gaps(self) -> Mapping[Query, Gap]:
        """What could not be read."""
        return {query: each for query, each in self.answers.items() if isinstance(each, Gap)}


@dataclass(frozen=True)
class DatasetSeries:
    """A SeriesSource on a dataset, as if it were read on an earlier day."""

    dataset: Dataset

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        """Return the counts of the days in *window* that ends with *last*.

        A query that the dataset does not contain is cut off.
        """
        del deadline
        first = window.first_day(last)
        days = [first + timedelta(days=age) for age in range(window.days)]
        return {
            query: _on_days(self.dataset.answers.get(query, Gap.CUT_OFF), days) for query in queries
        }

    def throttled_calls(self) -> int:
        """Return 0, because nothing throttles these calls."""
        return 0


def _on_days(answer: Series | Gap, days: Sequence[date]) -> Series | Gap:
    """Return the counts in *answer* of the consecutive *days*."""
    if isinstance(answer, Gap):
        return answer
    return Series(dict(zip(days, answer.daily(len(days), days[-1]), strict=True)))


def to_json(dataset: Dataset) -> str:
    """Return *dataset* as a JSON document."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "account": dataset.target.account,
        "region": dataset.target.region,
        "readAt": dataset.read_at.isoformat(),
        "lastDay": str(dataset.last_day),
        "days": dataset.days,
    }
    series = [_series_document(query, answer) for query, answer in dataset.answers.items()]
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in series)
    return f'{json.dumps(head)[:-1]}, "series": [\n{lines}\n]}}\n'


def _series_document(query: Query, answer: Series | Gap) -> dict[str, Any]:
    document: dict[str, Any] = {"metric": str(query.metric), "scope": scope_fields(query.scope)}
    if isinstance(answer, Gap):
        return {**document, "gap": answer.name}
    return {**document, "counts": {str(day): count for day, count in answer.days.items()}}


def to_csv(dataset: Dataset) -> str:
    """Return *dataset* as a CSV table: one row for each day with a count above 0.

    Each series also has a row for the first day, so that its days without email are zeros and
    not unknown. A series that could not be read has one row, with a gap and without a count.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    target = dataset.target
    head = (target.account, target.region, dataset.read_at.isoformat(), dataset.last_day)
    for query, answer in dataset.answers.items():
        names = scope_fields(query.scope)
        scope = [names.get(key, "") for key in _SCOPE_KEYS]
        if isinstance(answer, Gap):
            writer.writerow([*head, dataset.first_day, query.metric, *scope, "", answer.name])
            continue
        days = {dataset.first_day: 0, **answer.days}
        writer.writerows(
            [*head, day, query.metric, *scope, count, ""] for day, count in days.items()
        )
    return text.getvalue()


def read_dataset(path: Path) -> Dataset:
    """Return the dataset in the file at *path*, JSON or CSV.

    Raises InvalidInputError, which names the place, and UnreadableFileError.
    """
    text = read_text_file(path)
    try:
        is_json = text.lstrip().startswith("{")
        return _from_json(text) if is_json else _from_csv(text)
    except _InvalidDatasetError as error:
        fix = "Use a file that `vdm-alerts export` wrote."
        raise InvalidInputError(f"{path}: {error}. {fix}") from error


class _InvalidDatasetError(Exception):
    """What is wrong with a dataset, and where."""


def _from_json(text: str) -> Dataset:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _InvalidDatasetError(f"it is not JSON: {str(error)[:100]}") from error
    if document.get("format") != FORMAT or document.get("version") != VERSION:
        raise _InvalidDatasetError(f'format: it is not "{FORMAT}" of version {VERSION}')
    series = document.get("series")
    if not isinstance(series, list):
        raise _InvalidDatasetError("series: it is not a list")
    answers = dict(_answer_from(each, f"series[{index}]") for index, each in enumerate(series))
    days = document.get("days")
    return Dataset(
        Target(_text(document.get("account"), "account"), _text(document.get("region"), "region")),
        _time(document.get("readAt"), "readAt"),
        _day(document.get("lastDay"), "lastDay"),
        _number_of_days(days, "days"),
        answers,
    )


def _answer_from(document: Any, where: str) -> tuple[Query, Series | Gap]:  # noqa: ANN401 - any JSON
    if not isinstance(document, dict) or not isinstance(document.get("scope"), dict):
        raise _InvalidDatasetError(f"{where}: it is not a series with a scope")
    scope, metric = document["scope"], document.get("metric")
    query = Query(_metric(metric, where), _scope(scope, where))
    if "gap" in document:
        return query, _gap(document["gap"], where)
    counts = document.get("counts")
    if not isinstance(counts, dict):
        raise _InvalidDatasetError(f"{where}: it has neither counts nor a gap")
    return query, Series(
        {_day(day, where): _count(count, f"{where}.counts.{day}") for day, count in counts.items()}
    )


def _from_csv(text: str) -> Dataset:
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise _InvalidDatasetError(f"it is not CSV: {error}") from error
    if not rows or set(rows[0]) != set(_CSV_COLUMNS):
        raise _InvalidDatasetError("it is empty" if not text.strip() else "it is not an export")
    counts: dict[Query, dict[date, int]] = {}
    gaps: dict[Query, Gap] = {}
    first_day = date.max
    for number, row in enumerate(rows, 2):
        where = f"line {number}"
        names = {key: row[key] for key in _SCOPE_KEYS if row[key]}
        query = Query(_metric(row["metric"], where), _scope(names, where))
        day = _day(row["day"], where)
        first_day = min(first_day, day)
        if row["gap"]:
            gaps[query] = _gap(row["gap"], where)
        else:
            count = row["count"] or ""
            is_number = count.isascii() and count.isdigit() and len(count) <= MAX_DIGITS
            number_of_events = int(count) if is_number else count
            counts.setdefault(query, {})[day] = _count(number_of_events, where)
    account, region, read_at, last_day = (rows[0][column] for column in _CSV_HEAD)
    last = _day(last_day, "line 2")
    return Dataset(
        Target(_text(account, "line 2"), _text(region, "line 2")),
        _time(read_at, "line 2"),
        last,
        _number_of_days((last - first_day).days + 1, "day"),
        {**{query: Series(days) for query, days in counts.items()}, **gaps},
    )


def _metric(value: object, where: str) -> Metric:
    if value not in {str(metric) for metric in Metric}:
        raise _InvalidDatasetError(f"{where}: {quote(value)} is not a metric of VDM")
    return Metric(str(value))


def _scope(names: Mapping[Any, Any], where: str) -> Scope:
    unknown = [key for key in names if key not in _SCOPE_KEYS]
    if unknown or not all(isinstance(name, str) and name for name in names.values()):
        raise _InvalidDatasetError(f"{where}: {quote(dict(names))} is not a scope")
    return Scope(**names)


def _gap(value: object, where: str) -> Gap:
    if value not in Gap.__members__:
        raise _InvalidDatasetError(f"{where}: {quote(value)} is not the name of a gap")
    return Gap[str(value)]


def _day(value: object, where: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise _InvalidDatasetError(f"{where}: {quote(value)} is not a day") from error


def _number_of_days(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_DAYS:
        raise _InvalidDatasetError(f"{where}: {quote(value)} is not a number of days")
    return value


def _time(value: object, where: str) -> datetime:
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        time = None
    if time is None or time.tzinfo is None or not MIN_YEAR <= time.year <= MAX_YEAR:
        raise _InvalidDatasetError(f"{where}: {quote(value)} is not a time with an offset")
    return time.astimezone(UTC)


def _count(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise _InvalidDatasetError(f"{where}: {quote(value)} is not a count")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise _InvalidDatasetError(f"{where}: {quote(value)} is not a text")
    return value
