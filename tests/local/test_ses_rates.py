"""The rates that SES itself reports, in scenarios."""

from datetime import UTC, date, datetime

import pytest

from vdm_local.scenario import InvalidScenarioError, parse_scenario
from vdm_local.ses_rates import parse_rates


def test_row_of_rates_has_a_rate_for_each_day() -> None:
    assert parse_rates("2.1%x2 - 5%").rates == (0.021, 0.021, None, 0.05)
    assert parse_rates("-x3").rates == (None, None, None)
    assert parse_rates("").rates == ()


def test_rate_is_reported_in_each_hour_of_its_day() -> None:
    rates = dict(parse_rates("- 2%").hourly(date(2026, 3, 1)))
    assert len(rates) == 24
    assert set(rates.values()) == {0.02}
    assert min(rates) == datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2.1", "2,1%", "101%", "-2%", "2%x", "2%@+3h", "1%x10001", 2.1])
def test_invalid_row_of_rates_is_an_error(text: object) -> None:
    with pytest.raises(ValueError, match="Use"):
        parse_rates(text)


def test_scenario_has_the_rates_by_the_names_of_their_metrics() -> None:
    scenario = parse_scenario('begins = 2026-03-01\nses_complaint_rate = "0.1%"', "here")
    rates = scenario.ses_rates
    assert rates["Reputation.BounceRate"] == []
    assert rates["Reputation.ComplaintRate"][0] == (datetime(2026, 3, 1, tzinfo=UTC), 0.001)


def test_invalid_rates_are_reported_with_the_key() -> None:
    with pytest.raises(InvalidScenarioError, match="ses_bounce_rate"):
        parse_scenario('begins = 2026-03-01\nses_bounce_rate = "2"', "here")
