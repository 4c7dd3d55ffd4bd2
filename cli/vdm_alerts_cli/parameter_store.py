"""SSM Parameter Store in memory, so that `simulate` reads rules as production does."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from vdm_alerts.adapters.aws.ssm_rules import SsmRules
from vdm_alerts.adapters.aws.ssm_silences import SsmSilences
from vdm_alerts.core.rules.default_rules import DEFAULT_FOLDER, fingerprint

RULES, SILENCES = "/vdm-alerts/rules", "/vdm-alerts/silences"
"""The parameter paths of a deployment with default settings."""


class ParameterStore:
    """Parameter Store with the default rules in it, and the rules and silences of a user."""

    def __init__(self, shipped: Mapping[str, str], region: str) -> None:
        """Start with the *shipped* rules, texts by name, as a deployment in *region* does."""
        self.meta = SimpleNamespace(region_name=region)
        self._endpoint = SimpleNamespace(http_session=None)  # Requests have no time limit.
        self._texts = {f"{RULES}/{DEFAULT_FOLDER}/{name}": text for name, text in shipped.items()}
        self._digests = {name: fingerprint(text) for name, text in shipped.items()}

    def write(self, rules: Mapping[str, str], silences: Mapping[str, str]) -> None:
        """Write *rules* and *silences*, texts by name; an empty text deletes one.

        It deletes the custom rule of that name if there is one, and else the default rule.
        """
        for name, text in rules.items():
            own, shipped = f"{RULES}/{name}", f"{RULES}/{DEFAULT_FOLDER}/{name}"
            self._texts[own if text or own in self._texts else shipped] = text
        self._texts |= {f"{SILENCES}/{name}": text for name, text in silences.items()}
        self._texts = {name: text for name, text in self._texts.items() if text}

    def rules(self) -> SsmRules:
        """Return the RuleSource on these parameters."""
        return SsmRules(cast("Any", self), RULES, self._digests)

    def silences(self) -> SsmSilences:
        """Return the SilenceSource on these parameters."""
        return SsmSilences(cast("Any", self), SILENCES)

    def get_parameters_by_path(self, **request: object) -> Mapping[str, Any]:
        """Return one page with every parameter below the path of *request*, like the SSM client."""
        return {
            "Parameters": [
                {"Name": name, "Value": text, "Type": "String"}
                for name, text in self._texts.items()
                if name.startswith(f"{request['Path']}/")
            ]
        }
