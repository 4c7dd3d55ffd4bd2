"""Memory and processor time of one run, by number of identities.

The asset runs once in a fresh process of Lambda's runtime, against the local AWS. The operating
system reports its usage. The duration in Lambda follows from that, because a function has one
processor for each 1,769 MB, and from the duration of a VDM call that `vdm-alerts cost` assumes.
Calls and computation overlap, so the longer of the two counts.

    .venv/bin/python -m benchmarks.function_size [--rounds N] [--json]

Requires the environments that `make test` sets up.
"""

import json
import os
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fixture import RUNTIME, account_of
from benchmarks.report import arguments, report
from infra.asset import assemble
from vdm_alerts_cli.cost import LATENCY_S, PROCESSOR_MB, seconds_waited
from vdm_local.cdk import bootstrap
from vdm_local.deployment import LocalDeployment, deploy
from vdm_local.launcher import local_aws

IDENTITIES = (1, 100, 1_000, 10_000)
MEMORY_SIZES_MB = (128, 256, 512, 1_024)
"""Memory sizes to calculate the duration for."""
EXTRA_ROW = 'configuration_set = "all"'
NOW = "2026-03-01T12:00:00Z"
RUN_SCRIPT = """
import json, resource, sys, time

class Context:
    def get_remaining_time_in_millis(self):
        return 900_000

from vdm_alerts.handlers.evaluate import lambda_handler

began = time.perf_counter()
summary = lambda_handler({"now": sys.argv[1]}, Context())
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "queries": summary["queries"],
    "unknown": summary["series_unknown"],
    "cpu": used.ru_utime + used.ru_stime,
    # Not ru_maxrss, which starts with the value of the parent process.
    "mb": int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024,
}))
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources of one run: queries, processor seconds and peak memory in MB."""

    queries: int
    cpu: float
    mb: float


def main() -> None:
    """Measure and print."""
    rounds, as_json = arguments(__doc__, rounds=1)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        asset, scenario = Path(folder) / "asset", Path(folder) / "scenario.toml"
        assemble(asset)
        scenario.write_text(account_of(1, EXTRA_ROW))
        with local_aws(scenario) as aws:
            bootstrap(aws)
            deployment = deploy(aws, "-c", "email=ops@example.com")
            for identities in IDENTITIES:
                aws.set_scenario(account_of(identities, EXTRA_ROW))
                usages = [run_once(asset, deployment) for _ in range(rounds)]
                rows.append(summarize(identities, usages))
    about = {"rounds": rounds, "latency": f"{LATENCY_S} s a call"}
    report(about, rows, as_json=as_json)


def summarize(identities: int, usages: list[Usage]) -> dict[str, object]:
    """Return the medians of *usages* and the durations in Lambda."""
    queries = usages[0].queries
    cpu = statistics.median(each.cpu for each in usages)
    waiting = seconds_waited(queries, LATENCY_S)
    return {
        "identities": identities,
        "queries": queries,
        "cpu_s": round(cpu, 1),
        "peak_mb": round(statistics.median(each.mb for each in usages)),
        **{
            f"s_at_{size}_mb": round(max(waiting, cpu * PROCESSOR_MB / size))
            for size in MEMORY_SIZES_MB
        },
    }


def run_once(asset: Path, deployment: LocalDeployment) -> Usage:
    """Run *asset* once with the environment of the deployed function."""
    function = deployment.client("lambda").get_function_configuration(
        FunctionName=deployment.outputs["FunctionName"]
    )
    deployment.clear_state()  # The first run takes longest, because nothing is cached.
    deployment.aws.set_clock(NOW)
    done = subprocess.run(
        [RUNTIME, "-s", "-c", RUN_SCRIPT, NOW],
        cwd=asset,
        env={
            **deployment.aws.variables,
            **function["Environment"]["Variables"],
            "PATH": os.environ["PATH"],
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    if result["unknown"]:
        raise SystemExit(f"{result['unknown']} series could not be read, so that this says nothing")
    return Usage(result["queries"], result["cpu"], result["mb"])


if __name__ == "__main__":
    main()
