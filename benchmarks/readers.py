"""Those who read an account for `benchmarks.sweep`, each in a process of its own.

    python -m benchmarks.readers READER URL IDENTITIES SECONDS

prints what was read as JSON. Whoever is not done after so many seconds is stopped.
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
from benchmarks.fixture import DAYS, METRICS, NOW, Shown, shipped, usage
from benchmarks.stopwatch import Stopwatch
from vdm_alerts.adapters.aws import ses_metrics
from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metric_codec import answers
from vdm_alerts.app import read_metrics
from vdm_alerts.app.failures import FailureCollector
from vdm_alerts.bootstrap import READING, quick_session
from vdm_alerts.core.evaluation.verdicts import Breached, Unknown
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.metrics import Scope, Series, Window
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.evaluation import evaluate
from vdm_alerts.core.observations.metric_reading import UNLIMITED, MetricReading
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.planning.next_batches import next_batches
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import Roster
from vdm_alerts.core.rules.field_types import KINDS
from vdm_alerts.core.rules.rule import Rule

decoding, planning = Stopwatch(), Stopwatch()


class OutOfTime(BaseException):
    """The seconds are over. No handler of errors is to take it for one."""


def reader(url: str, identities: int, shown: Shown) -> None:
    """Read everything by the reader that ships."""
    queries = [
        Query(metric, Scope(identity=f"{each}.example.com"))
        for each in range(identities)
        for metric in METRICS
    ]
    found = ses_metrics.Vdm(_ours(url)).read(queries, DAYS, NOW.date(), NoDeadline())
    shown["answered"] = sum(isinstance(each, Series) for each in found.values())


def sweeps(url: str, _: int, shown: Shown) -> None:
    """Read by the sweep that ships, twice, an hour apart; of 59 days, so that 60 are asked for."""
    rules = [replace(rule, windows=(Window(59),)) for rule in shipped()]
    surveys = _surveys(url, rules, hours=2)
    for name in ("first", "next"):
        before, asked = _taken(url), len(_least)
        seen = next(surveys)
        calls = _taken(url) - before
        shown[f"{name}_extra_calls"] = calls - sum(_least[asked:])
        shown[f"{name}_unknown"] = _unknown(seen)
    shown["answered"] = sum(isinstance(each, Series) for each in seen.found.values())


def drill(url: str, _: int, shown: Shown) -> None:
    """Read by the sweep that ships, whose rules watch every identity at every provider too.

    They do so from a thousand mails on, as whoever watches that many should have them.
    """
    kinds = frozenset(KINDS[each] for each in ("account", "identity", "isp", "identity_at_isp"))
    rules = [replace(rule, scopes=kinds, min_volume=1_000) for rule in shipped()]
    seen = next(_surveys(url, rules, hours=1))
    shown["answered"] = seen.asked
    shown["breached"] = [
        f"{key.rule} {key.scope}"
        for key, verdict in evaluate(_observation(seen)).verdicts.items()
        if isinstance(verdict, Breached) and key.scope.identity and key.scope.isp
    ]


READERS: Mapping[str, Callable[[str, int, Shown], None]] = {
    each.__name__: each for each in (today.loop, today.adaptive, reader, sweeps, drill)
}

TARGET = Target("111122223333", "eu-west-1")

_least: list[int] = []
"""How few calls each reading could have been made in."""


def _surveys(url: str, rules: Sequence[Rule], hours: int) -> Iterator[MetricReading]:
    client = _ours(url)
    kept = SimpleNamespace(roster=Roster())
    reads = ses_metrics.Vdm(client)

    def counted(queries: Sequence[Query], *more: Any) -> Any:  # noqa: ANN401 - as of a Vdm
        _least.append(-(-len(queries) // ses_metrics.MOST_QUERIES))
        return reads.read(queries, *more)

    vars(read_metrics)["next_batches"] = planning.timed(next_batches)
    ports: Any = SimpleNamespace(
        account=SesAccount(client),
        series=SimpleNamespace(read=counted),
        rosters=SimpleNamespace(load=lambda _: kept.roster),
    )
    for hour in range(hours):
        now = NOW + timedelta(hours=hour)
        seen = read_metrics.read_metrics(
            ports, TARGET, rules, {}, now, UNLIMITED, FailureCollector()
        )
        kept.roster = seen.roster_after()
        yield seen


def _observation(reading: MetricReading) -> Observation:
    return Observation(None, reading, 1, ())


def _unknown(seen: MetricReading) -> list[str]:
    """Return the scopes of which something is not known that ought to be."""
    verdicts = evaluate(_observation(seen)).verdicts.items()
    gaps = {
        str(key[1]) for key, each in verdicts if isinstance(each, Unknown) and each.gap.is_failure
    }
    return sorted(gaps)


def _ours(url: str) -> Any:  # noqa: ANN401 - boto3's
    """Return a client as the function has it, whose decoding is timed."""
    made = quick_session().client("sesv2", endpoint_url=url, config=READING)
    operation = "sesv2.BatchGetMetricData"
    made.meta.events.register(f"before-parse.{operation}", decoding.starts)
    made.meta.events.register(f"response-received.{operation}", decoding.ends)
    vars(ses_metrics)["answers"] = decoding.timed(answers)
    return made


def _taken(url: str) -> int:
    """Return how many calls the server has taken, without those that were one too many."""
    counted = usage(url)
    return counted["calls"] - counted["refused"]


def main() -> None:
    """Read, and print what was read, in how long and with how much memory."""
    name, url, identities, seconds = sys.argv[1:]

    def out_of_time(*_: object) -> None:
        raise OutOfTime

    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(int(seconds))
    shown: Shown = {"answered": 0}
    began = time.monotonic()
    with contextlib.suppress(OutOfTime):
        READERS[name](url, int(identities), shown)
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - a file of Linux's
        memory = int(status.read().split("VmHWM:")[1].split()[0]) / 1024
    shown |= {
        "wall": time.monotonic() - began,
        "cpu": time.process_time(),
        "decoding": sum(decoding.spent),
        "planning": sum(planning.spent),
        "mb": memory,
    }
    print(json.dumps(shown), flush=True)
    os._exit(0)  # Threads may still be waiting for answers that nobody wants any more.


if __name__ == "__main__":
    main()
