"""Reading metrics: which queries a run makes, and what it remembers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

import pytest
from accounts import a_rule_for
from builders import HOUR, NEWS_IDENTITY, NOW, TODAY, a_rule
from fakes import CountingAccount, RecordingSeries, World

from vdm_alerts.app import read_metrics
from vdm_alerts.core.model.account import AccountStatus
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError, UnfinishedListError
from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.planning.queries import Query, TodayRejectedError
from vdm_alerts.core.planning.roster import SenderRecord, SenderRoster, UnfinishedList

DAY = timedelta(days=1)
WITHOUT_TODAY = Limits(include_today=False)


# Lists of senders.


def test_senders_are_listed_once_a_day(world: World) -> None:
    for hours in range(25):
        world.run(hours)

    assert world.account.times_listed == 2


def test_last_list_applies_when_listing_is_denied(world: World) -> None:
    configuration_set = Scope(configuration_set="set")
    world.account.senders = [NEWS_IDENTITY, configuration_set]
    world.run()
    world.fail("list configuration sets", AccessDeniedError("ses:ListConfigurationSets"))

    summary = world.run_anew(hours=24)

    assert world.metrics_read(configuration_set) == {Metric.SEND}
    assert summary.findings == 1


def test_senders_are_not_listed_when_no_rule_covers_their_kind(world: World) -> None:
    world.set_rules(a_rule(scopes=frozenset({()})))

    world.run()

    assert world.account.times_listed == 0


class SlowList(CountingAccount):
    """An account of which one page with two tenants is listed in each run."""

    pages: ClassVar = {
        None: ("2", ["acme", "bolt"]),
        "2": ("3", ["cat", "dog"]),
        "3": ("", ["eel"]),
    }

    def tenants(self, deadline: Deadline, first_page: str | None = None) -> Sequence[Scope]:
        del deadline
        next_page, names = self.pages[first_page]
        if next_page:
            raise UnfinishedListError("ses:ListTenants", next_page, names)
        return [Scope(tenant=name) for name in names]


def test_list_of_tenants_is_continued_in_the_next_run(world: World) -> None:
    gone, dog = Scope(tenant="gone"), Scope(tenant="dog")
    world.account = SlowList(senders=[NEWS_IDENTITY])
    world.roster = SenderRoster({gone: SenderRecord()})
    world.set_rules(a_rule_for("tenant", like=a_rule()))
    world.set_bounces(dog, 600)

    first = world.run(0, Limits(may_continue=True))
    assert first.is_cut_short
    assert {*world.roster.records} >= {gone, Scope(tenant="acme")}
    assert dog not in world.roster.records

    assert world.run(1, Limits(may_continue=True)).is_cut_short
    assert world.subjects == ["[WARNING] Bounce rate 6% (above 5%): tenant dog"]

    last = world.run(2, Limits(may_continue=True))
    assert not last.is_cut_short
    assert (last.findings, world.roster.unfinished_list) == (0, None)
    tenants = {scope.tenant for scope in world.roster.records if scope.tenant}
    assert tenants == {"acme", "bolt", "cat", "dog", "eel"}


def test_error_of_a_list_restarts_it(world: World) -> None:
    world.account = SlowList(senders=[NEWS_IDENTITY])
    world.set_rules(a_rule_for("tenant", like=a_rule()))
    world.run()
    assert world.roster.unfinished_list == UnfinishedList("2", ("acme", "bolt"))

    world.fail("list tenants", UnavailableError("ses:ListTenants", "the token has expired"))
    assert world.run(1).unreadable == 1
    assert world.roster.unfinished_list is None


def test_list_whose_pages_do_not_advance_is_an_error(world: World) -> None:
    world.account = SlowList(senders=[NEWS_IDENTITY])
    world.roster = SenderRoster(unfinished_list=UnfinishedList("2", ("cat", "dog", "eel")))
    world.set_rules(a_rule_for("tenant", like=a_rule()))

    report = world.run(0, Limits(may_continue=True))

    assert (report.unreadable, report.is_cut_short) == (1, False)
    assert world.roster.unfinished_list is None


def test_long_list_is_kept_longer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_metrics, "TENANTS_A_SECOND", 0.1)
    world.set_rules(a_rule_for("tenant", like=a_rule(windows=(1,))))
    world.account.senders = [Scope(tenant=f"tenant-{number}") for number in range(20)]
    world.run()
    world.run(5)
    assert world.roster.listed_at[Dimension.TENANT] == NOW + 5 * HOUR, "20 take 200 seconds"

    world.account.senders = [Scope(tenant=f"tenant-{number}") for number in range(100)]
    world.run(10)
    world.run(15)
    assert world.roster.listed_at[Dimension.TENANT] == NOW + 10 * HOUR, "100 take 1,000 seconds"


def test_tenants_are_read_when_a_rule_covers_them(world: World) -> None:
    tenant = Scope(tenant="acme")
    world.account.senders = [NEWS_IDENTITY, tenant]
    world.set_rules(a_rule(scopes=frozenset({(Dimension.TENANT,)})))
    world.set_bounces(tenant, 600)

    world.run()

    assert world.subjects == ["[WARNING] Bounce rate 6% (above 5%): tenant acme"]


def test_senders_are_listed_again_when_no_known_sender_accounts_for_the_emails(
    world: World,
) -> None:
    world.run()
    new = Scope(identity="new.example.com")
    world.account.senders = [NEWS_IDENTITY, new]
    world.set_bounces(ACCOUNT, 700, of=20_000)
    world.set_bounces(new, 600)

    world.run(hours=1)
    world.run(hours=2)

    assert world.account.times_listed == 2
    assert world.subjects == ["[WARNING] Bounce rate 6% (above 5%): new.example.com"]


def test_idle_sender_is_read_in_the_run_in_which_it_starts_to_send(world: World) -> None:
    idle = Scope(identity="quiet.example.com")
    world.account.senders = [NEWS_IDENTITY, idle]
    world.run()
    world.run_anew(hours=1)
    assert world.metrics_read(idle) == set()

    world.set_bounces(ACCOUNT, 700, of=20_000)
    world.set_bounces(idle, 600)
    world.run(hours=2)

    assert world.subjects == ["[WARNING] Bounce rate 6% (above 5%): quiet.example.com"]


# Rejected names.


def test_rejected_sender_is_queried_and_reported_once(world: World) -> None:
    world.series.answers[Query(Metric.SEND, NEWS_IDENTITY)] = Gap.REJECTED

    first = world.run_anew()
    assert world.metrics_read(NEWS_IDENTITY) == {Metric.SEND}
    second = world.run_anew(hours=1)
    assert world.metrics_read(NEWS_IDENTITY) == set()

    assert first.series_unknown == second.series_unknown == 0
    (message,) = world.notifier.sent
    assert "SES rejects queries about these scopes: news.example.com" in message.text


def test_rejected_sender_is_queried_again_after_a_week(world: World) -> None:
    world.series.answers[Query(Metric.SEND, NEWS_IDENTITY)] = Gap.REJECTED
    world.run()
    world.set_rules(a_rule(windows=(30,)))
    world.set_bounces(NEWS_IDENTITY, 600)

    queried_at = []
    for hours in range(1, 24 * 8):
        world.run_anew(hours)
        if world.metrics_read(NEWS_IDENTITY):
            queried_at.append(hours)

    assert queried_at[0] == 24 * 7
    assert "[WARNING] Bounce rate 6% (above 5%): news.example.com" in world.subjects


# The current day.


@dataclass
class SeriesWithoutToday(RecordingSeries):
    """A SeriesSource that rejects queries for today."""

    days: list[date] | None = None
    """The last day of each call."""

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        self.days = [*(self.days or ()), last]
        if last == TODAY:
            raise TodayRejectedError("the end date must not be in the future")
        return super().read(queries, window, last, deadline)


def test_run_reads_until_yesterday_when_ses_rejects_today(world: World) -> None:
    series = SeriesWithoutToday(answers=world.series.answers)
    world.series = series

    summary = world.run()
    assert series.days
    assert series.days[0] == TODAY
    assert set(series.days[1:]) == {TODAY - DAY}
    # The finding is that there is no email until yesterday.
    assert (summary.series_unknown, summary.findings) == (0, 1)

    series.days = []
    world.run(hours=1)
    assert set(series.days) == {TODAY - DAY}


def test_today_is_read_again_when_ses_rejected_yesterday_too(world: World) -> None:
    world.fail("read metrics", TodayRejectedError("no"))
    world.run()

    world.repair("read metrics")
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run(hours=1)

    assert "[WARNING] Bounce rate 6% (above 5%): news.example.com" in world.subjects


def test_rejected_days_are_reported(world: World) -> None:
    world.fail("read metrics", TodayRejectedError("no such days"))

    summary = world.run()

    assert summary.series_unknown == summary.series_evaluated > 0
    problem = "SES rejects the days of the queries"
    assert problem in world.notifier.sent[0].text


def test_notification_says_until_when_emails_are_counted_without_today(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)

    world.run(hours=24, limits=WITHOUT_TODAY)

    assert ", data through 2026-03-12." in world.notifier.sent[0].text


def test_today_is_not_evaluated_when_the_settings_exclude_it(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)

    world.run(limits=WITHOUT_TODAY)
    assert [subject for subject in world.subjects if "Bounce" in subject] == []

    world.run(hours=24, limits=WITHOUT_TODAY)
    assert "[WARNING] Bounce rate 6% (above 5%): news.example.com" in world.subjects


# Failures.


def test_run_reads_everything_when_the_roster_is_unavailable(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.fail("load roster", UnavailableError("dynamodb:Query", "no answer"))
    world.fail("save roster", UnavailableError("dynamodb:BatchWriteItem", "no answer"))

    world.run()

    assert world.subjects == ["[WARNING] Bounce rate 6% (above 5%): news.example.com"]


def test_answers_are_kept_when_a_later_call_fails(world: World) -> None:
    error = UnavailableError("ses:BatchGetMetricData", "no answer")
    world.fail("read metrics", error, only=2)

    summary = world.run()

    # The bounces of the identity and of the catch-all.
    assert summary.series_unknown == 2
    assert summary.days_behind == 0


def test_roster_is_kept_while_vdm_is_off(world: World) -> None:
    world.run()
    roster = world.roster
    world.account.current_status = AccountStatus(vdm_enabled=False)

    world.run(hours=1)

    assert NEWS_IDENTITY in roster.records
    assert world.roster == roster


def test_complaint_rate_at_gmail_is_not_reported_as_unknown(world: World) -> None:
    """Gmail reports no complaints to SES."""
    world.set_rules(a_rule("complaints", indicator=Indicator.COMPLAINT_RATE))

    summary = world.run()

    assert summary.series_unknown == 0
    assert summary.series_evaluated == 2 + len(KNOWN_ISPS) + 1
