"""Notifications and queries when one mailbox provider refuses the emails of many senders.

Each customer of a platform sends a fifth of its emails to Hotmail, which refuses them from one hour
on. Each size is an account with so many customers and one large sender. The table shows three runs:
before, when it is first visible, and a day later. Beside the queries of the second run are those of
the same account without the refusal.

    .venv/bin/python -m benchmarks.refusing_provider [--senders N ...] [--json]
"""

import argparse
import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

from benchmarks.report import positive_integer, report
from vdm_alerts_cli.rule_files import DEFAULT_RULES, read_rules
from vdm_alerts_cli.simulate import SimulatedRun, simulate
from vdm_local.account import ACCOUNT, REGION
from vdm_local.daily_counts import parse_counts
from vdm_local.scenario import Scenario
from vdm_local.scenario_run import ScenarioRun
from vdm_local.traffic import EmailStream

SIZES = (30, 300, 3_000)
BEGINS = date(2026, 3, 1)
RUNS = {
    "before": datetime(2026, 3, 4, 9, tzinfo=UTC),
    "refused": datetime(2026, 3, 5, 10, tzinfo=UTC),
    "a day later": datetime(2026, 3, 6, 10, tzinfo=UTC),
}


def main() -> None:
    """Simulate, and print the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--senders", type=positive_integer, nargs="+", default=SIZES, help="default 30 300 3000"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    rows = [row for senders in options.senders for row in measure(senders)]
    report({"provider": "Hotmail"}, rows, as_json=options.json)


def measure(senders: int) -> Iterator[Mapping[str, object]]:
    """Yield the figures of each run with so many refused senders."""
    refused, accepted = (played(senders, is_refused=is_refused) for is_refused in (True, False))
    for name, run, healthy in zip(RUNS, refused, accepted, strict=True):
        subjects = [message.subject for message in run.messages]
        yield {
            "senders": senders,
            "run": name,
            "messages": len(subjects),
            "subject": ", ".join(subjects).removesuffix(f" - {ACCOUNT} {REGION}"),
            "queries": run.summary.queries,
            "queries_if_accepted": healthy.summary.queries,
        }


def played(senders: int, *, is_refused: bool) -> Sequence[SimulatedRun]:
    """Return the runs with the default rules."""
    return list(simulate(account_of(senders, is_refused=is_refused), read_rules(DEFAULT_RULES)))


def account_of(senders: int, *, is_refused: bool) -> Scenario:
    """Return an account with so many customers, whose emails to Hotmail may be refused."""
    bounces = "3x4 500@+9hx8" if is_refused else "3x4 3@+9hx8"
    streams = [stream("own.example.com", "Gmail", "2000000x4 2000000@+9hx8", "8000x4 8000@+9hx8")]
    for number in range(senders):
        name = f"customer-{number:04}.example.com"
        streams.append(stream(name, "Hotmail", "600x4 600@+9hx8", bounces))
        streams.append(stream(name, "Gmail", "2400x4 2400@+9hx8", "10x4 10@+9hx8"))
    return Scenario(BEGINS, streams, [ScenarioRun(at, (), "") for at in RUNS.values()])


def stream(identity: str, isp: str, sent: str, bounced: str) -> EmailStream:
    """Return the emails of *identity* at *isp*, with rows of counts."""
    counts = {"SEND": parse_counts(sent), "PERMANENT_BOUNCE": parse_counts(bounced)}
    return EmailStream(identity, isp, None, counts)


if __name__ == "__main__":
    main()
