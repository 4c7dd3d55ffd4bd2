"""Those who read an account for `benchmarks.sweep`, each in a process of its own.

    python -m benchmarks.readers READER URL IDENTITIES SECONDS

prints what was read as JSON. Whoever is not done after so many seconds is stopped.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

import vdm_alerts.survey
from benchmarks.fixture import ROOT
from vdm_alerts.asking import Asking
from vdm_alerts.aws import vdm
from vdm_alerts.aws.account import SesAccount
from vdm_alerts.aws.answers import answers, reads_time_quickly
from vdm_alerts.core.config import parse_rule
from vdm_alerts.core.metrics import Metric, Scope, Series, Window
from vdm_alerts.core.plan import worth_asking
from vdm_alerts.core.queries import Query
from vdm_alerts.core.roster import Roster
from vdm_alerts.core.rules import Rule
from vdm_alerts.core.values import KINDS
from vdm_alerts.core.verdicts import Breached, Unknown
from vdm_alerts.survey import UNLIMITED, Survey

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAYS = Window(60)
METRICS = (Metric.SEND, Metric.PERMANENT_BOUNCE, Metric.COMPLAINT, Metric.DELIVERY_COMPLAINT)

Shown = dict[str, object]
"""What a reader has to show for it."""


class OutOfTime(BaseException):
    """The seconds are over. No handler of errors is to take it for one."""


class Stopwatch:
    """Adds up the processor time of what is worth knowing, in seconds, over all threads."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.spent: list[float] = []
        self._mine = threading.local()

    def starts(self, **_: object) -> None:
        """Begin to count in this thread."""
        self._mine.began = time.thread_time()

    def ends(self, **_: object) -> None:
        """Count in this thread until now."""
        self.spent.append(time.thread_time() - self._mine.began)

    def timed(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return *work*, counting."""

        def counted(*arguments: object) -> Any:  # noqa: ANN401 - whatever it returns
            self.starts()
            try:
                return work(*arguments)
            finally:
                self.ends()

        return counted


decoding, planning = Stopwatch(), Stopwatch()


def loop(url: str, identities: int, shown: Shown) -> None:
    """Read by a loop over boto3."""
    ses = _client(url)
    for call in _calls(identities):
        answered = len(ses.batch_get_metric_data(Queries=call)["Results"])
        shown["answered"] = int(str(shown.get("answered", 0))) + answered


def adaptive(url: str, identities: int, shown: Shown) -> None:
    """Read by a pool of threads that leaves the pace to botocore's adaptive mode."""
    ses = _client(
        url, max_pool_connections=16, retries={"mode": "adaptive", "total_max_attempts": 10}
    )
    answered: list[int] = []

    def one(call: Sequence[Any]) -> None:
        with contextlib.suppress(Exception):
            answered.append(len(ses.batch_get_metric_data(Queries=call)["Results"]))
            shown["answered"] = sum(answered)

    pool = ThreadPoolExecutor(16)
    try:
        list(pool.map(one, _calls(identities)))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def reader(url: str, identities: int, shown: Shown) -> None:
    """Read everything by the reader that ships."""
    queries = [
        Query(metric, Scope(identity=f"{each}.example.com"))
        for each in range(identities)
        for metric in METRICS
    ]
    found = vdm.Vdm(_ours(url)).read(queries, DAYS, NOW.date(), timedelta(hours=1))
    shown["answered"] = sum(isinstance(each, Series) for each in found.values())


def sweeps(url: str, _: int, shown: Shown) -> None:
    """Read by the sweep that ships, twice, an hour apart; of 59 days, so that 60 are asked for."""
    rules = [replace(rule, windows=(Window(59),)) for rule in _shipped()]
    surveys = _surveys(url, rules, hours=2)
    for name in ("first", "next"):
        before, asked = _usage(url)["calls"], len(_least)
        seen = next(surveys)
        calls = _usage(url)["calls"] - before
        shown[f"{name}_extra_calls"] = calls - sum(_least[asked:])
        shown[f"{name}_unknown"] = _unknown(seen)
    shown["answered"] = sum(isinstance(each, Series) for each in seen.found.values())


def drill(url: str, _: int, shown: Shown) -> None:
    """Read by the sweep that ships, whose rules watch every identity at every provider too."""
    kinds = frozenset(KINDS[each] for each in ("account", "identity", "isp", "identity_at_isp"))
    seen = next(_surveys(url, [replace(rule, scopes=kinds) for rule in _shipped()], hours=1))
    shown["answered"] = seen.asked
    shown["breached"] = [
        f"{rule} {scope}"
        for (rule, scope), verdict in seen.verdicts.items()
        if isinstance(verdict, Breached) and scope.identity and scope.isp
    ]


READERS: Mapping[str, Callable[[str, int, Shown], None]] = {
    each.__name__: each for each in (loop, adaptive, reader, sweeps, drill)
}

_least: list[int] = []
"""How few calls each reading could have been made in."""


def _surveys(url: str, rules: Sequence[Rule], hours: int) -> Iterator[Survey]:
    client = _ours(url)
    kept = SimpleNamespace(roster=Roster())
    reads = vdm.Vdm(client)

    def counted(queries: Sequence[Query], *more: Any) -> Any:  # noqa: ANN401 - as of a Vdm
        _least.append(-(-len(queries) // vdm.MOST_QUERIES))
        return reads.read(queries, *more)

    vars(vdm_alerts.survey)["worth_asking"] = planning.timed(worth_asking)
    ports: Any = SimpleNamespace(
        account=SesAccount(client),
        series=SimpleNamespace(read=counted),
        rosters=SimpleNamespace(
            load=lambda: kept.roster,
            save=lambda roster, replacing: vars(kept).update(roster=roster),  # noqa: ARG005
        ),
    )
    for hour in range(hours):
        now = NOW + timedelta(hours=hour)
        yield vdm_alerts.survey.survey(
            ports, rules, (), now, UNLIMITED, timedelta(hours=1), Asking()
        )


def _unknown(seen: Survey) -> list[str]:
    """Return the scopes of which something is not known that ought to be."""
    verdicts = seen.verdicts.items()
    gaps = {
        str(key[1]) for key, each in verdicts if isinstance(each, Unknown) and each.gap.is_failure
    }
    return sorted(gaps)


def _shipped() -> Sequence[Rule]:
    files = sorted((ROOT / "rules").glob("*.toml"))
    return [parse_rule(file.stem, file.read_text(), file.name) for file in files]


def _calls(identities: int) -> Sequence[Any]:
    queries = [
        {
            "Id": str(number % vdm.MOST_QUERIES),
            "Namespace": "VDM",
            "Metric": metric.value,
            "Dimensions": {"EMAIL_IDENTITY": f"{each}.example.com"},
            "StartDate": NOW.replace(hour=0) - timedelta(days=DAYS.days - 1),
            "EndDate": NOW.replace(hour=0) + timedelta(days=1),
        }
        for number, (each, metric) in enumerate(
            (each, metric) for each in range(identities) for metric in METRICS
        )
    ]
    starts = range(0, len(queries), vdm.MOST_QUERIES)
    return [queries[start : start + vdm.MOST_QUERIES] for start in starts]


def _client(url: str, session: Any = boto3, **config: Any) -> Any:  # noqa: ANN401 - boto3's
    return session.client("sesv2", endpoint_url=url, config=Config(**config))


def _ours(url: str) -> Any:  # noqa: ANN401 - boto3's
    """Return a client as the function has it, whose decoding is timed."""
    core = botocore.session.Session()
    reads_time_quickly(core)
    client = _client(
        url,
        boto3.Session(botocore_session=core),
        max_pool_connections=vdm.CALLERS,
        connect_timeout=2,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 4},
    )
    operation = "sesv2.BatchGetMetricData"
    client.meta.events.register(f"before-parse.{operation}", decoding.starts)
    client.meta.events.register(f"response-received.{operation}", decoding.ends)
    vars(vdm)["answers"] = decoding.timed(answers)
    return client


def _usage(url: str) -> Mapping[str, int]:
    with contextlib.closing(urllib.request.urlopen(f"{url}/_vdm/usage")) as answer:  # noqa: S310
        usage: Mapping[str, int] = json.load(answer)
    return usage


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
