"""What one run takes of memory and processor, by the number of identities that send.

The asset runs once in a fresh process of Lambda's runtime, against the local AWS, and says what
the operating system counted for it. From that follows how long it would take in Lambda, where a
function has a processor for every 1,769 MB, if a call of VDM took as long as `vdm-alerts cost`
reckons: one goes on while the others wait, so that the longer of the two counts.

    .venv/bin/python -m benchmarks.function_size [--rounds N] [--json]

It wants what `make test` sets up.
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
SIZES = (128, 256, 512, 1_024)
"""Memory in MB to work out the time for."""
CONFIGURED = 'configuration_set = "all"'
NOW = "2026-03-01T12:00:00Z"
RUN = """
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
    # Not ru_maxrss: it begins with what the process that started this one had.
    "mb": int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024,
}))
"""


@dataclass(frozen=True, slots=True)
class Used:
    """What one run used: queries of VDM, seconds of processor, and MB of memory at the most."""

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
        scenario.write_text(account_of(1, CONFIGURED))
        with local_aws(scenario) as aws:
            bootstrap(aws)
            deployed = deploy(aws, "-c", "email=ops@example.com")
            for identities in IDENTITIES:
                aws.set_scenario(account_of(identities, CONFIGURED))
                used = [run(asset, deployed) for _ in range(rounds)]
                rows.append(row(identities, used))
    about = {"rounds": rounds, "latency": f"{LATENCY_S} s a call"}
    report(about, rows, as_json=as_json)


def row(identities: int, used: list[Used]) -> dict[str, object]:
    """Return the medians of *used*, and how long that takes in Lambda."""
    queries = used[0].queries
    cpu = statistics.median(each.cpu for each in used)
    waiting = seconds_waited(queries, LATENCY_S)
    return {
        "identities": identities,
        "queries": queries,
        "cpu_s": round(cpu, 1),
        "peak_mb": round(statistics.median(each.mb for each in used)),
        **{f"s_at_{size}_mb": round(max(waiting, cpu * PROCESSOR_MB / size)) for size in SIZES},
    }


def run(asset: Path, deployed: LocalDeployment) -> Used:
    """Run *asset* once, in the environment of the function that is *deployed*."""
    function = deployed.client("lambda").get_function_configuration(
        FunctionName=deployed.outputs["FunctionName"]
    )
    deployed.clear_state()  # Its first run is its longest: nobody has been listed or read yet.
    deployed.aws.set_clock(NOW)
    done = subprocess.run(
        [RUNTIME, "-s", "-c", RUN, NOW],
        cwd=asset,
        env={
            **deployed.aws.variables,
            **function["Environment"]["Variables"],
            "PATH": os.environ["PATH"],
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    if found["unknown"]:
        raise SystemExit(f"{found['unknown']} series could not be read, so that this says nothing")
    return Used(found["queries"], found["cpu"], found["mb"])


if __name__ == "__main__":
    main()
