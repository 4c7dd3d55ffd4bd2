"""Commands of the AWS CLI, for an account in a Region."""

import shlex
from typing import assert_never

from vdm_alerts.core.model.findings import (
    DeleteParameter,
    EnableSending,
    Finding,
    Fix,
    ListSubscriptions,
    RestoreDefaultRule,
    ShowPausedTenants,
    SubscribeByEmail,
)
from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.rendering.content import Step
from vdm_alerts.core.notifications.rendering.links import Links


def pause_step(configuration_set: str, target: Target) -> Step:
    """Return the step that pauses all sending with *configuration_set*."""
    name, word = escape_invisible(configuration_set), _shell_word(configuration_set)
    return Step(
        f"To stop these emails now, pause configuration set {name}. Every sender that uses it gets "
        "an error until you undo this.",
        f"aws sesv2 put-configuration-set-sending-options --region {target.region} "
        f"--configuration-set-name {word} --no-sending-enabled",
        f"aws sesv2 get-configuration-set --region {target.region} --configuration-set-name {word} "
        "--query SendingOptions",
        "Repeat the command with --sending-enabled.",
    )


def suppression_step(target: Target) -> Step:
    """Return the step that suppresses addresses that bounced or complained."""
    return Step(
        "Remove nonexistent mailboxes from your list. Turn on the account-level suppression list, "
        "so that SES stops sending to addresses that bounce or complain from now on. Run the "
        "Verify command first, and note its output.",
        f"aws sesv2 put-account-suppression-attributes --region {target.region} "
        "--suppressed-reasons BOUNCE COMPLAINT",
        f"aws sesv2 get-account --region {target.region} --query SuppressionAttributes",
        "Repeat the command with the reasons that you noted, or with [] for none.",
    )


def fix_step(finding: Finding, links: Links) -> Step:
    """Return how to fix *finding*; in a fleet, also with the credentials of which account."""
    if finding.fix is None:
        return Step(f"{finding.remedy}.")
    place = links.target if is_in_ses(finding.fix) else links.hub or links.target
    credentials = f", with credentials of account {place.account}" if links.hub else ""
    verify, undo = _check_of(finding.fix, place)
    return Step(f"{finding.remedy}{credentials}:", command_of(finding.fix, place), verify, undo)


def is_in_ses(fix: Fix) -> bool:
    """Return whether *fix* is about SES in the target itself, and not about the stack."""
    return isinstance(fix, EnableSending | ShowPausedTenants)


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
        case ShowPausedTenants():
            return (
                f"aws sesv2 list-reputation-entities --region {target.region} "
                "--filter SENDING_STATUS=DISABLED"
            )
        case _:
            assert_never(fix)


def _check_of(fix: Fix, target: Target) -> tuple[str, str]:
    """Return the command that verifies *fix*, and how to undo it, if it changes SES."""
    if isinstance(fix, EnableSending):
        return (
            f"aws sesv2 get-account --region {target.region} --query SendingEnabled",
            "Repeat the command with --no-sending-enabled.",
        )
    return "", ""


def _shell_word(text: str) -> str:
    """Return *text* as one word of a shell command, on one line.

    Where it has escapes of invisible characters, the command names nothing that exists and fails.
    """
    return shlex.quote(escape_invisible(text))
