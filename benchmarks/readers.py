"""The readers that `benchmarks.sweep` compares, each in its own process.

    python -m benchmarks.readers READER URL IDENTITIES SECONDS

Prints the measurements as JSON. A reader that takes longer than SECONDS is stopped.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from benchmarks import today
from benchmarks.fixture import DAYS, METRICS, NOW, Measurements, default_rules, read_usage
from benchmarks.stopwatch import Stopwatch
from vdm_alerts.adapters.aws import ses_metrics
from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metric_codec import from_response
from vdm_alerts.adapters.aws.ses_rate_limiter import RateLimiter
from vdm_alerts.app import read_metrics
from vdm_alerts.app.failures import FailureCollector
from vdm_alerts.bootstrap import READ_CONFIG, create_session
from vdm_alerts.core.evaluation.verdicts import Breached, Unknown
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.metrics import Scope, Series, Window
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.evaluation import Evaluation, evaluate
from vdm_alerts.core.observations.metric_reading import UNLIMITED, MetricReading
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.planning.next_batches import next_batches
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.field_types import KINDS
from vdm_alerts.core.rules.rule import Rule

decoding, planning = Stopwatch(), Stopwatch()


class TimeUpError(BaseException):
    """The time limit is over; a BaseException, so that no handler catches it."""


def reader(url: str, identities: int, measurements: Measurements) -> None:
    """Read all series with the reader of the function."""
    queries = [
        Query(metric, Scope(identity=f"{each}.example.com"))
        for each in range(identities)
        for metric in METRICS
    ]
    found = ses_metrics.SesMetrics(_timed_client(url), RateLimiter(time)).read(
        queries, DAYS, NOW.date(), NoDeadline()
    )
    measurements["answered"] = sum(isinstance(each, Series) for each in found.values())


def sweeps(url: str, _: int, measurements: Measurements) -> None:
    """Run the read plan of the function twice, an hour apart.

    Rules with windows of 59 days make it request 60 days.
    """
    rules = [replace(rule, windows=(Window(59),)) for rule in default_rules()]
    surveys = _readings(url, rules, hours=2)
    for name in ("first", "next"):
        before, asked = _admitted_calls(url), len(_min_calls)
        result = next(surveys)
        calls = _admitted_calls(url) - before
        measurements[f"{name}_extra_calls"] = calls - sum(_min_calls[asked:])
        measurements[f"{name}_unknown"] = _unknown(result)
    measurements["answered"] = sum(isinstance(each, Series) for each in result.answers.values())


def drill(url: str, _: int, measurements: Measurements) -> None:
    """Run the read plan with rules on each identity at each provider.

    The rules require 1,000 emails, as advised for so many scopes.
    """
    kinds = frozenset(KINDS[each] for each in ("account", "identity", "isp", "identity_at_isp"))
    rules = [replace(rule, scopes=kinds, min_volume=1_000) for rule in default_rules()]
    result = next(_readings(url, rules, hours=1))
    measurements["answered"] = result.queries_made
    measurements["breached"] = [
        f"{key.rule} {key.scope}"
        for key, verdict in _evaluate(result).verdicts.items()
        if isinstance(verdict, Breached) and key.scope.identity and key.scope.isp
    ]


TARGET = Target("111122223333", "eu-west-1")

READERS: Mapping[str, Callable[[str, int, Measurements], None]] = {
    each.__name__: each for each in (today.loop, today.adaptive, reader, sweeps, drill)
}

_min_calls: list[int] = []
"""The smallest possible number of calls for each reading."""


def _readings(url: str, rules: Sequence[Rule], hours: int) -> Iterator[MetricReading]:
    client = _timed_client(url)
    state = SimpleNamespace(roster=SenderRoster())
    vdm = ses_metrics.SesMetrics(client, RateLimiter(time))

    def counted_read(queries: Sequence[Query], *more: Any) -> Any:  # noqa: ANN401 - the arguments of Vdm.read
        _min_calls.append(-(-len(queries) // ses_metrics.MAX_QUERIES))
        return vdm.read(queries, *more)

    vars(read_metrics)["next_batches"] = planning.wrap(next_batches)
    ports: Any = SimpleNamespace(
        account=SesAccount(client, time),
        series=SimpleNamespace(read=counted_read, throttled_calls=vdm.throttled_calls),
        rosters=SimpleNamespace(load=lambda _: state.roster),
    )
    for hour in range(hours):
        now = NOW + timedelta(hours=hour)
        request = read_metrics.ReadRequest(rules, {}, now, UNLIMITED, sent_last_day=None)
        result = read_metrics.read_metrics(ports, TARGET, request, FailureCollector())
        state.roster = result.roster_after()
        yield result


def _evaluate(reading: MetricReading) -> Evaluation:
    return evaluate(Observation(None, reading, 1, ()))


def _unknown(result: MetricReading) -> list[str]:
    """Return the scopes whose verdict is unknown because reading failed."""
    verdicts = _evaluate(result).verdicts.items()
    gaps = {
        str(key[1]) for key, each in verdicts if isinstance(each, Unknown) and each.gap.is_failure
    }
    return sorted(gaps)


def _timed_client(url: str) -> Any:  # noqa: ANN401 - boto3 is untyped
    """Return a client as the function has it, with timed decoding."""
    client = create_session().client("sesv2", endpoint_url=url, config=READ_CONFIG)
    operation = "sesv2.BatchGetMetricData"
    client.meta.events.register(f"before-parse.{operation}", decoding.start)
    client.meta.events.register(f"response-received.{operation}", decoding.stop)
    vars(ses_metrics)["from_response"] = decoding.wrap(from_response)
    return client


def _admitted_calls(url: str) -> int:
    """Return the number of calls that the server has not throttled."""
    counters = read_usage(url)
    return counters["calls"] - counters["throttled"]


def main() -> None:
    """Read, and print the measurements."""
    name, url, identities, seconds = sys.argv[1:]

    def raise_time_up(*_: object) -> None:
        raise TimeUpError

    signal.signal(signal.SIGALRM, raise_time_up)
    signal.alarm(int(seconds))
    measurements: Measurements = {"answered": 0}
    started_at = time.monotonic()
    with contextlib.suppress(TimeUpError):
        READERS[name](url, int(identities), measurements)
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - a file of Linux's
        memory = int(status.read().split("VmHWM:")[1].split()[0]) / 1024
    measurements |= {
        "wall": time.monotonic() - started_at,
        "cpu": time.process_time(),
        "decoding": sum(decoding.durations),
        "planning": sum(planning.durations),
        "mb": memory,
    }
    print(json.dumps(measurements), flush=True)
    os._exit(0)  # Do not wait for threads with pending calls.


if __name__ == "__main__":
    main()
