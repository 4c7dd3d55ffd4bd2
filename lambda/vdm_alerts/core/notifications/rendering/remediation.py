"""The next steps of a notification, and why a breach matters."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from vdm_alerts.core.model.findings import (
    DeleteParameter,
    EnableSending,
    Finding,
    Fix,
    ListSubscriptions,
    RestoreDefaultRule,
    SubscribeByEmail,
)
from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.target import Target


@dataclass(frozen=True, slots=True)
class Remediation:
    """Why a breach of one indicator matters, and the steps that help."""

    why: str
    """Why a breach matters, in one or two sentences."""
    source: str
    """The page of the AWS documentation that `why` is from."""
    steps: tuple[str, ...]
    """What to do, in order."""


_REVIEW = "https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html"
_DASHBOARD = "https://docs.aws.amazon.com/ses/latest/dg/vdm-dashboard.html"

REMEDIATION: Mapping[Indicator, Remediation] = {
    Indicator.BOUNCE_RATE: Remediation(
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
    Indicator.TRANSIENT_BOUNCE_RATE: Remediation(
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
    Indicator.COMPLAINT_RATE: Remediation(
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
    Indicator.DELIVERY_RATE: Remediation(
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
    Indicator.OPEN_RATE: Remediation(
        why="Of mail with engagement tracking that reached a mailbox, ever less is looked at; a "
        "fall at one provider often means that it has begun to file your mail as spam.",
        source=_DASHBOARD,
        steps=(
            "Look into a mailbox of your own at the provider: is the mail in the spam folder?",
            "Check what changed: sender, subject, list, or the hour of sending.",
        ),
    ),
    Indicator.CLICK_RATE: Remediation(
        why="Of mail with tracked links that reached a mailbox, ever less is followed; a sudden "
        "fall often means that links are broken or blocked.",
        source=_DASHBOARD,
        steps=(
            "Follow the links of the last mailing yourself, with tracking as recipients have it.",
            "Check what changed: sender, offer, list, or the domain of the links.",
        ),
    ),
}

NO_EMAIL_STEPS = (
    (
        "See whether what sends this mail still runs, and what SES answers when it tries: an "
        "account that may not send, a quota that is used up, an identity that is not verified "
        "any more."
    ),
    'If it is to send no more, take it out of the rule (exclude), or have missing_data be "ok".',
)
"""The steps if the lack of emails is the breach."""


def provider_step(isp: str) -> str:
    """Return the step about a provider that is the common cause for several senders."""
    return (
        f"Read the replies of {isp} to this email: SES console, Virtual Deliverability Manager, "
        "Dashboard, Messages. They say whether the provider refuses your IP addresses, your "
        "domains, or the recipients."
    )


def pause_step(configuration_set: str, target: Target) -> str:
    """Return the step that pauses all sending with *configuration_set*."""
    name = escape_invisible(configuration_set)
    return (
        f"To stop at once all that is sent with the configuration set {name} (whoever "
        "sends gets an error until --sending-enabled switches it on again): "
        f"aws sesv2 put-configuration-set-sending-options --region {target.region} "
        f"--configuration-set-name {_shell_word(name)} --no-sending-enabled"
    )


def fix_text(finding: Finding, target: Target) -> str:
    """Return how to fix *finding*. No period follows a command."""
    if finding.fix is None:
        return finding.remedy
    return f"{finding.remedy}: {command_of(finding.fix, target)}"


def _shell_word(text: str) -> str:
    """Return *text* as one word of a shell command, on one line.

    Where it has escapes of invisible characters, the command names nothing that exists and fails.
    """
    return shlex.quote(escape_invisible(text))


def command_of(fix: Fix, target: Target) -> str:
    """Return the command of *fix*, for an account in a Region."""
    match fix:
        case DeleteParameter(name=name):
            return f"aws ssm delete-parameter --region {target.region} --name {_shell_word(name)}"
        case RestoreDefaultRule(rule=rule, name=name):
            return (
                f"aws ssm put-parameter --region {target.region} --type String "
                f"--name {_shell_word(name)} --value {_shell_word(f'file://rules/{rule}.toml')}"
            )
        case SubscribeByEmail():
            return (
                f"aws sns subscribe --region {target.region} --protocol email "
                "--topic-arn TOPIC_ARN --notification-endpoint you@example.com"
            )
        case ListSubscriptions():
            return (
                f"aws sns list-subscriptions-by-topic --region {target.region} "
                "--topic-arn TOPIC_ARN"
            )
        case EnableSending():
            return (
                f"aws sesv2 put-account-sending-attributes --region {target.region} "
                "--sending-enabled"
            )
        case _:
            assert_never(fix)
