"""Who sends in the account, and what is remembered of reading them: so that less need be asked."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Answers, Query

MIN_LIST_AGE = timedelta(hours=1)
"""How long a list of who there is holds at the least, whoever seems to be missing in it."""
REJECTION_PERIOD = timedelta(days=7)
"""How long it is remembered that SES refused a name, or to answer for the day that is going on."""


@dataclass(frozen=True, slots=True)
class SenderRecord:
    """What is known of one who sends, of a provider, or of the account.

    *tried* is when it was last asked about, *read* when that was answered to the end, *failing*
    since when it has not been, whenever it was tried, and *volume* how much it had sent in the
    window. *drilled* is when, by the name of each rule, its parts at providers were last looked at,
    and *refused* when SES last refused its very name.
    """

    read_at: datetime | None = None
    tried_at: datetime | None = None
    volume: int = 0
    drilled_down_at: Mapping[str, datetime] = field(default_factory=dict)
    rejected_at: datetime | None = None
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class SenderRoster:
    """Everybody who is known to send, and how far reading has come.

    *listed* is when each sort of sender was last listed, *swept* when the last reading was, *asked*
    how many queries have been made on the UTC day of that, *unclaimed* how much mail of the account
    was nobody's then, and *today_refused* the day on which SES last refused to answer for the day
    itself.
    """

    records: Mapping[Scope, SenderRecord] = field(default_factory=dict)
    listed_at: Mapping[Dimension, datetime] = field(default_factory=dict)
    read_at: datetime | None = None
    queries_made: int = 0
    unattributed: int = 0
    today_rejected_on: date | None = None

    def record(self, scope: Scope) -> SenderRecord:
        """Return what is known of *scope*."""
        return self.records.get(scope, SenderRecord())

    def is_rejected(self, scope: Scope, now: datetime) -> bool:
        """Say whether SES is known to refuse the name of *scope*."""
        refused = self.record(scope).rejected_at
        return refused is not None and now - refused < REJECTION_PERIOD

    def is_listed(self, dimension: Dimension, now: datetime, rest: timedelta) -> bool:
        """Say whether the list of *dimension* is no older at *now* than *rest*."""
        listed = self.listed_at.get(dimension)
        return listed is not None and now - listed < rest

    def with_listed(
        self, dimension: Dimension, scopes: Iterable[Scope], now: datetime
    ) -> "SenderRoster":
        """Return the roster with *scopes*, and no others, under *dimension*."""
        others = {key: each for key, each in self.records.items() if key.kind != (dimension,)}
        listed = {scope: self.records.get(scope, SenderRecord()) for scope in scopes}
        return replace(self, records=others | listed, listed_at={**self.listed_at, dimension: now})

    def queries_made_on(self, day: date) -> int:
        """Return how many queries have been made on *day*."""
        return self.queries_made if self.read_at and self.read_at.date() == day else 0

    def serves_today(self, today: date) -> bool:
        """Say whether SES may be asked for *today*, as far as is known."""
        refused = self.today_rejected_on
        return refused is None or today - refused >= REJECTION_PERIOD

    def without_list(self, dimension: Dimension, now: datetime) -> "SenderRoster":
        """Return the roster without the list of *dimension*, unless it is quite new."""
        listed = self.listed_at.get(dimension)
        if listed is None or now - listed < MIN_LIST_AGE:
            return self
        others = {key: each for key, each in self.listed_at.items() if key is not dimension}
        return replace(self, listed_at=others)

    def after_reading(self, reading: "ReadOutcome", now: datetime) -> "SenderRoster":
        """Return the roster after *reading* at *now*.

        Who could not be read to the end is still to be read; who was not even asked about keeps the
        time of the reading before, and so comes first in the next.
        """
        found = reading.answers
        asked = {query.scope for query in found}
        cut = {query.scope for query, seen in found.items() if seen is Gap.CUT_OFF}
        failed = {query.scope for query, seen in found.items() if seen is Gap.UNAVAILABLE}
        # Beside who is on a list: the account, providers, and senders at one, of an open alert.
        added = {one for one in asked if not one.whole.kind or one in reading.open_parts}
        entries = dict.fromkeys(added, SenderRecord()) | {
            one: entry
            for one, entry in self.records.items()
            if not one.is_part or one in reading.open_parts
        }
        for scope in entries.keys() & asked - cut:
            entry, sent = entries[scope], found.get(Query(Metric.SEND, scope))
            if self.is_rejected(scope, now):
                continue  # It was not asked about: that is why its answer is known.
            entries[scope] = SenderRecord(
                read_at=entry.read_at if scope in failed or isinstance(sent, Gap) else now,
                tried_at=now,
                volume=sent.total(reading.window, reading.last)
                if isinstance(sent, Series)
                else entry.volume,
                drilled_down_at={
                    **entry.drilled_down_at,
                    **dict.fromkeys(reading.drilled_down.get(scope, ()), now),
                },
                # The account has no name.
                rejected_at=now if sent is Gap.REJECTED and scope != ACCOUNT else None,
                failing_since=(entry.failing_since or now) if scope in failed else None,
            )
        return replace(
            self,
            records=entries,
            read_at=now,
            queries_made=self.queries_made_on(now.date()) + reading.queries_made,
            unattributed=reading.unattributed,
        )


@dataclass(frozen=True, slots=True)
class ReadOutcome:
    """What there is to remember of one reading.

    It *found* these answers in *window* ending *last*, by so many queries *asked*; it came to an
    end with the parts of some senders, *drilled* for some rules; and so much mail was *unclaimed*.
    *open_parts* are senders at one provider that alerts are open for.
    """

    answers: Answers
    window: Window
    last: date
    queries_made: int
    drilled_down: Mapping[Scope, Collection[str]]
    unattributed: int
    open_parts: Collection[Scope] = ()


def query_budget(roster: SenderRoster, most: int | None, now: datetime) -> int | None:
    """Return how many queries a run at *now* may make, of *most* a day; None where any number.

    What is left of the day is shared among the runs that are still to come in it, as far apart as
    the last two were.
    """
    if most is None:
        return None
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
    apart = now - roster.read_at if roster.read_at else timedelta(hours=1)
    apart = min(max(apart, timedelta(minutes=5)), timedelta(days=1))
    runs = max(1, -(-(midnight - now) // apart))
    return max(0, most - roster.queries_made_on(now.date())) // runs
