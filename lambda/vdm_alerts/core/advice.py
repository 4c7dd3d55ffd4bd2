"""What an indicator means to a person: its words, why it matters, and what helps."""

from collections.abc import Mapping
from dataclasses import dataclass

from vdm_alerts.core.metrics import Dimension
from vdm_alerts.core.rates import Indicator


@dataclass(frozen=True, slots=True)
class Advice:
    """The words for one indicator.

    *happened* ends a sentence that begins "12 of 300 mails"; *source* is where AWS says *why*.
    """

    noun: str
    happened: str
    why: str
    source: str
    steps: tuple[str, ...]


_REVIEW = "https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html"

ADVICE: Mapping[Indicator, Advice] = {
    Indicator.BOUNCE_RATE: Advice(
        noun="bounce rate",
        happened="bounced permanently",
        why="Amazon SES reviews an account at a bounce rate of 5% and may pause its sending at "
        "10%. It takes a volume of its own choosing; the figures here are VDM's, over the window "
        "that your rule names.",
        source=_REVIEW,
        steps=(
            (
                "See which addresses bounced: SES console, Virtual Deliverability Manager, "
                "Dashboard, Messages. Mailboxes that do not exist mean an old, bought or mistyped "
                "list."
            ),
            (
                "Take those addresses out of your list, and have SES suppress bounces for the "
                "whole account, so that they are not mailed again."
            ),
            (
                "If one mailbox provider stands out, it may be refusing you and not the addresses; "
                "the bounce messages say which."
            ),
        ),
    ),
    Indicator.TRANSIENT_BOUNCE_RATE: Advice(
        noun="transient bounce rate",
        happened="bounced for now",
        why="Transient bounces are full mailboxes, greylisting and providers that slow you down. "
        "SES does not review them, but a rise at one provider is often the first sign that it "
        "has begun to distrust the sender.",
        source="https://docs.aws.amazon.com/ses/latest/dg/vdm-dashboard.html",
        steps=(
            (
                "See which mailbox provider the rise is at, and read the replies that it gives: "
                "SES console, Virtual Deliverability Manager, Dashboard, Messages."
            ),
            "Slow the sending to that provider until the replies stop.",
        ),
    ),
    Indicator.COMPLAINT_RATE: Advice(
        noun="complaint rate",
        happened="were reported as spam",
        why="Amazon SES reviews an account at a complaint rate of 0.1% and may pause its sending "
        "at 0.5%. The rate is of mail delivered to providers that report complaints to SES; "
        "Gmail is not one of them.",
        source=_REVIEW,
        steps=(
            (
                "See which mailing it is: SES console, Virtual Deliverability Manager, Dashboard, "
                "Messages. Complaints follow the mail that caused them by hours or days."
            ),
            (
                "Check that these people asked for it, that they can see who writes, and that one "
                "click unsubscribes them."
            ),
            "Stop mailing those who have not opened anything for months.",
        ),
    ),
}

KIND_NAMES: Mapping[Dimension, str] = {
    Dimension.IDENTITY: "identity",
    Dimension.CONFIGURATION_SET: "configuration set",
    Dimension.ISP: "mailbox provider",
}
