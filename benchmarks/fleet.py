"""Duration, calls, notifications and cost of the executions of a fleet.

The code of the functions runs in memory: it resolves the fleet file, reads, evaluates, hands over
and delivers. The clock is simulated. SES answers each call after LATENCY_S, allows 16 calls and 160
queries a second in each account and Region, and one page of a list a second. The rate limiter and
the quota are those of the function and of the local AWS. Computing, cold starts and calls of other
services take what the constants say.

The targets depend on each other only by the concurrency of the map. So each is evaluated once per
execution, and the map is simulated with these durations at each concurrency.

The first execution sends the first summaries. In the usual one, an hour later, a mailbox provider
bounces the emails of one target in 20. The contenders:

* a stack for one account and Region with as many identities as most targets of the fleet;
* a fleet, at several concurrencies;
* a stack for each target.

    .venv/bin/python -m benchmarks.fleet [--accounts N] [--identities N] [--json]

With --local-aws N, it measures executions of the deployed state machine for N targets instead.
"""

import argparse
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, partial
from heapq import heapify, heapreplace
from io import BytesIO
from typing import Any

from benchmarks.fixture import DAYS, NOW, default_rules
from benchmarks.fleet_on_local_aws import IDENTITIES, measure
from benchmarks.report import positive_integer, report
from vdm_alerts.adapters.aws.execution_files import ExecutionFiles
from vdm_alerts.adapters.aws.ses_account import PAGE_SIZE
from vdm_alerts.adapters.aws.ses_metrics import MAX_CONCURRENCY, _batches
from vdm_alerts.adapters.aws.ses_rate_limiter import LISTS_PER_SECOND, RateLimiter
from vdm_alerts.adapters.memory import (
    MemoryAccount,
    MemoryKnownTargets,
    MemoryMetrics,
    MemoryNotifier,
    MemoryRules,
    MemorySilences,
    MemoryState,
    memory_ports,
)
from vdm_alerts.app.deliver_fleet import DeliveryOptions, Execution, deliver_fleet
from vdm_alerts.app.evaluate import Lease, NotificationOptions, run
from vdm_alerts.app.hand_over import HandoverOutbox
from vdm_alerts.core.fleet.answers import Status, TargetAnswer
from vdm_alerts.core.fleet.document import parse_fleet
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.fleet.targets import resolve_targets
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS
from vdm_alerts.core.model.metrics import Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.fleet import messages_per_execution
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts.handlers.invocation_time import LONGEST_INVOCATION, TIME_AFTER_READING
from vdm_alerts.ports import FleetPorts, Ports
from vdm_alerts_cli.cost import CPU_S, LATENCY_S, MEMORY_MB, PROCESSOR_MB, Workload
from vdm_alerts_cli.fleet_cost import fleet_costs, list_total, stack_costs
from vdm_local.quota import Quota

HUB = Target("111111111111", "eu-west-1")
FIRST_ACCOUNT = 222_222_222_222
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2", "ap-southeast-2")
CONCURRENCIES = (10, 40, 100)
LOCAL_CONCURRENCY = 4
"""Targets that the local AWS evaluates at a time."""
HOUR = timedelta(hours=1)
LARGE_SHARE, SMALL_SHARE = 10, 1_000
"""A large target has a tenth of the identities of the largest one, a small one a thousandth."""
ONE_LARGE_IN, ONE_BOUNCING_IN = 12, 20
EMAILS = 1_000
"""Emails a day of each identity."""
SHARES = (40, 20, 10, 9, 6, 5, 4, 3, 2, 1, 0, 0, 0)
"""Percentages of them at each provider, in the order of `KNOWN_ISPS`."""
BOUNCING = KNOWN_ISPS[2]
SLOWNESS = PROCESSOR_MB / MEMORY_MB
"""How much longer the function computes than with a whole processor."""
COLD_START_S = CPU_S[0] * SLOWNESS
"""Seconds that a new process computes, apart from the time for its identities."""
WARM_START_S = COLD_START_S / 10
"""Seconds that a process computes which has run before. Assumed."""
SERVICE_S = 0.02
"""Seconds of a call of DynamoDB, S3 or SNS. Assumed."""
STATES_S = 0.2
"""Seconds that Step Functions takes to start and end the execution of a target. Assumed."""
BACKOFF_S = 1.0
"""Seconds after which boto3 repeats a call that was throttled."""


