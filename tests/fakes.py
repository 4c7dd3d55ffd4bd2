"""Each port in ten lines, in memory: the same promises, none of the network."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from builders import WHERE, a_series

from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.model.account import Standing
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.errors import Busy, Superseded
from vdm_alerts.core.model.findings import Finding, Hindrance, Unavailable
from vdm_alerts.core.model.metrics import Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.silences import Silences
from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.observations.run_report import Reading, Summary
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import Roster
from vdm_alerts.core.rules.parser import BadRule, parse_rule
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.rules.rule_set import Rulebook, Written
from vdm_alerts.ports import Ports


@dataclass
class FakeRules:
    book: Rulebook | Hindrance = field(default_factory=lambda: Rulebook({}))

    def rules(self) -> Rulebook:
        if isinstance(self.book, Hindrance):
            raise self.book
        return self.book


@dataclass
class FakeSilences:
    kept: Silences | Hindrance = field(default_factory=Silences)

    def silences(self) -> Silences:
        if isinstance(self.kept, Hindrance):
            raise self.kept
        return self.kept


@dataclass
class FakeAccount:
    is_standing: Standing | Hindrance = field(default_factory=lambda: Standing(vdm_enabled=True))
    senders: Sequence[Scope] = ()
    sets: Sequence[Scope] | Hindrance = ()
    renters: Sequence[Scope] = ()
    listed: int = 0

    def standing(self) -> Standing:
        if isinstance(self.is_standing, Hindrance):
            raise self.is_standing
        return self.is_standing

    def identities(self) -> Sequence[Scope]:
        self.listed += 1
        return self.senders

    def configuration_sets(self) -> Sequence[Scope]:
        if isinstance(self.sets, Hindrance):
            raise self.sets
        return self.sets

    def tenants(self) -> Sequence[Scope]:
        return self.renters


@dataclass
class FakeSeries:
    """Answers what it is told to; a query that it was not told of had no mail."""

    answers: dict[Query, Series | Gap] = field(default_factory=dict)
    default: Series | Gap = field(default_factory=lambda: Series({}))
    hindrance: Hindrance | None = None
    asked: list[Query] = field(default_factory=list)

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        assert window.days >= 1
        assert deadline
        assert last
        self.asked += queries
        if self.hindrance:
            raise self.hindrance
        return {query: self.answers.get(query, self.default) for query in queries}


@dataclass
class FakeRosters:
    roster: Roster = field(default_factory=Roster)
    hindrance: Hindrance | None = None

    def load(self, target: Target) -> Roster:
        if self.hindrance:
            raise self.hindrance
        return self.roster

    def save(self, target: Target, roster: Roster) -> None:
        if self.hindrance:
            raise self.hindrance
        self.roster = roster


@dataclass
class FakeStore:
    memory: Memory = field(default_factory=Memory)
    hindrance: Hindrance | None = None
    refuses_to_save: Hindrance | None = None
    saves: int = 0
    held_until: datetime | None = None
    history: list[Transition] = field(default_factory=list)

    @contextmanager
    def lease(self, target: Target, until: datetime, now: datetime) -> Iterator[None]:
        if self.hindrance:
            raise self.hindrance
        if self.held_until and self.held_until > now:
            raise Busy("another run is acting; this one is tried again")
        self.held_until = until
        try:
            yield
        finally:
            self.held_until = None

    def load(self, target: Target) -> Memory:
        return self.memory

    def save(
        self, target: Target, memory: Memory, replacing: Memory, history: Sequence[Transition] = ()
    ) -> Memory:
        if self.refuses_to_save:
            raise self.refuses_to_save
        if replacing.version != self.memory.version:
            raise Superseded("another run has saved since")
        self.memory = replace(memory, version=self.memory.version + 1)
        self.history += history
        self.saves += 1
        return self.memory


@dataclass
class FakeNotifier:
    sent: list[Message] = field(default_factory=list)
    hindrance: Hindrance | None = None
    confirmed: int = 1
    refuses_to_count: Hindrance | None = None
    loses_answers: bool = False

    def publish(self, message: Message) -> None:
        if self.hindrance:
            raise self.hindrance
        self.sent.append(message)
        if self.loses_answers:
            raise Unavailable("sns:Publish", "no answer")

    def subscribers(self) -> int:
        if self.refuses_to_count:
            raise self.refuses_to_count
        return self.confirmed


@dataclass
class FakeRecorder:
    summaries: list[Summary] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)

    def record(self, target: Target, summary: Summary, readings: Sequence[Reading]) -> None:
        self.summaries.append(summary)
        self.readings = list(readings)


@dataclass
class World:
    """Everything around a run, as a test sets it up and looks at it afterwards."""

    rules: FakeRules = field(default_factory=FakeRules)
    silences: FakeSilences = field(default_factory=FakeSilences)
    account: FakeAccount = field(default_factory=FakeAccount)
    series: FakeSeries = field(default_factory=FakeSeries)
    rosters: FakeRosters = field(default_factory=FakeRosters)
    store: FakeStore = field(default_factory=lambda: FakeStore(Memory(introduced=True)))
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    recorder: FakeRecorder = field(default_factory=FakeRecorder)

    @property
    def ports(self) -> Ports:
        return Ports(
            self.rules,
            self.silences,
            self.account,
            self.series,
            self.rosters,
            self.store,
            self.notifier,
            self.recorder,
        )

    @property
    def subjects(self) -> list[str]:
        """What was said, in a line each, without where it came from."""
        return [message.subject.removesuffix(WHERE) for message in self.notifier.sent]

    def knows(self, *rules: Rule) -> "World":
        self.rules.book = Rulebook({rule.name: rule for rule in rules})
        return self

    def writes(self, texts: Mapping[str, str], folder: str = "mine") -> "World":
        """Have the rules of *texts* be what is written, good or bad; an empty one is there no more.

        Those of other names stay as they are.
        """
        assert isinstance(self.rules.book, Rulebook)
        rules, written = dict(self.rules.book.rules), dict(self.rules.book.written)
        bad = dict(self.rules.book.unusable)
        for name, text in texts.items():
            source = f"/vdm-alerts/rules/{folder}/{name}"
            for each in (rules, written, bad):
                each.pop(name, None)
            try:
                rules |= {name: parse_rule(name, text, source)} if text else {}
            except BadRule as error:
                bad[name] = Finding(source, f"A rule cannot be used, {error}", "Edit it")
            else:
                written |= {name: Written(text, source)} if text else {}
        self.rules.book = Rulebook(rules, bad, written=written)
        return self


def sends(world: World, scope: Scope, *, bounces: int, of: int = 10_000) -> None:
    """Have *scope* send so many mails today, of which so many bounce."""
    world.series.answers[Query(Metric.SEND, scope)] = a_series(of)
    world.series.answers[Query(Metric.PERMANENT_BOUNCE, scope)] = a_series(bounces)
