"""Datasets: what `export` writes, other commands read back unchanged."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.planning.queries import Query
from vdm_alerts_cli.dataset import Dataset, DatasetSeries, read_dataset, to_csv, to_json
from vdm_alerts_cli.errors import InvalidInputError

LAST = date(2026, 3, 20)
NAMES = st.text(min_size=1, max_size=5).filter(lambda text: text.isprintable() and text.strip())
SCOPES = st.builds(Scope, *[st.none() | NAMES] * 4)
DAYS = st.integers(0, 59).map(lambda days: LAST - timedelta(days=days))
SERIES = st.dictionaries(DAYS, st.integers(1, 2**53), max_size=4).map(Series)
ANSWERS = st.dictionaries(
    st.builds(Query, st.sampled_from(Metric), SCOPES), SERIES | st.sampled_from(Gap), min_size=1
)


def dataset(answers: dict[Query, Series | Gap]) -> Dataset:
    read_at = datetime(2026, 3, 20, 8, 30, tzinfo=UTC)
    return Dataset(Target("111122223333", "eu-west-1"), read_at, LAST, 60, answers)


EXAMPLE = dataset(
    {
        Query(Metric.SEND, ACCOUNT): Series({LAST: 5}),
        Query(Metric.COMPLAINT, Scope(identity="a,b.example")): Series({}),
        Query(Metric.SEND, Scope(tenant="=1+1", isp="Gmail")): Gap.REJECTED,
    }
)


@given(ANSWERS)
def test_json_and_csv_are_read_back_unchanged(
    tmp_path_factory: pytest.TempPathFactory, answers: dict[Query, Series | Gap]
) -> None:
    path = tmp_path_factory.mktemp("dataset") / "counts"
    written = dataset(answers)
    path.write_text(to_json(written), "utf-8")
    assert read_dataset(path) == written
    path.write_text(to_csv(written), "utf-8")
    again = read_dataset(path)
    assert again.answers == written.answers
    if any(isinstance(answer, Series) for answer in answers.values()):
        assert again == written


def test_series_are_read_as_of_an_earlier_day() -> None:
    counts = Series({LAST - timedelta(days=days): days + 1 for days in range(10)})
    sent = Query(Metric.SEND, ACCOUNT)
    source = DatasetSeries(dataset({sent: counts, Query(Metric.OPEN, ACCOUNT): Gap.UNAVAILABLE}))
    queries = [*source.dataset.answers, Query(Metric.CLICK, ACCOUNT)]
    last = LAST - timedelta(days=3)
    answers = source.read(queries, Window(2), last, NoDeadline())
    assert answers == {
        sent: Series({last: 4, last - timedelta(days=1): 5}),
        Query(Metric.OPEN, ACCOUNT): Gap.UNAVAILABLE,
        Query(Metric.CLICK, ACCOUNT): Gap.CUT_OFF,
    }


@pytest.mark.parametrize("write", [to_json, to_csv])
@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("SEND", "SENT", '"SENT" is not a metric of VDM'),
        ("REJECTED", "rejected", '"rejected" is not the name of a gap'),
        ("2026-03-20T08:30:00+00:00", "yesterday", '"yesterday" is not a time with an offset'),
        ("111122223333", "", '"" is not a text'),
    ],
)
def test_error_names_the_place(
    tmp_path: Path, write: Callable[[Dataset], str], old: str, new: str, error: str
) -> None:
    path = tmp_path / "counts"
    path.write_text(write(EXAMPLE).replace(old, new), "utf-8")
    with pytest.raises(InvalidInputError) as caught:
        read_dataset(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert error in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        "a,b\n1,2\n",
        "[" * 100_000,
        '{"format": "vdm-alerts-counts", "version": 2}',
        '{"format": "vdm-alerts-counts", "version": 1, "series": [5]}',
        to_json(EXAMPLE).replace('{"2026-03-20": 5}', '{"2026-03-20": -5}'),
        to_json(EXAMPLE).replace('{"2026-03-20": 5}', '{"2026-03-20": true}'),
        to_json(EXAMPLE).replace('{"2026-03-20": 5}', '{"20 March": 5}'),
        to_json(EXAMPLE).replace('"days": 60', '"days": 0'),
        to_json(EXAMPLE).replace('"tenant"', '"folder"'),
        to_csv(EXAMPLE).replace(",5,", ",many,"),
    ],
)
def test_other_files_are_one_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "counts"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidInputError, match="Use a file that `vdm-alerts export` wrote"):
        read_dataset(path)
