"""The cold start of the function, compared with boto3 alone.

Each contender runs in fresh processes of Lambda's runtime, in turns. A process measures the time
until its modules are imported and its clients exist. The asset is measured without bytecode and, if
Python 3.13 is installed, with the bytecode of a deployment. boto3 always has bytecode, as in
Lambda.

    .venv/bin/python -m benchmarks.cold_start [--rounds N] [--json]

Requires the environments that `make test` sets up.
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
from vdm_alerts.adapters.aws.ses_rate_limiter import QUOTA_SHARE
from vdm_alerts.settings import Settings, environment_of

BOTO3_ALONE = """
import boto3

session = boto3.Session()
for service in ("sesv2", "ssm", "sns"):
    session.client(service)
session.resource("dynamodb").Table("table")
"""
HANDLER = """
from vdm_alerts.handlers import evaluate

evaluate._logger()
evaluate._settings_and_ports()
"""
TIMED_SCRIPT = """
import time

began = time.perf_counter()
{code}
print((time.perf_counter() - began) * 1000)
"""
MAX_RATIO = 1.15
"""The goal: the largest ratio of the asset's time to that of boto3 alone."""


def main() -> None:
    """Measure and print."""
    rounds, as_json = arguments(__doc__, rounds=15)
    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder) / "compiled"
        assemble(compiled)
        empty = Path(folder) / "bare"
        empty.mkdir()
        without_bytecode = Path(folder) / "without"
        shutil.copytree(compiled, without_bytecode, ignore=shutil.ignore_patterns("__pycache__"))
        contenders = {
            "boto3 alone": (BOTO3_ALONE, empty),
            "the asset, no byte code": (HANDLER, without_bytecode),
        }
        if any(compiled.rglob("*.pyc")):
            contenders["the asset"] = (HANDLER, compiled)
        for code, path in contenders.values():
            run(code, path)  # Warms the disk cache; not measured.
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, (code, path) in contenders.items():
                times[name].append(run(code, path))
        sizes = {name: zipped_size(path) for name, (_, path) in contenders.items()}
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
        "aim": f"{MAX_RATIO} x boto3 alone, by the median of the ratios in each round",
    }
    report(about, rows, as_json=as_json)


def run(code: str, path: Path) -> float:
    """Return the milliseconds that *code* takes in a fresh process.

    The process imports from *path*.
    """
    done = subprocess.run(
        [RUNTIME, "-s", "-c", TIMED_SCRIPT.format(code=code)],
        cwd=path,
        env=_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def zipped_size(path: Path) -> int:
    """Return the size of *path* as an archive in bytes; 0 if it is empty."""
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
        default_rules="bounce-rate=0123456789ab",
        service="vdm-alerts",
        quota_share=QUOTA_SHARE,
        queries_per_day=None,
        include_today=True,
        mask_addresses=True,
        quiet_hours=None,
        no_email_after=None,
        runbook_url=None,
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
