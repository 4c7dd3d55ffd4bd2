"""What the function is told by its environment, and nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.quiet_hours import NO_QUIET_HOURS, QuietHours, parse_quiet_hours


class InvalidSettingsError(VdmAlertsError):
    """The environment does not say all that it has to."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where everything is, and how much may be asked of SES: no thresholds.

    *shipped_rules* names the rules that came with the deployment, each with the digest of its
    text: "bounce-rate=0123456789ab complaint-rate=...". *quota_share* is how much to take of what
    SES answers in a second, a fraction; *queries_a_day* are as many as may be made, any number for
    None. *mask_addresses* keeps e-mail addresses out of logs and metrics. In *quiet_hours*, where
    there are any, people would rather not be written to.
    """

    account: str
    region: str
    table: str
    topic_arn: str
    rules_path: str
    silences_path: str
    default_rules: str
    service: str
    quota_share: float
    queries_per_day: int | None
    include_today: bool
    mask_addresses: bool
    quiet_hours: QuietHours | None

    @property
    def rule_fingerprints(self) -> Mapping[str, str]:
        """The digest of each shipped rule, by its name."""
        pairs = (each.partition("=") for each in self.default_rules.split())
        return {name: digest for name, _, digest in pairs}

    @property
    def target(self) -> Target:
        """The account and Region to monitor."""
        return Target(self.account, self.region)


VARIABLES: Mapping[str, str] = {
    "account": "VDM_ALERTS_ACCOUNT",
    "region": "VDM_ALERTS_REGION",
    "table": "VDM_ALERTS_TABLE",
    "topic_arn": "VDM_ALERTS_TOPIC_ARN",
    "rules_path": "VDM_ALERTS_RULES_PATH",
    "silences_path": "VDM_ALERTS_SILENCES_PATH",
    "default_rules": "VDM_ALERTS_SHIPPED_RULES",
    "service": "VDM_ALERTS_SERVICE",
    "quota_share": "VDM_ALERTS_QUOTA_SHARE",
    "queries_per_day": "VDM_ALERTS_QUERIES_A_DAY",
    "include_today": "VDM_ALERTS_INCLUDE_TODAY",
    "mask_addresses": "VDM_ALERTS_MASK_ADDRESSES",
    "quiet_hours": "VDM_ALERTS_QUIET_HOURS",
}
"""The environment variable of each setting; the stack sets them from here too."""

_UNLIMITED = "unlimited"
_ABSENT = {"queries_per_day": _UNLIMITED, "quiet_hours": NO_QUIET_HOURS}
"""What is written for None."""
_READERS: Mapping[str, Callable[[str], object]] = {
    "quota_share": float,
    "queries_per_day": lambda text: None if text == _UNLIMITED else int(text),
    "include_today": lambda text: {"true": True, "false": False}[text],
    "mask_addresses": lambda text: {"true": True, "false": False}[text],
    "quiet_hours": parse_quiet_hours,
}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings in *environment*. Raises BadSettings, naming every unset variable."""
    unset = [name for name in VARIABLES.values() if not environment.get(name)]
    if unset:
        message = f"{', '.join(unset)} not set in the function's environment; the stack sets them"
        raise InvalidSettingsError(message)
    found: dict[str, Any] = {}
    for key, name in VARIABLES.items():
        try:
            found[key] = _READERS.get(key, str)(environment[name])
        except (KeyError, ValueError) as error:
            message = f'{name} is "{environment[name]}", which it cannot be; the stack sets it'
            raise InvalidSettingsError(message) from error
    return Settings(**found)


def environment_of(settings: Settings) -> Mapping[str, str]:
    """Return the environment that *settings* are read from again."""
    return {name: _text(key, getattr(settings, key)) for key, name in VARIABLES.items()}


def _text(key: str, value: object) -> str:
    if value is None:
        return _ABSENT[key]
    return str(value).lower() if isinstance(value, bool) else str(value)
