"""Sweeps of an account with very many tenants, by a simulated clock.

SES answers 16 calls a second with 10 queries each; the function uses 97% of that. The clock
advances by these calls, by the latency of the first and the last call of each round, by the pages
of the list of tenants, and by the processor time of the function, as if it had one whole vCPU. Each
invocation has 15 minutes, of which 2 are reserved for the steps after reading.

A share of the tenants is active. Their emails a day are lognormal, with a median of 20: most of
them send little. 1.5% bounce, 0.01% cause a complaint, and one in a thousand active tenants with at
least 20 emails a day has a bounce rate of 12%. The default rules apply. For each share, the table
shows the first sweep, which knows nothing, and the average of the sweeps of the 5 hours after it,
which read the active tenants each time and the others every 4 hours. A sweep begins every hour, or
when the one before ends. Each share is measured in a process of its own.

    .venv/bin/python -m benchmarks.tenants [--tenants N] [--active PERCENT ...] [--json]
"""

import argparse
import logging
import math
import random
import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from multiprocessing import get_context
from types import SimpleNamespace
from typing import Any, cast

from benchmarks.fixture import NOW, default_rules
from benchmarks.report import positive_integer, report
from vdm_alerts.adapters.aws.dynamodb_roster import DynamoDbRoster
from vdm_alerts.adapters.aws.ses_account import TENANTS_PAGE_SIZE
from vdm_alerts.adapters.aws.ses_metrics import MAX_QUERIES
from vdm_alerts.adapters.aws.ses_rate_limiter import CALLS_PER_SECOND, QUOTA_SHARE
from vdm_alerts.adapters.memory import MemoryAccount, MemoryRules, memory_ports
from vdm_alerts.app.evaluate import Lease, run
from vdm_alerts.core.alerts.alert import Firing
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import UnfinishedListError
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts.handlers.invocation_time import LONGEST_INVOCATION, TIME_AFTER_READING
from vdm_alerts.ports import Ports

TARGET = Target("111122223333", "eu-west-1")
LATENCY_S = 0.3
MEDIAN_EMAILS, SIGMA = 20, 1.8
"""The emails a day of an active tenant: the median, and the deviation of the logarithm."""
BOUNCE_RATE, COMPLAINT_RATE, BREACHING_RATE = 0.015, 0.0001, 0.12
BREACHED_SHARE = 0.001
DAYS = 28
NO_EMAIL = Series({})
INTERVAL = timedelta(hours=1)
"""The time between two executions of the fleet."""
TIME_AFTER_FIRST = timedelta(hours=5)
GB = 1_769 / 1_024
"""The memory of the function in GB: it has one whole vCPU then."""
GB_SECOND, WRITE_UNIT, READ_UNIT = 0.0000133334, 0.625e-6, 0.125e-6
"""Prices in US dollars: see docs/cost.md."""
HOURS_PER_MONTH = 730