class Clock:
    """A simulated clock of one thread."""

    def __init__(self) -> None:
        """Start at 0 seconds."""
        self.now = 0.0

    def monotonic(self) -> float:
        """Return the time in seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.now += max(0.0, seconds)


class ClockDeadline:
    """A deadline on a simulated clock."""

    def __init__(self, clock: Clock, duration: timedelta) -> None:
        """Set the deadline to *duration* from now."""
        self._clock, self._end = clock, clock.now + duration.total_seconds()

    def remaining(self) -> timedelta:
        """Return the time until the deadline; zero or negative after it."""
        return timedelta(seconds=self._end - self._clock.now)


class Timed:
    """A port whose calls take SERVICE_S each."""

    def __init__(self, port: object, clock: Clock) -> None:
        """Let each call of *port* take its time on *clock*."""
        self._port, self._clock = port, clock

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - that of the port
        method = getattr(self._port, name)

        def timed_method(*arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - those of the port
            self._clock.sleep(SERVICE_S)
            return method(*arguments, **more)

        return timed_method


class MemoryS3:
    """The operations of S3 that the functions call, in memory."""

    def __init__(self) -> None:
        """Create an empty bucket."""
        self.objects: dict[str, bytes] = {}

    def put_object(self, *, Key: str, Body: bytes, **_: str) -> None:  # noqa: N803 - boto3
        """Store an object."""
        self.objects[Key] = Body

    def get_object(self, *, Key: str, **_: str) -> Mapping[str, Any]:  # noqa: N803 - boto3
        """Return an object."""
        return {"Body": BytesIO(self.objects[Key])}


@dataclass
class TimedAccount(MemoryAccount):
    """An AccountSource whose calls take LATENCY_S, with one page a second of each list."""

    clock: Clock = field(default_factory=Clock)

    def status(self, deadline: Deadline) -> Any:  # noqa: ANN401 - that of MemoryAccount
        """Return the status of the account."""
        self.clock.sleep(LATENCY_S)
        return super().status(deadline)

    def identities(self, deadline: Deadline) -> Sequence[Scope]:
        """Return the identities, in pages."""
        return self._paged(super().identities(deadline))

    def configuration_sets(self, deadline: Deadline) -> Sequence[Scope]:
        """Return the configuration sets, in pages."""
        return self._paged(super().configuration_sets(deadline))

    def tenants(self, deadline: Deadline, first_page: str | None = None) -> Sequence[Scope]:
        """Return the tenants, in pages."""
        return self._paged(super().tenants(deadline, first_page))

    def paused_tenants(self, deadline: Deadline) -> Sequence[Scope]:
        """Return the paused tenants, in pages."""
        return self._paged(super().paused_tenants(deadline))

    def recommendations(self, deadline: Deadline) -> Any:  # noqa: ANN401 - those of MemoryAccount
        """Return the recommendations, which are one page."""
        self._paged(())
        return super().recommendations(deadline)

    def _paged(self, items: Sequence[Scope]) -> Sequence[Scope]:
        limiter = RateLimiter(self.clock, LISTS_PER_SECOND)
        for _ in range(max(1, -(-len(items) // PAGE_SIZE))):
            limiter.wait()
            self.clock.sleep(LATENCY_S)
        return items


@dataclass
class TimedSeries:
    """A SeriesSource with the quota, the rate limiter and the callers of the function.

    `tests/benchmarks` compares its durations with those of the adapter.
    """

    identities: int
    clock: Clock
    is_bouncing: bool = False
    """Whether a provider bounces emails today."""
    throttled: int = 0

    def __post_init__(self) -> None:
        """Begin with an unused quota."""
        self.limiter = RateLimiter(self.clock)
        self._quota = Quota(self.clock.monotonic)

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        """Return the answers after the time of the calls."""
        del window
        first, *rest = _batches(queries)
        answers = dict(self._call(first, deadline, last))
        callers = [self.clock.now] * MAX_CONCURRENCY
        for batch in rest:
            self.clock.now = callers[0]
            answers |= self._call(batch, deadline, last)
            heapreplace(callers, self.clock.now)
        self.clock.now = max(callers)
        return answers

    def throttled_calls(self) -> int:
        """Return how many calls SES has throttled."""
        return self.throttled

    def _call(
        self, batch: Sequence[Query], deadline: Deadline, last: date
    ) -> Mapping[Query, Series | Gap]:
        if deadline.remaining() < timedelta():
            return dict.fromkeys(batch, Gap.CUT_OFF)
        self.limiter.wait()
        while not self._quota.admit(len(batch)):
            self.throttled += 1
            self.limiter.throttled()
            self.clock.sleep(LATENCY_S + BACKOFF_S)
            self.limiter.wait()
        self.limiter.accepted()
        self.clock.sleep(LATENCY_S)
        return {query: self._answer(query, last) for query in batch}

    def _answer(self, query: Query, last: date) -> Series:
        scope = query.scope
        count = 1 if scope.identity else self.identities
        return _counts(query.metric, count, scope.isp, last, is_bouncing=self.is_bouncing)


@cache
def _counts(
    metric: Metric, identities: int, isp: str | None, last: date, *, is_bouncing: bool
) -> Series:
    """Return the daily counts of *identities* at *isp*, or at all providers."""
    shares = dict(zip(KNOWN_ISPS, SHARES, strict=True))
    of_all = EMAILS * identities // 100
    emails = {each: of_all * share for each, share in shares.items() if isp in {None, each}}
    usual = sum(_events(metric, count) for count in emails.values())
    series = {last - timedelta(days=age): usual for age in range(DAYS.days)}
    if is_bouncing and metric is Metric.PERMANENT_BOUNCE and BOUNCING in emails:
        series[last] += emails[BOUNCING] // 4
    return Series(series)


def _events(metric: Metric, emails: int) -> int:
    match metric:
        case Metric.PERMANENT_BOUNCE | Metric.TRANSIENT_BOUNCE:
            return emails // 200
        case Metric.COMPLAINT:
            return emails // 10_000
        case _:
            return emails


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The evaluation of a target in one execution."""

    seconds: float
    """How long its invocations take, apart from the start of the process."""
    queries: int
    throttled: int
    notifications: int
    """How many notifications are due: what a stack of its own would send."""


