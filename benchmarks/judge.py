"""How long judging takes: three rates of every sender, each over sixty days.

    .venv/bin/python -m benchmarks.judge [--rounds N] [--json]

By the rules that ship and one about transient bounces, on one core, in plain Python. One series in
a hundred is in breach and has an alert open, and one in ten is within twice the line: those are the
ones that take any work. Half of the senders are judged beside all of them, to see that it is
linear.
"""

import math
import random
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from benchmarks.fixture import NOW, shipped
from benchmarks.report import arguments, report
from vdm_alerts.core.evaluation.buckets import AsOf
from vdm_alerts.core.evaluation.context import ORDINARY, Phase
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.verdicts import Breached
from vdm_alerts.core.model.metrics import Scope, Series
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Rule

SENDERS = 10_000
DAYS = 60
MEDIAN, SIGMA = 1_500, 2.0
"""Mails a day, log-normal among senders, from 5 to 500,000; a day differs from the next by 0.3."""
AT = AsOf(NOW, NOW.date())
OPEN = Phase(NOW - timedelta(days=2), Severity.WARNING)


@dataclass(frozen=True, slots=True)
class Case:
    """One series to be judged, and what is going on with it already."""

    rule: Rule
    scope: Scope
    counts: tuple[Series, Series]
    phase: Phase


def rules() -> Sequence[Rule]:
    """Return the rules that ship, and one about transient bounces."""
    ship = shipped()
    bounces = next(one for one in ship if one.indicator is Indicator.BOUNCE_RATE)
    return [*ship, replace(bounces, name="x", indicator=Indicator.TRANSIENT_BOUNCE_RATE)]


def cases() -> Iterator[Case]:
    """Yield the series of all senders, the same ones every time."""
    draw = random.Random(5)  # noqa: S311 - it is no secret who bounces
    judged_by = rules()
    for number in range(SENDERS):
        daily = min(500_000, max(5, MEDIAN * math.exp(draw.gauss(0, SIGMA))))
        mails = [round(daily * math.exp(draw.gauss(0, 0.3))) for _ in range(DAYS)]
        for rule in judged_by:
            line = rule.first_line.share
            lowest, highest, phase = draw.choices(
                [(1.5, 4.0, OPEN), (0.5, 1.0, ORDINARY), (0.05, 0.3, ORDINARY)], (1, 10, 89)
            )[0]
            rate = line * draw.uniform(lowest, highest)
            events = [_poisson(count * rate, draw) for count in mails]
            counts = _series(events), _series(mails)
            yield Case(rule, Scope(identity=f"{number}.example.com"), counts, phase)


def _series(counts: Sequence[int]) -> Series:
    last = AT.last
    return Series({last - timedelta(days=age): each for age, each in enumerate(counts)})


def _poisson(mean: float, draw: random.Random) -> int:
    if mean > 50:  # noqa: PLR2004 - where the normal distribution is near enough
        return max(0, round(draw.gauss(mean, math.sqrt(mean))))
    count, left = 0, draw.random()
    term = math.exp(-mean)
    while left > term:
        left -= term
        count += 1
        term *= mean / count
    return count


def row(judged: Sequence[Case], rounds: int) -> Mapping[str, object]:
    """Judge all of *judged* so many times, and return what there is to say of it."""
    took = []
    breached = 0
    for _ in range(rounds):
        began = time.process_time()
        verdicts = [
            evaluate_series(case.rule, case.scope, case.counts, AT, case.phase, len(judged) // 3)
            for case in judged
        ]
        took.append(time.process_time() - began)
        breached = sum(isinstance(each, Breached) for each in verdicts)
    median = statistics.median(took)
    return {
        "series": len(judged),
        "breached": breached,
        "median_s": round(median, 2),
        "worst_s": round(max(took), 2),
        "us_a_series": round(median / len(judged) * 1e6, 1),
    }


def main() -> None:
    """Judge everything, then half of it, and print what that took."""
    rounds, as_json = arguments(__doc__, rounds=7)
    everything = list(cases())
    rows = [row(everything, rounds), row(everything[: len(everything) // 2], rounds)]
    about = {"senders": SENDERS, "days": DAYS, "runs": rounds, "seconds of": "one processor"}
    report(about, rows, as_json=as_json)


if __name__ == "__main__":
    main()
