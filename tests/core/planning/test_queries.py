"""Tests of queries and of answers that are computed from others."""

from accounts import (
    FakeAccount,
)
from builders import a_series

from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Metric
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Query, find_answer


def test_other_providers_count_is_the_account_minus_the_known_providers(
    account: FakeAccount,
) -> None:
    account.sends(ACCOUNT.at_provider("Hotmail"), 4_000, bounced=30).sends(
        ACCOUNT.at_provider("Gmail"), 5_000
    )
    answers = account.read()
    other_providers = Query(Metric.SEND, ACCOUNT.at_provider(OTHER_ISPS))
    assert find_answer(other_providers, account.plan.isps, answers) == a_series(1_000)
    account.counts[Metric.SEND, ACCOUNT.at_provider("Yahoo")] = Gap.UNAVAILABLE
    assert find_answer(other_providers, account.plan.isps, account.read()) is Gap.UNAVAILABLE
    assert find_answer(other_providers, account.plan.isps, {}) is None


def test_series_difference_is_zero_on_days_when_the_parts_exceed_the_whole() -> None:
    """Today's counts grow between the queries for the whole and for its parts."""
    assert a_series(5, 10).minus([a_series(2, 4), a_series(9)]) == a_series(3, 0)
