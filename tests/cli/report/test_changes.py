"""What changed between two reports."""

from dataclasses import replace
from datetime import timedelta

from cli.report.report_accounts import (
    DAY,
    NOW,
    a_history,
    a_transition,
    an_account,
    an_alert,
    counts,
    default_rules,
    series,
    ses_rates,
)

from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts_cli.report.account import Account
from vdm_alerts_cli.report.changes import MAX_ITEMS, Changes

NEWS = Scope(identity="news.example.com")
WEEK = [1_000] * 9


def changes(before: Account, after: Account) -> list[tuple[str, str]]:
    """Return the kind and the text of each change."""
    earlier = replace(before.snapshot, made_at=NOW - DAY)
    return [(item.kind, item.text) for item in Changes(earlier, after).items]


def news(bounced: int) -> Account:
    """Return an account in which news.example.com has this many bounces a day."""
    return an_account(
        {
            **counts(ACCOUNT, series(*[100_000] * 9), series(*[10] * 9)),
            **counts(NEWS, series(*WEEK), series(*[bounced] * 9)),
        }
    )


def test_same_account_has_no_changes() -> None:
    account = an_account(history=a_history(an_alert(NEWS)), ses_rates={})
    assert changes(account, account) == []


def test_rate_that_crosses_a_threshold_is_a_change_in_both_directions() -> None:
    assert changes(news(10), news(70)) == [
        (
            "Now above",
            (
                "Bounce rate of news.example.com: 7% (490 of 7,000), was 1% (70 of 7,000). The "
                "threshold is 5%."
            ),
        )
    ]
    ((kind, _),) = changes(news(70), news(10))
    assert kind == "Now below"
    assert changes(news(10), news(11)) == []


def test_unknown_rate_is_no_lower_rate() -> None:
    unknown = an_account(
        {
            **counts(ACCOUNT, series(*[100_000] * 9), series(*[10] * 9)),
            **counts(NEWS, Gap.UNAVAILABLE, Gap.UNAVAILABLE),
        }
    )
    kinds = [kind for kind, _ in changes(news(70), unknown)]
    assert kinds == ["Now unknown"] * 2
    assert [kind for kind, _ in changes(unknown, news(10))] == ["Known again"] * 2


def test_alerts_that_open_worsen_and_close_are_changes() -> None:
    old, new = Scope(tenant="old"), Scope(tenant="new")
    before = an_account(
        history=a_history(an_alert(NEWS, since=NOW - 3 * DAY), an_alert(old, since=NOW - 3 * DAY))
    )
    after = an_account(
        history=a_history(
            an_alert(NEWS, Severity.CRITICAL, since=NOW - 3 * DAY),
            an_alert(new, since=NOW - 2 * DAY),
            transitions=[a_transition(old, "Firing WARNING", "Ok", NOW - timedelta(hours=2))],
        )
    )
    assert changes(before, after) == [
        ("New alert", "Bounce rate of the tenant new, since 2026-03-18 09:00 UTC."),
        ("Severity", "Bounce rate of news.example.com: was WARNING, is CRITICAL."),
        (
            "Resolved or closed",
            "Bounce rate of the tenant old: not open any more since 2026-03-20 07:00 UTC.",
        ),
    ]


def test_alert_that_opened_and_closed_since_the_report_is_a_change() -> None:
    after = an_account(
        history=a_history(
            transitions=[
                a_transition(NEWS, "Ok", "Firing CRITICAL", NOW - timedelta(hours=9)),
                a_transition(NEWS, "Firing CRITICAL", "Ok", NOW - timedelta(hours=2)),
            ]
        )
    )
    assert changes(an_account(history=a_history()), after) == [
        (
            "New alert",
            (
                "Bounce rate of news.example.com, since 2026-03-20 00:00 UTC, and is not open any "
                "more."
            ),
        )
    ]


def test_alert_that_closed_is_a_change_although_the_report_before_knew_no_alerts() -> None:
    ended = a_transition(NEWS, "Firing WARNING", "Ok", NOW - timedelta(hours=2))
    after = an_account(history=a_history(transitions=[ended]))
    assert [kind for kind, _ in changes(an_account(), after)] == ["Resolved or closed"]


def test_unknown_alerts_are_no_resolved_alerts() -> None:
    before = an_account(history=a_history(an_alert(NEWS)))
    assert changes(before, an_account()) == []


def test_account_rates_of_ses_and_rules_are_compared() -> None:
    before = an_account(ses_rates={Indicator.SES_BOUNCE_RATE: ses_rates(0.02)})
    bounce_rate = default_rules().rules["bounce-rate"]
    mine = replace(bounce_rate, name="mine", thresholds=bounce_rate.thresholds[:1])
    after = an_account(
        counts(ACCOUNT, series(*[2_000] * 9), series(*[20] * 9)),
        ses_rates={Indicator.SES_BOUNCE_RATE: ses_rates(0.03)},
        rules=RuleSet({"mine": mine}),
    )
    found = changes(before, after)
    assert ("Account", "Emails: 14,000, was 7,000.") in found
    assert ("Account", "Bounce rate: 1% (140 of 14,000), was 1% (70 of 7,000).") in found
    assert ("Rate of SES", "SES bounce rate: 3%, was 2%.") in found
    assert ("Rule", "mine is new: bounce rate, warning 5%.") in found
    assert ("Rule", "bounce-rate is not in effect any more.") in found


def test_senders_that_start_and_stop_are_named() -> None:
    account = counts(ACCOUNT, series(*WEEK), series(*WEEK))
    with_news = {**account, **counts(NEWS, series(*WEEK), series(*[1] * 9))}
    assert changes(an_account(account), an_account(with_news)) == [
        ("Now with email", "Identity news.example.com.")
    ]
    assert changes(an_account(with_news), an_account(account)) == [
        ("Not listed any more", "Identity news.example.com.")
    ]
    idle = {**account, **counts(NEWS, series(0), series(0))}
    assert ("No email any more", "Identity news.example.com.") in changes(
        an_account(with_news), an_account(idle)
    )


def test_many_changes_are_counted() -> None:
    alerts = [an_alert(Scope(tenant=f"tenant-{each}")) for each in range(40)]
    found = changes(an_account(history=a_history()), an_account(history=a_history(*alerts)))
    assert len(found) == MAX_ITEMS + 1
    assert found[-1] == ("New alert", "25 more changes of this kind.")
