"""Rates, and the reasons why a rate is not available."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from enum import Enum, StrEnum

from vdm_alerts.core.model.mailbox_providers import ISPS_WITHOUT_FEEDBACK_LOOP
from vdm_alerts.core.model.metrics import Metric, Scope
from vdm_alerts.core.model.timefmt import format_time


def percent(share: float) -> str:
    """Return a fraction as a percentage, such as "5.7%" or "0.036%".

    The percentage has at most 1 decimal, or 2 significant digits below 1%. It is rounded down.
    Otherwise a rate just below a threshold would be shown as equal to it.
    """
    percentage = Decimal(repr(round(share * 100, 9)))
    unit = Decimal("0.1") if percentage >= 1 else Decimal(1).scaleb(percentage.adjusted() - 1)
    digits = f"{percentage.quantize(unit, ROUND_DOWN):f}"
    return f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits}%"


@dataclass(frozen=True, slots=True)
class Rate:
    """A number of events divided by a number of emails.

    Both counts are kept, because a fraction alone hides a small volume.
    """

    events: int
    """Bounces, complaints or other events, counted on the day they arrived. May exceed `volume`."""
    volume: int
    """The emails that the events are a share of. At least 1."""

    def __post_init__(self) -> None:
        """Raise ValueError if the counts make no rate."""
        if self.events < 0 or self.volume < 1:
            message = f"no rate of {self.events} events in {self.volume} messages"
            raise ValueError(message)

    @property
    def value(self) -> float:
        """Events per email, as a fraction."""
        return self.events / self.volume

    def __str__(self) -> str:
        return f"{percent(self.value)} ({self.events:,} of {self.volume:,})"


@dataclass(frozen=True, slots=True)
class SesRate:
    """A rate of the account that SES itself calculated. SES publishes no counts of it."""

    value: float
    """The rate, a fraction from 0 to 1."""
    at: datetime
    """The start of the hour that CloudWatch has the rate of, in UTC."""

    def __str__(self) -> str:
        return f"{percent(self.value)} ({format_time(self.at)})"


class Gap(StrEnum):
    """The reason why a count or a rate is not available. It never means zero."""

    TOO_FEW = "too few to tell"
    NO_FEEDBACK_LOOP = "this provider reports no complaints"
    UNAVAILABLE = "SES did not answer"
    REJECTED = "SES rejects queries about it"
    ACCESS_DENIED = "AWS denied access"
    CUT_OFF = "not read, because time or queries ran out"
    NOT_READ = "CloudWatch could not be read"
    NOT_REPORTED = "SES has reported no rate"
    STALE = "SES has reported no new rate for over a day"

    @property
    def is_failure(self) -> bool:
        """Whether the count or rate exists but could not be read."""
        return self not in {Gap.TOO_FEW, Gap.NO_FEEDBACK_LOOP, Gap.NOT_REPORTED, Gap.STALE}

    @property
    def is_transient(self) -> bool:
        """Whether the next run may read it, and no finding reports the failure."""
        return self in {Gap.UNAVAILABLE, Gap.CUT_OFF}


class Indicator(Enum):
    """A rate that rules can monitor: which events, divided by which volume.

    Low rates are bad if the events are desired, such as deliveries. The ratios are those of the
    VDM dashboard: https://docs.aws.amazon.com/ses/latest/dg/vdm-dashboard.html

    SES itself calculates the last two for the whole account, from emails that it does not publish:
    https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-cloudwatch-alarm.html
    """

    BOUNCE_RATE = ("bounce_rate", Metric.PERMANENT_BOUNCE, Metric.SEND, False)
    TRANSIENT_BOUNCE_RATE = ("transient_bounce_rate", Metric.TRANSIENT_BOUNCE, Metric.SEND, False)
    COMPLAINT_RATE = ("complaint_rate", Metric.COMPLAINT, Metric.DELIVERY_COMPLAINT, False)
    DELIVERY_RATE = ("delivery_rate", Metric.DELIVERY, Metric.SEND, True)
    OPEN_RATE = ("open_rate", Metric.OPEN, Metric.DELIVERY_OPEN, True)
    CLICK_RATE = ("click_rate", Metric.CLICK, Metric.DELIVERY_CLICK, True)
    SES_BOUNCE_RATE = ("ses_bounce_rate", Metric.PERMANENT_BOUNCE, Metric.SEND, False)
    SES_COMPLAINT_RATE = ("ses_complaint_rate", Metric.COMPLAINT, Metric.DELIVERY_COMPLAINT, False)

    def __init__(self, key: str, events: Metric, volume: Metric, low_is_bad: bool) -> None:
        """Create the indicator *events* / *volume*, which rules call *key*."""
        self.key = key
        self.events = events
        self.volume = volume
        self.low_is_bad = low_is_bad

    @property
    def is_from_ses(self) -> bool:
        """Whether SES itself calculates the rate, so that no counts of it are known."""
        return self in _COUNTED

    @property
    def counted(self) -> "Indicator":
        """The indicator that VDM has counts of: of the same events if SES calculates this one."""
        return _COUNTED.get(self, self)

    @property
    def from_ses(self) -> "Indicator | None":
        """The same rate as SES calculates it; None if SES calculates none."""
        return self if self.is_from_ses else _FROM_SES.get(self)

    @property
    def bad_side(self) -> str:
        """The side of a threshold that a breach is on, as a word: "above", or "below"."""
        return "below" if self.low_is_bad else "above"

    @property
    def good_side(self) -> str:
        """The other side of a threshold, as a word."""
        return "above" if self.low_is_bad else "below"

    def permanent_gap(self, scope: Scope) -> Gap | None:
        """Return why SES never has this rate of *scope*, or None if it can."""
        is_complaint_rate = self is Indicator.COMPLAINT_RATE
        is_unreported = is_complaint_rate and scope.isp in ISPS_WITHOUT_FEEDBACK_LOOP
        return Gap.NO_FEEDBACK_LOOP if is_unreported else None


_COUNTED = {
    Indicator.SES_BOUNCE_RATE: Indicator.BOUNCE_RATE,
    Indicator.SES_COMPLAINT_RATE: Indicator.COMPLAINT_RATE,
}
SES_INDICATORS = tuple(_COUNTED)
"""The indicators that SES itself calculates, for the account only."""
_FROM_SES = {counted: from_ses for from_ses, counted in _COUNTED.items()}
