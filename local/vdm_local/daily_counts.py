"""Daily counts of a metric: notation, revisions over time, and sums.

An account may have ten thousand counts for each metric, and tests ask for their sum often.
Therefore days without revisions are stored as plain numbers, which are fast to add.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, zip_longest
from typing import TypeAlias

from vdm_alerts.core.rules.quoting import quote

Revisions: TypeAlias = tuple[tuple[int, int], ...]
"""One day's reported counts: pairs of hours after the day began and count."""

HOURS_PER_DAY = 24
"""Hours after which a count is reported if its notation does not say."""
MAX_DAYS = 10_000
"""Largest number of days that the run-length notation may stand for in a row."""
MAX_COUNT = 2**53
"""Largest count of a day: the largest integer up to which JSON is exact."""

_TOKEN = re.compile(r"(?P<views>\d+(?:@\+\d+h)?(?:/\d+@\+\d+h)*)(?:x(?P<times>\d+))?", re.ASCII)
_REVISION = re.compile(r"(\d+)(?:@\+(\d+)h)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class DailyCounts:
    """The counts of one metric for each day of a scenario."""

    final: tuple[int, ...] = ()
    """Counts that are reported when their day ends; 0 for a day in *revised*."""
    revised: Mapping[int, Revisions] = field(default_factory=dict)
    """Revisions of the days whose count is not final when the day ends."""

    def count(self, day: int, hours: int) -> int:
        """Return the count of *day* as reported *hours* after the day began.

        The count is 0 before the first report.
        """
        if revisions := self.revised.get(day):
            return _count_at(revisions, hours)
        return self.final[day] if hours >= HOURS_PER_DAY and 0 <= day < len(self.final) else 0

    def latest_count(self, day: int) -> int:
        """Return the count of *day* after all revisions; 0 outside the days of the counts."""
        if revisions := self.revised.get(day):
            return revisions[-1][1]
        return self.final[day] if 0 <= day < len(self.final) else 0

    def revision_hours(self, day: int) -> Iterator[int]:
        """Return the hours after which the count of a revised *day* changes."""
        return (hours for hours, _ in self.revised.get(day, ()))


def parse_counts(text: object) -> DailyCounts:
    """Return the counts that *text* describes.

    Raises ValueError.
    """
    if not isinstance(text, str):
        message = f'{quote(text)} is not a row of counts. Use a text, for example "20x7 30".'
        raise ValueError(message)  # noqa: TRY004 - cattrs treats every error of a value alike
    return _parse(text)


def add_counts(addends: Sequence[DailyCounts]) -> DailyCounts:
    """Return the sum of *addends*."""
    if len(addends) == 1:
        return addends[0]
    final = tuple(map(sum, zip_longest(*(each.final for each in addends), fillvalue=0)))
    revisions_by_day = defaultdict(list)
    for each in addends:
        for day, revisions in each.revised.items():
            revisions_by_day[day].append(revisions)
    for day, several in revisions_by_day.items():  # The day may be final in other addends.
        several.append(((HOURS_PER_DAY, final[day]),))
    revised = {day: _add_revisions(several) for day, several in revisions_by_day.items()}
    return _separate(final, revised)


def subtract_counts(minuend: DailyCounts, subtrahend: DailyCounts) -> DailyCounts:
    """Return the difference for each day and hour, at least 0."""
    pairs = zip_longest(minuend.final, subtrahend.final, fillvalue=0)
    final = tuple([first - second if first > second else 0 for first, second in pairs])
    revised = {
        day: tuple(
            (hours, max(0, minuend.count(day, hours) - subtrahend.count(day, hours)))
            for hours in sorted(
                {
                    HOURS_PER_DAY,
                    *minuend.revision_hours(day),
                    *subtrahend.revision_hours(day),
                }
            )
        )
        for day in (*minuend.revised, *subtrahend.revised)
    }
    return _separate(final, revised)


@lru_cache(maxsize=1024)
def _parse(text: str) -> DailyCounts:
    """Parse *text*; equal rows of a large account are parsed once."""
    if text.isascii() and text.replace(" ", "").isdigit():  # The fast path of large accounts.
        return DailyCounts(tuple(map(_parse_count, text.split())))
    final: list[int] = []
    revised: dict[int, Revisions] = {}
    for token in text.split():
        match = _TOKEN.fullmatch(token)
        if not match:
            message = (
                f"{quote(token)} is not a count. Use a count, for example 20, for 7 days 20x7, or "
                "with the hours until it is reported 5@+12h."
            )
            raise ValueError(message)
        written = _REVISION.findall(match["views"])
        revisions = tuple(
            sorted((int(hours or HOURS_PER_DAY), _parse_count(count)) for count, hours in written)
        )
        times = int(match["times"] or 1)
        if len(final) + times > MAX_DAYS:
            message = f"{quote(token)} makes the row too long. Use at most {MAX_DAYS:,} days."
            raise ValueError(message)
        (hours, count), *more = revisions
        if hours == HOURS_PER_DAY and not more:
            final += [count] * times
        else:
            revised |= dict.fromkeys(range(len(final), len(final) + times), revisions)
            final += [0] * times
    return DailyCounts(tuple(final), revised)


def _parse_count(digits: str) -> int:
    if (count := int(digits)) > MAX_COUNT:
        raise ValueError(f"{quote(digits)} is too much; a count is at most {MAX_COUNT:,}")
    return count


def _count_at(revisions: Revisions, hours: int) -> int:
    reported = [count for since, count in revisions if since <= hours]
    return reported[-1] if reported else 0


def _add_revisions(several: Sequence[Revisions]) -> Revisions:
    changes: dict[int, int] = defaultdict(int)
    for revisions in several:
        before = 0
        for hours, count in revisions:
            changes[hours] += count - before
            before = count
    in_order = sorted(changes)
    return tuple(zip(in_order, accumulate(changes[hours] for hours in in_order), strict=True))


def _separate(final: tuple[int, ...], revised: Mapping[int, Revisions]) -> DailyCounts:
    """Return the counts, with 0 in *final* for each *revised* day."""
    if revised:
        final = tuple(0 if day in revised else count for day, count in enumerate(final))
    return DailyCounts(final, revised)
