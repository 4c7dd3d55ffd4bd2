"""An estimate of what VDM Alerts costs per month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import ceil

from rich.table import Table

from vdm_alerts.adapters.aws.ses_metrics import MAX_CONCURRENCY, MAX_QUERIES
from vdm_alerts.adapters.aws.ses_rate_limiter import CALLS_PER_SECOND, QUOTA_SHARE
from vdm_alerts.core.evaluation.ses_rates import SES_METRICS
from vdm_alerts.core.model.metrics import ACCOUNT, LONGEST_WINDOW, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations.run_report import MAX_SAMPLES, RECORDING_PERIOD
from vdm_alerts.core.planning.next_batches import next_batches
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.read_plan import plan_reading
from vdm_alerts.core.planning.roster import SenderRecord, SenderRoster
from vdm_alerts.core.planning.scope_verdict import Verdicts
from vdm_alerts.core.rules.parser import parse_rule
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.handlers.invocation_time import TIME_AFTER_READING
from vdm_alerts_cli.rule_files import DEFAULT_RULES
from vdm_alerts_cli.terminal import Terminal

HOUR = timedelta(hours=1)
RUNS = 730
"""Runs per month, one per hour."""
MEMORY_MB = 256
"""Memory of the function."""
PROCESSOR_MB = 1_769
"""Memory at which a function has one whole vCPU.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""
LATENCY_S = 0.3
"""Assumed duration of a VDM call. AWS publishes none."""
TIME_OUT = timedelta(minutes=15)
"""Timeout of the function, the maximum that Lambda allows."""
LOG_KB = 2.0
"""Log volume of a run without notifications: 3 lines of VDM Alerts and 3 of Lambda."""
ALARMS = 5
RUN_METRICS = 3
"""Figures of a run without alerts that are metrics, apart from rates."""
MAX_ALERT_METRICS = 4
"""Metrics of open alerts: two severities, firing or recovering."""
CPU_S = (0.5, 0.0013)
"""vCPU seconds of a run without identities, and of each identity.

Measured by benchmarks/function_size.py.
"""

MIN_WIDTH_OF_QUANTITIES = 64
"""Columns of a terminal in which the table fits with its quantities."""

ROSTER_B = 12
"""Bytes per sender in the table, measured with ten thousand random names."""


@dataclass(frozen=True, slots=True)
class LineItem:
    """One line of the monthly costs."""

    service: str
    amount: float
    unit: str
    price: float
    """US dollars per unit."""
    free: float = 0
    """Units per month in AWS's permanent free tier, which the whole account shares."""

    @property
    def quantity(self) -> str:
        """The amount as text."""
        return f"{self.amount:,.0f}" if self.amount >= 10 else f"{self.amount:.3g}"  # noqa: PLR2004

    @property
    def list_cost(self) -> float:
        """The cost in US dollars if other workloads use up the free tier."""
        return self.amount * self.price

    @property
    def free_tier_cost(self) -> float:
        """The cost in US dollars if no other workload uses the free tier."""
        return max(0.0, self.amount - self.free) * self.price


@dataclass(frozen=True)
class Workload:
    """The account and the deployment options to estimate costs for."""

    identities: int
    """SES identities, whether they send or not."""
    configuration_sets: int = 1
    firing: int = 0
    """Scopes above a threshold at the same time."""
    query_price: float = 0
    """Price of a VDM query in US dollars."""
    dashboard: bool = False
    encrypt: bool = False

    @property
    def rules(self) -> Sequence[Rule]:
        """The default rules about counts of VDM."""
        files = DEFAULT_RULES.glob("*.toml")
        rules = [parse_rule(file.stem, file.read_text("utf-8"), file.name) for file in files]
        return [rule for rule in rules if not rule.indicator.is_from_ses]

    @cached_property
    def queries(self) -> int:
        """The VDM queries of one run with the default rules, by the planner of the evaluator.

        Every sender sends 1,000 emails a day, of which 1% bounces permanently, and 1% transiently.
        """
        sets = (
            Scope(configuration_set=f"set-{number}") for number in range(self.configuration_sets)
        )
        identities = (Scope(identity=f"{number}.example.com") for number in range(self.identities))
        roster = SenderRoster(dict.fromkeys([*sets, *identities], SenderRecord()))
        now = datetime(2026, 1, 31, tzinfo=UTC)
        plan = plan_reading(self.rules, roster, {}, now, now.date())
        days = [now.date() - timedelta(days=age) for age in range(LONGEST_WINDOW.days)]
        emails, bounces, none = (Series(dict.fromkeys(days, count)) for count in (1_000, 10, 0))
        counts = {
            Metric.PERMANENT_BOUNCE: bounces,
            Metric.TRANSIENT_BOUNCE: bounces,
            Metric.COMPLAINT: none,
        }
        results: dict[Query, Series | Gap] = {}
        verdicts = Verdicts(plan, results)
        while pending := next_batches(plan, results, verdicts):
            queries = (query for batch in pending for query in batch.queries)
            results |= {query: counts.get(query.metric, emails) for query in queries}
        return len(results)

    @property
    def recorded_rates(self) -> int:
        """The rates that are metrics: those of the account, and those of open alerts."""
        account_rules = sum(ACCOUNT.kind in rule.scopes for rule in self.rules)
        return account_rules + min(self.firing, MAX_SAMPLES)

    @property
    def seconds(self) -> float:
        """Duration of one run."""
        base, per_identity = CPU_S
        slowness = PROCESSOR_MB / MEMORY_MB
        reading = max(
            seconds_waited(self.queries, LATENCY_S), per_identity * self.identities * slowness
        )
        return base * slowness + reading


