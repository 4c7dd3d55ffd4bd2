"""CloudWatch's evaluation of metric alarms, played against the alarms of a synthesized template.

Documented by AWS, and simulated:

* A data point is the statistic of one period. M of the last N data points must breach.
* Sliding periods end at the time of the evaluation. Wall clock periods are calendar days, of which
  the last is the last complete one. Evaluation is every minute.
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html
* CloudWatch retrieves more than N data points, and evaluates the latest N that exist. If fewer
  exist, it adds missing ones, which breach or not by `TreatMissingData`.
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
* A new alarm has insufficient data. Every change of state runs the actions of the new state, also
  the first. A warm-up period delays the first evaluation.
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
  https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html

Assumed:

* CloudWatch retrieves N + 2 data points, as in the examples of AWS.
* FILL supplies nothing if a metric has no data at all. Then `TreatMissingData` decides.
* Metrics arrive 5 minutes late, as SNS documents it. Those of Lambda take a minute or two.
* Alarms that cover more than a day are evaluated every minute, too. If CloudWatch evaluates them
  every hour, as some say, they change their state no more often than here.
"""

import heapq
import re
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias

from aws_cdk.assertions import Template

State: TypeAlias = Literal["ALARM", "OK", "INSUFFICIENT_DATA"]

DELAY = 5
"""Minutes until CloudWatch has a value."""
EXTRA_DATAPOINTS = 2
"""Data points that CloudWatch retrieves in addition to those that it evaluates."""
STATISTICS: Mapping[str, Callable[[Iterable[float]], float]] = {
    "Minimum": min,
    "Maximum": max,
    "Sum": sum,
}
_ACTIONS: Mapping[State, str] = {"ALARM": "AlarmActions", "OK": "OKActions"}
_MISSING_BREACHES = {"breaching": True, "notBreaching": False}
_SIMULATED = {
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "AlarmName",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluationPeriods",
    "EvaluationWindow",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "TreatMissingData",
    "WarmUpConfiguration",
}


