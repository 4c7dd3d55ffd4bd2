"""Tests of the plan of one reading."""

from dataclasses import replace

from accounts import (
    SHOP_IDENTITY,
    FakeAccount,
    a_rule_for,
)
from builders import NEWS_IDENTITY, a_sender_record

from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS
from vdm_alerts.core.model.metrics import Dimension
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.patterns import ScopePatterns


def test_series_count_of_a_rule_includes_only_scopes_that_can_have_emails(
    account: FakeAccount,
) -> None:
    account.rules = [a_rule_for("identity"), a_rule_for("identity_at_isp", name="pairs")]
    account.sends(NEWS_IDENTITY, 1_000).sends(SHOP_IDENTITY, 0)
    identities, pairs = account.rules
    assert account.plan.series_counts[identities.name] == 2, "no sender was read yet"
    account.roster = SenderRoster(
        {NEWS_IDENTITY: a_sender_record(1_000), SHOP_IDENTITY: a_sender_record(0)}
    )
    assert account.plan.series_counts[identities.name] == 1
    assert account.plan.series_counts[pairs.name] == len(KNOWN_ISPS) + 1
    at_hotmail = replace(
        pairs, name="hotmail", include=ScopePatterns({Dimension.ISP: ("Hotmail",)})
    )
    account.rules = [at_hotmail]
    assert account.plan.series_counts[at_hotmail.name] == 1
    account.roster = SenderRoster({SHOP_IDENTITY: a_sender_record(0)})
    assert account.plan.series_counts[at_hotmail.name] == 0
