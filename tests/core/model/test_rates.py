import pytest
from builders import HOTMAIL, NEWS_IDENTITY

from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS
from vdm_alerts.core.model.metrics import Metric, Scope
from vdm_alerts.core.model.rates import Gap, Indicator, Rate, percent


def test_rate_keeps_both_counts() -> None:
    assert Rate(1, 13).value == pytest.approx(1 / 13)
    assert str(Rate(1_200, 24_000)) == "5% (1,200 of 24,000)"


def test_rate_can_exceed_one_when_events_outnumber_emails() -> None:
    assert Rate(3, 2).value == 1.5


@pytest.mark.parametrize(("events", "volume"), [(0, 0), (1, 0), (-1, 5)])
def test_rate_rejects_zero_volume_or_negative_events(events: int, volume: int) -> None:
    with pytest.raises(ValueError, match="no rate of"):
        Rate(events, volume)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.05, "5%"),
        (0.0575, "5.7%"),
        (0.119, "11.9%"),
        (0.0996, "9.9%"),
        (0.04996, "4.9%"),
        (0.29, "29%"),
        (0.00999, "0.99%"),
        (0.00000005, "0.000005%"),
        (0.001, "0.1%"),
        (0.00036, "0.036%"),
        (0.0, "0%"),
        (1.0, "100%"),
    ],
)
def test_percentage_text_truncates_to_the_significant_digits(share: float, text: str) -> None:
    assert percent(share) == text


def test_bounce_rate_divides_by_sends_and_complaint_rate_by_complaint_deliveries() -> None:
    bounces, complaints = Indicator.BOUNCE_RATE, Indicator.COMPLAINT_RATE
    assert (bounces.events, bounces.volume) == (Metric.PERMANENT_BOUNCE, Metric.SEND)
    assert (complaints.events, complaints.volume) == (Metric.COMPLAINT, Metric.DELIVERY_COMPLAINT)


def test_complaint_rate_has_a_no_feedback_loop_gap_only_at_gmail() -> None:
    gmail = Scope(isp="Gmail")
    assert "Gmail" in KNOWN_ISPS
    assert Indicator.COMPLAINT_RATE.permanent_gap(gmail) is Gap.NO_FEEDBACK_LOOP
    assert (
        Indicator.COMPLAINT_RATE.permanent_gap(NEWS_IDENTITY.at_provider("Gmail"))
        is Gap.NO_FEEDBACK_LOOP
    )
    assert Indicator.BOUNCE_RATE.permanent_gap(gmail) is None
    assert Indicator.COMPLAINT_RATE.permanent_gap(HOTMAIL) is None
    assert Indicator.COMPLAINT_RATE.permanent_gap(NEWS_IDENTITY) is None