class Spoke:
    """A target with its senders and its ports in memory."""

    def __init__(self, target: FleetTarget, identities: int, store: MemoryState) -> None:
        """Create the target with so many identities, whose state is in *store*."""
        self.target, self.identities = target, identities
        self.clock = Clock()
        names = [Scope(identity=f"{number}.example.com") for number in range(identities)]
        senders = [*names, Scope(configuration_set="all")]
        self.series = TimedSeries(identities, self.clock)
        ports, timed = memory_ports(), partial(Timed, clock=self.clock)
        rules: Any = timed(MemoryRules(RuleSet({rule.name: rule for rule in default_rules()})))
        silences: Any = timed(MemorySilences())
        rosters: Any = timed(ports.rosters)
        timed_store: Any = timed(store)
        self._ports = Ports(
            rules=rules,
            silences=silences,
            account=TimedAccount(senders=senders, clock=self.clock),
            series=self.series,
            reputation=ports.reputation,
            rosters=rosters,
            store=timed_store,
            notifier=MemoryNotifier(),
            recorder=MemoryMetrics(),
        )

    def evaluate(self, started: datetime, files: ExecutionFiles) -> Evaluation:
        """Evaluate the target, in as many invocations as it takes."""
        self.clock.now = 0.0
        self.series.__post_init__()
        self.series.throttled = queries = 0
        while True:
            begin = self.clock.now
            now = started + timedelta(seconds=begin)
            ends = now + 2 * LONGEST_INVOCATION
            limits = Limits(
                ClockDeadline(self.clock, LONGEST_INVOCATION - TIME_AFTER_READING),
                continues_since=started,
                may_continue=ends <= started + HOUR,
            )
            outcome = run(
                self._ports,
                self.target.target,
                now,
                Lease(now, now + LONGEST_INVOCATION),
                limits,
                NotificationOptions(),
                partial(HandoverOutbox, files),
            )
            queries += outcome.queries
            computing = CPU_S[1] * self.identities * SLOWNESS
            self.clock.now = max(self.clock.now, begin + computing)
            if not outcome.is_cut_short:
                break
        return Evaluation(
            self.clock.now, queries, self.series.throttled, outcome.notifications_sent
        )


@dataclass(frozen=True, slots=True)
class FleetExecution:
    """One execution of a fleet, apart from the time of its map."""

    evaluations: Sequence[Evaluation]
    messages: int
    steps_s: float
    """Seconds of the functions that list and deliver."""

    def seconds(self, concurrency: int) -> float:
        """Return the duration of the execution at *concurrency*."""
        return self.steps_s + self.map_seconds(concurrency)

    def map_seconds(self, concurrency: int) -> float:
        """Return when the last target is evaluated. The first target of each process is cold."""
        free = [COLD_START_S - WARM_START_S] * min(concurrency, len(self.evaluations))
        heapify(free)
        for each in self.evaluations:
            heapreplace(free, free[0] + STATES_S + WARM_START_S + each.seconds)
        return max(free)


