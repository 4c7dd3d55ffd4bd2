"""How fast and how sparingly a whole account is read, beside what people write today.

The local VDM runs in a process of its own, takes LATENCY for each answer, and enforces both of
SES's quotas: 16 calls and 160 queries a second. Each contender reads in a fresh process
(`benchmarks.readers`), one after the other. What was asked and what was refused is what the server
counted. What people write today is stopped after so many seconds, so that it does not take an hour.

* 60 days of four metrics of every identity: a loop over boto3; a pool of threads that leaves the
  pace to botocore's adaptive mode; the reader that ships. The reader again with a half and a
  quarter of the identities, for how its memory grows.
* Every identity by the sweep that ships, twice; SES refuses the name of one that looks sound.
* A tenth as many identities at ten providers, with two in a hundred of those pairs in trouble: what
  the sweep asks for to find them, beside asking for everything of everybody.

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

from benchmarks.fixture import METRICS, NOW, ROOT, account_of, usage
from benchmarks.report import report
from vdm_alerts.core.model.mailbox_providers import ISPS_WITHOUT_FEEDBACK_LOOP, KNOWN_ISPS

LATENCY = 0.3
QUERIES_A_SECOND = 160
FEEDBACK = ('permanent_bounce = "10x60"', 'complaint = "1x60"')
SEED = 1
IN_TROUBLE = 0.02
SHARES = (40, 20, 10, 9, 6, 5, 4, 3, 2, 1)
"""Per cent of a sender's mail at each provider; most is at the first few."""
LONGEST = 1_800
"""Seconds after which even ours is stopped."""
ENOUGH = 250
"""Mails a day at one provider from which on trouble there can be told."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--identities", type=int, default=10_000)
    parser.add_argument(
        "--seconds", type=int, default=300, help="the most for what people write today"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    given = parser.parse_args()
    identities, seconds = given.identities, given.seconds
    rows = [
        *everything(identities, seconds),
        *one_refused(identities),
        troubled(max(10, identities // 10)),
    ]
    about = {"identities": identities, "latency": f"{LATENCY} s", "runs": "one of each"}
    report(about, rows, as_json=given.json, by="case")


def everything(identities: int, seconds: int) -> Iterator[Mapping[str, object]]:
    """Read all there is of every identity."""
    names = {
        "loop": "a loop over boto3",
        "adaptive": "threads, adaptive mode",
        "reader": "the reader that ships",
    }
    account = account_of(identities, *FEEDBACK)
    for reader, contender in names.items():
        most = LONGEST if reader == "reader" else seconds
        yield row("everything", contender, measured(reader, account, identities, most))
    for part in (2, 4):
        few = identities // part
        found = measured("reader", account, few, LONGEST)
        yield row(f"everything, of 1 in {part}", names["reader"], found)


def one_refused(identities: int) -> Iterator[Mapping[str, object]]:
    """Read every identity by the sweep, where SES refuses the name of one."""
    refused = f"{identities // 2}.example.com"
    fault = f'[[fault]]\nkind = "refused"\nvalue = "{refused}"'
    account = f"{account_of(identities, *FEEDBACK)}\n{fault}"
    found = measured("sweeps", account, identities, LONGEST)
    if found["first_unknown"] != [refused] or found["next_unknown"] != [refused]:
        raise SystemExit(f"not known are {found['first_unknown']}, then {found['next_unknown']}")
    yield row("one name refused, two sweeps", "the sweep that ships", found) | {
        "full_fanout_queries": 2 * identities * len(METRICS),
        "first_extra_calls": found["first_extra_calls"],
        "next_extra_calls": found["next_extra_calls"],
    }


def troubled(identities: int) -> Mapping[str, object]:
    """Find the pairs of an identity and a provider that are in trouble."""
    account, in_trouble = account_in_trouble(identities)
    found = measured("drill", account, identities, LONGEST)
    breached = set(found["breached"])
    return row("trouble at single providers", "the sweep that ships", found) | {
        "full_fanout_queries": identities * (1 + len(KNOWN_ISPS)) * len(METRICS),
        "in_trouble": len(in_trouble),
        "found": len(breached & in_trouble),
        "wrongly_found": len(breached - in_trouble),
    }


def account_in_trouble(identities: int) -> tuple[str, set[str]]:
    """Return a scenario, and what breaks which rule in it, which is what was made to.

    Everybody sends from a thousand to a hundred thousand mails a day. Of those, half a per cent
    bounces, and one in ten thousand is complained about. In trouble are two in a hundred pairs, of
    those with enough mail to tell: there 8 to 25% bounce, or half to two per cent complain.
    """
    chance = random.Random(SEED)  # noqa: S311 - figures, and no secrets
    volumes = [int(chance.lognormvariate(7.6, 1.2)) for _ in range(identities)]
    sends = {
        (number, isp): min(100_000, max(1_000, volume)) * share // 100
        for number, volume in enumerate(volumes)
        for isp, share in zip(KNOWN_ISPS, SHARES, strict=True)
    }
    judged = [pair for pair, mails in sends.items() if mails >= ENOUGH]
    chosen = set(chance.sample(judged, round(len(sends) * IN_TROUBLE)))
    mail, in_trouble = ["begins = 2026-01-01"], set()
    for (number, isp), mails in sends.items():
        bounces, complaints = mails // 200, mails // 10_000
        if (number, isp) in chosen:
            complains = isp not in ISPS_WITHOUT_FEEDBACK_LOOP and chance.random() < 1 / 2
            if complains:
                complaints = math.ceil(mails * chance.uniform(0.005, 0.02))
            else:
                bounces = math.ceil(mails * chance.uniform(0.08, 0.25))
            rule = "complaint-rate" if complains else "bounce-rate"
            in_trouble.add(f"{rule} {number}.example.com at {isp}")
        mail += [
            "[[mail]]",
            f'identity = "{number}.example.com"',
            f'isp = "{isp}"',
            f'send = "{mails}x60"',
            f'permanent_bounce = "{bounces}x60"',
            f'complaint = "{complaints}x60"',
        ]
    return "\n".join(mail), in_trouble


def measured(reader: str, account: str, identities: int, seconds: int) -> Mapping[str, Any]:
    """Return what *reader* did, on a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "scenario.toml"
        scenario.write_text(account)
        with local_vdm(scenario) as url:
            command = [sys.executable, "-m", "benchmarks.readers", reader, url]
            done = subprocess.run(
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
            found: dict[str, Any] = json.loads(done.stdout)
            found["usage"] = usage(url)
    return {**found, "identities": identities}


def row(case: str, contender: str, found: Mapping[str, Any]) -> dict[str, object]:
    """Return what there is to say of every contender in every case."""
    counted, wall = found["usage"], found["wall"]
    return {
        "case": case,
        "contender": contender,
        "queries": counted["queries"],
        "full_fanout_queries": found["identities"] * len(METRICS),
        "answered": found["answered"],
        "wall_s": round(wall, 1),
        "quota_share": round(counted["queries"] / wall / QUERIES_A_SECOND, 3),
        "refused_share": round(counted["refused"] / max(1, counted["calls"]), 4),
        "plan_and_decode_share": round((found["planning"] + found["decoding"]) / wall, 3),
        "cpu_share": round(found["cpu"] / wall, 3),
        "peak_mb": round(found["mb"]),
        "first_extra_calls": None,
        "next_extra_calls": None,
        "in_trouble": None,
        "found": None,
        "wrongly_found": None,
    }


@contextmanager
def local_vdm(scenario: Path) -> Iterator[str]:
    """Serve *scenario* in a process of its own for the block, which is given the address."""
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
