"""How long the function takes to wake up from nothing, beside a handler that only has boto3.

Each is started in fresh processes of Lambda's runtime as the tests have it, one after the other in
every round, and times itself from its first line until its modules are imported and its clients
are made. The asset is measured with the byte code that a deployment adds where Python 3.13 is at
hand, and without; boto3 always has its own, as in Lambda.

    .venv/bin/python -m benchmarks.cold_start [--rounds N] [--json]

It wants what `make test` sets up.
"""

import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.fixture import RUNTIME
from benchmarks.report import arguments, report
from infra.asset import assemble
from vdm_alerts.adapters.aws.ses_rate_limiter import SHARE
from vdm_alerts.settings import Settings, environment_of

BARE = """
import boto3

session = boto3.Session()
for service in ("sesv2", "ssm", "sns"):
    session.client(service)
session.resource("dynamodb").Table("table")
"""
OURS = """
from vdm_alerts import handler

handler._logger()
handler._wired()
"""
TIMED = """
import time

began = time.perf_counter()
{work}
print((time.perf_counter() - began) * 1000)
"""
AIM = 1.15
"""The most that ours may be of the bare handler's time."""


def main() -> None:
    """Measure and print."""
    rounds, as_json = arguments(__doc__, rounds=15)
    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder) / "compiled"
        assemble(compiled)
        bare = Path(folder) / "bare"
        bare.mkdir()
        without = Path(folder) / "without"
        shutil.copytree(compiled, without, ignore=shutil.ignore_patterns("__pycache__"))
        contenders = {
            "boto3 alone": (BARE, bare),
            "the asset, no byte code": (OURS, without),
        }
        if any(compiled.rglob("*.pyc")):
            contenders["the asset"] = (OURS, compiled)
        for work, path in contenders.values():
            started(work, path)  # Once for the disk's cache; it is not counted.
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, (work, path) in contenders.items():
                times[name].append(started(work, path))
        sizes = {name: zipped(path) for name, (_, path) in contenders.items()}
    baseline = times["boto3 alone"]
    rows = [
        {
            "contender": name,
            "median_ms": round(statistics.median(each)),
            "least_ms": round(min(each)),
            "most_ms": round(max(each)),
            "median_ratio": round(
                statistics.median(a / b for a, b in zip(each, baseline, strict=True)), 2
            ),
            "zipped_mb": round(sizes[name] / 1e6, 2) or None,
        }
        for name, each in times.items()
    ]
    version = subprocess.run([RUNTIME, "-V"], capture_output=True, text=True, check=True).stdout
    about = {
        "rounds": rounds,
        "python": version.strip(),
        "aim": f"{AIM} x boto3 alone, by the median of the ratios in each round",
    }
    report(about, rows, as_json=as_json)


def started(work: str, path: Path) -> float:
    """Return the milliseconds that *work* takes in a fresh process with *path* to import from."""
    done = subprocess.run(
        [RUNTIME, "-s", "-c", TIMED.format(work=work)],
        cwd=path,
        env=_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def zipped(path: Path) -> int:
    """Return the bytes of *path* as an archive; 0 where there is nothing in it."""
    if not any(path.iterdir()):
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return Path(shutil.make_archive(f"{folder}/asset", "zip", path)).stat().st_size


def _environment() -> Mapping[str, str]:
    settings = Settings(
        account="111122223333",
        region="eu-west-1",
        table="table",
        topic_arn="arn:aws:sns:eu-west-1:111122223333:topic",
        rules_path="/vdm-alerts/rules",
        silences_path="/vdm-alerts/silences",
        shipped_rules="bounce-rate=0123456789ab",
        service="vdm-alerts",
        quota_share=SHARE,
        queries_a_day=None,
        include_today=True,
        mask_addresses=True,
        quiet_hours=None,
    )
    return {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        **environment_of(settings),
    }


if __name__ == "__main__":
    main()
