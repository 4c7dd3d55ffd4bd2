"""Rows of daily counts: how they are written, what is known of each day and when, how they add up.

An account may have ten thousand rows for each metric, and its total is asked for as often as that
of any one sender. So a row is made for being summed: what is simple about it is plain numbers.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, zip_longest
from typing import TypeAlias

Views: TypeAlias = tuple[tuple[int, int], ...]
"""One day's count as it is seen over time: (hours after the day began, count), in order."""

DAY = 24
"""The hours of a day, and after how many a count is known that says nothing else."""

_TOKEN = re.compile(r"(?P<views>\d+(?:@\+\d+h)?(?:/\d+@\+\d+h)*)(?:x(?P<times>\d+))?", re.ASCII)
_VIEW = re.compile(r"(\d+)(?:@\+(\d+)h)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """The counts of one metric, a day each, from the scenario's first day on.

    *plain* are those that are known as their day ends. A day that becomes known at other hours, or
    changes afterwards, is 0 there and stands in *odd*, by the number of the day.
    """

    plain: tuple[int, ...] = ()
    odd: Mapping[int, Views] = field(default_factory=dict)

    def at(self, day: int, hours: int) -> int:
        """Return what is known of *day* so many *hours* after it began; 0 where nothing is yet."""
        if views := self.odd.get(day):
            return _seen(views, hours)
        return self.plain[day] if hours >= DAY and 0 <= day < len(self.plain) else 0

    def changes(self, day: int) -> Iterator[int]:
        """After how many hours of an odd *day* its count changes."""
        return (hours for hours, _ in self.odd.get(day, ()))


def parse_row(text: object) -> Row:
    """Return the row that is written in *text*. Raises TypeError and ValueError."""
    if not isinstance(text, str):
        raise TypeError(f'the row {text} is no text; write "20x7 30", in quotes')
    return _parsed(text)


def total(rows: Sequence[Row]) -> Row:
    """Return the sum of *rows*."""
    if len(rows) == 1:
        return rows[0]
    plain = tuple(map(sum, zip_longest(*(row.plain for row in rows), fillvalue=0)))
    odd = defaultdict(list)
    for row in rows:
        for day, views in row.odd.items():
            odd[day].append(views)
    for day, several in odd.items():  # Other rows may count that day in the plain way.
        several.append(((DAY, plain[day]),))
    return _parted(plain, {day: _sum(several) for day, several in odd.items()})


def left_of(whole: Row, lost: Row) -> Row:
    """Return what *lost* leaves of *whole*, day by day and at every hour, and never less than 0."""
    counts = zip_longest(whole.plain, lost.plain, fillvalue=0)
    plain = tuple([one - other if one > other else 0 for one, other in counts])
    odd = {
        day: tuple(
            (hours, max(0, whole.at(day, hours) - lost.at(day, hours)))
            for hours in sorted({DAY, *whole.changes(day), *lost.changes(day)})
        )
        for day in (*whole.odd, *lost.odd)
    }
    return _parted(plain, odd)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Row:
    """Parse *text*, once for all the rows of a large account that are alike."""
    if text.isascii() and text.replace(" ", "").isdigit():  # So in a large account.
        return Row(tuple(map(int, text.split())))
    plain: list[int] = []
    odd: dict[int, Views] = {}
    for token in text.split():
        match = _TOKEN.fullmatch(token)
        if not match:
            raise ValueError(f'"{token}" in the row "{text}" is no count; write 20, 20x7 or 5@+12h')
        written = _VIEW.findall(match["views"])
        views = tuple(sorted((int(hours or DAY), int(count)) for count, hours in written))
        times = int(match["times"] or 1)
        (hours, count), *more = views
        if hours == DAY and not more:
            plain += [count] * times
        else:
            odd |= dict.fromkeys(range(len(plain), len(plain) + times), views)
            plain += [0] * times
    return Row(tuple(plain), odd)


def _seen(views: Views, hours: int) -> int:
    known = [count for since, count in views if since <= hours]
    return known[-1] if known else 0


def _sum(several: Sequence[Views]) -> Views:
    changes: dict[int, int] = defaultdict(int)
    for views in several:
        before = 0
        for hours, count in views:
            changes[hours] += count - before
            before = count
    since = sorted(changes)
    return tuple(zip(since, accumulate(changes[hours] for hours in since), strict=True))


def _parted(plain: tuple[int, ...], odd: Mapping[int, Views]) -> Row:
    """Return the row in which the *odd* days are no longer among the *plain* ones."""
    if odd:
        plain = tuple(0 if day in odd else count for day, count in enumerate(plain))
    return Row(plain, odd)
