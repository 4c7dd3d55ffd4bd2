"""What VDM Alerts costs in a month, worked out and not guessed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import ceil
from pathlib import Path

from rich.console import Console
from rich.table import Table

from vdm_alerts.adapters.aws.ses_metrics import CALLERS, MOST_QUERIES
from vdm_alerts.adapters.aws.ses_rate_limiter import CALLS_A_SECOND, SHARE
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations.run_report import MOST_RECORDED, RECORDED_EVERY
from vdm_alerts.core.planning.next_batches import next_batches
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.read_plan import plan_reading
from vdm_alerts.core.planning.roster import Entry, Roster
from vdm_alerts.core.planning.verdicts import EarlyVerdicts
from vdm_alerts.core.rules.parser import parse_rule
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.handlers.evaluate import TIME_AFTER_READING

RULES = Path(__file__).parents[2] / "rules"
HOUR = timedelta(hours=1)
RUNS = 730
"""Runs in a month, one an hour."""
MEMORY_MB = 256
"""What the function is given."""
PROCESSOR_MB = 1_769
"""Memory at which a function has one whole processor.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""
LATENCY_S = 0.3
"""What a call of VDM is taken for; nobody has published one."""
TIME_OUT = timedelta(minutes=15)
"""What the function is given, the most there is."""
LOG_KB = 2.0
"""What a run without news writes to the log, in 3 lines of ours and 3 of Lambda's."""
ALARMS = 8
CPU_S = (0.5, 0.0013)
"""Seconds of a whole processor that a run takes of itself, and more an identity.

Measured by benchmarks/function_size.py.
"""

ROSTER_B = 12
"""Bytes that one who sends takes in the table: measured of ten thousand names made of chance."""


@dataclass(frozen=True, slots=True)
class Use:
    """How much of one thing a month takes, and what it costs in US dollars.

    *free* is what AWS gives every account every month for good, of which other things may have
    taken their share.
    """

    what: str
    amount: float
    unit: str
    price: float
    free: float = 0

    @property
    def quantity(self) -> str:
        """The amount as people write it."""
        return f"{self.amount:,.0f}" if self.amount >= 10 else f"{self.amount:.3g}"  # noqa: PLR2004

    @property
    def listed(self) -> float:
        """What it costs where others have used up all that is free."""
        return self.amount * self.price

    @property
    def least(self) -> float:
        """What it costs where nothing else takes of what is free."""
        return max(0.0, self.amount - self.free) * self.price


@dataclass(frozen=True)
class Deployment:
    """What costs are worked out for.

    *identities* are those in SES, whether they send or not; *firing* is how many scopes are above a
    threshold at once; *query_price* is what AWS charges for a query of VDM, in dollars.
    """

    identities: int
    configuration_sets: int = 1
    firing: int = 0
    query_price: float = 0
    dashboard: bool = False
    encrypt: bool = False

    @property
    def rules(self) -> Sequence[Rule]:
        """The shipped rules."""
        return [parse_rule(file.stem, file.read_text(), file.name) for file in RULES.glob("*.toml")]

    @cached_property
    def queries(self) -> int:
        """The queries of VDM that a run makes, by the shipped rules.

        Everybody sends a thousand mails a day, of which one in a hundred bounces: the plan of the
        sweep is asked what that takes.
        """
        sets = (Scope(configuration_set=f"set-{each}") for each in range(self.configuration_sets))
        senders = (Scope(identity=f"{each}.example.com") for each in range(self.identities))
        roster = Roster(dict.fromkeys([*sets, *senders], Entry()))
        now = datetime(2026, 1, 31, tzinfo=UTC)
        plan = plan_reading(self.rules, roster, {}, now, now.date())
        verdicts = EarlyVerdicts(plan)
        days = [now.date() - timedelta(days=age) for age in range(LONGEST_WINDOW.days)]
        mail, bounces, none = (Series(dict.fromkeys(days, each)) for each in (1_000, 10, 0))
        counts = {Metric.PERMANENT_BOUNCE: bounces, Metric.COMPLAINT: none}
        found: dict[Query, Series | Gap] = {}
        while pending := next_batches(plan, found, verdicts):
            asked = (query for step in pending for query in step.queries)
            found |= {query: counts.get(query.metric, mail) for query in asked}
        return len(found)

    @property
    def seconds(self) -> float:
        """How long a run takes."""
        of_itself, an_identity = CPU_S
        slowness = PROCESSOR_MB / MEMORY_MB
        reading = max(
            seconds_waited(self.queries, LATENCY_S), an_identity * self.identities * slowness
        )
        return of_itself * slowness + reading


