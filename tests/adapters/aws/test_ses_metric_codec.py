"""The cached parser of timestamps."""

from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest

from vdm_alerts.adapters.aws.ses_metric_codec import use_fast_timestamps


@pytest.fixture
def parser() -> Any:
    session = botocore.session.Session()
    use_fast_timestamps(session)
    return session.get_component("response_parser_factory").create_parser("rest-json")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (1772323200, datetime(2026, 3, 1, tzinfo=UTC)),
        (1772323200.0, datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T00:00:00Z", datetime(2026, 3, 1, tzinfo=UTC)),
        (-86400, datetime(1969, 12, 31, tzinfo=UTC)),
    ],
)
def test_timestamp_is_parsed_as_utc(parser: Any, text: Any, expected: datetime) -> None:
    timestamp = parser._timestamp_parser(text)
    assert (timestamp, timestamp.utcoffset()) == (expected, timedelta())


def test_timestamp_is_cached_when_parsed_before(parser: Any) -> None:
    assert parser._timestamp_parser(1772323200) is parser._timestamp_parser(1772323200)


@pytest.mark.parametrize("text", ["yesterday", None, float("inf")])
def test_invalid_timestamp_raises_an_error(parser: Any, text: Any) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError, RuntimeError)):
        parser._timestamp_parser(text)
