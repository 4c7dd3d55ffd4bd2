"""One reading of an account that is in memory: what is asked, remembered, and given up on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from accounts import a_rule_for
from builders import HOUR, LEASE, NEWS, NOW, ORIGIN, TODAY, a_rule
from fakes import World, sends

from vdm_alerts.app.evaluate import run
from vdm_alerts.core.model.account import Standing
from vdm_alerts.core.model.findings import AccessDenied, Unavailable
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.observations.run_report import Summary
from vdm_alerts.core.planning.queries import Query, TodayRefused

DAY = timedelta(days=1)
SENDERS = [Scope(identity=f"{each}.example.com") for each in range(40)]


def goes(world: World, hours: int = 0, limits: Limits = Limits()) -> Summary:  # noqa: B008
    world.series.asked.clear()
    return run(world.ports, ORIGIN, NOW + hours * HOUR, LEASE, limits)


def asked_of(world: World, scope: Scope) -> set[Metric]:
    return {query.metric for query in world.series.asked if query.scope == scope}


def test_who_sends_is_listed_once_a_day(world: World) -> None:
    for hours in range(25):
        goes(world, hours)
    assert world.account.listed == 2


def test_a_list_that_is_refused_leaves_the_one_before(world: World) -> None:
    world.account.sets = [Scope(configuration_set="set")]
    goes(world)
    world.account.sets = AccessDenied("ses:ListConfigurationSets")
    summary = goes(world, hours=24)
    assert asked_of(world, Scope(configuration_set="set")) == {Metric.SEND}
    assert summary.findings == 1


def test_what_no_rule_watches_is_not_listed(world: World) -> None:
    world.knows(replace(a_rule(), scopes=frozenset({()})))
    goes(world)
    assert world.account.listed == 0


def test_tenants_are_read_where_a_rule_watches_them(world: World) -> None:
    tenant = Scope(tenant="acme")
    world.account.renters = [tenant]
    world.knows(replace(a_rule(), scopes=frozenset({(Dimension.TENANT,)})))
    sends(world, tenant, bounces=600)
    goes(world)
    assert world.subjects == ["[WARNING] Bounce rate of the tenant acme is 6%"]


def test_mail_of_somebody_new_has_the_list_made_again(world: World) -> None:
    goes(world)
    new = Scope(identity="new.example.com")
    world.account.senders = [NEWS, new]
    sends(world, ACCOUNT, bounces=700, of=20_000)
    sends(world, new, bounces=600)
    goes(world, hours=1)
    goes(world, hours=2)
    assert world.account.listed == 2
    assert world.subjects == ["[WARNING] Bounce rate of new.example.com is 6%"]


def test_who_begins_to_send_is_found_in_the_same_run(world: World) -> None:
    quiet = Scope(identity="quiet.example.com")
    world.account.senders = [NEWS, quiet]
    goes(world)
    goes(world, hours=1)
    assert asked_of(world, quiet) == set()
    sends(world, ACCOUNT, bounces=700, of=20_000)
    sends(world, quiet, bounces=600)
    goes(world, hours=2)
    assert world.subjects == ["[WARNING] Bounce rate of quiet.example.com is 6%"]


def test_a_name_that_ses_refuses_is_asked_about_once_and_told_of_while_it_lasts(
    world: World,
) -> None:
    world.series.answers[Query(Metric.SEND, NEWS)] = Gap.REFUSED
    first = goes(world)
    assert asked_of(world, NEWS) == {Metric.SEND}
    again = goes(world, hours=1)
    assert asked_of(world, NEWS) == set()
    assert first.series_unknown == again.series_unknown == 1
    assert len(world.notifier.sent) == 1
    assert "SES refuses to answer for these: news.example.com" in world.notifier.sent[0].text


def test_a_name_that_was_refused_is_asked_about_again_after_a_week(world: World) -> None:
    world.series.answers[Query(Metric.SEND, NEWS)] = Gap.REFUSED
    goes(world)
    world.knows(a_rule(windows=(30,)))
    sends(world, NEWS, bounces=600)
    asked = {}
    for hours in range(1, 24 * 8):
        goes(world, hours)
        asked[hours] = bool(asked_of(world, NEWS))
    assert not any(asked[hours] for hours in range(1, 24 * 7))
    assert asked[24 * 7]
    assert "[WARNING] Bounce rate of news.example.com is 6%" in world.subjects


def test_a_reading_makes_no_more_queries_than_it_may_and_goes_on_where_it_stopped(
    world: World,
) -> None:
    """Everybody has been read once before anybody has been read twice."""
    world.account.senders = SENDERS
    for sender in SENDERS:
        sends(world, sender, bounces=100)
    limits = Limits(queries_a_day=900)
    read: list[list[Scope]] = []
    for hours in range(3):
        summary = goes(world, hours, limits)
        assert 40 < summary.queries <= 900 // (15 - hours)
        assert summary.series_unknown > 0
        mine = [one for one in SENDERS if Metric.PERMANENT_BOUNCE in asked_of(world, one)]
        assert all(
            asked_of(world, one) in ({Metric.SEND, Metric.PERMANENT_BOUNCE}, set())
            for one in SENDERS
        ), "whoever is begun with is read to the end"
        read.append(mine)
    first, second, third = map(set, read)
    assert not first & second
    assert first | second | third == set(SENDERS)
    assert asked_of(world, ACCOUNT) == {Metric.SEND, Metric.PERMANENT_BOUNCE}


def test_a_budget_that_does_not_suffice_for_a_day_is_told_once(world: World) -> None:
    world.account.senders = SENDERS
    for sender in SENDERS:
        sends(world, sender, bounces=100)
    world.knows(a_rule(windows=(7,)))
    for hours in range(72):
        goes(world, hours, Limits(queries_a_day=100))
    assert world.subjects == [
        "[WARNING] 100 queries of VDM a day are too few to read everybody in a day"
    ]


def test_under_the_smallest_budget_everybody_has_their_turn(world: World) -> None:
    """Providers, senders and their parts alike."""
    parts = replace(a_rule_for("identity", "identity_at_isp", "isp", "account"), min_events=20)
    world.knows(parts)
    world.account.senders = SENDERS[:5]
    sends(world, ACCOUNT, bounces=100)
    for sender in SENDERS[:5]:
        sends(world, sender, bounces=30)
    sends(world, ACCOUNT.at("NetEase"), bounces=900)
    sends(world, SENDERS[3].at("Aol"), bounces=30, of=300)
    for hours in range(72):
        goes(world, hours, Limits(queries_a_day=800))
    said = "".join(message.text for message in world.notifier.sent)
    assert "the bounce rate at NetEase has reached" in said
    assert "3.example.com at Aol" in said


def test_who_cannot_be_read_does_not_keep_the_others_waiting(world: World) -> None:
    world.account.senders = [*SENDERS, NEWS]
    for sender in SENDERS:
        world.series.answers[Query(Metric.SEND, sender)] = Gap.UNAVAILABLE
    sends(world, NEWS, bounces=600)
    for hours in range(4):
        goes(world, hours, Limits(queries_a_day=800))
    assert "[WARNING] Bounce rate of news.example.com is 6%" in world.subjects


def test_queries_of_a_day_are_counted_over_its_runs(world: World) -> None:
    first, second = goes(world), goes(world, hours=1)
    assert world.rosters.roster.asked_on(TODAY) == first.queries + second.queries
    goes(world, hours=24)
    assert world.rosters.roster.asked == len(world.series.asked)


def test_what_there_was_no_time_to_ask_is_unknown_and_does_not_count_as_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = world.series.read

    def slow(
        queries: Sequence[Query], window: Window, last: date, patience: timedelta
    ) -> Mapping[Query, Series | Gap]:
        found = dict(read(queries, window, last, patience))
        return found | {query: Gap.CUT for query in queries if query.scope == NEWS}

    monkeypatch.setattr(world.series, "read", slow)
    summary = goes(world)
    assert summary.series_unknown == 1
    assert summary.queries == len(world.series.asked) - 1
    assert world.rosters.roster.entries[NEWS].read is None, "so it is first in line"


def test_where_ses_refuses_today_it_is_done_without_and_remembered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[date] = []
    read = world.series.read

    def whole_days(queries: Any, window: Window, last: date, patience: timedelta) -> Any:
        asked.append(last)
        if last == TODAY:
            raise TodayRefused("the end date must not be in the future")
        return read(queries, window, last, patience)

    monkeypatch.setattr(world.series, "read", whole_days)
    summary = goes(world)
    assert (asked[0], set(asked[1:])) == (TODAY, {TODAY - DAY})
    assert (summary.series_unknown, summary.findings) == (0, 1), "no mail until yesterday"
    asked.clear()
    goes(world, hours=1)
    assert set(asked) == {TODAY - DAY}


def test_that_today_is_refused_is_not_remembered_where_yesterday_is_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> Any:
        raise TodayRefused("no")

    read = world.series.read
    monkeypatch.setattr(world.series, "read", refuses)
    goes(world)
    monkeypatch.setattr(world.series, "read", read)
    sends(world, NEWS, bounces=600)
    goes(world, hours=1)
    assert "[WARNING] Bounce rate of news.example.com is 6%" in world.subjects


def test_a_message_says_until_when_it_counts_where_that_is_not_today(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world, hours=24, limits=Limits(include_today=False))
    assert "Days are counted until 2026-03-12." in world.notifier.sent[0].text


def test_today_is_left_out_where_one_wants_it_so(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world, limits=Limits(include_today=False))
    assert [subject for subject in world.subjects if "Bounce" in subject] == []
    goes(world, hours=24, limits=Limits(include_today=False))
    assert "[WARNING] Bounce rate of news.example.com is 6%" in world.subjects


def test_days_that_are_refused_altogether_are_a_finding(world: World) -> None:
    world.series.hindrance = TodayRefused("no such days")
    summary = goes(world)
    assert summary.series_unknown == summary.series_judged > 0
    assert "SES refuses to answer for the days that it is asked about" in (
        world.notifier.sent[0].text
    )


def test_without_its_roster_a_reading_asks_for_more_and_misses_nothing(world: World) -> None:
    sends(world, NEWS, bounces=600)
    world.rosters.hindrance = Unavailable("dynamodb:Query", "no answer")
    goes(world)
    assert world.subjects == ["[WARNING] Bounce rate of news.example.com is 6%"]


def test_an_error_in_the_middle_keeps_what_was_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, calls = world.series.read, 0

    def breaks_the_second_time(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Unavailable("ses:BatchGetMetricData", "no answer")
        return read(*arguments)

    monkeypatch.setattr(world.series, "read", breaks_the_second_time)
    summary = goes(world)
    assert summary.series_unknown == 1, "the identity's bounces"
    assert summary.days_behind == 0


def test_a_standing_account_without_vdm_keeps_its_roster(world: World) -> None:
    goes(world)
    roster = world.rosters.roster
    world.account.is_standing = Standing(vdm_enabled=False)
    goes(world, hours=1)
    assert world.rosters.roster == roster


def test_gmail_has_no_complaint_rate_and_nothing_is_amiss(world: World) -> None:
    world.knows(a_rule("complaints", indicator=Indicator.COMPLAINT_RATE))
    summary = goes(world)
    assert summary.series_unknown == 0
    assert summary.series_judged == 13