@dataclass(frozen=True, slots=True)
class Notification:
    """A change of an alarm's state that CloudWatch publishes."""

    minute: int
    alarm: str
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A metric alarm. It breaches if a data point is at or above its threshold."""

    name: str
    metric: str
    statistic: str
    period: int
    """Minutes of a data point."""
    periods: int
    """The N of "M of N"."""
    datapoints: int
    """The M of "M of N"."""
    threshold: float = 1
    missing: str = "notBreaching"
    fill: float | None = None
    """What FILL supplies for a period without data; None without FILL."""
    calendar_days: bool = False
    warm_up: int = 0
    """Minutes after the creation until the first evaluation."""
    actions: frozenset[State] = frozenset({"ALARM", "OK"})
    """The states that CloudWatch publishes."""

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any]) -> Self:
        """Read an alarm of a template. Raises ValueError for what is not simulated."""
        if unknown := set(properties) - _SIMULATED:
            raise ValueError(f"not simulated: {sorted(unknown)}")
        if properties["ComparisonOperator"] != "GreaterThanOrEqualToThreshold":
            raise ValueError(f"not simulated: {properties['ComparisonOperator']}")
        metric, fill = _metric(properties)
        warm_up = properties.get("WarmUpConfiguration")
        if warm_up and not warm_up["OnlyStartEvaluatingAfterWarmUpPeriodEnds"]:
            raise ValueError("not simulated: a warm-up that ends early")
        window = properties.get("EvaluationWindow")
        if window is not None and window != {"WallClockWindow": {"Timezone": "UTC"}}:
            raise ValueError(f"not simulated: {window}")
        return cls(
            name=properties["AlarmName"],
            metric=metric["MetricName"],
            statistic=metric["Statistic"],
            period=metric["Period"] // 60,
            periods=properties["EvaluationPeriods"],
            datapoints=properties.get("DatapointsToAlarm", properties["EvaluationPeriods"]),
            threshold=properties["Threshold"],
            missing=properties["TreatMissingData"],
            fill=fill,
            calendar_days=window is not None,
            warm_up=warm_up["WarmUpPeriodDurationInMinutes"] if warm_up else 0,
            actions=frozenset(state for state, key in _ACTIONS.items() if properties.get(key)),
        )

    def state(self, datapoints: Sequence[float | None]) -> State:
        """Return the state for the retrieved *datapoints*, the latest first; None is missing."""
        if self.fill is not None and any(each is not None for each in datapoints):
            datapoints = [self.fill if each is None else each for each in datapoints]
        existing = [each >= self.threshold for each in datapoints if each is not None]
        missing = [_MISSING_BREACHES[self.missing]] * (self.periods - len(existing))
        evaluated = [*existing, *missing][: self.periods]
        return "ALARM" if sum(evaluated) >= self.datapoints else "OK"

    def windows(self, now: int) -> Sequence[tuple[int, int]]:
        """Return the retrieved periods, the latest first: each its first minute and its end."""
        last = now // self.period * self.period if self.calendar_days else now
        ends = [last - index * self.period for index in range(self.periods + EXTRA_DATAPOINTS)]
        return [(end - self.period, end) for end in ends]

    def evaluations(self, minute: int) -> Iterable[int]:
        """Return when a value of *minute* arrives in a period, and when it leaves one."""
        first = (minute // self.period + 1) * self.period if self.calendar_days else minute + 1
        yield minute + DELAY
        for index in range(self.periods + EXTRA_DATAPOINTS + 1):
            yield first + index * self.period


def _metric(properties: Mapping[str, Any]) -> tuple[Mapping[str, Any], float | None]:
    """Return the metric of an alarm, and what FILL supplies for it."""
    if "Metrics" not in properties:
        return properties, None
    (expression,) = [each for each in properties["Metrics"] if "Expression" in each]
    (recorded,) = [each for each in properties["Metrics"] if "MetricStat" in each]
    filled = re.fullmatch(r"FILL\((\w+), (\d+)\)", expression["Expression"])
    if not filled or filled[1] != recorded["Id"]:
        raise ValueError(f"not simulated: {expression['Expression']}")
    stat = recorded["MetricStat"]
    metric = {**stat["Metric"], "Statistic": stat["Stat"], "Period": stat["Period"]}
    return metric, float(filled[2])


class CloudWatch:
    """The alarms of a template, which are created at minute 0, and their metrics."""

    def __init__(self, alarms: Sequence[Alarm]) -> None:
        """Create *alarms*."""
        self._alarms = alarms
        self._states: dict[str, State] = {each.name: "INSUFFICIENT_DATA" for each in alarms}
        self._values: dict[str, list[tuple[int, float]]] = defaultdict(list)
        # Between these minutes, no alarm can change its state.
        self._evaluations = [(each.warm_up, index) for index, each in enumerate(alarms)]
        heapq.heapify(self._evaluations)

    @classmethod
    def from_template(cls, template: Template) -> Self:
        """Create the alarms of *template*."""
        resources = template.find_resources("AWS::CloudWatch::Alarm").values()
        return cls([Alarm.from_properties(each["Properties"]) for each in resources])

    def record(self, metric: str, minute: int, value: float) -> None:
        """Record *value* for *minute*, which may be in the future, but not in the past."""
        insort(self._values[metric], (minute, value))
        for index, alarm in enumerate(self._alarms):
            if alarm.metric == metric:
                for evaluation in alarm.evaluations(minute):
                    heapq.heappush(self._evaluations, (evaluation, index))

    def play(self, until: int, publish: Callable[[Notification], None]) -> None:
        """Evaluate the alarms up to the minute *until*, and *publish* their notifications.

        *publish* may record values of later minutes.
        """
        while self._evaluations and self._evaluations[0][0] <= until:
            now, index = heapq.heappop(self._evaluations)
            alarm = self._alarms[index]
            if now < alarm.warm_up:
                continue
            state = alarm.state([self._datapoint(alarm, *each, now) for each in alarm.windows(now)])
            if state == self._states[alarm.name]:
                continue
            self._states[alarm.name] = state
            if state in alarm.actions:
                publish(Notification(now, alarm.name, state))

    def _datapoint(self, alarm: Alarm, start: int, end: int, now: int) -> float | None:
        """Return the statistic of the values that have arrived; None if there are none."""
        values = self._values[alarm.metric]
        end = min(end, now - DELAY + 1)
        period = values[bisect_left(values, (start,)) : bisect_left(values, (end,))]
        return STATISTICS[alarm.statistic](value for _, value in period) if period else None
