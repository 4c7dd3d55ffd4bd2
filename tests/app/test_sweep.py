"""A sweep: the evaluation of one target in several invocations, each with a short time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from accounts import a_rule_for
from builders import HOUR, NEWS_IDENTITY, NOW, TARGET, a_rule, a_series
from fakes import RecordingSeries, World

from vdm_alerts.app import read_metrics
from vdm_alerts.core.alerts.alert import AlertKey, Firing
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.observations.run_report import RunReport
from vdm_alerts.core.planning import selection
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import SenderRoster

INVOCATION = timedelta(minutes=13)
MANY = 5_000


@dataclass
class TimedSeries(RecordingSeries):
    """A SeriesSource whose queries take one second each. It is the deadline, too."""

    time_left: int = 0
    """The queries that are possible until the deadline."""
    asked_by_invocation: list[Counter[Scope]] = field(default_factory=list)
    """How many queries each invocation made of each scope."""

    def remaining(self) -> timedelta:
        return timedelta(seconds=self.time_left)

    def begin(self, seconds: int) -> None:
        self.time_left = seconds
        self.asked_by_invocation.append(Counter())

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        made = queries[: self.time_left]
        answers = super().read(made, window, last, deadline)
        self.time_left -= len(made)
        self.asked_by_invocation[-1].update(query.scope for query in made)
        return {**answers, **dict.fromkeys(queries[len(made) :], Gap.CUT_OFF)}


class Sweeps:
    """The sweeps of a world with very little time."""

    def __init__(self, world: World, seconds: int) -> None:
        """Each invocation has so many *seconds*, one for each query."""
        self.world, self._seconds = world, seconds
        self.series = TimedSeries(answers=world.series.answers)
        world.series = self.series
        self._reports: list[RunReport] = []

    def invoke(self, started: float, number: int = 0, *, may_continue: bool = True) -> RunReport:
        """Run invocation *number* of the sweep that started so many hours after NOW."""
        self.series.begin(self._seconds)
        limits = Limits(
            self.series, continues_since=NOW + started * HOUR, may_continue=may_continue
        )
        return self.world.run(started + number * INVOCATION / HOUR, limits)

    def run(self, started: float = 0, at_most: int = 50) -> Sequence[RunReport]:
        """Run a whole sweep, and return the reports of its invocations."""
        reports: list[RunReport] = []
        self.series.asked_by_invocation.clear()
        while not reports or reports[-1].is_cut_short:
            assert len(reports) < at_most, "the sweep does not end"
            reports.append(self.invoke(started, len(reports)))
        return reports

    def times_read(self, scope: Scope) -> int:
        """Return in how many invocations of the last sweep *scope* was queried."""
        return sum(scope in asked for asked in self.series.asked_by_invocation)


def senders(count: int) -> list[Scope]:
    return [Scope(identity=f"{number:04}.example.com") for number in range(count)]


def an_account(world: World, count: int, *breached: int) -> World:
    """Have *count* identities with a bounce rate of 1%, apart from those that are *breached*."""
    world.set_bounces(ACCOUNT, 100)
    world.account.senders = senders(count)
    for number, sender in enumerate(senders(count)):
        world.set_bounces(sender, 900 if number in breached else 100)
    return world


def firing(world: World) -> set[AlertKey]:
    return {key for key, each in world.state.alerts.items() if isinstance(each.state, Firing)}


BREACHED = (3, 999, 1_000, 2_500, 4_999)


def test_sweep_finds_the_same_breaches_as_a_run_without_a_deadline() -> None:
    unlimited = an_account(World().set_rules(a_rule()), MANY, *BREACHED)
    unlimited.run()
    world = an_account(World().set_rules(a_rule()), MANY, *BREACHED)
    sweeps = Sweeps(world, seconds=2_200)  # Two queries for each of 1,000 identities.

    for started in (0, 24):
        reports = sweeps.run(started)
        assert len(reports) >= 5
        assert firing(world) == firing(unlimited)
        assert len(firing(world)) == len(BREACHED)
        healthy = [each for number, each in enumerate(senders(MANY)) if number not in BREACHED]
        complete = [sweeps.times_read(each) for each in healthy]
        # The senders that the deadline of an invocation interrupts are read again.
        assert min(complete) == 1
        assert sum(complete) < 1.1 * MANY
        unlimited.run(started + 23)


def test_sender_is_read_completely_once_in_a_sweep(world: World) -> None:
    sweeps = Sweeps(an_account(world, 1_500), seconds=1_000)

    sweeps.run()

    read: Counter[Scope] = Counter()
    for query in world.series.asked:
        if query.metric is Metric.PERMANENT_BOUNCE and query.scope.identity:
            read[query.scope] += 1
    assert set(read.values()) == {1}
    assert len(read) == 1_500


def test_sweep_finds_every_breach_at_a_single_provider(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_metrics, "ALL_AT_ONCE", 10)
    monkeypatch.setattr(read_metrics, "FIRST_STARTED", 10)
    rule = a_rule_for("identity", "identity_at_isp", "isp", like=a_rule(), min_volume=200)
    world.set_rules(rule)
    an_account(world, 300)
    for sender in senders(300):
        world.set_bounces(sender.at_provider("Hotmail"), 100, of=10_000)
    bad = [senders(300)[number].at_provider("Hotmail") for number in (0, 7, 150, 299)]
    for part in bad:
        world.set_bounces(part, 100, of=1_000)

    reports = Sweeps(world, seconds=500).run()

    assert len(reports) > 2
    assert {key.scope for key in firing(world)} == set(bad)


def test_sweep_with_a_lost_roster_starts_again_and_ends(world: World) -> None:
    an_account(world, 1_500, 5, 1_400)
    sweeps = Sweeps(world, seconds=1_000)
    assert sweeps.invoke(0).is_cut_short
    assert sweeps.invoke(0, 1).is_cut_short

    world.roster = SenderRoster()
    numbers = range(2, 20)
    more = next(number for number in numbers if not sweeps.invoke(0, number).is_cut_short)

    assert more > 3, "the senders that were lost are read again"
    assert {str(key.scope) for key in firing(world)} == {"0005.example.com", "1400.example.com"}


@pytest.mark.parametrize("call", ["load roster", "save roster"])
def test_sweep_is_not_continued_without_a_roster(world: World, call: str) -> None:
    sweeps = Sweeps(an_account(world, 1_500), seconds=1_000)
    world.fail(call, UnavailableError("dynamodb", "busy"))
    assert not sweeps.invoke(0).is_cut_short


def test_sweep_is_not_continued_without_history(world: World) -> None:
    sweeps = Sweeps(an_account(world, 1_500), seconds=1_000)
    world.fail("load state", UnavailableError("dynamodb", "busy"))
    assert not sweeps.invoke(0).is_cut_short


def test_query_budget_ends_a_sweep(world: World) -> None:
    sweeps = Sweeps(an_account(world, 1_500), seconds=100_000)
    sweeps.series.begin(100_000)
    limits = Limits(sweeps.series, 6_000, continues_since=NOW, may_continue=True)

    report = world.run(0, limits)

    assert not report.is_cut_short
    assert report.series_unknown > 0


def test_invocation_that_completes_no_sender_is_the_last_one(world: World) -> None:
    sweeps = Sweeps(an_account(world, 1_500), seconds=50)
    assert not sweeps.invoke(0).is_cut_short


def test_source_that_gives_up_ends_a_sweep(world: World) -> None:
    an_account(world, 1_500)
    sweeps = Sweeps(world, seconds=2_000)

    class GivingUp(TimedSeries):
        def read(
            self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
        ) -> Mapping[Query, Series | Gap]:
            answers = super().read(queries[:60], window, last, deadline)
            return {**answers, **dict.fromkeys(queries[60:], Gap.CUT_OFF)}

    sweeps.series = world.series = GivingUp(answers=world.series.answers)
    report = sweeps.invoke(0)
    assert not report.is_cut_short
    assert report.series_unknown > 0


def test_continued_invocation_reports_no_problem_and_no_unknown_rate(world: World) -> None:
    sweeps = Sweeps(an_account(world, 1_500), seconds=1_000)

    first, *_, last = sweeps.run()
    assert first.is_cut_short
    assert (first.series_unknown, first.findings, first.unreadable) == (0, 0, 0)
    assert (last.series_unknown, last.findings, last.unreadable) == (0, 0, 0)

    given_up = sweeps.invoke(24, may_continue=False)
    assert not given_up.is_cut_short
    assert given_up.series_unknown > 500
    assert (given_up.findings, given_up.unreadable) == (1, 1)


def test_first_summary_is_sent_by_the_last_invocation_and_covers_the_sweep(world: World) -> None:
    world.state = replace(world.state, summary_sent=False)
    sweeps = Sweeps(an_account(world, 1_500, 7), seconds=1_000)

    assert sweeps.invoke(0).is_cut_short
    assert world.notifier.sent == []
    number = 1
    while sweeps.invoke(0, number).is_cut_short:
        assert world.notifier.sent == []
        number += 1

    (summary,) = world.notifier.sent
    assert "1,500 identities" in summary.text
    assert "0007.example.com" in summary.text


def test_open_alert_keeps_its_main_contributor_in_every_invocation(world: World) -> None:
    """The account is above its threshold, because of an identity that no rule monitors."""
    world.set_rules(a_rule_for("account", like=a_rule()), a_rule_for("identity", like=REMOTE))
    world.account.senders = senders(600)
    for sender in senders(600):
        world.set_bounces(sender, 2, of=200)
    largest = senders(600)[0]
    world.set_bounces(ACCOUNT, 9_000, of=150_000)
    world.set_bounces(largest, 8_000, of=30_000)
    sweeps = Sweeps(world, seconds=700)

    world.notifier.confirmed = 0  # The notification waits for the second invocation.
    assert sweeps.invoke(0).is_cut_short
    world.notifier.confirmed = 1
    assert not sweeps.invoke(0, 1).is_cut_short

    assert f"Main contributor: {largest} at other providers" in world.notifier.sent[0].text


REMOTE = a_rule("remote", warning="99%", critical=None)


def test_scopes_with_very_many_open_alerts_do_not_block_a_sweep(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "MAX_ALERTS_READ_AGAIN", 20)
    an_account(world, 900, *range(600))
    sweeps = Sweeps(world, seconds=700)

    sweeps.run()
    reports = sweeps.run(24)

    assert len(firing(world)) == 600
    assert len(reports) < 8
    again = [sweeps.times_read(sender) for sender in senders(600)]
    assert sorted(again)[:500] == [1] * 500


def test_weekly_summary_covers_all_invocations_of_a_sweep(world: World) -> None:
    count = 900
    an_account(world, count)
    largest = senders(count)[1]  # One of the first to be read.
    worst = senders(count)[2]
    for sender in senders(count):
        world.series.answers[Query(Metric.SEND, sender)] = a_series(*[1_000] * 14)
        world.series.answers[Query(Metric.PERMANENT_BOUNCE, sender)] = a_series(*[10] * 14)
    world.series.answers[Query(Metric.SEND, largest)] = a_series(*[90_000] * 14)
    world.series.answers[Query(Metric.PERMANENT_BOUNCE, worst)] = a_series(*[40] * 14)
    world.series.answers[Query(Metric.SEND, ACCOUNT)] = a_series(*[2_000_000] * 14)
    world.series.answers[Query(Metric.PERMANENT_BOUNCE, ACCOUNT)] = a_series(*[20_000] * 14)
    sweeps = Sweeps(world, seconds=700)
    sweeps.run()
    world.store.request_summary(TARGET, NOW.date())
    world.notifier.sent.clear()

    reports = sweeps.run(24)

    assert len(reports) > 2
    (weekly,) = world.notifier.sent
    assert str(largest) in weekly.text
    assert str(worst) in weekly.text
    assert "not read" not in weekly.text


def test_new_sender_of_unattributed_emails_is_found_by_a_sweep_of_one_invocation(
    world: World,
) -> None:
    """The start of a sweep alone changes nothing."""
    world.series.answers[Query(Metric.SEND, ACCOUNT)] = a_series(10_000)
    world.run()
    new = Scope(identity="new.example.com")
    world.account.senders = [NEWS_IDENTITY, new]
    world.set_bounces(ACCOUNT, 100, of=50_000)
    world.set_bounces(new, 900, of=40_000)
    for hours in (1, 2):
        world.run(hours, Limits(continues_since=NOW + hours * HOUR, may_continue=True))
    assert new in world.roster.records
