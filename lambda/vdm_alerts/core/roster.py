"""Who sends in the account, and what is remembered of reading them: so that less need be asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from vdm_alerts.core.metrics import Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.queries import Found, Query
from vdm_alerts.core.rates import Gap

LISTED_FOR = timedelta(days=1)
"""How long a list of who there is holds."""
LISTED_AGAIN = timedelta(hours=1)
"""How long it holds at the least, whoever seems to be missing in it."""
QUIET_FOR = timedelta(days=1)
"""How long one who has sent nothing lately, or is in good order, is left alone."""
REFUSED_FOR = timedelta(days=7)
"""How long it is remembered that SES refused a name, or to answer for the day that is going on."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one who sends.

    *read* is when its mail was last counted, *volume* how much that was in the window, *drilled*
    when it was last looked at by provider, *refused* when SES last refused its very name.
    """

    read: datetime | None = None
    volume: int = 0
    drilled: datetime | None = None
    refused: datetime | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody who is known to send, and how far reading has come.

    *listed* is when each sort of sender was last listed, *swept* when the last reading was, *asked*
    how many queries have been made on the UTC day of that, and *today_refused* the day on which SES
    last refused to answer for the day itself.
    """

    entries: Mapping[Scope, Entry] = field(default_factory=dict)
    listed: Mapping[Dimension, datetime] = field(default_factory=dict)
    swept: datetime | None = None
    asked: int = 0
    today_refused: date | None = None

    def entry(self, scope: Scope) -> Entry:
        """Return what is known of *scope*."""
        return self.entries.get(scope, Entry())

    def is_refused(self, scope: Scope, now: datetime) -> bool:
        """Say whether SES is known to refuse the name of *scope*."""
        refused = self.entry(scope).refused
        return refused is not None and now - refused < REFUSED_FOR

    def is_listed(self, dimension: Dimension, now: datetime) -> bool:
        """Say whether the list of *dimension* still holds."""
        listed = self.listed.get(dimension)
        return listed is not None and now - listed < LISTED_FOR

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

    def is_due(self, scope: Scope, now: datetime) -> bool:
        """Say whether the mail of *scope*, which is quiet, is to be counted at *now*."""
        read = self.entry(scope).read
        return read is None or now - read >= QUIET_FOR

    def is_drill_due(self, scope: Scope, now: datetime) -> bool:
        """Say whether *scope*, which is in good order, is to be looked at by provider at *now*."""
        drilled = self.entry(scope).drilled
        return drilled is None or now - drilled >= QUIET_FOR

    def unlisted(self, dimension: Dimension, now: datetime) -> "Roster":
        """Return the roster without the list of *dimension*, unless it is quite new."""
        listed = self.listed.get(dimension)
        if listed is None or now - listed < LISTED_AGAIN:
            return self
        others = {key: each for key, each in self.listed.items() if key is not dimension}
        return replace(self, listed=others)

    def after(
        self, found: Found, window: Window, last: date, now: datetime, asked: int
    ) -> "Roster":
        """Return the roster after a reading at *now* that made *asked* queries, and *found* this.

        Who could not be read to the end keeps the time of the reading before, and so comes first
        in the next.
        """
        unfinished = {
            query.scope for query, seen in found.items() if seen in (Gap.CUT, Gap.UNAVAILABLE)
        }
        parts = {query.scope.whole for query in found if query.scope.isp}
        drilled = parts - {scope.whole for scope in unfinished if scope.isp}
        entries = dict(self.entries)
        for scope, entry in self.entries.items():
            sent = found.get(Query(Metric.SEND, scope))
            if sent is Gap.REFUSED:
                entries[scope] = replace(entry, refused=now)
            elif isinstance(sent, Series):
                entries[scope] = Entry(
                    read=entry.read if scope in unfinished else now,
                    volume=sent.total(window, last),
                    drilled=now if scope in drilled else entry.drilled,
                )
        today = now.date()
        return replace(self, entries=entries, swept=now, asked=self.asked_on(today) + asked)


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
