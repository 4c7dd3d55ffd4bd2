"""Rates: which events over which volume, and why there may be none."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import Enum, StrEnum

from vdm_alerts.core.model.mailbox_providers import ISPS_WITHOUT_FEEDBACK_LOOP
from vdm_alerts.core.model.metrics import Metric, Scope


def percent(share: float) -> str:
    """Return a fraction as people write it: to a tenth, and below 1% to two digits that count.

    It is rounded down, so that what is below a threshold never reads as if it had reached it.
    """
    hundredfold = Decimal(repr(round(share * 100, 9)))
    unit = Decimal("0.1") if hundredfold >= 1 else Decimal(1).scaleb(hundredfold.adjusted() - 1)
    digits = f"{hundredfold.quantize(unit, ROUND_DOWN):f}"
    return f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits}%"


@dataclass(frozen=True, slots=True)
class Rate:
    """Events among messages, kept as both counts, because a share alone hides how few they are.

    SES books feedback on the day it arrives, so there may be more events than messages.
    """

    events: int
    volume: int

    def __post_init__(self) -> None:
        """Refuse counts that make no rate."""
        if self.events < 0 or self.volume < 1:
            message = f"no rate of {self.events} events in {self.volume} messages"
            raise ValueError(message)

    @property
    def value(self) -> float:
        """Events a message, a fraction."""
        return self.events / self.volume

    def corrects(self, earlier: "Rate") -> bool:
        """Say whether some of the events of *earlier*, of the same mail, are counted no more."""
        return self.events < earlier.events

    def __str__(self) -> str:
        return f"{percent(self.value)} ({self.events:,} of {self.volume:,})"


class Gap(StrEnum):
    """Why a number could not be had. None of them means zero."""

    TOO_FEW = "too few to tell"
    NO_FEEDBACK_LOOP = "the provider reports no complaints"
    UNAVAILABLE = "SES did not answer"
    REJECTED = "SES refuses to answer for it"
    ACCESS_DENIED = "AWS denies access to it"
    CUT_OFF = "not asked for, for want of time or queries"

    @property
    def is_failure(self) -> bool:
        """Whether there is a number that ought to be known, and is not."""
        return self not in {Gap.TOO_FEW, Gap.NO_FEEDBACK_LOOP}


class Indicator(Enum):
    """A named rate: the events counted, over the messages they can come from.

    Where the events are what mail is sent for, it is a low rate that is bad. The ratios are those
    of the VDM dashboard: https://docs.aws.amazon.com/ses/latest/dg/vdm-dashboard.html
    """

    BOUNCE_RATE = ("bounce_rate", Metric.PERMANENT_BOUNCE, Metric.SEND, False)
    TRANSIENT_BOUNCE_RATE = ("transient_bounce_rate", Metric.TRANSIENT_BOUNCE, Metric.SEND, False)
    COMPLAINT_RATE = ("complaint_rate", Metric.COMPLAINT, Metric.DELIVERY_COMPLAINT, False)
    DELIVERY_RATE = ("delivery_rate", Metric.DELIVERY, Metric.SEND, True)
    OPEN_RATE = ("open_rate", Metric.OPEN, Metric.DELIVERY_OPEN, True)
    CLICK_RATE = ("click_rate", Metric.CLICK, Metric.DELIVERY_CLICK, True)

    def __init__(self, key: str, events: Metric, volume: Metric, low_is_bad: bool) -> None:
        """Name the indicator as rules do, and say what it divides."""
        self.key = key
        self.events = events
        self.volume = volume
        self.low_is_bad = low_is_bad

    def permanent_gap(self, scope: Scope) -> Gap | None:
        """Return why SES cannot know this rate of *scope* at all; None where it can."""
        silent = self is Indicator.COMPLAINT_RATE and scope.isp in ISPS_WITHOUT_FEEDBACK_LOOP
        return Gap.NO_FEEDBACK_LOOP if silent else None
