"""How fast a whole account is read, beside what people write today.

The local VDM runs in a process of its own, takes LATENCY for each answer, and enforces both of
SES's quotas: 16 calls and 160 queries a second. Each contender reads the same series in a fresh
process: a loop over boto3; a pool of threads that leaves the pace to botocore's adaptive mode; and
the reader that ships. What was asked and what was refused is what the server counted. A contender
is stopped after so many seconds, so that the loop does not take a third of an hour.

    .venv/bin/python -m benchmarks.sweep [--identities N] [--seconds S] [--json]
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.fixture import ROOT, account_of
from benchmarks.report import report

LATENCY = 0.3
QUERIES_A_SECOND = 160
FEEDBACK = ('permanent_bounce = "10x60"', 'complaint = "1x60"')
NOW = "2026-03-01T12:00:00Z"

COMMON = """
import contextlib, json, signal, sys, time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Lock
import boto3
from botocore.config import Config

url, identities = sys.argv[1], int(sys.argv[2])
TODAY = date(2026, 3, 1)
METRICS = ("SEND", "PERMANENT_BOUNCE", "COMPLAINT", "DELIVERY_COMPLAINT")
answered = 0

class OutOfTime(BaseException):
    pass

def out_of_time(*_):
    raise OutOfTime

signal.signal(signal.SIGALRM, out_of_time)
signal.alarm(int(sys.argv[3]))

def calls():
    queries = [
        {"Id": str(number % 10), "Namespace": "VDM", "Metric": metric,
         "Dimensions": {"EMAIL_IDENTITY": f"{each}.example.com"},
         "StartDate": datetime(2026, 2, 1, tzinfo=UTC), "EndDate": datetime(2026, 3, 2, tzinfo=UTC)}
        for number, (each, metric) in enumerate(
            (each, metric) for each in range(identities) for metric in METRICS)
    ]
    return [queries[start:start + 10] for start in range(0, len(queries), 10)]

def client(**config):
    return boto3.client("sesv2", endpoint_url=url, config=Config(**config))
"""
CONTENDERS: Mapping[str, str] = {
    "a loop over boto3": """
ses = client()
def work():
    global answered
    for call in calls():
        answered += len(ses.batch_get_metric_data(Queries=call)["Results"])
""",
    "threads, adaptive mode": """
counting = Lock()
ses = client(max_pool_connections=16, retries={"mode": "adaptive", "total_max_attempts": 10})
def one(call):
    global answered
    with contextlib.suppress(Exception):
        results = ses.batch_get_metric_data(Queries=call)["Results"]
        with counting:
            answered += len(results)
def work():
    pool = ThreadPoolExecutor(16)
    try:
        list(pool.map(one, calls()))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
""",
    "the reader that ships": """
from vdm_alerts.aws.vdm import CALLERS, Vdm
from vdm_alerts.core.metrics import Metric, Scope, Series, Window
from vdm_alerts.core.sweep import Query
ses = client(max_pool_connections=CALLERS, connect_timeout=2, read_timeout=10,
             retries={"mode": "standard", "total_max_attempts": 4})
def work():
    global answered
    queries = [Query(Metric(metric), Scope(identity=f"{each}.example.com"))
               for each in range(identities) for metric in METRICS]
    patience = timedelta(seconds=int(sys.argv[3]))
    found = Vdm(ses).read(queries, Window(29), TODAY, patience)
    answered = sum(isinstance(each, Series) for each in found.values())
""",
}
TIMED = """
began = time.monotonic()
with contextlib.suppress(OutOfTime):
    work()
wall = time.monotonic() - began
cpu = time.process_time()
memory = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024
print(json.dumps({"answered": answered, "wall": wall, "cpu": cpu, "mb": memory}), flush=True)
import os; os._exit(0)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--identities", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=300, help="the most for each contender")
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "scenario.toml"
        scenario.write_text(account_of(given.identities, *FEEDBACK))
        rows = [
            measured(name, source, scenario, given.identities, given.seconds)
            for name, source in CONTENDERS.items()
        ]
    about = {"identities": given.identities, "latency": f"{LATENCY} s", "runs": "one of each"}
    report(about, rows, as_json=given.json)


def measured(
    name: str, source: str, scenario: Path, identities: int, seconds: int
) -> Mapping[str, object]:
    """Return what the contender *name* did, on a server of its own."""
    with local_vdm(scenario) as url:
        done = subprocess.run(
            [sys.executable, "-c", COMMON + source + TIMED, url, str(identities), str(seconds)],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT / "lambda"),
                "AWS_DEFAULT_REGION": "eu-west-1",
                "AWS_ACCESS_KEY_ID": "none",
                "AWS_SECRET_ACCESS_KEY": "none",
            },
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        usage = asked(url)
    found = json.loads(done.stdout)
    return {
        "contender": name,
        "queries": usage["queries"],
        "full_fanout_queries": identities * 4,
        "answered": found["answered"],
        "wall_s": round(found["wall"], 1),
        "quota_share": round(usage["queries"] / found["wall"] / QUERIES_A_SECOND, 3),
        "refused_share": round(usage["refused"] / max(1, usage["calls"]), 4),
        "cpu_share": round(found["cpu"] / found["wall"], 3),
        "peak_mb": round(found["mb"]),
    }


@contextmanager
def local_vdm(scenario: Path) -> Iterator[str]:
    """Serve *scenario* in a process of its own for the block, which is given the address."""
    options = ("--latency", str(LATENCY), "--now", NOW, "--scenario", str(scenario))
    with subprocess.Popen(
        [sys.executable, "-m", "vdm_local", *options],
        env={**os.environ, "PYTHONPATH": str(ROOT / "local")},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        try:
            yield server.stdout.readline().split()[1]
        finally:
            server.terminate()


def asked(url: str) -> Mapping[str, Any]:
    """Return what the server at *url*, on the loopback interface, counted."""
    with contextlib.closing(urllib.request.urlopen(f"{url}/_vdm/usage")) as answer:  # noqa: S310
        usage: Mapping[str, Any] = json.load(answer)
    return usage


if __name__ == "__main__":
    main()
