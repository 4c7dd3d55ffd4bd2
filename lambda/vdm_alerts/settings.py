"""The settings of the functions, which they read from their environment variables."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.quiet_hours import NO_QUIET_HOURS, QuietHours, parse_quiet_hours
from vdm_alerts.core.observations.no_email import NEVER, parse_no_email_after


class InvalidSettingsError(VdmAlertsError):
    """An environment variable is missing or invalid."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the function: resources and limits, without any threshold."""

    account: str
    """The AWS account ID, of 12 digits."""
    region: str
    """The AWS Region, such as "eu-west-1"."""
    table: str
    """The name of the DynamoDB table."""
    topic_arn: str
    """The ARN of the SNS topic."""
    rules_path: str
    """The SSM parameter path of the rules, such as "/vdm-alerts/rules"."""
    silences_path: str
    """The SSM parameter path of the silences, such as "/vdm-alerts/silences"."""
    default_rules: str
    """The deployed default rules and the fingerprints of their texts, separated by spaces.

    Example: "bounce-rate=0123456789ab complaint-rate=...".
    """
    service: str
    """The value of the metric dimension "service", which distinguishes stacks."""
    quota_share: float
    """The fraction of the SES call quota to use, from 0 to 1."""
    queries_per_day: int | None
    """The maximum number of VDM queries in a UTC day; None is no limit."""
    include_today: bool
    """Whether rates include the partial counts of today."""
    mask_addresses: bool
    """Whether email addresses are masked in logs and metrics."""
    quiet_hours: QuietHours | None
    """The daily hours in which only urgent notifications are sent; None for no quiet hours."""
    no_email_after: Window | None
    """The days without email of the account that are notified; None if no number is."""
    runbook_url: str | None
    """The URL of the runbook that notifications link to; None if they name the file."""

    @property
    def rule_fingerprints(self) -> Mapping[str, str]:
        """The fingerprint of the text of each deployed default rule, by its name."""
        pairs = (pair.partition("=") for pair in self.default_rules.split())
        return {name: fingerprint for name, _, fingerprint in pairs}

    @property
    def target(self) -> Target:
        """The account and Region to monitor."""
        return Target(self.account, self.region)


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """What the evaluator and the delivery of a fleet need in addition."""

    fleet_bucket: str
    """The name of the S3 bucket with the files of each execution."""
    fleet_interval: timedelta
    """The shortest time between two scheduled executions, by which what they may do is limited."""


@dataclass(frozen=True, slots=True)
class TargetListSettings:
    """The settings of the function that lists the targets of a fleet."""

    account: str
    """The AWS account ID of the hub, of 12 digits."""
    region: str
    """The AWS Region of the hub."""
    fleet_bucket: str
    """The name of the S3 bucket with the files of each execution."""
    fleet_file_bucket: str
    """The name of the S3 bucket with the fleet file."""
    fleet_file_key: str
    """The key of the fleet file in its bucket."""

    @property
    def hub(self) -> Target:
        """The account and Region of the deployment."""
        return Target(self.account, self.region)


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """The settings of the function that sends the notifications of a fleet.

    The fields of `Settings` and `FleetSettings` explain them.
    """

    account: str
    region: str
    table: str
    topic_arn: str
    service: str
    mask_addresses: bool
    quiet_hours: QuietHours | None
    runbook_url: str | None
    fleet_bucket: str
    fleet_interval: timedelta

    @property
    def hub(self) -> Target:
        """The account and Region of the deployment."""
        return Target(self.account, self.region)