class FleetInMemory:
    """A fleet: its targets, one table, one topic and one bucket."""

    def __init__(self, accounts: int, identities: int) -> None:
        """Create the targets: *accounts* in all Regions, the largest one with *identities*."""
        self.store = MemoryState()
        listed = "\n".join(
            f'[[targets]]\naccount = "{number}"\nalias = "brand-{number}"\nregions = {[*REGIONS]}'
            for number in range(FIRST_ACCOUNT, FIRST_ACCOUNT + accounts)
        )
        self.targets = resolve_targets(parse_fleet(listed, "here"), HUB)
        self.spokes = [
            Spoke(target, size, self.store)
            for target, size in zip(self.targets, self._sizes(identities), strict=True)
        ]
        self._known_targets = MemoryKnownTargets()

    def _sizes(self, identities: int) -> Iterator[int]:
        """Yield the identities of each target: one is the largest, one in 12 is large."""
        middle = len(self.targets) // 2
        for number in range(len(self.targets)):
            if number == middle:
                yield identities
            elif number % ONE_LARGE_IN == 0:
                yield max(1, identities // LARGE_SHARE)
            else:
                yield max(1, identities // SMALL_SHARE)

    def execute(self, started: datetime) -> FleetExecution:
        """List, evaluate and deliver."""
        clock, client, notifier = Clock(), MemoryS3(), MemoryNotifier()
        timed_client: Any = Timed(client, clock)
        files = ExecutionFiles(timed_client, "bucket", f"{started:%H%M}")
        clock.sleep(COLD_START_S)
        files.write_targets(self.targets)
        evaluations, answers = [], {}
        for spoke in self.spokes:
            own_client: Any = Timed(client, spoke.clock)
            own_files = ExecutionFiles(own_client, "bucket", f"{started:%H%M}")
            evaluation = spoke.evaluate(started, own_files)
            evaluations.append(evaluation)
            answer = TargetAnswer(Status.EVALUATED, evaluation.notifications)
            answers[spoke.target.target] = answer
        clock.sleep(COLD_START_S)
        store: Any = Timed(self.store, clock)
        timed_notifier: Any = Timed(notifier, clock)
        now = started + HOUR / 2
        outcome = deliver_fleet(
            FleetPorts(store, timed_notifier, files, self._known_targets, MemoryMetrics()),
            HUB,
            Execution(files.read_targets(), answers),
            now,
            Lease(now, now + LONGEST_INVOCATION),
            DeliveryOptions(messages_per_execution(HOUR)),
        )
        return FleetExecution(evaluations, outcome.messages_sent, clock.now)

    def bounce(self) -> None:
        """Let a provider bounce the emails of one target in 20."""
        for spoke in self.spokes[::ONE_BOUNCING_IN]:
            spoke.series.is_bouncing = True


@dataclass(frozen=True)
class MeasuredWorkload(Workload):
    """A workload with the queries and the duration of simulated runs."""

    measured_queries: int = 0
    measured_seconds: float = 0

    @property
    def queries(self) -> int:
        """The queries of a run."""
        return self.measured_queries

    @property
    def seconds(self) -> float:
        """The duration of a run."""
        return self.measured_seconds


def workloads(
    fleet: FleetInMemory, usual: FleetExecution, start_s: float
) -> Sequence[tuple[Workload, int]]:
    """Return the workload of each size of target in a usual execution, and how many have it.

    The start of a process takes *start_s* on average.
    """
    found = []
    for size in sorted({spoke.identities for spoke in fleet.spokes}):
        runs = [
            run
            for spoke, run in zip(fleet.spokes, usual.evaluations, strict=True)
            if spoke.identities == size
        ]
        workload = MeasuredWorkload(
            size,
            measured_queries=round(sum(run.queries for run in runs) / len(runs)),
            measured_seconds=start_s + sum(run.seconds for run in runs) / len(runs),
        )
        found.append((workload, len(runs)))
    return found


def fleet_cost(sizes: Sequence[tuple[Workload, int]]) -> float:
    """Return the monthly cost of a fleet with targets of several *sizes*, at list prices.

    The cost of a fleet is linear in its targets, so what it costs without any is added once.
    """
    alone = [list_total(fleet_costs(workload, 0)) for workload, _ in sizes]
    added = [
        list_total(fleet_costs(workload, targets)) - fixed
        for (workload, targets), fixed in zip(sizes, alone, strict=True)
    ]
    return alone[0] + sum(added)


def stacks_cost(sizes: Sequence[tuple[Workload, int]]) -> float:
    """Return the monthly cost of a stack for each target, at list prices."""
    return sum(list_total(stack_costs(workload, targets)) for workload, targets in sizes)


def stack_rows(
    fleet: FleetInMemory, first: FleetExecution, usual: FleetExecution
) -> Iterator[Mapping[str, object]]:
    """Yield the row of one stack, and that of a stack for each target."""
    smallest = min(range(len(fleet.spokes)), key=lambda number: fleet.spokes[number].identities)
    sizes = workloads(fleet, usual, COLD_START_S)
    of_one = [(sizes[0][0], 1)]
    for name, numbers, of_size in (
        ("one stack, one target", [smallest], of_one),
        ("a stack for each target", range(len(fleet.spokes)), sizes),
    ):
        runs = [[each.evaluations[number] for number in numbers] for each in (first, usual)]
        yield row(
            name,
            runs,
            [COLD_START_S + max(run.seconds for run in each) for each in runs],
            [sum(run.notifications for run in each) for each in runs],
            len(runs[0]),
            stacks_cost(of_size),
        )


def fleet_row(
    fleet: FleetInMemory, first: FleetExecution, usual: FleetExecution, concurrency: int
) -> Mapping[str, object]:
    """Return the row of the fleet at *concurrency*."""
    cold = min(concurrency, len(fleet.spokes))
    share = cold / len(fleet.spokes)
    start_s = COLD_START_S * share + WARM_START_S * (1 - share)
    executions = (first, usual)
    return row(
        f"fleet, {concurrency} at a time",
        [execution.evaluations for execution in executions],
        [execution.seconds(concurrency) for execution in executions],
        [execution.messages for execution in executions],
        cold,
        fleet_cost(workloads(fleet, usual, start_s)),
        [execution.steps_s for execution in executions],
    )


def row(
    contender: str,
    runs: Sequence[Sequence[Evaluation]],
    seconds: Sequence[float],
    messages: Sequence[int],
    cold_starts: int,
    dollars: float,
    steps_s: Sequence[float] | None = None,
) -> Mapping[str, object]:
    """Return the row of a *contender*, whose first and usual *runs* take so many *seconds*.

    *steps_s* is the part of them in which a fleet evaluates nothing.
    """
    first, usual = runs
    return {
        "case": "executions of a fleet",
        "contender": contender,
        "targets": len(first),
        "first_s": round(seconds[0]),
        "usual_s": round(seconds[1]),
        "first_list_and_deliver_s": steps_s and round(steps_s[0]),
        "usual_list_and_deliver_s": steps_s and round(steps_s[1]),
        "first_queries": sum(run.queries for run in first),
        "usual_queries": sum(run.queries for run in usual),
        "throttled": sum(run.throttled for each in runs for run in each),
        "first_messages": messages[0],
        "usual_messages": messages[1],
        "cold_starts": cold_starts,
        "dollars_a_month": round(dollars, 2),
    }


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=positive_integer, default=50)
    parser.add_argument(
        "--identities", type=positive_integer, default=10_000, help="those of the largest target"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    parser.add_argument(
        "--local-aws",
        type=positive_integer,
        metavar="N",
        help="measure executions for N targets on the local AWS, in place of the simulation",
    )
    options = parser.parse_args()
    if count := options.local_aws:
        rows = list(measure(count, FIRST_ACCOUNT, REGIONS, LOCAL_CONCURRENCY))
        about = {"identities": f"{IDENTITIES} in each target", "runs": "one of each"}
        report(about, rows, as_json=options.json, group_key="case")
        return
    logging.disable()
    fleet = FleetInMemory(options.accounts, options.identities)
    first = fleet.execute(NOW)
    fleet.bounce()
    usual = fleet.execute(NOW + HOUR)
    one, each = stack_rows(fleet, first, usual)
    rows = [one, *(fleet_row(fleet, first, usual, count) for count in CONCURRENCIES), each]
    sizes = [spoke.identities for spoke in fleet.spokes]
    counts = ", ".join(f"{sizes.count(size)} x {size:,}" for size in sorted({*sizes}))
    about = {"identities": counts, "latency": f"{LATENCY_S} s", "runs": "one of each, simulated"}
    report(about, rows, as_json=options.json, group_key="case")


if __name__ == "__main__":
    main()
