"""Tests of the finding about emails to providers that no queried name covers."""

import pytest
from accounts import FakeAccount, a_reading, a_rule_for

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS, UNKNOWN_ISP
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations.unnamed_providers import unnamed_providers_finding
from vdm_alerts.core.rules.patterns import ScopePatterns

YAHOO = Scope(isp="Yahoo")
CATCH_ALL = Scope(isp=UNKNOWN_ISP)


@pytest.fixture
def account() -> FakeAccount:
    """An account whose rules monitor everything, without emails."""
    return FakeAccount()


def finding_of(account: FakeAccount) -> Finding | None:
    return unnamed_providers_finding(a_reading(account.plan, account.read()))


@pytest.mark.parametrize(
    ("emails", "named", "is_reported"),
    [
        pytest.param(100_000, 94_000, True, id="6%"),
        pytest.param(100_000, 95_000, False, id="5%"),
        pytest.param(1_000, 0, True, id="all of 1,000"),
        pytest.param(999, 0, False, id="too few"),
        pytest.param(100_000, 100_500, False, id="counted later than the account"),
    ],
)
def test_large_rest_is_reported(
    account: FakeAccount, emails: int, named: int, is_reported: bool
) -> None:
    account.sends(ACCOUNT, emails).sends(YAHOO, named)
    assert (finding_of(account) is not None) == is_reported


def test_catch_all_covers_the_emails_that_ses_does_not_name(account: FakeAccount) -> None:
    account.sends(ACCOUNT, 100_000).sends(YAHOO, 40_000).sends(CATCH_ALL, 59_000)
    assert finding_of(account) is None


def test_rest_is_unknown_while_a_provider_is_unreadable(account: FakeAccount) -> None:
    account.sends(ACCOUNT, 100_000)
    account.counts[Metric.SEND, CATCH_ALL] = Gap.UNAVAILABLE
    assert finding_of(account) is None


def test_rest_is_not_reported_when_no_rule_monitors_it(account: FakeAccount) -> None:
    other = ScopePatterns({Dimension.ISP: (OTHER_ISPS,)})
    account.rules = [a_rule_for("isp", exclude=other)]
    account.sends(ACCOUNT, 100_000)
    assert finding_of(account) is None


def test_finding_says_what_to_do_and_is_notified_once(account: FakeAccount) -> None:
    account.sends(ACCOUNT, 100_000).sends(YAHOO, 90_000)
    finding = finding_of(account)
    assert finding is not None
    assert "10,000 of 100,000 emails of the last 7 days" in finding.effect
    assert "ses:recipient-isp" in finding.remedy
    assert (finding.one_shot, finding.blocks_monitoring) == (True, False)
    account.sends(ACCOUNT, 110_000)
    later = finding_of(account)
    assert later is not None
    assert later.is_known_from(finding), "other numbers are no news"


def test_name_that_a_rule_adds_shrinks_the_rest(account: FakeAccount) -> None:
    account.sends(ACCOUNT, 100_000).sends(YAHOO, 90_000).sends(Scope(isp="Verizon"), 10_000)
    added = ScopePatterns({Dimension.ISP: ("*", "Verizon", "Att")})
    account.rules = [a_rule_for("isp", include=added)]
    assert finding_of(account) is None