def seconds_waited(queries: int, latency: float) -> float:
    """Return the minimum duration of *queries*, by SES's quota and by *latency*, in seconds."""
    calls = -(-queries // MAX_QUERIES)
    return calls * max(1 / (CALLS_PER_SECOND * QUOTA_SHARE), latency / MAX_CONCURRENCY)


def monthly_costs(workload: Workload) -> Sequence[LineItem]:
    """Return the monthly costs of *workload*, one line per service.

    CloudWatch charges a metric for each hour in which it has data. The prices are those of
    us-east-1, from the public lists that docs/cost.md names.
    """
    metrics = workload.recorded_rates + RUN_METRICS + min(workload.firing, MAX_ALERT_METRICS)
    roster_kb = (workload.identities + workload.configuration_sets) * ROSTER_B / 1024
    gb_seconds = RUNS * workload.seconds * MEMORY_MB / 1024
    return [
        LineItem("Lambda, arm64", gb_seconds, "GB-seconds", 0.0000133334, free=400_000),
        LineItem("Lambda, requests", RUNS, "requests", 0.20 / 1e6, free=1e6),
        LineItem("EventBridge Scheduler", RUNS, "invocations", 1.00 / 1e6, free=14e6),
        LineItem("DynamoDB, writes", RUNS * (3 + ceil(roster_kb)), "units", 0.625 / 1e6),
        LineItem("DynamoDB, reads", RUNS * (1 + ceil(roster_kb / 4)), "units", 0.125 / 1e6),
        LineItem("CloudWatch Logs", RUNS * LOG_KB / 1e6, "GB", 0.50, free=5),
        metrics_item(metrics),
        LineItem("CloudWatch, rates of SES", RUNS * len(SES_METRICS), "metrics read", 0.01 / 1e3),
        LineItem("CloudWatch alarms", ALARMS, "alarms", 0.10, free=10),
        LineItem("SNS, email", 30, "emails", 2.00 / 1e5, free=1_000),
        LineItem("VDM queries", _if_priced(workload), "queries", workload.query_price),
        LineItem("CloudWatch dashboard", int(workload.dashboard), "dashboards", 3.00, free=3),
        LineItem("KMS key", int(workload.encrypt), "keys", 1.00),
    ]


def metrics_item(metrics: int) -> LineItem:
    """Return the cost of *metrics*, each of which has data in one hour of a recording period."""
    return LineItem(
        "CloudWatch metrics", metrics * HOUR / RECORDING_PERIOD, "metrics", 0.30, free=10
    )


def _if_priced(workload: Workload) -> int:
    """Return the queries per month, or 0 if their price is unknown."""
    return workload.queries * RUNS if workload.query_price else 0


def _cost_table(workload: Workload, *, has_quantities: bool) -> Table:
    """Return the monthly costs of *workload*, with the quantities behind them or without."""
    items = [item for item in monthly_costs(workload) if item.amount]
    table = Table("")
    if has_quantities:
        table.add_column("per month", justify="right")
        table.add_column("")
    table.add_column("listed, $", justify="right")
    table.add_column("free\ntier, $", justify="right")
    for item in items:
        quantity = (item.quantity, item.unit) if has_quantities else ()
        table.add_row(
            item.service, *quantity, f"{item.list_cost:.2f}", f"{item.free_tier_cost:.2f}"
        )
    list_total = sum(item.list_cost for item in items)
    free_tier_total = sum(item.free_tier_cost for item in items)
    no_quantity = ("", "") if has_quantities else ()
    table.add_section()
    table.add_row("total", *no_quantity, f"{list_total:.2f}", f"{free_tier_total:.2f}")
    return table


def print_costs(workload: Workload) -> None:
    """Print the monthly costs of *workload* as a table."""
    console = Terminal()
    console.print(_cost_table(workload, has_quantities=console.width >= MIN_WIDTH_OF_QUANTITIES))
    console.print(
        f"A run makes {workload.queries:,} VDM queries and takes {workload.seconds:,.0f} s. "
        f"A month has {workload.queries * RUNS:,} queries.",
    )
    if not workload.query_price:
        console.print(
            "The total does not include the queries: we found no published price. To include them, "
            "pass the price on your bill as --query-price. The total also does not include VDM "
            "itself, which AWS charges per email.",
        )
    max_seconds = (TIME_OUT - TIME_AFTER_READING).total_seconds()
    if workload.seconds > max_seconds:
        console.print(
            f"A run reads for at most {max_seconds:,.0f} s, so it does not read all of these "
            "identities. The total is the cost if it did.",
            style="bold",
        )
    console.print(
        "Listed: the rest of the account uses up the AWS Free Tier. Free tier: VDM Alerts has "
        "all of it.",
    )
