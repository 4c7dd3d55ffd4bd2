import json
from datetime import date, timedelta

import pytest
from builders import TODAY, a_series
from notification_examples import low_delivery_rate, message_of

from vdm_alerts.core.evaluation.trend import Trend, trend_of
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.wording import WORDING
from vdm_alerts.core.notifications.rendering.trend import trend_line

YESTERDAY = TODAY - timedelta(days=1)
BOUNCES = WORDING[Indicator.BOUNCE_RATE]


def a_trend(*percentages: float | None, last_day: date = YESTERDAY) -> Trend:
    rates = (
        None if percentage is None else Rate(round(percentage * 100), 10_000)
        for percentage in percentages
    )
    return Trend(tuple(rates), last_day)


def test_trend_has_a_rate_for_each_day_with_email() -> None:
    trend = trend_of(a_series(1, 9, 0, 70), a_series(100, 100, 0, 1_000), TODAY)
    assert trend == Trend(
        (None, None, None, Rate(1, 100), Rate(9, 100), None, Rate(70, 1_000)), TODAY
    )


def test_trend_without_volume_shows_no_rate_even_with_late_events() -> None:
    assert trend_of(a_series(5), a_series(0), TODAY).rates == (None,) * 7


@pytest.mark.parametrize(
    ("trend", "line"),
    [
        pytest.param(
            a_trend(0, 1, 2, 3, 4, 5, 7),
            "Daily bounce rate, 2026-03-05 to 2026-03-11: ▁▂▃▄▅▆█ (lowest 0%, highest 7%)",
            id="rising",
        ),
        pytest.param(
            a_trend(None, 1, None, 2, 1, 1, 2, last_day=TODAY),
            "Daily bounce rate, 2026-03-06 to today (partial): ·▅·█▅▅█ (lowest 1%, highest 2%)",
            id="days without email, and today",
        ),
        pytest.param(
            a_trend(*[1.5] * 7),
            "Daily bounce rate, 2026-03-05 to 2026-03-11: ███████ (always 1.5%)",
            id="constant",
        ),
        pytest.param(
            a_trend(*[0] * 7),
            "Daily bounce rate, 2026-03-05 to 2026-03-11: ▁▁▁▁▁▁▁ (always 0%)",
            id="always zero",
        ),
        pytest.param(a_trend(*[None] * 6, 3), "", id="one day is no trend"),
        pytest.param(a_trend(*[None] * 7), "", id="no email"),
    ],
)
def test_trend_line_shows_each_day_in_proportion_to_the_highest(trend: Trend, line: str) -> None:
    assert trend_line(trend, BOUNCES, TODAY) == line


def test_email_chat_and_payload_show_the_trend() -> None:
    message = message_of(low_delivery_rate())
    line = "Daily delivery rate, 2026-03-05 to 2026-03-11: ███·█▇▆ (lowest 75%, highest 98%)"
    assert line in message.text.splitlines()
    assert line in json.loads(message.amazon_q)["content"]["description"].splitlines()
    trend = json.loads(message.payload)["trend"]
    assert trend == {"rates": [0.98, 0.97, 0.98, None, 0.96, 0.9, 0.75], "last_day": "2026-03-11"}
