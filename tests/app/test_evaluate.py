"""What a run promises, on ports that are in memory."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from builders import HOTMAIL, HOUR, LEASE, NEWS, NOW, ORIGIN, a_rule, a_series, a_sure_rule
from fakes import World, sends

from vdm_alerts.app.evaluate import run
from vdm_alerts.app.notify import NotificationsUnsentError
from vdm_alerts.core.alerts.alert import Key
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.model.account import Standing
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.errors import Busy, WentBack
from vdm_alerts.core.model.findings import AccessDenied, Finding, Hindrance, Unavailable
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.muting.silences import Silences, parse_silence
from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.observations.run_report import MOST_RECORDED, Summary
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import Roster
from vdm_alerts.core.rules.patterns import Globs
from vdm_alerts.core.rules.rule import MissingData
from vdm_alerts.core.rules.rule_set import Rulebook

BOUNCES = """
indicator = "bounce_rate"
scopes = ["account", "identity", "isp"]
windows = ["3d"]
confidence = "none"
warning = "5%"
critical = "10%"
min_volume = 200
min_events = 10
"""
HIGHER = BOUNCES.replace('"5%"', '"90%"').replace('"10%"', '"95%"')
TRANSIENT = BOUNCES.replace("bounce_rate", "transient_bounce_rate")
OFF = Finding("VDM", "VDM is off", "Switch it on")


def goes(world: World, hours: int = 0) -> Summary:
    return run(world.ports, ORIGIN, NOW + hours * HOUR, LEASE)


def test_a_healthy_account_hears_nothing(world: World) -> None:
    summary = goes(world)
    assert world.notifier.sent == []
    assert (summary.alerts_warning, summary.notices_told, summary.series_unknown) == (0, 0, 0)
    assert summary.series_judged == 13  # The account, an identity, ten providers and all others.


def test_a_breach_is_told_once_and_then_only_its_changes(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    goes(world, hours=1)
    sends(world, NEWS, bounces=700)
    goes(world, hours=2)
    sends(world, NEWS, bounces=1_200)
    goes(world, hours=3)
    sends(world, NEWS, bounces=600)
    goes(world, hours=4)
    sends(world, NEWS, bounces=100)
    goes(world, hours=5)
    goes(world, hours=6)
    assert world.subjects == [
        "[WARNING] Bounce rate of news.example.com is 6%",
        "[CRITICAL] Bounce rate of news.example.com has risen to 12%",
        "[RESOLVED] Bounce rate of news.example.com is back to 1%",
    ]


def test_what_is_over_and_told_leaves_no_trace(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    sends(world, NEWS, bounces=100)
    goes(world, hours=1)
    (ended,) = world.store.memory.alerts.values()
    assert (ended.is_open, ended.ends) == (False, (NOW + HOUR,)), "but that it ended lately"
    goes(world, hours=24 * 15)
    assert world.store.memory.alerts == {}
    assert world.store.memory.last_run == NOW + 15 * 24 * HOUR


def test_one_incident_is_one_message_however_many_scopes_it_reaches(world: World) -> None:
    for scope in (ACCOUNT, NEWS, HOTMAIL):
        sends(world, scope, bounces=600)
    summary = goes(world)
    assert (summary.alerts_warning, summary.notices_told) == (3, 1)


def test_a_message_that_could_not_be_sent_is_owed_again(world: World) -> None:
    sends(world, NEWS, bounces=600)
    world.notifier.hindrance = Unavailable("sns:Publish", "no answer")
    with pytest.raises(NotificationsUnsentError, match="1 of 1 messages"):
        goes(world)
    world.notifier.hindrance = None
    goes(world, hours=1)
    assert world.subjects == ["[WARNING] Bounce rate of news.example.com is 6%"]
    assert "message 1." in world.notifier.sent[0].text


def test_a_message_sent_again_after_a_failed_save_carries_the_same_id_and_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sends(world, NEWS, bounces=600)
    save, saves = world.store.save, 0

    def fails_the_second_time(*arguments: Any) -> Memory:
        nonlocal saves
        saves += 1
        if saves == 2:
            raise Unavailable("dynamodb:PutItem", "no answer")
        return save(*arguments)

    monkeypatch.setattr(world.store, "save", fails_the_second_time)
    with pytest.raises(Unavailable):
        goes(world)
    goes(world, hours=1)
    first, again = world.notifier.sent
    assert first.subject == again.subject
    assert "Incident bounce-rate-20260312T0900Z, message 1." in first.text
    assert "Incident bounce-rate-20260312T0900Z, message 1." in again.text


def test_the_run_ends_in_an_error_only_after_everything_else_is_done(world: World) -> None:
    sends(world, NEWS, bounces=600)
    world.notifier.hindrance = AccessDenied("sns:Publish")
    with pytest.raises(NotificationsUnsentError):
        goes(world)
    assert world.recorder.summaries[-1].notices_owed == 1
    assert world.store.memory.alerts
    assert world.store.held_until is None


def test_a_failed_read_neither_fires_nor_resolves(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    world.series.answers = dict.fromkeys(world.series.answers, Gap.UNAVAILABLE)
    summary = goes(world, hours=1)
    assert summary.series_unknown == 3, "the account's, so what is left of it, and the identity's"
    assert summary.alerts_warning == 1
    assert len(world.notifier.sent) == 1


def test_only_one_run_acts_at_a_time(world: World) -> None:
    world.store.held_until = LEASE.until
    with pytest.raises(Busy):
        goes(world)
    assert world.series.asked == []


def test_a_lease_that_ran_out_stops_nobody(world: World) -> None:
    world.store.held_until = NOW - HOUR
    assert goes(world)


def test_the_lease_is_given_back_when_a_run_fails(world: World) -> None:
    sends(world, NEWS, bounces=600)
    world.notifier.hindrance = Unavailable("sns:Publish", "no answer")
    with pytest.raises(NotificationsUnsentError):
        goes(world)
    assert world.store.held_until is None


def test_a_run_as_of_an_earlier_instant_is_refused(world: World) -> None:
    goes(world, hours=1)
    with pytest.raises(WentBack, match=r"2026-03-12 09:00:00.*2026-03-12 10:00:00"):
        goes(world)


def test_a_run_may_be_repeated_as_of_the_same_instant(world: World) -> None:
    goes(world)
    assert goes(world)


def test_without_its_memory_a_run_tells_what_is_wrong_now_and_says_that_it_may_repeat(
    world: World,
) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    world.store.hindrance = AccessDenied("dynamodb:PutItem")
    goes(world, hours=1)
    again, service = world.notifier.sent[1:]
    assert "History unavailable" in again.text
    assert "AWS refused dynamodb:PutItem" in service.text
    assert world.store.saves == 2, "nothing is written over what cannot be read"


def test_a_rule_that_cannot_be_used_stops_no_other(world: World) -> None:
    bad = Finding("rule", "A rule cannot be used", "Edit it")
    world.rules.book = Rulebook({"bounce-rate": a_rule()}, {"bad": bad})
    sends(world, NEWS, bounces=600)
    goes(world)
    assert world.subjects == [
        "[WARNING] Bounce rate of news.example.com is 6%",
        "[WARNING] A rule cannot be used",
    ]


def test_an_alert_whose_rule_went_bad_is_kept_as_it_is(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    bad = Finding("rule", "A rule cannot be used", "Edit it")
    world.rules.book = Rulebook({}, {"bounce-rate": bad})
    before = world.store.memory.alerts
    goes(world, hours=1)
    assert world.store.memory.alerts == before


@pytest.mark.parametrize(
    "hinder",
    [
        lambda world: setattr(world.rules, "book", AccessDenied("ssm:GetParametersByPath")),
        lambda world: setattr(world.account, "is_standing", AccessDenied("ses:GetAccount")),
        lambda world: setattr(world.account, "sets", AccessDenied("ses:ListConfigurationSets")),
        lambda world: setattr(world.series, "hindrance", AccessDenied("ses:BatchGetMetricData")),
    ],
)
def test_a_missing_permission_is_told_once_by_name_and_so_is_its_return(
    world: World, hinder: object
) -> None:
    rules, account, series = world.rules.book, replace(world.account), replace(world.series)
    hinder(world)  # type: ignore[operator]
    goes(world)
    goes(world, hours=1)
    assert len(world.notifier.sent) == 1
    assert "AWS refused s" in world.notifier.sent[0].text
    world.rules.book, world.account, world.series = rules, account, series
    goes(world, hours=2)
    goes(world, hours=3)
    assert world.subjects[1:] == ["[OK] All is in order again"]


def test_nothing_is_read_while_vdm_is_off_and_that_is_told(world: World) -> None:
    world.account.is_standing = Standing(vdm_enabled=False, findings=[OFF])
    summary = goes(world)
    assert world.series.asked == []
    assert "VDM is off" in world.notifier.sent[0].text
    assert (summary.series_judged, summary.findings) == (0, 1)


def test_vdm_found_off_only_when_it_is_read_is_told_all_the_same(world: World) -> None:
    world.series.hindrance = Hindrance(OFF)
    summary = goes(world)
    assert "VDM is off" in world.notifier.sent[0].text
    assert summary.series_unknown == summary.series_judged > 0


def test_an_account_without_mail_is_told_once_that_there_is_nothing_to_see(world: World) -> None:
    world.series.answers = {}
    goes(world)
    goes(world, hours=1)
    assert len(world.notifier.sent) == 1
    assert "VDM has counted no mail of this account in the last 3 days" in (
        world.notifier.sent[0].text
    )


def test_an_account_that_falls_silent_as_a_whole_resolves_nothing(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    world.series.answers = {}
    summary = goes(world, hours=1)
    assert summary.alerts_warning == 1
    assert [subject.split("]")[0] for subject in world.subjects] == ["[WARNING", "[WARNING"]


def test_an_account_that_may_not_send_resolves_nothing_for_want_of_mail(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    del world.series.answers[Query(Metric.SEND, NEWS)]
    paused = Finding("enforcement", "Paused", "Appeal", severity=Severity.CRITICAL)
    world.account.is_standing = Standing(vdm_enabled=True, may_send=False, findings=[paused])
    assert goes(world, hours=1).alerts_warning == 1
    assert world.subjects[1].startswith("[CRITICAL] Paused")


def test_one_scope_that_has_no_mail_any_more_is_over(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    del world.series.answers[Query(Metric.SEND, NEWS)]
    assert goes(world, hours=1).alerts_warning == 0
    assert world.subjects[1].startswith("[ENDED] Bounce rate of news.example.com: no mail any more")


def test_a_breach_is_told_though_it_cannot_be_saved(world: World) -> None:
    sends(world, NEWS, bounces=600)
    world.store.refuses_to_save = AccessDenied("dynamodb:BatchWriteItem")
    goes(world)
    breach, service = world.notifier.sent
    assert "History unavailable" in breach.text
    assert "AWS refused dynamodb:BatchWriteItem" in service.text


def test_no_message_that_cannot_be_remembered_has_the_id_of_one_that_can(world: World) -> None:
    sends(world, NEWS, bounces=600)
    world.rules.book = Rulebook({"bounce-rate": a_rule()}, {"bad": OFF})
    goes(world)
    world.store.refuses_to_save = AccessDenied("dynamodb:BatchWriteItem")
    sends(world, NEWS, bounces=1_200)
    goes(world, hours=1)
    world.store.refuses_to_save = None
    goes(world, hours=2)
    told = [json.loads(one.document) for one in world.notifier.sent]
    first, service, worse, unsaved, second = [(one["id"], one["sequence"]) for one in told]
    assert (first, service) == (("bounce-rate-20260312T0900Z", 1), ("service", 1))
    assert worse[0].startswith("bounce-rate-20260312T0900Z-unremembered-")
    assert unsaved[0].startswith("service-unremembered-")
    assert second == ("bounce-rate-20260312T0900Z", 2)


def test_what_is_too_little_to_tell_by_does_not_end_an_alert(world: World) -> None:
    sends(world, NEWS, bounces=1_200)
    goes(world)
    sends(world, NEWS, bounces=90, of=180)
    summary = goes(world, hours=1)
    assert (summary.alerts_critical, summary.series_unknown) == (1, 0)
    assert len(world.notifier.sent) == 1


def test_a_threshold_that_is_raised_ends_an_alert_once_the_rate_is_on_its_good_side(
    world: World,
) -> None:
    sends(world, NEWS, bounces=900)
    for hours, warning in enumerate(("5%", "9.5%", "9.5%", "11%")):
        goes(world.knows(a_sure_rule(warning=warning, critical=None)), hours)
        assert len(world.notifier.sent) == 1 + (warning == "11%")
    assert world.subjects == [
        "[WARNING] Bounce rate of news.example.com is 10%",
        "[RESOLVED] Bounce rate of news.example.com is back to 9%",
    ]


def test_the_end_and_the_return_of_one_thing_are_told_while_another_lasts(world: World) -> None:
    paused = replace(OFF, what="SES has paused it", severity=Severity.CRITICAL, hinders=False)
    world.series.answers[Query(Metric.SEND, NEWS)] = Gap.REFUSED
    for hours, found in enumerate(([], [paused], [], [paused], [paused])):
        world.account.is_standing = Standing(vdm_enabled=True, findings=found)
        goes(world, hours)
    assert world.subjects == [
        "[WARNING] SES refuses to answer for these: news.example.com",
        "[CRITICAL] SES has paused it, and 1 more",
        "[WARNING, partly resolved] No longer so: SES has paused it",
        "[CRITICAL] SES has paused it, and 1 more",
    ]


def test_nobody_is_told_that_something_begins_or_goes_on_while_it_mends(world: World) -> None:
    world.knows(a_rule(clear_after=10 * HOUR))
    sends(world, NEWS, bounces=600)
    world.notifier.hindrance = Unavailable("sns:Publish", "not now")
    with pytest.raises(NotificationsUnsentError):
        goes(world)
    world.notifier.hindrance = None
    sends(world, NEWS, bounces=100)
    for hours in range(1, 11):
        goes(world, hours)
        assert world.notifier.sent == []
    goes(world, hours=11)
    assert world.subjects == ["[RESOLVED] Bounce rate of news.example.com is back to 1%"]


def test_a_reminder_is_led_by_what_goes_on_and_not_by_what_mends(world: World) -> None:
    world.knows(a_rule(clear_after=48 * HOUR))
    sends(world, ACCOUNT, bounces=600)
    sends(world, NEWS, bounces=1_500)
    goes(world)
    sends(world, NEWS, bounces=0)
    goes(world, hours=1)
    goes(world, hours=24)
    assert world.subjects[1:] == ["[WARNING] Bounce rate of the account is still 6%"]
    assert "Below the threshold for now:\n  news.example.com (identity): 0%" in (
        world.notifier.sent[-1].text
    )


def test_an_account_that_is_paused_is_not_reminded_of_rates_that_nobody_can_see(
    world: World,
) -> None:
    sends(world, ACCOUNT, bounces=600)
    goes(world)
    world.series.answers.clear()
    paused = replace(OFF, what="SES has paused it", hinders=False)
    world.account.is_standing = Standing(vdm_enabled=True, may_send=False, findings=[paused])
    for hours in range(72, 400, 6):
        assert goes(world, hours).alerts_warning, "which proves nothing"
    assert world.subjects == [
        "[WARNING] Bounce rate of the account is 6%",
        "[WARNING] SES has paused it, and 1 more",
    ]


def test_the_first_summary_does_not_wait_for_what_a_rule_waits_for(world: World) -> None:
    world.store.memory = Memory()
    world.knows(a_rule(hold=2 * HOUR))
    sends(world, NEWS, bounces=1_200)
    goes(world)
    assert world.subjects == [
        "[CRITICAL] VDM Alerts is watching: Bounce rate of news.example.com is 12%"
    ]
    goes(world, hours=3)
    assert len(world.notifier.sent) == 1


def test_the_first_summary_waits_for_the_accounts_own_mail_to_be_read(world: World) -> None:
    world.store.memory = Memory()
    asked = world.series.answers
    world.series.answers = dict.fromkeys(asked, Gap.UNAVAILABLE)
    goes(world)
    assert world.notifier.sent == []
    of_news = {query: Gap.UNAVAILABLE for query in asked if query.scope == NEWS}
    world.series.answers = {**asked, **of_news}
    goes(world, hours=1)
    (message,) = world.notifier.sent
    assert message.subject.startswith("[OK] VDM Alerts is watching, and nothing is beyond a thresh")
    assert "1 of 13 rates could not be read yet. " in message.text.replace("\n", " ")


def six_send(world: World, bounces: int) -> None:
    """Have six identities send, each with so many bounces of 10,000."""
    world.account.senders = [Scope(identity=f"{each}.example.com") for each in "abcdef"]
    for each in world.account.senders:
        sends(world, each, bounces=bounces)


def loses_the_account(world: World) -> None:
    world.series.answers[Query(Metric.SEND, ACCOUNT)] = Gap.UNAVAILABLE


def is_paused(world: World) -> None:
    world.account.is_standing = Standing(vdm_enabled=True, may_send=False)


@pytest.mark.parametrize("hinder", [loses_the_account, is_paused])
def test_at_first_sight_all_that_is_wrong_is_one_message_whatever_hinders(
    world: World, hinder: Callable[[World], None]
) -> None:
    world.store.memory = Memory()
    six_send(world, bounces=600)
    hinder(world)
    goes(world)
    assert world.subjects[0] == "[WARNING] VDM Alerts is watching: 6 incidents at first sight"
    assert not any("bounce-rate-" in each.text for each in world.notifier.sent[1:])


def test_not_all_is_in_order_while_some_mail_cannot_be_read(world: World) -> None:
    world.account.sets = AccessDenied("ses:ListConfigurationSets")
    goes(world)
    world.account.sets = []
    world.series.answers[Query(Metric.SEND, NEWS)] = Gap.UNAVAILABLE
    goes(world, hours=1)
    assert world.subjects[1:] == [
        "[OK] No longer so: AWS refused ses:ListConfigurationSets to VDM Alerts"
    ]


def test_a_rule_that_is_about_another_rate_by_now_says_goodbye_by_the_former(
    world: World,
) -> None:
    sends(world, NEWS, bounces=1_200)
    goes(world.writes({"bounce-rate": BOUNCES}))
    goes(world.writes({"bounce-rate": TRANSIENT}), hours=1)
    goes(world, hours=2)
    assert world.subjects[1:] == ["[ENDED] Bounce rate of news.example.com: watched no longer"]
    goodbye = world.notifier.sent[-1].text
    assert "The rule bounce-rate was changed and is about another rate." in goodbye


def test_nothing_is_said_to_nobody_where_subscribers_cannot_be_counted(world: World) -> None:
    sends(world, NEWS, bounces=600)
    world.notifier.confirmed = 0
    goes(world)
    world.notifier.refuses_to_count = Unavailable("sns:GetTopicAttributes", "throttled")
    assert goes(world, hours=1).subscribers is None
    assert world.notifier.sent == []
    world.notifier.refuses_to_count, world.notifier.confirmed = None, 1
    goes(world, hours=2)
    assert world.subjects == ["[WARNING] Bounce rate of news.example.com is 6%"]


def test_where_subscribers_can_never_be_counted_somebody_is_told(world: World) -> None:
    sends(world, NEWS, bounces=600)
    world.notifier.confirmed = 0
    goes(world)
    world.notifier.refuses_to_count = AccessDenied("sns:GetTopicAttributes")
    goes(world, hours=1)
    assert world.notifier.sent == []
    goes(world, hours=2)
    assert world.subjects[0] == "[WARNING] Bounce rate of news.example.com is 6%"


def test_a_sender_at_a_provider_that_cannot_be_read_for_days_is_told_of_too(world: World) -> None:
    part = NEWS.at("Hotmail")
    scopes = frozenset({(Dimension.IDENTITY, Dimension.ISP)})
    world.knows(a_rule(scopes=scopes))
    sends(world, NEWS, bounces=900)
    sends(world, part, bounces=900)
    goes(world)
    assert world.subjects == ["[WARNING] Bounce rate of news.example.com at Hotmail is 9%"]
    world.series.answers[Query(Metric.PERMANENT_BOUNCE, part)] = Gap.UNAVAILABLE
    for hours in range(1, 30):
        goes(world, hours)
    text = "".join(each.text for each in world.notifier.sent)
    assert text.count(f"so not watched: {part}.") == 1


@pytest.mark.parametrize("transient", [100, 900])
def test_the_goodbye_of_a_rule_that_turned_is_owed_until_it_is_out(
    world: World, transient: int
) -> None:
    sends(world, NEWS, bounces=600)
    goes(world.writes({"bounce-rate": BOUNCES}))
    world.series.answers[Query(Metric.TRANSIENT_BOUNCE, NEWS)] = a_series(transient)
    world.writes({"bounce-rate": TRANSIENT})
    world.notifier.hindrance = Unavailable("sns:Publish", "not now")
    with pytest.raises(NotificationsUnsentError):
        goes(world, hours=1)
    world.notifier.hindrance = None
    for hours in range(2, 5):
        goes(world, hours)
    anew = ["[WARNING] Transient bounce rate of news.example.com is 9%"]
    assert world.subjects[1:] == [
        *(anew if transient == 900 else []),
        "[ENDED] Bounce rate of news.example.com: watched no longer",
    ]
    document = json.loads(world.notifier.sent[-1].document)
    assert document["indicator"] == "bounce_rate"
    assert document["affected"][0]["events"] is None, "nothing is judged by it any more"


def turns_unheard(world: World) -> None:
    """Have a rule that has told of bounces turn to another rate, while nobody is subscribed."""
    sends(world, NEWS, bounces=600)
    goes(world.writes({"bounce-rate": BOUNCES}))
    world.notifier.confirmed = 0
    world.writes({"bounce-rate": TRANSIENT})
    goes(world, hours=1)
    world.notifier.confirmed = 1


def test_a_rule_that_turned_and_then_broke_counts_as_it_last_could_be_read(world: World) -> None:
    turns_unheard(world)
    world.writes({"bounce-rate": "indicator = 7"})
    goes(world, hours=2)
    goes(world, hours=3)
    assert [each for each in world.subjects[1:] if "rule" not in each] == [
        "[ENDED] Bounce rate of news.example.com: watched no longer"
    ]


def test_a_goodbye_is_about_what_was_told_even_where_the_rules_are_out_of_reach(
    world: World,
) -> None:
    turns_unheard(world)
    world.rules.book = Unavailable("ssm:GetParametersByPath", "down")
    goes(world, hours=2)
    assert world.subjects[1] == "[ENDED] Bounce rate of news.example.com: watched no longer"


@pytest.mark.parametrize("edit", ["", TRANSIENT])
def test_a_last_word_needs_no_memory_of_the_rule(world: World, edit: str) -> None:
    sends(world, NEWS, bounces=600)
    goes(world.writes({"bounce-rate": BOUNCES, "another": HIGHER}))
    # So it is after a save that broke off half way.
    world.store.memory = replace(world.store.memory, rules={})
    goes(world.writes({"bounce-rate": edit}), hours=1)
    assert world.subjects[1:] == ["[ENDED] Bounce rate of news.example.com: watched no longer"]


def forgets_rates(world: World) -> None:
    """Have the memory be as an earlier version left it, which did not keep the rates of alerts."""
    memory = world.store.memory
    told = [replace(one, indicator=None) for one in memory.alerts.values()]
    world.store.memory = replace(memory, alerts={one.key: one for one in told})


def test_what_an_earlier_version_remembered_is_about_what_its_rule_is(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    forgets_rates(world)
    book, world.rules.book = world.rules.book, Unavailable("ssm:GetParametersByPath", "down")
    goes(world, hours=1)
    assert [*world.store.memory.alerts] == [Key("bounce-rate", NEWS)], "nobody knows yet"
    world.rules.book = book
    goes(world, hours=2)
    assert [*world.store.memory.alerts] == [Key("bounce-rate", NEWS, Indicator.BOUNCE_RATE)]
    assert len(world.notifier.sent) == len(world.store.history) == 1, "nothing has happened"


def test_what_an_earlier_version_remembered_is_about_what_its_rule_was(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world.writes({"bounce-rate": BOUNCES}))
    forgets_rates(world)
    goes(world.writes({"bounce-rate": TRANSIENT}), hours=1)
    assert world.subjects[1:] == ["[ENDED] Bounce rate of news.example.com: watched no longer"]


def test_two_ends_of_one_episode_are_two_messages(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world.writes({"bounce-rate": BOUNCES, "another": HIGHER}))
    world.writes({"bounce-rate": ""})
    world.notifier.loses_answers = True
    with pytest.raises(NotificationsUnsentError):
        goes(world, hours=1)
    world.notifier.loses_answers = False
    sends(world, NEWS, bounces=100)
    goes(world.writes({"bounce-rate": BOUNCES}), hours=2)
    documents = [json.loads(each.document) for each in world.notifier.sent]
    assert [(each["sequence"], each["reason"]) for each in documents] == [
        (1, "FIRING"),
        (2, "ENDED"),
        (3, "RESOLVED"),
    ]


def test_what_was_over_and_what_was_cut_short_are_told_apart(world: World) -> None:
    sends(world, ACCOUNT, bounces=600)
    sends(world, NEWS, bounces=600)
    goes(world.writes({"bounce-rate": BOUNCES, "another": HIGHER}))
    world.notifier.confirmed = 0
    sends(world, NEWS, bounces=100)
    goes(world, hours=1)
    goes(world.writes({"bounce-rate": ""}), hours=2)
    world.notifier.confirmed = 1
    goes(world, hours=3)
    text = world.notifier.sent[1].text
    assert "The bounce rate of the account was above your threshold before." in text
    assert "No longer above it:\n  news.example.com (identity)" in text
    assert "It began at 2026-03-12 09:00 UTC." in text, "and when the rest was over nobody knows"


def test_what_was_well_while_it_was_watched_again_is_said_to_have_been(world: World) -> None:
    without = f'{BOUNCES}exclude.identity = ["news.*"]\n'
    sends(world, NEWS, bounces=600)
    goes(world.writes({"bounce-rate": BOUNCES, "another": HIGHER}))
    world.notifier.confirmed = 0
    goes(world.writes({"bounce-rate": without}), hours=1)
    sends(world, NEWS, bounces=100)
    goes(world.writes({"bounce-rate": BOUNCES}), hours=2)
    goes(world.writes({"bounce-rate": without}), hours=3)
    world.notifier.confirmed = 1
    goes(world, hours=4)
    assert "was back below your threshold by then." in world.notifier.sent[1].text


def test_many_ends_that_prove_nothing_are_not_shown_as_good_news(world: World) -> None:
    six_send(world, bounces=600)
    goes(world.writes({"bounce-rate": BOUNCES, "another": HIGHER}))
    goes(world.writes({"bounce-rate": ""}), hours=1)
    digest = world.notifier.sent[-1]
    assert digest.subject.startswith("[ENDED] 2 more: Bounce rate of e.example.com: watched no ")
    assert ":white_circle:" in digest.chat


def test_what_a_turned_rule_has_left_to_say_keeps_it_from_nothing(world: World) -> None:
    turns_unheard(world)
    text = 'identity = "news.example.com"\nuntil = 2026-03-12T18:00:00Z\nreason = "x"\nauthor = "y"'
    world.silences.kept = Silences([parse_silence("moving", text, "/vdm-alerts/silences/moving")])
    world.series.answers[Query(Metric.TRANSIENT_BOUNCE, ACCOUNT)] = a_series(2_000)
    goes(world, hours=2)
    assert world.subjects[1:] == ["[CRITICAL] Transient bounce rate of the account is 20%"]
    goes(world, hours=9)
    assert world.subjects[2] == "[ENDED] Bounce rate of news.example.com: watched no longer"


def test_a_rule_that_turned_inherits_no_end_of_what_it_was_about(world: World) -> None:
    for hours, bounces in enumerate((600, 100, 600, 100)):
        sends(world, NEWS, bounces=bounces)
        goes(world.writes({"bounce-rate": BOUNCES}), hours)
    world.writes({"bounce-rate": TRANSIENT})
    world.series.answers[Query(Metric.TRANSIENT_BOUNCE, NEWS)] = a_series(900)
    goes(world, hours=4)
    assert world.subjects[-1] == "[WARNING] Transient bounce rate of news.example.com is 9%"
    assert "come and gone" not in world.notifier.sent[-1].text
    assert {key.indicator for key in world.store.memory.alerts} == {Indicator.TRANSIENT_BOUNCE_RATE}


@pytest.mark.parametrize("edit", ["", TRANSIENT, f'{BOUNCES}exclude.identity = ["news.*"]\n'])
def test_what_had_ended_before_its_rule_did_is_said_to_have(world: World, edit: str) -> None:
    sends(world, NEWS, bounces=600)
    goes(world.writes({"bounce-rate": BOUNCES, "another": HIGHER}))
    world.notifier.confirmed = 0
    sends(world, NEWS, bounces=100)
    goes(world, hours=1)
    goes(world.writes({"bounce-rate": edit}), hours=2)
    world.notifier.confirmed = 1
    goes(world, hours=3)
    (ended,) = world.notifier.sent[1:]
    assert ended.subject.startswith("[ENDED] Bounce rate of news.example.com: watched no longer - ")
    assert (
        "The bounce rate of news.example.com was back below your threshold by then." in ended.text
    )
    assert "It lasted 1 hour, from 2026-03-12 09:00 UTC." in ended.text
    assert "SSM parameter" not in ended.text, "it says something else by now"
    assert (json.loads(ended.document)["parameter"] is None) == (edit in {"", TRANSIENT})


def test_what_goes_on_under_a_rule_that_was_put_back_began_when_it_began(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world.writes({"bounce-rate": BOUNCES, "another": HIGHER}))
    world.notifier.confirmed = 0
    goes(world.writes({"bounce-rate": ""}), hours=1)
    goes(world.writes({"bounce-rate": BOUNCES}), hours=2)
    world.notifier.confirmed = 1
    goes(world, hours=24)
    (reminder,) = world.notifier.sent[1:]
    assert reminder.subject.startswith("[WARNING] Bounce rate of news.example.com is still 6% - ")
    assert "Going on since 2026-03-12 09:00 UTC." in reminder.text


def test_a_rule_that_is_turned_back_before_its_goodbye_is_itself_again(world: World) -> None:
    turns_unheard(world)
    world.writes({"bounce-rate": BOUNCES})
    summary = goes(world, hours=2)
    assert summary.alerts_warning == 1
    assert len(world.notifier.sent) == 1, "of what people believe, nothing has changed"


def test_what_an_unusable_rule_hides_is_nothing_that_was_ever_looked_at(world: World) -> None:
    world.writes({"never": "indicator = 7"})
    denied = AccessDenied("ses:BatchGetMetricData")
    for hours, hindrance in enumerate((None, denied, None, denied)):
        world.series.hindrance = hindrance
        goes(world, hours)
    assert [subject.partition("]")[0] for subject in world.subjects] == [
        "[WARNING",
        "[WARNING",
        "[WARNING, partly resolved",
        "[WARNING",
    ]
    assert world.subjects[3] == world.subjects[1]


@pytest.mark.parametrize("source", ["rules", "silences", "account"])
def test_what_was_told_of_is_not_called_over_where_nobody_could_look(
    world: World, source: str
) -> None:
    told = replace(OFF, hinders=False)
    down = Unavailable("something", "down")
    places: dict[str, tuple[Any, str, Any]] = {
        "rules": (world.rules, "book", replace(world.rules.book, findings=[told])),  # type: ignore[type-var]
        "silences": (world.silences, "kept", Silences(findings=[told])),
        "account": (world.account, "is_standing", Standing(vdm_enabled=True, findings=[told])),
    }
    fault, slot, well = places[source]
    for hours, seen in enumerate((well, down, well)):
        setattr(fault, slot, seen)
        goes(world, hours)
    assert world.subjects == ["[WARNING] VDM is off"]


def test_an_outage_is_told_once_it_has_lasted_for_more_than_a_day(world: World) -> None:
    world.series.hindrance = Unavailable("ses:BatchGetMetricData", "Rate exceeded.")
    for hours in range(40):
        goes(world, hours)
        assert len(world.notifier.sent) == (hours > 24)
    assert "more than a day: ses:BatchGetMetricData failed: Rate exceeded.\n" in (
        world.notifier.sent[0].text
    )


def test_nobody_is_called_readable_whose_turn_has_not_come_again(world: World) -> None:
    senders = [Scope(identity=f"{number:02}.example.com") for number in range(30)]
    world.knows(a_rule(scopes=frozenset({(Dimension.IDENTITY,)})))
    world.account.senders = senders
    for each in senders:
        sends(world, each, bounces=100)
    for metric in (Metric.SEND, Metric.PERMANENT_BOUNCE):
        world.series.answers[Query(metric, senders[3])] = Gap.UNAVAILABLE
    for hours in range(60):
        run(world.ports, ORIGIN, NOW + hours * HOUR, LEASE, Limits(queries_a_day=24 * 40))
    assert world.subjects == [
        f"[WARNING] Unreadable for more than a day, so not watched: {senders[3]}"
    ]


def test_a_threshold_that_is_raised_tells_nothing_again_that_was_over(world: World) -> None:
    rule = a_sure_rule(scopes=frozenset({()}))
    counts = {Metric.SEND: 10_000, Metric.PERMANENT_BOUNCE: 980}
    for hours in range(0, 24 * 9, 24):
        bad = hours < 24 * 4
        for metric, count in counts.items():
            past = [count] * (hours // 24 + 1) if bad else [count] * 4
            well = [] if bad else [count if metric is Metric.SEND else 100] * (hours // 24 - 3)
            ending = (NOW + hours * HOUR).date()
            world.series.answers[Query(metric, ACCOUNT)] = a_series(*past, *well, ending=ending)
        goes(world.knows(rule), hours)
    assert len(world.notifier.sent) > 1
    before = len(world.notifier.sent)
    goes(world.knows(replace(rule, thresholds=a_sure_rule(warning="5.5%").thresholds)), hours + 1)
    assert len(world.notifier.sent) == before


@pytest.mark.parametrize("who", [ACCOUNT, NEWS, HOTMAIL], ids=str)
@pytest.mark.parametrize("since", [0, 1], ids=["ever", "once it had been"])
def test_what_cannot_be_read_for_more_than_a_day_is_told_once(
    world: World, who: Scope, since: int
) -> None:
    for hours in range(since + 60):
        if hours == since:
            for metric in (Metric.SEND, Metric.PERMANENT_BOUNCE):
                world.series.answers[Query(metric, who)] = Gap.UNAVAILABLE
        goes(world, hours)
        assert len(world.notifier.sent) == (hours - since > 24)
    assert world.subjects == [f"[WARNING] Unreadable for more than a day, so not watched: {who}"]


def test_nothing_is_called_in_order_while_nothing_can_be_read(world: World) -> None:
    world.series.hindrance = AccessDenied("ses:BatchGetMetricData")
    goes(world)
    world.series.hindrance = None
    answers = dict(world.series.answers)
    world.series.default = Gap.UNAVAILABLE
    world.series.answers = {}
    assert goes(world, hours=1).findings == 1
    assert len(world.notifier.sent) == 1
    world.series.default, world.series.answers = Series({}), answers
    goes(world, hours=2)
    assert world.subjects[1:] == ["[OK] All is in order again"]


@pytest.mark.parametrize("gap", [Gap.REFUSED, Gap.ACCESS_DENIED])
def test_what_ses_refuses_to_answer_for_is_told_by_name(world: World, gap: Gap) -> None:
    world.series.answers[Query(Metric.SEND, NEWS)] = gap
    goes(world)
    goes(world, hours=1)
    (told,) = world.notifier.sent
    assert "SES refuses to answer for these: news.example.com" in told.text


def test_an_outage_of_some_series_is_counted_and_nobody_is_woken(world: World) -> None:
    world.series.answers[Query(Metric.SEND, NEWS)] = Gap.UNAVAILABLE
    summary = goes(world)
    assert (summary.findings, summary.series_unknown) == (1, 1)
    assert world.notifier.sent == []


@pytest.mark.parametrize("metric", [Metric.PERMANENT_BOUNCE, Metric.SEND])
def test_a_series_that_the_reader_leaves_out_is_unknown_and_not_empty(
    world: World, metric: Metric
) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    read = world.series.read

    def forgetful(queries: Any, window: Window, last: date, deadline: Deadline) -> Any:
        found = dict(read(queries, window, last, deadline))
        found.pop(Query(metric, NEWS), None)
        return found

    world.series.read = forgetful  # type: ignore[method-assign]
    summary = goes(world, hours=1)
    assert (summary.series_unknown, summary.alerts_warning) == (1, 1)


def test_an_identity_that_is_gone_ends_its_alert(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    world.account.senders = []
    world.series.answers = {
        query: series for query, series in world.series.answers.items() if query.scope == ACCOUNT
    }
    assert goes(world, hours=1).alerts_warning == 0
    assert world.subjects[1].startswith("[ENDED] Bounce rate of news.example.com")


def test_alerts_of_a_rule_that_is_gone_end_with_a_word(world: World) -> None:
    world.writes({"bounce-rate": BOUNCES})
    sends(world, NEWS, bounces=600)
    goes(world)
    world.knows(a_rule("another", warning="90%", critical=None))
    goes(world, hours=1)
    goes(world, hours=2)
    assert world.subjects[1:] == ["[ENDED] Bounce rate of news.example.com: watched no longer"]
    assert world.notifier.sent[1].text.startswith(
        "The rule bounce-rate was deleted. The bounce rate of news.example.com was above your "
        "threshold before."
    )
    assert world.store.memory.alerts == {}
    assert "bounce-rate" not in world.store.memory.rules


def test_alerts_of_a_scope_that_the_rule_watches_no_more_end_with_a_word(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    without = Globs({Dimension.IDENTITY: ("news.*",)})
    world.knows(replace(a_rule(), exclude=without))
    goes(world, hours=1)
    assert (
        "The rule bounce-rate was changed and does not watch news.example.com"
        in world.notifier.sent[1].text
    )
    assert world.store.memory.alerts == {}


def test_an_alert_of_who_is_no_longer_there_ends_with_a_word(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    world.account.senders = ()
    goes(world, hours=30)
    assert "The identity news.example.com was deleted from this account" in (
        world.notifier.sent[-1].text
    )
    assert world.store.memory.alerts == {}


def test_an_alert_of_a_rule_that_nobody_remembers_is_forgotten(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    world.knows(a_rule("another", warning="90%", critical=None))
    goes(world, hours=1)
    assert world.store.memory.alerts == {}
    assert "The rule bounce-rate was deleted" in caplog.text


def test_what_happens_to_an_alert_is_kept_with_the_sentence_that_explains_it(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    sends(world, NEWS, bounces=100)
    goes(world, hours=1)
    began, ended = world.store.history
    assert (began.before, began.after, began.at) == ("Ok", "Firing WARNING", NOW)
    assert (ended.before, ended.after, ended.at) == ("Firing WARNING", "Ok", NOW + HOUR)
    assert began.why.startswith("600 of 10,000 mails bounced permanently in the last 3 days (6%)")
    assert began.key == ended.key == Key("bounce-rate", NEWS, Indicator.BOUNCE_RATE)


def test_an_alert_that_nobody_was_told_of_ends_without_a_word_with_its_rule(world: World) -> None:
    sends(world, NEWS, bounces=600)
    world.notifier.confirmed = 0
    goes(world)
    world.notifier.confirmed = 1
    world.knows(a_rule("another", warning="90%", critical=None))
    goes(world, hours=1)
    assert world.notifier.sent == []
    assert world.store.history[-1].why == "The rule bounce-rate was deleted"


def test_what_was_read_is_remembered_only_once_what_came_of_it_is(world: World) -> None:
    """A part that breaks a rule would else be taken for looked at, and never told of."""
    sends(world, NEWS, bounces=600)
    world.store.refuses_to_save = AccessDenied("dynamodb:BatchWriteItem")
    goes(world)
    assert world.rosters.roster == Roster()


def test_rules_that_cannot_be_read_are_not_gone(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    world.rules.book = AccessDenied("ssm:GetParametersByPath")
    goes(world, hours=1)
    assert len(world.store.memory.alerts) == 1


def test_an_error_that_nobody_thought_of_silences_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sends(world, NEWS, bounces=600)

    def breaks() -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(world.account, "configuration_sets", breaks)
    goes(world)
    assert [subject.split("]")[0] for subject in world.subjects] == ["[WARNING", "[WARNING"]
    assert "an error that it does not know, ZeroDivisionError" in world.notifier.sent[1].text


def test_a_message_that_breaks_does_not_stop_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sends(world, NEWS, bounces=600)
    world.rules.book = Rulebook(
        {"bounce-rate": a_rule()}, {}, [Finding("rule", "A rule is bad", "Edit it")]
    )
    publish, calls = world.notifier.publish, 0

    def breaks_once(message: Message) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ZeroDivisionError
        publish(message)

    monkeypatch.setattr(world.notifier, "publish", breaks_once)
    with pytest.raises(NotificationsUnsentError):
        goes(world)
    assert world.subjects == ["[WARNING] A rule is bad"]


def test_messages_about_the_service_are_numbered(world: World) -> None:
    world.account.is_standing = Standing(vdm_enabled=False, findings=[OFF])
    goes(world)
    world.account.is_standing = Standing(vdm_enabled=True)
    goes(world, hours=1)
    assert [json.loads(one.document)["sequence"] for one in world.notifier.sent] == [1, 2]


def test_whether_there_is_mail_is_asked_though_no_rule_looks_at_the_account(world: World) -> None:
    world.knows(replace(a_rule(), scopes=frozenset({(Dimension.IDENTITY,)})))
    goes(world)
    assert Query(Metric.SEND, ACCOUNT) in world.series.asked


def test_that_nobody_is_subscribed_is_mailed_to_nobody(world: World) -> None:
    world.notifier.confirmed = 0
    goes(world)
    assert world.notifier.sent == []


def test_an_outage_is_logged_and_counted_and_nobody_is_woken(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.account.sets = Unavailable("ses:ListConfigurationSets", "Rate exceeded")
    summary = goes(world)
    assert world.notifier.sent == []
    assert summary.findings == 1
    assert "ses:ListConfigurationSets failed: Rate exceeded" in caplog.text


def test_that_nobody_is_subscribed_is_counted_and_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.notifier.confirmed = 0
    summary = goes(world)
    assert (summary.subscribers, summary.findings, summary.unread) == (0, 1, 0)
    assert "no alert reaches anyone" in caplog.text


def test_what_nobody_would_get_is_owed_to_whoever_subscribes_first(world: World) -> None:
    """A schedule begins at once, and the mail with the link takes a while to be clicked."""
    world.notifier.confirmed = 0
    world.account.sets = AccessDenied("ses:ListConfigurationSets")
    sends(world, NEWS, bounces=600)
    summary = goes(world)
    assert (world.subjects, summary.notices_told, summary.notices_owed) == ([], 0, 2)
    assert goes(world, hours=1).notices_owed == 2
    world.notifier.confirmed = 1
    assert goes(world, hours=2).notices_told == 2
    assert [subject.split()[0] for subject in world.subjects] == ["[WARNING]", "[WARNING]"]
    goes(world, hours=3)
    assert len(world.subjects) == 2


def test_where_nobody_knows_who_is_subscribed_it_is_said_all_the_same(world: World) -> None:
    world.notifier.refuses_to_count = AccessDenied("sns:GetTopicAttributes")
    sends(world, NEWS, bounces=600)
    assert goes(world).notices_told == 2


def test_a_rule_that_cannot_be_used_is_counted_at_every_run(world: World) -> None:
    """It is told once; while it lasts, an alarm goes on."""
    world.rules.book = Rulebook({}, {"bounce-rate": OFF})
    assert [goes(world, hours=hours).unread for hours in range(3)] == [1, 1, 1]


def test_an_outage_is_counted_though_nobody_is_written_to_about_it(world: World) -> None:
    """So that an alarm can tell when it lasts: nothing is judged, and nothing is said."""
    world.rules.book = Unavailable("ssm:GetParametersByPath", "down")
    summary = goes(world)
    assert (summary.series_judged, summary.series_unknown, summary.unread) == (0, 0, 1)
    assert world.notifier.sent == []


def test_the_rates_recorded_are_the_accounts_and_those_of_what_is_firing(world: World) -> None:
    sends(world, NEWS, bounces=600)
    sends(world, HOTMAIL, bounces=1)
    goes(world)
    rates = [(one.rule.name, one.scope, one.value) for one in world.recorder.readings]
    assert rates == [("bounce-rate", ACCOUNT, 0.01), ("bounce-rate", NEWS, 0.06)]


def test_however_much_fires_the_rates_recorded_are_few_and_the_worst(world: World) -> None:
    """Each is a metric, and a metric costs money."""
    senders = [Scope(identity=f"{number}.example.com") for number in range(100)]
    world.account.senders = senders
    for number, sender in enumerate(senders):
        sends(world, sender, bounces=600 + number)
    goes(world)
    scopes = [one.scope for one in world.recorder.readings]
    assert scopes == [ACCOUNT, *reversed(senders[-MOST_RECORDED:])]


def test_a_summary_says_what_was_asked_and_how_old_the_newest_mail_is(world: World) -> None:
    summary = goes(world)
    assert summary.queries == len(set(world.series.asked)) > 2
    assert summary.days_behind == 0
    world.series.answers[Query(Metric.SEND, ACCOUNT)] = a_series(10, 0, 0)
    assert goes(world, hours=1).days_behind == 2


@pytest.mark.parametrize("mail", [a_series(0), Gap.UNAVAILABLE])
def test_how_old_the_newest_mail_is_stays_unknown_where_it_is(
    world: World, mail: Series | Gap
) -> None:
    world.series.answers[Query(Metric.SEND, ACCOUNT)] = mail
    assert goes(world).days_behind is None


def test_rates_are_recorded_by_the_first_run_of_each_quarter_of_a_day(world: World) -> None:
    """They are of days, and a metric is paid for by the hour."""
    recorded = []
    for hours in range(24):
        goes(world, hours=hours)
        recorded.append(bool(world.recorder.readings))
    at = [(NOW + hours * HOUR).hour for hours in range(24) if recorded[hours]]
    assert at == [NOW.hour, 12, 18, 0, 6]


def test_a_rate_is_recorded_once_more_when_it_is_well_again(world: World) -> None:
    sends(world, NEWS, bounces=600)
    goes(world)
    sends(world, NEWS, bounces=100)
    goes(world, hours=6)
    assert [(one.scope, one.value) for one in world.recorder.readings] == [
        (ACCOUNT, 0.01),
        (NEWS, 0.01),
    ]
    goes(world, hours=12)
    assert [one.scope for one in world.recorder.readings] == [ACCOUNT]


def test_a_rule_about_identities_alone_is_judged_at_the_first_run(world: World) -> None:
    world.knows(a_sure_rule(scopes=frozenset({(Dimension.IDENTITY,)})))
    sends(world, NEWS, bounces=900)
    goes(world)
    assert world.subjects == ["[WARNING] Bounce rate of news.example.com is 10%"]


def test_no_mail_is_told_of_whoever_had_some_where_a_rule_wants_it(world: World) -> None:
    watched = frozenset({(Dimension.IDENTITY,)})
    world.knows(a_sure_rule(windows=(2,), scopes=watched, missing_data=MissingData.BREACHING))
    world.account.senders = [NEWS, Scope(identity="never.example.com")]
    world.series.answers[Query(Metric.SEND, NEWS)] = a_series(9, 0, 0, 0)
    goes(world)
    assert world.subjects == ["[WARNING] Bounce rate of news.example.com: no mail any more"]
    (message,) = world.notifier.sent
    assert "See whether what sends this mail still runs" in message.text
    assert "never.example.com" not in message.text


def test_that_an_alert_ended_is_not_remembered_for_ever(world: World) -> None:
    world.knows(a_sure_rule())
    sends(world, NEWS, bounces=2_000)
    goes(world)
    later = {NOW.date() + timedelta(days=days): 10_000 for days in range(20)}
    world.series.answers[Query(Metric.SEND, ACCOUNT)] = Series(later)
    world.series.answers[Query(Metric.SEND, NEWS)] = Series({})
    goes(world, hours=24 * 9)
    assert world.subjects[-1] == "[ENDED] Bounce rate of news.example.com: no mail any more"
    assert world.store.memory.alerts
    goes(world, hours=24 * 24)
    assert world.store.memory.alerts == {}
