"""How long `vdm-alerts backtest` takes for a large account.

An account of 1,000 identities has 60 days of counts, of which four metrics are read. SES runs in
this process, takes LATENCY for each response, and enforces its quota of 16 calls and 160 queries a
second. Some identities have a bad week, so that alerts fire.

* Reading: at `--quota-share 100%`, on a simulated clock, compared with the time that the quota
  allows for these calls. The processor time is separate; most of it passes while the calls wait.
* Evaluation: one run for each day that can be replayed, with the default rules on these metrics.

    .venv/bin/python -m benchmarks.backtest [--identities N] [--json]
"""

import argparse
import math
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from benchmarks.event_clock import EventClock
from benchmarks.fixture import DAYS, METRICS, NOW
from benchmarks.report import positive_integer, report
from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metrics import MAX_QUERIES
from vdm_alerts.adapters.aws.ses_rate_limiter import CALLS_PER_SECOND
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts_cli.account_reading import series_source
from vdm_alerts_cli.candidate_rules import counted, default_rules
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.counts_reader import list_scopes, read_counts
from vdm_alerts_cli.dataset import Dataset
from vdm_alerts_cli.day_replay import needed_days, replay_days
from vdm_alerts_cli.in_process_ses import SimulatedClock, in_process_client
from vdm_alerts_cli.options import ReadingOptions
from vdm_local.account import ACCOUNT, REGION
from vdm_local.endpoint import Endpoint
from vdm_local.quota import Quota
from vdm_local.responses import Response
from vdm_local.scenario import Scenario, parse_scenario

LATENCY = 0.3
BAD_SHARE = 0.02
"""The share of the identities that have a bad week."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--identities", type=positive_integer, default=1_000)
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    options = parser.parse_args()
    text, clock = "\n".join(scenario_lines(options.identities)), EventClock()
    endpoint = SlowEndpoint(parse_scenario(text, "the account"), NOW, clock)
    dataset, reading = read(endpoint, clock)
    about = {"days": DAYS.days, "metrics": len(METRICS), "latency": f"{LATENCY} s"}
    row = {
        "case": "backtest",
        "account": f"{options.identities:,} identities",
        **reading,
        **evaluate(dataset),
    }
    report(about, [row], as_json=options.json, group_key="case")


class SlowEndpoint(Endpoint):
    """SES that takes LATENCY for each response, on a simulated clock."""

    def __init__(self, scenario: Scenario, now: datetime, clock: EventClock) -> None:
        """Respond by *scenario* as of *now*, with the quota of SES by *clock*."""
        super().__init__(scenario, now)
        self.quota, self._wait = Quota(clock.monotonic), clock.sleep

    def respond(self, *request: Any) -> Response | None:  # noqa: ANN401 - that of the endpoint
        """Return the response of the endpoint, later."""
        answer = super().respond(*request)
        self._wait(LATENCY)
        return answer


def read(endpoint: Endpoint, clock: EventClock) -> tuple[Dataset, Mapping[str, object]]:
    """Read the whole account as `backtest` does, and return how long that took."""
    connection = Connection(None, REGION, ACCOUNT, {"sesv2": in_process_client(endpoint)})
    source = series_source(connection, ReadingOptions(quota_share=1.0), clock, lambda _: None)
    with clock.running():
        scopes = list_scopes(SesAccount(connection.client("sesv2"), SimulatedClock())).scopes
        started, cpu = clock.monotonic(), time.process_time()
        dataset = read_counts(connection, scopes, METRICS, DAYS, NOW, source)
    seconds, cpu = clock.monotonic() - started, time.process_time() - cpu
    if dataset.gaps:
        raise SystemExit(f"not read: {len(dataset.gaps)} series")
    queries = endpoint.quota.queries
    allowed = math.ceil(queries / MAX_QUERIES) / CALLS_PER_SECOND
    return dataset, {
        "queries": queries,
        "calls": endpoint.quota.calls,
        "throttled": endpoint.quota.throttled,
        "quota_allows_s": round(allowed, 1),
        "reading_s": round(seconds, 1),
        "longer_percent": round((seconds / allowed - 1) * 100, 1),
        "reading_cpu_s": round(cpu, 1),
    }


def evaluate(dataset: Dataset) -> Mapping[str, object]:
    """Replay as many days as possible, and return how long that took."""
    every = counted(default_rules())
    names = [
        name
        for name, rule in every.rules.items()
        if {rule.indicator.events, rule.indicator.volume} <= {*METRICS}
    ]
    rules = RuleSet(
        {name: every.rules[name] for name in names},
        texts={name: every.texts[name] for name in names},
    )
    days = dataset.days - needed_days(rules)
    cpu = time.process_time()
    result = replay_days(dataset, rules, days, lambda _: None)
    return {
        "runs": days + 1,
        "alerts": len(result.alerts),
        "evaluation_s": round(result.seconds, 1),
        "evaluation_cpu_s": round(time.process_time() - cpu, 1),
        "ms_per_run": round(result.seconds / (days + 1) * 1_000),
    }


def scenario_lines(identities: int) -> Iterator[str]:
    """Yield the lines of an account in which every fiftieth identity has a bad week."""
    yield "begins = 2026-01-01"
    for number in range(identities):
        is_bad = number % round(1 / BAD_SHARE) == 0
        yield from (
            "[[emails]]",
            f'identity = "{number}.example.com"',
            'isp = "Yahoo"',
            'send = "10000x60"',
            f'permanent_bounce = "{"50x30 1500x7 50x23" if is_bad else "50x60"}"',
            'complaint = "1x60"',
        )


if __name__ == "__main__":
    main()
