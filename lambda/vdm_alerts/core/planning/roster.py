"""Who sends in the account, and what is remembered of reading them: so that less need be asked."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Found, Query

LISTED_AGAIN = timedelta(hours=1)
"""How long a list of who there is holds at the least, whoever seems to be missing in it."""
REFUSED_FOR = timedelta(days=7)
"""How long it is remembered that SES refused a name, or to answer for the day that is going on."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one who sends, of a provider, or of the account.

    *tried* is when it was last asked about, *read* when that was answered to the end, *failing*
    since when it has not been, whenever it was tried, and *volume* how much it had sent in the
    window. *drilled* is when, by the name of each rule, its parts at providers were last looked at,
    and *refused* when SES last refused its very name.
    """

    read: datetime | None = None
    tried: datetime | None = None
    volume: int = 0
    drilled: Mapping[str, datetime] = field(default_factory=dict)
    refused: datetime | None = None
    failing: datetime | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody who is known to send, and how far reading has come.

    *listed* is when each sort of sender was last listed, *swept* when the last reading was, *asked*
    how many queries have been made on the UTC day of that, *unclaimed* how much mail of the account
    was nobody's then, and *today_refused* the day on which SES last refused to answer for the day
    itself.
    """

    entries: Mapping[Scope, Entry] = field(default_factory=dict)
    listed: Mapping[Dimension, datetime] = field(default_factory=dict)
    swept: datetime | None = None
    asked: int = 0
    unclaimed: int = 0
    today_refused: date | None = None

    def entry(self, scope: Scope) -> Entry:
        """Return what is known of *scope*."""
        return self.entries.get(scope, Entry())

    def is_refused(self, scope: Scope, now: datetime) -> bool:
        """Say whether SES is known to refuse the name of *scope*."""
        refused = self.entry(scope).refused
        return refused is not None and now - refused < REFUSED_FOR

    def is_listed(self, dimension: Dimension, now: datetime, rest: timedelta) -> bool:
        """Say whether the list of *dimension* is no older at *now* than *rest*."""
        listed = self.listed.get(dimension)
        return listed is not None and now - listed < rest

    def with_listed(self, dimension: Dimension, scopes: Iterable[Scope], now: datetime) -> "Roster":
        """Return the roster with *scopes*, and no others, under *dimension*."""
        others = {key: each for key, each in self.entries.items() if key.kind != (dimension,)}
        listed = {scope: self.entries.get(scope, Entry()) for scope in scopes}
        return replace(self, entries=others | listed, listed={**self.listed, dimension: now})

    def asked_on(self, day: date) -> int:
        """Return how many queries have been made on *day*."""
        return self.asked if self.swept and self.swept.date() == day else 0

    def serves_today(self, today: date) -> bool:
        """Say whether SES may be asked for *today*, as far as is known."""
        refused = self.today_refused
        return refused is None or today - refused >= REFUSED_FOR

    def unlisted(self, dimension: Dimension, now: datetime) -> "Roster":
        """Return the roster without the list of *dimension*, unless it is quite new."""
        listed = self.listed.get(dimension)
        if listed is None or now - listed < LISTED_AGAIN:
            return self
        others = {key: each for key, each in self.listed.items() if key is not dimension}
        return replace(self, listed=others)

    def after(self, reading: "Reading", now: datetime) -> "Roster":
        """Return the roster after *reading* at *now*.

        Who could not be read to the end is still to be read; who was not even asked about keeps the
        time of the reading before, and so comes first in the next.
        """
        found = reading.found
        asked = {query.scope for query in found}
        cut = {query.scope for query, seen in found.items() if seen is Gap.CUT}
        failed = {query.scope for query, seen in found.items() if seen is Gap.UNAVAILABLE}
        # Beside who is on a list: the account, providers, and senders at one, of an open alert.
        added = {one for one in asked if not one.whole.kind or one in reading.open_parts}
        entries = dict.fromkeys(added, Entry()) | {
            one: entry
            for one, entry in self.entries.items()
            if not one.is_part or one in reading.open_parts
        }
        for scope in entries.keys() & asked - cut:
            entry, sent = entries[scope], found.get(Query(Metric.SEND, scope))
            if self.is_refused(scope, now):
                continue  # It was not asked about: that is why its answer is known.
            entries[scope] = Entry(
                read=entry.read if scope in failed or isinstance(sent, Gap) else now,
                tried=now,
                volume=sent.total(reading.window, reading.last)
                if isinstance(sent, Series)
                else entry.volume,
                drilled={**entry.drilled, **dict.fromkeys(reading.drilled.get(scope, ()), now)},
                # The account has no name.
                refused=now if sent is Gap.REFUSED and scope != ACCOUNT else None,
                failing=(entry.failing or now) if scope in failed else None,
            )
        return replace(
            self,
            entries=entries,
            swept=now,
            asked=self.asked_on(now.date()) + reading.asked,
            unclaimed=reading.unclaimed,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What there is to remember of one reading.

    It *found* these answers in *window* ending *last*, by so many queries *asked*; it came to an
    end with the parts of some senders, *drilled* for some rules; and so much mail was *unclaimed*.
    *open_parts* are senders at one provider that alerts are open for.
    """

    found: Found
    window: Window
    last: date
    asked: int
    drilled: Mapping[Scope, Collection[str]]
    unclaimed: int
    open_parts: Collection[Scope] = ()


def allowance(roster: Roster, most: int | None, now: datetime) -> int | None:
    """Return how many queries a run at *now* may make, of *most* a day; None where any number.

    What is left of the day is shared among the runs that are still to come in it, as far apart as
    the last two were.
    """
    if most is None:
        return None
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
    apart = now - roster.swept if roster.swept else timedelta(hours=1)
    apart = min(max(apart, timedelta(minutes=5)), timedelta(days=1))
    runs = max(1, -(-(midnight - now) // apart))
    return max(0, most - roster.asked_on(now.date())) // runs
