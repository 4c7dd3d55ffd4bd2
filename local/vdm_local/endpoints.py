"""SES of every target of the local AWS: an endpoint for each account in a Region."""

from collections.abc import Iterator
from datetime import date
from threading import Lock

from vdm_alerts.core.model.target import Target
from vdm_local.account import ACCOUNT, REGION
from vdm_local.endpoint import Endpoint
from vdm_local.fleet_scenario import FleetScenario
from vdm_local.scenario import Scenario

HOME = Target(ACCOUNT, REGION)
"""The target of the local AWS that the stack is deployed to."""
WITHOUT_VDM = Scenario(begins=date(2026, 1, 1), vdm_enabled=False)
"""SES where a fleet scenario has no scenario: no email is sent, and VDM is off."""


class Endpoints:
    """The endpoints of a scenario: one for all targets, or one for each target of a fleet."""

    def __init__(self, scenario: Scenario | FleetScenario) -> None:
        self._single = Endpoint(scenario) if isinstance(scenario, Scenario) else None
        scenarios = scenario.scenarios if isinstance(scenario, FleetScenario) else {}
        self._endpoints = {target: Endpoint(each) for target, each in scenarios.items()}
        self._lock = Lock()

    @property
    def home(self) -> Endpoint:
        """The endpoint of the account and the Region that the stack is deployed to."""
        return self.of(HOME)

    def of(self, target: Target) -> Endpoint:
        """Return the endpoint of *target*."""
        if self._single:
            return self._single
        with self._lock:
            return self._endpoints.setdefault(target, Endpoint(WITHOUT_VDM))

    def __iter__(self) -> Iterator[Endpoint]:
        with self._lock:
            return iter([self._single] if self._single else [*self._endpoints.values()])
