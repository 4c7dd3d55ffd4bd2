"""Which volume of email reproduces the rates that SES reports."""

import random
from datetime import datetime, time, timedelta

import pytest
from builders import NOW, TODAY, a_series

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.representative_volume import (
    CANDIDATES,
    MIN_DAYS,
    RepresentativeVolume,
    representative_volume,
    representative_window,
)
from vdm_alerts.core.evaluation.ses_rates import SesRates, ses_rates
from vdm_alerts.core.model.metrics import Series
from vdm_alerts.core.model.rates import Indicator, SesRate

AS_OF = AsOf(NOW, TODAY)
_chance = random.Random(7)
EMAILS = a_series(*[1_000] * 60)
BOUNCES = a_series(*[_chance.randint(0, 100) for _ in range(60)])
"""Rates of 0% to 10%, so that each volume has rates of its own."""


def estimate(emails: int, age: int) -> SesRate:
    """Return the rate over so many *emails* at the end of the day *age* days ago."""
    day = TODAY - timedelta(days=age)
    window = representative_window(EMAILS, day, emails)
    assert window
    value = BOUNCES.total(window, day) / EMAILS.total(window, day)
    return SesRate(value, datetime.combine(day, time(23), NOW.tzinfo))


def reported_by(emails: int, days: int = 14) -> SesRates:
    """Return the rates that SES reports if its representative volume is so many *emails*."""
    return ses_rates([estimate(emails, age) for age in range(1, days + 1)], NOW)


def chosen(rates: SesRates | None, own_volume: int | None = None) -> RepresentativeVolume:
    return representative_volume(own_volume, Indicator.BOUNCE_RATE, BOUNCES, EMAILS, rates, AS_OF)


@pytest.mark.parametrize("emails", CANDIDATES)
def test_volume_that_reproduces_the_rates_of_ses_is_found(emails: int) -> None:
    known = 48_000  # VDM has 60 days, and the first of the 14 days has 12 days less.
    found = chosen(reported_by(emails))
    assert found.fits
    assert found.emails == emails or min(emails, found.emails) >= known


def test_volume_is_the_default_until_there_are_enough_days() -> None:
    assert chosen(None) == RepresentativeVolume(10_000)
    assert chosen(SesRates(NOW)) == RepresentativeVolume(10_000)
    assert chosen(reported_by(1_000, MIN_DAYS - 1)) == RepresentativeVolume(10_000)
    assert chosen(reported_by(1_000, MIN_DAYS)) == RepresentativeVolume(1_000, fits=True)


def test_volume_is_the_default_if_none_fits() -> None:
    """Emails with several recipients count for SES, and not for VDM."""
    rates = [SesRate(rate.value + 0.3, rate.at) for rate in reported_by(5_000).history]
    assert chosen(ses_rates(rates, NOW)) == RepresentativeVolume(10_000, fits=False)


def test_volume_of_a_rule_is_kept_and_compared() -> None:
    assert chosen(reported_by(5_000), own_volume=5_000) == RepresentativeVolume(5_000, fits=True)
    assert chosen(reported_by(1_000), own_volume=50_000) == RepresentativeVolume(50_000, fits=False)


def test_default_stays_if_every_volume_fits_equally() -> None:
    constant = a_series(*[20] * 60)
    rates = ses_rates([SesRate(0.02, estimate(1_000, age).at) for age in range(1, 15)], NOW)
    found = representative_volume(None, Indicator.BOUNCE_RATE, constant, EMAILS, rates, AS_OF)
    assert found == RepresentativeVolume(10_000, fits=True)


def test_last_rate_of_each_whole_day_is_compared() -> None:
    """Today is partial, and a rate of the morning is not of the end of its day."""
    morning = [
        SesRate(0.9, rate.at - timedelta(hours=hours))
        for rate in reported_by(5_000).history
        for hours in (3, 20)
    ]
    rates = [*reported_by(5_000).history, *morning, SesRate(0.9, NOW)]
    assert chosen(ses_rates(rates, NOW)) == RepresentativeVolume(5_000, fits=True)


def test_account_without_email_in_vdm_does_not_fit_a_rate_of_ses() -> None:
    none = Series({})
    found = representative_volume(
        None, Indicator.BOUNCE_RATE, none, none, reported_by(5_000), AS_OF
    )
    assert found.fits is False
