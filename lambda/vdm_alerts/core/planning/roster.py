"""The roster: the senders of the account, and when each was read.

The roster saves queries. A run without a roster only makes more of them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Answers, Query

MIN_LIST_AGE = timedelta(hours=1)
"""How long a list of senders is kept at least, even if a sender seems to be missing."""
REJECTION_PERIOD = timedelta(days=7)
"""How long a rejection of a name, or of today as a day to query, is remembered."""

NEVER_DRILLED_DOWN: Mapping[str, datetime] = {}
"""The drill-downs of a sender without any. Very many senders share it."""


@dataclass(frozen=True, slots=True)
class SenderRecord:
    """The past readings of a sender, a provider, or the account.

    All times are in UTC.
    """

    read_at: datetime | None = None
    """When it was last read completely."""
    tried_at: datetime | None = None
    """When it was last queried."""
    volume: int = 0
    """The emails that it sent in the activity window of the last reading."""
    drilled_down_at: Mapping[str, datetime] = field(default_factory=lambda: NEVER_DRILLED_DOWN)
    """When its parts at providers were last read, by the name of the rule."""
    rejected_at: datetime | None = None
    """When SES rejected its name; None if SES accepts it."""
    failing_since: datetime | None = None
    """The first of the failed attempts to read it since it was last read; None if none failed."""


@dataclass(frozen=True, slots=True)
class UnfinishedList:
    """The part of a list of tenants that was read. SES returns 100 of them a second."""

    next_page: str
    """The token of the next page."""
    tenants: tuple[str, ...]
    """The names so far."""


@dataclass(frozen=True, slots=True)
class SenderRoster:
    """The known senders and their past readings. All times are in UTC."""

    records: Mapping[Scope, SenderRecord] = field(default_factory=dict)
    """What is known about each listed sender, each provider, and the account."""
    listed_at: Mapping[Dimension, datetime] = field(default_factory=dict)
    """When the senders of each kind were last listed."""
    read_at: datetime | None = None
    """When the last reading was."""
    queries_made: int = 0
    """How many queries were made on the UTC day of the last reading."""
    unattributed: int = 0
    """How many recent emails of the account no known identity sent, at the last reading."""
    today_rejected_on: date | None = None
    """The day on which SES last rejected a query for that day itself."""
    unfinished_list: UnfinishedList | None = None
    """The list of tenants that an earlier reading has begun; None if there is none."""
    notable: tuple[Scope, ...] = ()
    """The senders that each further invocation of a sweep reads, for the weekly summary."""

    def record(self, scope: Scope) -> SenderRecord:
        """Return the record of *scope*, which is empty if *scope* is new."""
        return self.records.get(scope, SenderRecord())

    def was_read_since(self, scope: Scope, started: datetime | None) -> bool:
        """Return whether *scope* was read completely since a sweep *started*.

        The result is False if *started* is None.
        """
        read_at = self.record(scope).read_at
        return started is not None and read_at is not None and read_at >= started

    def is_rejected(self, scope: Scope, now: datetime) -> bool:
        """Return whether SES rejected the name of *scope* in the last week."""
        rejected_at = self.record(scope).rejected_at
        return rejected_at is not None and now - rejected_at < REJECTION_PERIOD

    def is_listed(self, dimension: Dimension, now: datetime, max_age: timedelta) -> bool:
        """Return whether the list of *dimension* is newer at *now* than *max_age*.

        A list from the future does not count.
        """
        listed_at = self.listed_at.get(dimension)
        return listed_at is not None and timedelta() <= now - listed_at < max_age

    def lacks_sender(self, dimension: Dimension, scopes: Iterable[Scope]) -> bool:
        """Return whether the sender of any of *scopes*, of the kind *dimension*, is not listed."""
        senders = {scope.at_all_providers for scope in scopes}
        return any(sender.kind == (dimension,) for sender in senders - self.records.keys())

    def with_listed(
        self, dimension: Dimension, scopes: Iterable[Scope], now: datetime
    ) -> "SenderRoster":
        """Return the roster with *scopes* as the list of *dimension*.

        Senders of this kind that are not in *scopes* are dropped. Known senders keep their records.
        """
        others = {
            scope: record for scope, record in self.records.items() if scope.kind != (dimension,)
        }
        listed = {scope: self.record(scope) for scope in scopes}
        return replace(self, records=others | listed, listed_at={**self.listed_at, dimension: now})

    def with_part_of_list(self, part: UnfinishedList) -> "SenderRoster":
        """Return the roster with the tenants of *part*, and those that it has already."""
        listed = {scope: self.record(scope) for scope in map(_tenant, part.tenants)}
        return replace(self, records={**self.records, **listed}, unfinished_list=part)

    def without_list(self, dimension: Dimension, now: datetime) -> "SenderRoster":
        """Return the roster with the list of *dimension* marked as outdated.

        The next run lists these senders again. A list that is newer than MIN_LIST_AGE is kept.
        """
        listed_at = self.listed_at.get(dimension)
        if listed_at is None or now - listed_at < MIN_LIST_AGE:
            return self
        others = {kind: listed for kind, listed in self.listed_at.items() if kind is not dimension}
        return replace(self, listed_at=others)

    def queries_made_on(self, day: date) -> int:
        """Return how many queries were made on *day*, a UTC day.

        The result is correct only for days since the last reading.
        """
        return self.queries_made if self.read_at and self.read_at.date() == day else 0

    def serves_today(self, today: date) -> bool:
        """Return whether *today* can be queried.

        It cannot if SES rejected such a query in the last week.
        """
        rejected_on = self.today_rejected_on
        return rejected_on is None or today - rejected_on >= REJECTION_PERIOD

    def after_reading(self, outcome: "ReadOutcome", now: datetime) -> "SenderRoster":
        """Return the roster after a reading at *now*.

        A scope with an unanswered query keeps its `read_at`, and so does a sender of which a
        provider was cut off. A scope that was cut off, or not queried, keeps its record, so it is
        read first in the next run.
        """
        queried = {query.scope for query in outcome.answers}
        cut_off = outcome.scopes_with(Gap.CUT_OFF)
        incomplete = {scope.at_all_providers for scope in cut_off if scope.is_sender_at_provider}
        failed = outcome.scopes_with(Gap.UNAVAILABLE)
        records = self._records_to_keep(queried, outcome.open_parts)
        for scope in records.keys() & (queried - cut_off):
            # A rejected name is not queried; its answer is the rejection from before.
            if not self.is_rejected(scope, now):
                records[scope] = _record_after(
                    records[scope],
                    scope,
                    outcome,
                    now,
                    is_failed=scope in failed,
                    is_complete=scope not in incomplete,
                )
        return replace(
            self,
            records=records,
            notable=(),
            read_at=now,
            queries_made=self.queries_made_on(now.date()) + outcome.queries_made,
            unattributed=outcome.unattributed,
        )

    def _records_to_keep(
        self, queried: Collection[Scope], open_parts: Collection[Scope]
    ) -> dict[Scope, SenderRecord]:
        """Return the records of the roster, and new ones for new scopes.

        A sender at a provider has a record only while it has an open alert. A sender that is not
        listed gets none.
        """
        new_scopes = [
            scope for scope in queried if not scope.at_all_providers.kind or scope in open_parts
        ]
        kept = {
            scope: record
            for scope, record in self.records.items()
            if not scope.is_sender_at_provider or scope in open_parts
        }
        return dict.fromkeys(new_scopes, SenderRecord()) | kept


@dataclass(frozen=True, slots=True)
class ReadOutcome:
    """What the roster stores about one reading."""

    answers: Answers
    window: Window
    """The days that the volume of a sender covers."""
    last: date
    """The last day that was queried."""
    queries_made: int
    drilled_down: Mapping[Scope, Collection[str]]
    """The senders whose drill-down is complete, each with the names of the rules."""
    unattributed: int
    """How many recent emails of the account no known identity sent."""
    open_parts: Collection[Scope] = ()
    """The senders at one provider that have an open alert."""

    def scopes_with(self, gap: Gap) -> set[Scope]:
        """Return the scopes for which any answer is *gap*."""
        return {query.scope for query, result in self.answers.items() if result is gap}


def _tenant(name: str) -> Scope:
    return Scope(tenant=name)


def query_budget(roster: SenderRoster, queries_per_day: int | None, now: datetime) -> int | None:
    """Return how many queries a run at *now* may make, or None for no limit.

    The remaining queries of the UTC day are divided among its remaining runs. The time between runs
    is estimated as the time since the last reading, within 5 minutes and 1 day; 1 hour if there was
    none.
    """
    if queries_per_day is None:
        return None
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    interval = now - roster.read_at if roster.read_at else timedelta(hours=1)
    interval = min(max(interval, timedelta(minutes=5)), timedelta(days=1))
    runs = max(1, -(-(midnight - now) // interval))  # Rounded up: this run is one of them.
    remaining = max(0, queries_per_day - roster.queries_made_on(now.date()))
    return remaining // runs


def _record_after(
    record: SenderRecord,
    scope: Scope,
    outcome: ReadOutcome,
    now: datetime,
    *,
    is_failed: bool,
    is_complete: bool,
) -> SenderRecord:
    """Return *record* after *scope* was queried at *now*."""
    sent = outcome.answers.get(Query(Metric.SEND, scope))
    is_read = is_complete and not is_failed and not isinstance(sent, Gap)
    volume = sent.total(outcome.window, outcome.last) if isinstance(sent, Series) else record.volume
    drilled_down_at = dict.fromkeys(outcome.drilled_down.get(scope, ()), now)
    # The account has no name that SES could reject.
    is_name_rejected = sent is Gap.REJECTED and scope != ACCOUNT
    return SenderRecord(
        read_at=now if is_read else record.read_at,
        tried_at=now,
        volume=volume,
        drilled_down_at={**record.drilled_down_at, **drilled_down_at} or NEVER_DRILLED_DOWN,
        rejected_at=now if is_name_rejected else None,
        failing_since=(record.failing_since or now) if is_failed else None,
    )
