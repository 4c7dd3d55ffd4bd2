"""Executions of the state machine of a fleet on the local AWS, in real time.

The stack of the hub and the role of each account are deployed as on AWS. Each invocation of a
function is a process of this machine, so the figures show what the functions do, and not how fast
Lambda is.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice, product
from pathlib import Path

from benchmarks.fixture import NOW, account_of
from vdm_alerts.core.fleet.fleet import DEFAULT_ROLE
from vdm_alerts.core.model.target import Target
from vdm_alerts_cli.spoke_template import spoke_template
from vdm_local.cdk import bootstrap
from vdm_local.deployment import EMAIL, LocalDeployment, deploy
from vdm_local.endpoints import HOME
from vdm_local.fleet_deployment import deploy_template, execute
from vdm_local.launcher import local_aws

EXTERNAL_ID = "9f1c7c1e"
IDENTITIES = 10


def measure(
    count: int, first_account: int, regions: Sequence[str], concurrency: int
) -> Iterator[Mapping[str, object]]:
    """Yield a row for each of three executions for *count* targets, *concurrency* at a time."""
    accounts = (f"{first_account + number}" for number in range(count))
    targets = [Target(*each) for each in islice(product(accounts, regions), count)]
    with tempfile.TemporaryDirectory() as folder:
        fleet, scenario = Path(folder) / "fleet.toml", Path(folder) / "story.toml"
        fleet.write_text(_fleet_file(targets))
        scenario.with_name("account.toml").write_text(account_of(IDENTITIES))
        scenario.write_text("".join(map(_scenario_of, targets)))
        with local_aws(scenario) as aws:
            bootstrap(aws)
            options = (f"email={EMAIL}", f"fleet={fleet}", f"fleetConcurrency={concurrency}")
            hub = deploy(aws, *(part for option in options for part in ("-c", option)))
            for account in sorted({target.account for target in targets}):
                _deploy_role(hub, Target(account, HOME.region))
            for hours, name in enumerate(("first", "second", "third")):
                now = NOW + timedelta(hours=hours)
                aws.set_clock(now.isoformat())
                execution = execute(hub, hub.outputs["StateMachineArn"], {"now": now.isoformat()})
                outcome = execution.output
                yield {
                    "case": f"local AWS, {concurrency} at a time",
                    "execution": name,
                    "targets": outcome["targets"],
                    "evaluated": outcome["evaluated"],
                    "seconds": round(execution.seconds, 1),
                    "seconds_per_target": round(execution.seconds / count, 2),
                    "notifications_due": outcome["notifications_due"],
                    "messages": outcome["messages_sent"],
                }


def _fleet_file(targets: Sequence[Target]) -> str:
    tables = (
        f'[[targets]]\naccount = "{target.account}"\nregions = ["{target.region}"]\n'
        for target in targets
    )
    return "\n".join([f'external_id = "{EXTERNAL_ID}"', *tables])


def _scenario_of(target: Target) -> str:
    return (
        f'[[targets]]\naccount = "{target.account}"\nregion = "{target.region}"\n'
        'scenario = "account.toml"\n'
    )


def _deploy_role(hub: LocalDeployment, target: Target) -> None:
    parameters = {
        "HubAccount": HOME.account,
        "HubRegion": HOME.region,
        "RoleName": DEFAULT_ROLE,
        "ExternalId": EXTERNAL_ID,
    }
    deploy_template(hub, target, "vdm-alerts-role", spoke_template("role"), parameters)
