"""The severity and the end of an account's alert follow its counted rate."""

from datetime import datetime, time, timedelta

import pytest
from builders import NOW, TODAY, a_confidence_rule, a_series, an_open_alert

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.explanation import explain
from vdm_alerts.core.evaluation.prior_state import NO_OPEN_ALERT, PriorState
from vdm_alerts.core.evaluation.verdicts import Breached, Healthy, Verdict
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.severity import Severity

EVENING = AsOf(datetime.combine(TODAY, time(22), NOW.tzinfo), TODAY)
DAY = timedelta(days=1)


def verdict_on(
    events: list[int],
    emails: list[int],
    prior: PriorState = NO_OPEN_ALERT,
    scope: Scope = ACCOUNT,
) -> Verdict:
    counts = a_series(*events), a_series(*emails)
    return evaluate_series(a_confidence_rule(), scope, counts, EVENING, prior)


def test_severity_of_the_account_follows_the_counted_rate() -> None:
    """10.3% of a campaign is certain to be above 5%, and above 10% as SES counts it."""
    verdict = verdict_on([0, 4_637], [40, 44_879])
    assert isinstance(verdict, Breached)
    assert verdict.severity is Severity.CRITICAL
    assert explain(verdict) == (
        "4,637 of 44,879 emails bounced permanently today so far (10.3%), above 10%."
    )
    identity = Scope(identity="list.example.com")
    of_identity = verdict_on([0, 4_637], [40, 44_879], scope=identity)
    assert isinstance(of_identity, Breached)
    assert of_identity.severity is Severity.WARNING


def test_account_with_much_good_email_before_gets_a_warning() -> None:
    verdict = verdict_on([90, 900], [9_000, 3_000])
    assert isinstance(verdict, Breached)
    assert verdict.severity is Severity.WARNING, "990 of 12,000 is 8.2%"


@pytest.mark.parametrize(
    ("days_ago", "expected"), [(3, Breached), (8, Breached), (27, Breached), (28, Healthy)]
)
def test_few_good_emails_do_not_resolve_the_alert_of_the_account(
    days_ago: int, expected: type[Verdict]
) -> None:
    events, emails = [4_637, *[0] * days_ago], [44_879, *[40] * days_ago]
    prior = an_open_alert(EVENING.now - days_ago * DAY, Severity.CRITICAL)
    assert isinstance(verdict_on(events, emails, prior), expected)


def test_alert_of_the_account_resolves_when_newer_email_replaces_the_campaign() -> None:
    prior = an_open_alert(EVENING.now - 2 * DAY, Severity.CRITICAL)
    events, emails = [4_637, 50, 50], [44_879, 10_000, 10_000]
    assert isinstance(verdict_on(events, emails, prior), Healthy)
