"""Speed and number of calls when reading a whole account.

The local VDM runs in its own process, takes LATENCY for each response, and enforces both quotas of
SES: 16 calls and 160 queries a second. Each contender (`benchmarks.readers`) reads in a fresh
process. The server counts requested queries and throttled calls. The two common alternatives are
stopped after --seconds, because they would take an hour.

* 60 days of four metrics of every identity: a loop over boto3; a pool of threads in botocore's
  adaptive mode; the reader of the function. The reader repeats with a half and a quarter of the
  identities, to show how its memory grows.
* Every identity by the read plan of the function, twice. SES rejects the name of one identity.
* A tenth of the identities at ten providers, with breaches at 2% of these pairs: the number of
  queries to find them, compared with querying everything.

    .venv/bin/python -m benchmarks.sweep [--identities N] [--seconds S] [--json]
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.fixture import METRICS, NOW, ROOT, account_of, read_usage
from benchmarks.report import positive_integer, report
from vdm_alerts.core.model.mailbox_providers import ISPS_WITHOUT_FEEDBACK_LOOP, KNOWN_ISPS

LATENCY = 0.3
QUERIES_PER_SECOND = 160
FEEDBACK = ('permanent_bounce = "10x60"', 'complaint = "1x60"')
SEED = 1
BREACHED_SHARE = 0.02
SHARES = (40, 20, 10, 9, 6, 5, 4, 3, 2, 1, 0, 0, 0)
"""Percentages of a sender's emails at each provider, in the order of `KNOWN_ISPS`."""
TIME_LIMIT_S = 1_800
"""Seconds after which the reader of the function is stopped too."""
MIN_DAILY_EMAILS = 250
"""Emails a day at a provider from which on a breach can be detected."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--identities", type=positive_integer, default=10_000)
    parser.add_argument(
        "--seconds",
        type=positive_integer,
        default=300,
        help="time limit of the common alternatives",
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    options = parser.parse_args()
    identities, seconds = options.identities, options.seconds
    rows = [
        *everything(identities, seconds),
        *one_name_rejected(identities),
        breaches_at_providers(max(10, identities // 10)),
    ]
    about = {"identities": identities, "latency": f"{LATENCY} s", "runs": "one of each"}
    report(about, rows, as_json=options.json, group_key="case")


def everything(identities: int, seconds: int) -> Iterator[Mapping[str, object]]:
    """Read all metrics of every identity."""
    names = {
        "loop": "a loop over boto3",
        "adaptive": "threads, adaptive mode",
        "reader": "the reader that ships",
    }
    account = account_of(identities, *FEEDBACK)
    for reader, contender in names.items():
        time_limit = TIME_LIMIT_S if reader == "reader" else seconds
        yield comparison_row(
            "everything", contender, measure(reader, account, identities, time_limit)
        )
    for part in (2, 4):
        part_of_identities = identities // part
        measurements = measure("reader", account, part_of_identities, TIME_LIMIT_S)
        yield comparison_row(f"everything, of 1 in {part}", names["reader"], measurements)


def one_name_rejected(identities: int) -> Iterator[Mapping[str, object]]:
    """Read every identity by the read plan; SES rejects one name."""
    rejected = f"{identities // 2}.example.com"
    fault = f'[[fault]]\nkind = "rejected"\nvalue = "{rejected}"'
    account = f"{account_of(identities, *FEEDBACK)}\n{fault}"
    measurements = measure("sweeps", account, identities, TIME_LIMIT_S)
    if measurements["first_unknown"] != [rejected] or measurements["next_unknown"] != [rejected]:
        raise SystemExit(
            f"not known are {measurements['first_unknown']}, then {measurements['next_unknown']}"
        )
    yield comparison_row("one name rejected, two sweeps", "the sweep that ships", measurements) | {
        "full_fanout_queries": 2 * identities * len(METRICS),
        "first_extra_calls": measurements["first_extra_calls"],
        "next_extra_calls": measurements["next_extra_calls"],
    }


def breaches_at_providers(identities: int) -> Mapping[str, object]:
    """Find the pairs of identity and provider with a breach."""
    account, breached_pairs = account_with_breaches(identities)
    measurements = measure("drill", account, identities, TIME_LIMIT_S)
    reported = set(measurements["breached"])
    return comparison_row("trouble at single providers", "the sweep that ships", measurements) | {
        "full_fanout_queries": identities * (1 + len(KNOWN_ISPS)) * len(METRICS),
        "in_trouble": len(breached_pairs),
        "found": len(reported & breached_pairs),
        "wrongly_found": len(reported - breached_pairs),
    }


def account_with_breaches(identities: int) -> tuple[str, set[str]]:
    """Return a scenario and the pairs of rule and scope in breach.

    Each identity sends 1,000 to 100,000 emails a day. 0.5% bounce and 0.01% cause a complaint.
    Breaches affect 2% of the pairs, among those with enough emails: there, 8 to 25% bounce or 0.5
    to 2% cause a complaint.
    """
    random_source = random.Random(SEED)  # noqa: S311 - reproducible figures, no secrets
    volumes = [int(random_source.lognormvariate(7.6, 1.2)) for _ in range(identities)]
    sends = {
        (number, isp): min(100_000, max(1_000, volume)) * share // 100
        for number, volume in enumerate(volumes)
        for isp, share in zip(KNOWN_ISPS, SHARES, strict=True)
    }
    eligible = [pair for pair, emails in sends.items() if emails >= MIN_DAILY_EMAILS]
    selected = set(random_source.sample(eligible, round(len(sends) * BREACHED_SHARE)))
    lines, breached_pairs = ["begins = 2026-01-01"], set()
    for (number, isp), emails in sends.items():
        bounces, complaints = emails // 200, emails // 10_000
        if (number, isp) in selected:
            complaint_breach = (
                isp not in ISPS_WITHOUT_FEEDBACK_LOOP and random_source.random() < 1 / 2
            )
            if complaint_breach:
                complaints = math.ceil(emails * random_source.uniform(0.005, 0.02))
            else:
                bounces = math.ceil(emails * random_source.uniform(0.08, 0.25))
            rule = "complaint-rate" if complaint_breach else "bounce-rate"
            breached_pairs.add(f"{rule} {number}.example.com at {isp}")
        lines += [
            "[[emails]]",
            f'identity = "{number}.example.com"',
            f'isp = "{isp}"',
            f'send = "{emails}x60"',
            f'permanent_bounce = "{bounces}x60"',
            f'complaint = "{complaints}x60"',
        ]
    return "\n".join(lines), breached_pairs


def measure(reader: str, account: str, identities: int, seconds: int) -> Mapping[str, Any]:
    """Return the measurements of *reader* with its own server."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "scenario.toml"
        scenario.write_text(account)
        with local_vdm(scenario) as url:
            command = [sys.executable, "-m", "benchmarks.readers", reader, url]
            process = subprocess.run(
                [*command, str(identities), str(seconds)],
                cwd=ROOT,
                env={
                    **os.environ,
                    "AWS_DEFAULT_REGION": "eu-west-1",
                    "AWS_ACCESS_KEY_ID": "none",
                    "AWS_SECRET_ACCESS_KEY": "none",
                },
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            measurements: dict[str, Any] = json.loads(process.stdout)
            measurements["usage"] = read_usage(url)
    return {**measurements, "identities": identities}


def comparison_row(case: str, contender: str, measurements: Mapping[str, Any]) -> dict[str, object]:
    """Return the row of a contender in a case."""
    counters, wall = measurements["usage"], measurements["wall"]
    return {
        "case": case,
        "contender": contender,
        "queries": counters["queries"],
        "full_fanout_queries": measurements["identities"] * len(METRICS),
        "answered": measurements["answered"],
        "wall_s": round(wall, 1),
        "quota_share": round(counters["queries"] / wall / QUERIES_PER_SECOND, 3),
        "throttled_share": round(counters["throttled"] / max(1, counters["calls"]), 4),
        "plan_and_decode_share": round(
            (measurements["planning"] + measurements["decoding"]) / wall, 3
        ),
        "cpu_share": round(measurements["cpu"] / wall, 3),
        "peak_mb": round(measurements["mb"]),
        "first_extra_calls": None,
        "next_extra_calls": None,
        "in_trouble": None,
        "found": None,
        "wrongly_found": None,
    }


@contextmanager
def local_vdm(scenario: Path) -> Iterator[str]:
    """Serve *scenario* in its own process for the block, and yield its URL."""
    options = ("--latency", str(LATENCY), "--now", NOW.isoformat(), "--scenario", str(scenario))
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


if __name__ == "__main__":
    main()