VARIABLES: Mapping[str, str] = {
    "account": "VDM_ALERTS_ACCOUNT",
    "region": "VDM_ALERTS_REGION",
    "table": "VDM_ALERTS_TABLE",
    "topic_arn": "VDM_ALERTS_TOPIC_ARN",
    "rules_path": "VDM_ALERTS_RULES_PATH",
    "silences_path": "VDM_ALERTS_SILENCES_PATH",
    "default_rules": "VDM_ALERTS_DEFAULT_RULES",
    "service": "VDM_ALERTS_SERVICE",
    "quota_share": "VDM_ALERTS_QUOTA_SHARE",
    "queries_per_day": "VDM_ALERTS_QUERIES_PER_DAY",
    "include_today": "VDM_ALERTS_INCLUDE_TODAY",
    "mask_addresses": "VDM_ALERTS_MASK_ADDRESSES",
    "quiet_hours": "VDM_ALERTS_QUIET_HOURS",
    "no_email_after": "VDM_ALERTS_NO_EMAIL_AFTER",
    "runbook_url": "VDM_ALERTS_RUNBOOK_URL",
}
"""The environment variable of each setting. The stack uses these names to set them."""
FLEET_VARIABLES: Mapping[str, str] = {
    "fleet_bucket": "VDM_ALERTS_FLEET_BUCKET",
    "fleet_interval": "VDM_ALERTS_FLEET_INTERVAL",
    "fleet_file_bucket": "VDM_ALERTS_FLEET_FILE_BUCKET",
    "fleet_file_key": "VDM_ALERTS_FLEET_FILE_KEY",
}
"""The environment variable of each setting that only fleets have."""

_UNLIMITED = "unlimited"
_NONE = "none"
_ABSENT = {
    "queries_per_day": _UNLIMITED,
    "quiet_hours": NO_QUIET_HOURS,
    "no_email_after": NEVER,
    "runbook_url": _NONE,
}
"""The text for None in the environment variable of a setting."""
_READERS: Mapping[str, Callable[[str], object]] = {
    "quota_share": float,
    "queries_per_day": lambda text: None if text == _UNLIMITED else int(text),
    "include_today": lambda text: {"true": True, "false": False}[text],
    "mask_addresses": lambda text: {"true": True, "false": False}[text],
    "quiet_hours": parse_quiet_hours,
    "no_email_after": parse_no_email_after,
    "runbook_url": lambda text: None if text == _NONE else text,
    "fleet_interval": lambda text: timedelta(seconds=int(text)),
}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings in *environment*.

    Raises InvalidSettingsError, which names every missing variable, or the first invalid variable
    and its value.
    """
    return Settings(**_read(Settings, environment))


def read_fleet_settings(environment: Mapping[str, str]) -> FleetSettings | None:
    """Return the settings of a fleet in *environment*, or None if it has none of them.

    Raises InvalidSettingsError like `read_settings`.
    """
    if not any(environment.get(_variable(key)) for key in _keys(FleetSettings)):
        return None
    return FleetSettings(**_read(FleetSettings, environment))


def read_target_list_settings(environment: Mapping[str, str]) -> TargetListSettings:
    """Return the settings in *environment*. Raises InvalidSettingsError like `read_settings`."""
    return TargetListSettings(**_read(TargetListSettings, environment))


def read_delivery_settings(environment: Mapping[str, str]) -> DeliverySettings:
    """Return the settings in *environment*. Raises InvalidSettingsError like `read_settings`."""
    return DeliverySettings(**_read(DeliverySettings, environment))


def environment_of(
    settings: Settings | FleetSettings | TargetListSettings | DeliverySettings,
) -> Mapping[str, str]:
    """Return the environment variables from which the functions above read *settings*."""
    return {_variable(key): _text(key, getattr(settings, key)) for key in _keys(type(settings))}


def _read(settings_class: type, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the value of each field of *settings_class*. Raises InvalidSettingsError."""
    variables = {key: _variable(key) for key in _keys(settings_class)}
    unset = [name for name in variables.values() if not environment.get(name)]
    if unset:
        message = (
            f"environment of the function: {', '.join(unset)} not set. Fix: deploy the stack again."
        )
        raise InvalidSettingsError(message)
    values: dict[str, Any] = {}
    for key, name in variables.items():
        try:
            values[key] = _READERS.get(key, str)(environment[name])
        except (KeyError, ValueError) as error:
            message = (
                f'{name}: "{environment[name]}" is not a valid value. Fix: deploy the stack again.'
            )
            raise InvalidSettingsError(message) from error
    return values


def _keys(settings_class: type) -> Iterable[str]:
    return [field.name for field in fields(settings_class)]


def _variable(key: str) -> str:
    return VARIABLES.get(key) or FLEET_VARIABLES[key]


def _text(key: str, value: object) -> str:
    if isinstance(value, Window):
        return f"{value.days}d"
    if isinstance(value, timedelta):
        return str(value // timedelta(seconds=1))
    if value is None:
        return _ABSENT[key]
    return str(value).lower() if isinstance(value, bool) else str(value)
