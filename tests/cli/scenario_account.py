"""An AWS account in this process, as a scenario describes it, for commands that read an account."""

from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from vdm_alerts.core.evaluation.ses_rates import SES_METRICS
from vdm_alerts_cli import account_counts, check, clock, export
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.in_process_ses import SimulatedClock, in_process_client
from vdm_alerts_cli.report import command, reading
from vdm_local.account import ACCOUNT, REGION
from vdm_local.endpoint import Endpoint
from vdm_local.scenario import Scenario, parse_scenario


class CloudWatch:
    """A client of CloudWatch that has the rates that SES reports in a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._rates = scenario.ses_rates
        self._endpoint = SimpleNamespace(http_session=None)
        self.meta = SimpleNamespace(service_model=None)

    def get_metric_data(self, **request: Any) -> Mapping[str, Any]:
        results = []
        for indicator, metric in SES_METRICS.items():
            known = [
                (at, rate)
                for at, rate in self._rates[metric]
                if request["StartTime"] <= at < request["EndTime"]
            ]
            results.append(
                {
                    "Id": indicator.key,
                    "StatusCode": "Complete",
                    "Timestamps": [at for at, _ in known],
                    "Values": [rate for _, rate in known],
                }
            )
        return {"MetricDataResults": results}


def use_account(monkeypatch: pytest.MonkeyPatch, text: str, now: datetime) -> None:
    """Let commands read an account without a stack, with the scenario in *text*, as of *now*."""
    scenario = parse_scenario(text, "the test's")
    clients = {
        "sesv2": in_process_client(Endpoint(scenario, now)),
        "cloudwatch": CloudWatch(scenario),
    }
    account = Connection(None, REGION, ACCOUNT, clients)
    time = SimulatedClock()
    monkeypatch.setenv(clock.VARIABLE, now.isoformat())
    names = {"connect": lambda _: account, "find_deployment": lambda *_: None, "time": time}
    for module in (account_counts, check, export, command, reading):
        for name, value in names.items():
            monkeypatch.setattr(module, name, value, raising=False)
