"""What the function is told by its environment, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

from vdm_alerts.core.errors import VdmAlertsError
from vdm_alerts.core.prose import Origin


class BadSettings(VdmAlertsError):
    """The environment does not say all that it has to."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where everything is: names only, no thresholds.

    *shipped_rules* names the rules that came with the deployment, each with the digest of its
    text: "bounce-rate=0123456789ab complaint-rate=...".
    """

    table: str
    topic_arn: str
    rules_path: str
    shipped_rules: str
    service: str

    @property
    def digests(self) -> Mapping[str, str]:
        """The digest of each shipped rule, by its name."""
        pairs = (each.partition("=") for each in self.shipped_rules.split())
        return {name: digest for name, _, digest in pairs}

    @property
    def origin(self) -> Origin:
        """The account and Region that are watched: the topic's own."""
        _, _, _, region, account, _ = self.topic_arn.split(":")
        return Origin(account, region)


VARIABLES: Mapping[str, str] = {
    "table": "VDM_ALERTS_TABLE",
    "topic_arn": "VDM_ALERTS_TOPIC_ARN",
    "rules_path": "VDM_ALERTS_RULES_PATH",
    "shipped_rules": "VDM_ALERTS_SHIPPED_RULES",
    "service": "VDM_ALERTS_SERVICE",
}
"""The environment variable of each setting; the stack sets them from here too."""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings in *environment*. Raises BadSettings, naming every unset variable."""
    unset = [name for name in VARIABLES.values() if not environment.get(name)]
    if unset:
        message = f"{', '.join(unset)} not set in the function's environment; the stack sets them"
        raise BadSettings(message)
    return Settings(**{key: environment[name] for key, name in VARIABLES.items()})