def main() -> None:
    """Simulate, and print the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tenants", type=positive_integer, default=300_000)
    parser.add_argument(
        "--active", type=positive_integer, nargs="+", default=(5, 20, 50), metavar="PERCENT"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    options = parser.parse_args()
    rows: list[Mapping[str, object]] = []
    for share in options.active:
        with ProcessPoolExecutor(1, get_context("spawn")) as process:
            rows += process.submit(measure, options.tenants, share / 100).result()
    report({"tenants": options.tenants}, rows, as_json=options.json, group_key="active")


@dataclass
class Clock:
    """A clock that advances by what the function waits for, and by its processor time."""

    waited: float = 0.0
    """Seconds of waiting so far."""

    @property
    def seconds(self) -> float:
        """The time since any fixed point."""
        return self.waited + time.process_time()


@dataclass
class Invocation:
    """The deadline of one invocation."""

    clock: Clock
    ends: float

    def remaining(self) -> timedelta:
        """Return the time until the deadline."""
        return timedelta(seconds=self.ends - self.clock.seconds)


class Tenants:
    """The counts of the tenants, calculated when they are queried."""

    def __init__(self, count: int, active_share: float, clock: Clock) -> None:
        self._random = random.Random(count)  # noqa: S311 - reproducible figures, no secrets
        self._clock = clock
        numbers = sorted(self._random.sample(range(16**12), count))
        self.scopes = [Scope(tenant=f"customer-{number:012x}") for number in numbers]
        self.emails: dict[str, int] = {}
        self.breached: set[str] = set()
        for scope in self.scopes:
            if self._random.random() < active_share:
                name = cast("str", scope.tenant)
                median = math.log(MEDIAN_EMAILS)
                self.emails[name] = max(1, round(self._random.lognormvariate(median, SIGMA)))
                if self.emails[name] >= MEDIAN_EMAILS and self._random.random() < BREACHED_SHARE:
                    self.breached.add(name)
        self.queries_made = 0

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        """Return the counts of as many *queries* as there is time for until *deadline*."""
        del window
        per_call = 1 / (CALLS_PER_SECOND * QUOTA_SHARE)
        left = deadline.remaining().total_seconds() - LATENCY_S
        possible = max(0, int(left / per_call)) * MAX_QUERIES
        made = queries[:possible]
        self._clock.waited += 2 * LATENCY_S + math.ceil(len(made) / MAX_QUERIES) * per_call
        self.queries_made += len(made)
        answers: dict[Query, Series | Gap] = {query: self._counts(query, last) for query in made}
        return {**answers, **dict.fromkeys(queries[len(made) :], Gap.CUT_OFF)}

    def throttled_calls(self) -> int:
        """Return 0: the function stays within the quota."""
        return 0

    def _counts(self, query: Query, last: date) -> Series:
        name = query.scope.tenant
        if name is None:
            daily = sum(self.emails.values()) if query.scope == ACCOUNT else 0
        else:
            daily = self.emails.get(name, 0) if query.scope.isp is None else 0
        if query.metric is Metric.PERMANENT_BOUNCE:
            rate = BREACHING_RATE if name in self.breached else BOUNCE_RATE
        elif query.metric is Metric.COMPLAINT:
            rate = COMPLAINT_RATE
        elif query.metric is Metric.TRANSIENT_BOUNCE:
            rate = 0.0
        else:
            rate = 1.0
        per_day = daily * rate
        if not per_day:
            return NO_EMAIL
        counts, carried = {}, 0.5
        for age in range(DAYS):
            carried += per_day
            count = int(carried)
            carried -= count
            if count:
                counts[last - timedelta(days=age)] = count
        return Series(counts)


@dataclass
class TimedAccount(MemoryAccount):
    """An account whose list of tenants takes a second for each page."""

    clock: Clock = field(default_factory=Clock)

    def tenants(self, deadline: Deadline, first_page: str | None = None) -> Sequence[Scope]:
        """Return every tenant, or those of the pages of half of the time until *deadline*."""
        scopes = self.senders[int(first_page or 0) :]
        pages = int(deadline.remaining().total_seconds() / 2)
        part = scopes[: pages * TENANTS_PAGE_SIZE]
        self.clock.waited += math.ceil(len(part) / TENANTS_PAGE_SIZE)
        if len(part) == len(scopes):
            return scopes
        next_page = str(int(first_page or 0) + len(part))
        raise UnfinishedListError("ses:ListTenants", next_page, [str(each) for each in part])


@dataclass
class CountingTable:
    """A DynamoDB table in memory that counts its units."""

    items: dict[str, Any] = field(default_factory=dict)
    write_units: int = 0
    read_units: int = 0
    meta: Any = field(default_factory=lambda: SimpleNamespace(client=_NoClient()))

    @contextmanager
    def batch_writer(self) -> Iterator["CountingTable"]:
        """Return a batch, which this table is itself."""
        yield self

    def put_item(self, Item: Mapping[str, Any]) -> None:  # noqa: N803 - the name in boto3
        """Store an item: a unit for each kilobyte."""
        self.items[Item["sk"]] = Item
        self.write_units += math.ceil((len(Item["packed"]) + 200) / 1_024)

    def query(self, **_: object) -> Mapping[str, Any]:
        """Return all items, read consistently: a unit for each 4 kilobytes."""
        size = sum(len(item["packed"]) + 200 for item in self.items.values())
        self.read_units += math.ceil(size / 4_096)
        return {"Items": [self.items[key] for key in sorted(self.items)]}

    @property
    def size(self) -> int:
        """The bytes of the roster."""
        return sum(len(item["packed"]) for item in self.items.values())


class _NoClient:
    """A client whose requests need no time limit."""

    _endpoint = SimpleNamespace(http_session=None)


@dataclass
class Sweep:
    """The figures of one sweep."""

    queries: int = 0
    invocations: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0
    write_units: int = 0
    read_units: int = 0


def sweeps(ports: Ports, tenants: Tenants, table: CountingTable, clock: Clock) -> Iterator[Sweep]:
    """Yield the figures of each sweep, one after the other."""
    began = clock.seconds
    due = began
    while True:
        due = max(due, clock.seconds)
        clock.waited += due - clock.seconds
        yield _sweep(ports, tenants, table, clock, began)
        due += INTERVAL.total_seconds()


def _sweep(
    ports: Ports, tenants: Tenants, table: CountingTable, clock: Clock, began: float
) -> Sweep:
    """Run invocations until one is not cut short, and return their figures."""

    def now() -> Any:  # noqa: ANN401 - a datetime
        return NOW + timedelta(seconds=clock.seconds - began)

    figures, started = Sweep(), now()
    queries, writes, reads = tenants.queries_made, table.write_units, table.read_units
    first_second, processor = clock.seconds, time.process_time()
    is_cut_short = True
    while is_cut_short:
        invoked = now()
        ends = clock.seconds + (LONGEST_INVOCATION - TIME_AFTER_READING).total_seconds()
        limits = Limits(Invocation(clock, ends), continues_since=started, may_continue=True)
        lease = Lease(invoked, invoked + LONGEST_INVOCATION)
        is_cut_short = run(ports, TARGET, invoked, lease, limits).is_cut_short
        figures.invocations += 1
    return replace(
        figures,
        queries=tenants.queries_made - queries,
        seconds=clock.seconds - first_second,
        processor_seconds=time.process_time() - processor,
        write_units=table.write_units - writes,
        read_units=table.read_units - reads,
    )


def measure(count: int, active_share: float) -> Sequence[Mapping[str, object]]:
    """Return the figures of the first sweep, and of an average one after it."""
    logging.disable(logging.CRITICAL)
    clock, table = Clock(), CountingTable()
    tenants = Tenants(count, active_share, clock)
    ports = replace(
        memory_ports(),
        rules=MemoryRules(RuleSet({rule.name: rule for rule in default_rules()})),
        account=TimedAccount(senders=tenants.scopes, clock=clock),
        series=tenants,
        rosters=DynamoDbRoster(cast("Any", table)),
    )
    series = sweeps(ports, tenants, table, clock)
    first = next(series)
    ends, others = clock.seconds + TIME_AFTER_FIRST.total_seconds(), [next(series)]
    while clock.seconds < ends:
        others.append(next(series))
    alerts = ports.store.load(TARGET).alerts
    firing = {
        key.scope.tenant
        for key, alert in alerts.items()
        if key.scope.tenant and isinstance(alert.state, Firing)
    }
    found = {"breached": len(tenants.breached), "found": len(firing & tenants.breached)}
    found["others_found"] = len(firing - tenants.breached)
    return [
        {"active": f"{active_share:.0%} active", **_row(name, each, table), **found}
        for name, each in (("first", [first]), ("usual", others))
    ]


def _row(name: str, figures: Sequence[Sweep], table: CountingTable) -> Mapping[str, object]:
    def average(key: str) -> float:
        return sum(float(getattr(each, key)) for each in figures) / len(figures)

    seconds = average("seconds")
    dollars = (
        seconds * GB * GB_SECOND
        + average("write_units") * WRITE_UNIT
        + average("read_units") * READ_UNIT
    )
    per_month = HOURS_PER_MONTH / max(1.0, seconds / INTERVAL.total_seconds())
    return {
        "sweep": name,
        "sweeps": len(figures),
        "queries": round(average("queries")),
        "hours": round(seconds / 3_600, 2),
        "invocations": round(average("invocations"), 1),
        "processor_s": round(average("processor_seconds")),
        "roster_mb": round(table.size / 1e6, 2),
        "roster_items": len(table.items),
        "write_units": round(average("write_units")),
        "read_units": round(average("read_units")),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024),
        "dollars": round(dollars, 4),
        "dollars_a_month": None if name == "first" else round(dollars * per_month, 2),
    }


if __name__ == "__main__":
    main()
