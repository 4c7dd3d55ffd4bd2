"""The duration of rule evaluation: three rates of each sender, 60 days.

    .venv/bin/python -m benchmarks.judge [--rounds N] [--json]

The rules are the default rules and one about transient bounces. One series in a hundred is in
breach and has an open alert, and one in ten is within a factor of two of its threshold: these take
the most work. Half of the senders are measured too, to show that the duration is linear. Everything
runs on one core.
"""

import math
import random
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from benchmarks.fixture import NOW, default_rules
from benchmarks.report import arguments, report
from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.prior_state import NO_OPEN_ALERT, OpenAlert, PriorState
from vdm_alerts.core.evaluation.verdicts import Breached
from vdm_alerts.core.model.metrics import Scope, Series
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Rule

SENDERS = 10_000
DAYS = 60
MEDIAN, SIGMA = 1_500, 2.0
"""Parameters of the emails a day, log-normal over the senders.

The volumes are limited to 5 to 500,000. Between days of a sender, sigma is 0.3.
"""
AS_OF = AsOf(NOW, NOW.date())
_OPENED = NOW - timedelta(days=2)
OPEN = PriorState(open_alert=OpenAlert(Severity.WARNING, _OPENED, _OPENED, _OPENED.date()))


@dataclass(frozen=True, slots=True)
class BenchmarkSeries:
    """One series to evaluate, and the state of its alert."""

    rule: Rule
    scope: Scope
    counts: tuple[Series, Series]
    phase: PriorState


def evaluated_rules() -> Sequence[Rule]:
    """Return the default rules and one about transient bounces."""
    rules = default_rules()
    bounce_rate = next(rule for rule in rules if rule.indicator is Indicator.BOUNCE_RATE)
    return [*rules, replace(bounce_rate, name="x", indicator=Indicator.TRANSIENT_BOUNCE_RATE)]


def generate_series() -> Iterator[BenchmarkSeries]:
    """Yield the series of all senders, equal in every run."""
    random_source = random.Random(5)  # noqa: S311 - reproducible figures, no secrets
    rules_to_evaluate = evaluated_rules()
    for number in range(SENDERS):
        daily = min(500_000, max(5, MEDIAN * math.exp(random_source.gauss(0, SIGMA))))
        emails = [round(daily * math.exp(random_source.gauss(0, 0.3))) for _ in range(DAYS)]
        for rule in rules_to_evaluate:
            line = rule.first_threshold.share
            lowest, highest, phase = random_source.choices(
                [(1.5, 4.0, OPEN), (0.5, 1.0, NO_OPEN_ALERT), (0.05, 0.3, NO_OPEN_ALERT)],
                (1, 10, 89),
            )[0]
            rate = line * random_source.uniform(lowest, highest)
            events = [_poisson(count * rate, random_source) for count in emails]
            counts = _series(events), _series(emails)
            yield BenchmarkSeries(rule, Scope(identity=f"{number}.example.com"), counts, phase)


def _series(counts: Sequence[int]) -> Series:
    last = AS_OF.last_day
    return Series({last - timedelta(days=age): each for age, each in enumerate(counts)})


def _poisson(mean: float, random_source: random.Random) -> int:
    if mean > 50:  # noqa: PLR2004 - where the normal distribution is near enough
        return max(0, round(random_source.gauss(mean, math.sqrt(mean))))
    count, left = 0, random_source.random()
    term = math.exp(-mean)
    while left > term:
        left -= term
        count += 1
        term *= mean / count
    return count


def measure(series: Sequence[BenchmarkSeries], rounds: int) -> Mapping[str, object]:
    """Evaluate all *series* in each round and return the durations."""
    durations = []
    breached = 0
    for _ in range(rounds):
        started_at = time.process_time()
        verdicts = [
            evaluate_series(case.rule, case.scope, case.counts, AS_OF, case.phase, len(series) // 3)
            for case in series
        ]
        durations.append(time.process_time() - started_at)
        breached = sum(isinstance(each, Breached) for each in verdicts)
    median = statistics.median(durations)
    return {
        "series": len(series),
        "breached": breached,
        "median_s": round(median, 2),
        "worst_s": round(max(durations), 2),
        "us_a_series": round(median / len(series) * 1e6, 1),
    }


def main() -> None:
    """Evaluate all series, then half of them, and print the durations."""
    rounds, as_json = arguments(__doc__, rounds=7)
    everything = list(generate_series())
    rows = [measure(everything, rounds), measure(everything[: len(everything) // 2], rounds)]
    about = {"senders": SENDERS, "days": DAYS, "runs": rounds, "seconds of": "one processor"}
    report(about, rows, as_json=as_json)


if __name__ == "__main__":
    main()