def seconds_waited(queries: int, latency: float) -> float:
    """Return how long *queries* of VDM take at least, by SES's quota and by *latency*, seconds."""
    calls = -(-queries // MOST_QUERIES)
    return calls * max(1 / (CALLS_A_SECOND * SHARE), latency / CALLERS)


def month(deployment: Deployment) -> Sequence[Use]:
    """Return everything that a month takes.

    A metric is charged by the hour that it has data in. The prices are those of us-east-1, as
    public lists have them; docs/cost.md names the lists.
    """
    rates = len(deployment.rules) + min(deployment.firing, MOST_RECORDED)
    roster_kb = (deployment.identities + deployment.configuration_sets) * ROSTER_B / 1024
    gb_seconds = RUNS * deployment.seconds * MEMORY_MB / 1024
    return [
        Use("Lambda, arm64", gb_seconds, "GB-seconds", 0.0000133334, free=400_000),
        Use("Lambda, requests", RUNS, "requests", 0.20 / 1e6, free=1e6),
        Use("EventBridge Scheduler", RUNS, "wake-ups", 1.00 / 1e6, free=14e6),
        Use("DynamoDB, writing", RUNS * (3 + ceil(roster_kb)), "units", 0.625 / 1e6),
        Use("DynamoDB, reading", RUNS * (1 + ceil(roster_kb / 4)), "units", 0.125 / 1e6),
        Use("CloudWatch Logs", RUNS * LOG_KB / 1e6, "GB", 0.50, free=5),
        Use("CloudWatch metrics", rates * HOUR / RECORDED_EVERY, "metrics", 0.30, free=10),
        Use("CloudWatch alarms", ALARMS, "alarms", 0.10, free=10),
        Use("SNS, e-mail", 30, "mails", 2.00 / 1e5, free=1_000),
        Use("VDM queries", _if_priced(deployment), "queries", deployment.query_price),
        Use("CloudWatch dashboard", int(deployment.dashboard), "dashboards", 3.00, free=3),
        Use("KMS key", int(deployment.encrypt), "keys", 1.00),
    ]


def _if_priced(deployment: Deployment) -> int:
    """Return a month's queries, and 0 where nobody has said what they cost."""
    return deployment.queries * RUNS if deployment.query_price else 0


def show(deployment: Deployment) -> None:
    """Print what a month of *deployment* costs, line by line."""
    uses = [use for use in month(deployment) if use.amount]
    table = Table("", "a month", "", "listed, $", "at the least, $")
    for column in table.columns[1:2] + table.columns[3:]:
        column.justify = "right"
    for use in uses:
        table.add_row(use.what, use.quantity, use.unit, f"{use.listed:.2f}", f"{use.least:.2f}")
    listed, least = sum(use.listed for use in uses), sum(use.least for use in uses)
    table.add_section()
    table.add_row("together", "", "", f"{listed:.2f}", f"{least:.2f}")
    console = Console()
    console.print(table)
    console.print(
        f"A run makes {deployment.queries:,} queries of VDM and takes {deployment.seconds:,.0f} s; "
        f"a month makes {deployment.queries * RUNS:,} queries.",
        highlight=False,
    )
    if not deployment.query_price:
        console.print(
            "They are not in the sum: AWS has not published their price where we could find it. "
            "Take it from your bill, and give it as --query-price. VDM itself is charged by the "
            "mail, and is not in the sum either.",
            highlight=False,
        )
    most = (TIME_OUT - TIME_AFTER_READING).total_seconds()
    if deployment.seconds > most:
        console.print(
            f"A run reads for {most:,.0f} s at the most; of so many identities the rest would stay "
            "unread at every run. The sum is what it would cost to read them.",
            style="bold",
        )
    console.print(
        "Listed: where other things in the account have used up what AWS gives everybody for "
        "free. At the least: where they have used none of it.",
        highlight=False,
    )
