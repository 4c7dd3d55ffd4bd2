"""What an indicator means to a person: its words, why it matters, and what helps."""

from collections.abc import Mapping
from dataclasses import dataclass

from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.model.rates import Indicator


@dataclass(frozen=True, slots=True)
class Advice:
    """The words for one indicator.

    *events* is what is counted, of which *mail*; *happened* ends a sentence that begins "12 of 300
    mails"; *source* is where AWS says *why*.
    """

    noun: str
    events: str
    mail: str
    happened: str
    why: str
    source: str
    steps: tuple[str, ...]


_REVIEW = "https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html"
_DASHBOARD = "https://docs.aws.amazon.com/ses/latest/dg/vdm-dashboard.html"

ADVICE: Mapping[Indicator, Advice] = {
    Indicator.BOUNCE_RATE: Advice(
        noun="bounce rate",
        events="bounces",
        mail="mail",
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
        events="transient bounces",
        mail="mail",
        happened="bounced for now",
        why="Transient bounces are full mailboxes, greylisting and providers that slow you down. "
        "SES does not review them, but a rise at one provider is often the first sign that it "
        "has begun to distrust the sender.",
        source=_DASHBOARD,
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
        events="complaints",
        mail="mail to providers that report complaints",
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
    Indicator.DELIVERY_RATE: Advice(
        noun="delivery rate",
        events="deliveries",
        mail="mail",
        happened="were delivered",
        why="What is not delivered has bounced, or is still being tried. A fall at one provider "
        "means that it defers or refuses your mail.",
        source=_DASHBOARD,
        steps=(
            (
                "See what became of the rest: SES console, Virtual Deliverability Manager, "
                "Dashboard, Messages. The replies say whether mail was refused or put off."
            ),
            "Slow the sending to a provider that puts mail off, until it takes it again.",
        ),
    ),
    Indicator.OPEN_RATE: Advice(
        noun="open rate",
        events="opens",
        mail="mail with engagement tracking",
        happened="were opened",
        why="Of mail with engagement tracking that reached a mailbox, ever less is looked at; a "
        "fall at one provider often means that it has begun to file your mail as spam.",
        source=_DASHBOARD,
        steps=(
            "Look into a mailbox of your own at the provider: is the mail in the spam folder?",
            "Check what changed: sender, subject, list, or the hour of sending.",
        ),
    ),
    Indicator.CLICK_RATE: Advice(
        noun="click rate",
        events="clicks",
        mail="mail with tracked links",
        happened="were clicked in",
        why="Of mail with tracked links that reached a mailbox, ever less is followed; a sudden "
        "fall often means that links are broken or blocked.",
        source=_DASHBOARD,
        steps=(
            "Follow the links of the last mailing yourself, with tracking as recipients have it.",
            "Check what changed: sender, offer, list, or the domain of the links.",
        ),
    ),
}

SILENCE_STEPS = (
    (
        "See whether what sends this mail still runs, and what SES answers when it tries: an "
        "account that may not send, a quota that is used up, an identity that is not verified "
        "any more."
    ),
    'If it is to send no more, take it out of the rule (exclude), or have missing_data be "ok".',
)
"""What helps where no mail is what is wrong."""

KIND_NAMES: Mapping[Dimension, str] = {
    Dimension.IDENTITY: "identity",
    Dimension.CONFIGURATION_SET: "configuration set",
    Dimension.TENANT: "tenant",
    Dimension.ISP: "mailbox provider",
}


def of(scope: Scope) -> str:
    """Return *scope* as it follows "the bounce rate"."""
    words = {
        Dimension.IDENTITY: "of",
        Dimension.CONFIGURATION_SET: "of the configuration set",
        Dimension.TENANT: "of the tenant",
        Dimension.ISP: "at",
    }
    parts = [f"{words[key]} {value}" for key, value in scope.dimensions.items()]
    return " ".join(parts) or f"of {scope}"


def kind_name(scope: Scope) -> str:
    """Return what sort of thing *scope* is, in words."""
    return " at ".join(KIND_NAMES[dimension] for dimension in scope.kind) or "all mail"
