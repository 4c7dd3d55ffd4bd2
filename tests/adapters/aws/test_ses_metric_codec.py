"""Instants, as a session reads them whose clients are asked for ten thousand series."""

from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest

from vdm_alerts.adapters.aws.ses_metric_codec import reads_time_quickly


@pytest.fixture
def parser() -> Any:
    session = botocore.session.Session()
    reads_time_quickly(session)
    return session.get_component("response_parser_factory").create_parser("rest-json")


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        (1772323200, datetime(2026, 3, 1, tzinfo=UTC)),
        (1772323200.0, datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T00:00:00Z", datetime(2026, 3, 1, tzinfo=UTC)),
        (-86400, datetime(1969, 12, 31, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_as_what_it_is_in_utc(
    parser: Any, written: Any, instant: datetime
) -> None:
    read = parser._timestamp_parser(written)
    assert (read, read.utcoffset()) == (instant, instant.utcoffset())


def test_an_instant_seen_before_is_not_worked_out_again(parser: Any) -> None:
    assert parser._timestamp_parser(1772323200) is parser._timestamp_parser(1772323200)


@pytest.mark.parametrize("written", ["yesterday", None, float("inf")])
def test_what_is_no_instant_is_an_error(parser: Any, written: Any) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError, RuntimeError)):
        parser._timestamp_parser(written)
