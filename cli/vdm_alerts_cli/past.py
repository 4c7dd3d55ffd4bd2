"""The alert history of a deployment, and how a user names a past period."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.core.alerts.history import RecentTransitions, Transition
from vdm_alerts.core.fleet.field_types import ACCOUNT
from vdm_alerts.core.fleet.regions import is_region
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.rules.field_types import parse_duration
from vdm_alerts.core.rules.patterns import matches_pattern
from vdm_alerts.core.rules.quoting import quote
from vdm_alerts_cli.clock import parse_time
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.deployment import Deployment
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.output import warn
from vdm_alerts_cli.read_only_table import read_only_table
from vdm_alerts_cli.scope_names import matching_scopes


def read_past(
    connection: Connection, deployment: Deployment, since: datetime, target: Target | None = None
) -> RecentTransitions:
    """Return the transitions from *since* on, the oldest first.

    They are of *target*, a target of a fleet, or of the account and Region of the deployment.

    Raises AccessDeniedError or UnavailableError.
    """
    table = read_only_table(connection, deployment.settings.table)
    return DynamoDbState(table).transitions_since(
        target or deployment.settings.target, since, with_evidence=True
    )


def parse_target(text: str, where: str) -> Target:
    """Return the target *text*, an account ID and a Region with a slash between them.

    Raises InvalidInputError, which names *where* the text stands.
    """
    account, _, region = text.partition("/")
    if not (ACCOUNT.fullmatch(account) and is_region(region)):
        raise InvalidInputError(
            f"{where}: {quote(text)} is not a target. Use an account ID and a Region, for example "
            "222222222222/eu-west-1."
        )
    return Target(account, region)


def warn_if_incomplete(recent: RecentTransitions) -> None:
    """Say on standard error that some transitions of the period are missing."""
    if not recent.is_complete:
        oldest = f", from {recent.items[0].time:%Y-%m-%d %H:%M} UTC on" if recent.items else ""
        warn(
            f"not read: a part of the alert history. There are very many changes, or some are "
            f"damaged. These are the latest {len(recent.items):,}{oldest}."
        )


def selected(
    transitions: Sequence[Transition], scope: str | None, rule: str | None
) -> Sequence[Transition]:
    """Return those of *transitions* in *scope* and of *rule*, a pattern; None stands for any.

    The result is empty if *scope* is in none of them: its alerts did not change.
    """
    scopes = {change.key.scope for change in transitions}
    if scope:
        scopes = {*matching_scopes(scope, scopes)}
    return [
        change
        for change in transitions
        if change.key.scope in scopes and (rule is None or matches_pattern(change.key.rule, rule))
    ]


def parse_since(text: str, now: datetime, where: str) -> datetime:
    """Return the time that *text* names: an age such as "7d", or a time with an offset.

    Raises InvalidInputError, which names *where* the text stands.
    """
    age = _duration(text)
    return now - age if age else parse_time(text, where)


def parse_length(text: str, where: str) -> timedelta:
    """Return the duration *text*, such as "2h" or "3d". Raises InvalidInputError."""
    duration = _duration(text)
    if duration is None:
        raise InvalidInputError(
            f"{where}: {quote(text)} is not a duration. Use hours or days from 1h to 60d, for "
            "example 2h or 3d."
        )
    return duration


def _duration(text: str) -> timedelta | None:
    try:
        return parse_duration(text)
    except ValueError:
        return None
