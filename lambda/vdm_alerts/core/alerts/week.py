"""The figures of the runs since the last weekly summary."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

MAX_UNKNOWN_SCOPES = 20
"""The scopes whose unknown time is counted separately. They are stored in one item."""
MAX_GAP = timedelta(days=1)
"""The longest time between two runs that counts as unknown: no schedule has a longer one.

A longer time is an outage of VDM Alerts itself, which `WeekFigures.longest_gap` shows.
"""


@dataclass(frozen=True, slots=True)
class WeekFigures:
    """The figures of the runs since the last weekly summary: usually a week."""

    since: datetime | None = None
    """The time of the last weekly summary, or of the first run; None before the first run."""
    runs: int = 0
    """The number of runs."""
    queries: int = 0
    """The queries of VDM that these runs made."""
    longest_gap: int = 0
    """The longest time between two runs, in seconds."""
    unreadable_sources: Mapping[str, int] = field(default_factory=dict)
    """How many seconds each source was unreadable, by the value of its `FindingSource`."""
    unknown_scopes: Mapping[str, int] = field(default_factory=dict)
    """How many seconds a rate of each scope was unknown, by the text of the scope."""
    other_scopes: int = 0
    """How many seconds a rate of any other scope was unknown."""
    summary_day: date | None = None
    """The day of the last weekly summary; None before the first one."""

    def after_run(
        self,
        now: datetime,
        last_run: datetime | None,
        queries: int,
        unreadable_sources: Collection[str],
        unknown_scopes: Collection[str],
    ) -> "WeekFigures":
        """Return the figures after a run at *now* that made *queries* queries.

        What the run could not read counts as unknown since *last_run*, at most for `MAX_GAP`.
        """
        gap = now - last_run if last_run else timedelta()
        seconds = round(min(gap, MAX_GAP).total_seconds())
        known = self.unknown_scopes
        new = sorted({*unknown_scopes} - known.keys())[: MAX_UNKNOWN_SCOPES - len(known)]
        has_others = not {*unknown_scopes} <= {*known, *new}
        return replace(
            self,
            since=self.since or now,
            runs=self.runs + 1,
            queries=self.queries + queries,
            longest_gap=max(self.longest_gap, round(gap.total_seconds())),
            unreadable_sources=_added(self.unreadable_sources, unreadable_sources, seconds),
            unknown_scopes=_added(known, {*unknown_scopes} & {*known, *new}, seconds),
            other_scopes=self.other_scopes + (seconds if has_others else 0),
        )


def _added(seconds: Mapping[str, int], names: Collection[str], more: int) -> Mapping[str, int]:
    """Return *seconds* with *more* seconds for each of *names*."""
    added = {name: seconds.get(name, 0) + more for name in names}
    return {name: total for name, total in sorted({**seconds, **added}.items()) if total}
