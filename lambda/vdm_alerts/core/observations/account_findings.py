"""Findings about what SES says of the account: its quota, its tenants, and its advisor."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.account import AccountStatus, Impact, Recommendation
from vdm_alerts.core.model.findings import Finding, ShowPausedTenants
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.rates import percent
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.timefmt import format_duration

HIGH_USE, HIGH_USE_ENDS = 0.8, 0.5
"""The shares of the quota at which its use becomes high, and is no longer high.

80% is where AWS Trusted Advisor warns about service quotas. The end is far below, because the use
of most accounts rises and falls every day:
https://docs.aws.amazon.com/awssupport/latest/user/service-limits.html
"""
FULL_USE, FULL_USE_ENDS = 0.99, 0.8
"""The shares of the quota at which it is used up, and is no longer used up.

SES rejects an email that would exceed the quota, so the last few emails may never be sent.
"""
LONGEST_FORECAST = timedelta(days=1)
"""How far ahead the use is extrapolated. Beyond it, emails leave the 24 hours as others come in."""


def quota_findings(status: AccountStatus, before: StoredState, now: datetime) -> Iterator[Finding]:
    """Yield the findings about the use of the daily sending quota in *status* at *now*.

    *before* is the state of the last run. Its findings say which finding the recipients know, which
    lasts until the use is clearly lower. Its use shows how fast the use grows.
    """
    if status.sent_last_day is None or not status.daily_quota:
        return
    use = status.sent_last_day / status.daily_quota
    known = {each.what for each in before.findings if each.key == _QUOTA}
    figures = f"{percent(use)} of {status.daily_quota:,} emails in 24 hours are used"
    if use >= (FULL_USE_ENDS if _USED_UP in known else FULL_USE):
        yield Finding(
            key=_QUOTA,
            what=_USED_UP,
            effect=f"{figures}, and SES rejects further emails",
            remedy="Stop email that can wait. Request a higher quota in the SES console, under "
            "Account dashboard",
            severity=Severity.CRITICAL,
            blocks_monitoring=False,
        )
    elif use >= (HIGH_USE_ENDS if known else HIGH_USE):
        yield Finding(
            key=_QUOTA,
            what="This account uses most of its daily sending quota",
            effect=f"{figures}. {_forecast(status, before, now)}",
            remedy="Spread your emails over more time, or request a higher quota in the SES "
            "console, under Account dashboard",
            blocks_monitoring=False,
        )


_QUOTA = "sendingQuota"
_USED_UP = "The daily sending quota of this account is used up"


def _forecast(status: AccountStatus, before: StoredState, now: datetime) -> str:
    """Return when the quota is used up if its use grows as it did since the last run."""
    time_left = time_to_exhaustion(status, before, now)
    if time_left is None:
        return "Beyond the quota, SES rejects emails"
    duration = format_duration(time_left)
    when = duration if time_left < timedelta(minutes=30) else f"about {duration}"
    return f"At the present pace, SES rejects emails in {when}"


def time_to_exhaustion(
    status: AccountStatus, before: StoredState, now: datetime
) -> timedelta | None:
    """Return the time until the quota is used up; None if that is unknown or not in sight.

    The use of 24 hours is extrapolated from its growth since the last run, which *before* stores.
    """
    if status.sent_last_day is None or status.daily_quota is None:
        return None
    if before.last_run is None or before.sent_last_day is None:
        return None
    growth, period = status.sent_last_day - before.sent_last_day, now - before.last_run
    left = max(0, status.daily_quota - status.sent_last_day)
    if growth <= 0 or not period or left * period > LONGEST_FORECAST * growth:
        return None
    return left * period / growth


def paused_tenants_finding(tenants: Sequence[Scope]) -> Iterator[Finding]:
    """Yield the finding that sending is paused for *tenants*, if there are any."""
    if tenants:
        yield Finding(
            key="tenants",
            what="Sending is paused for these tenants",
            effect="SES rejects their emails",
            remedy="A reputation policy of SES, or a user of this account, paused them. Find the "
            "cause, fix it, and reinstate them in the SES console, under Tenants. This command "
            "shows the cause",
            fix=ShowPausedTenants(),
            severity=Severity.CRITICAL,
            blocks_monitoring=False,
        ).with_subjects([str(tenant) for tenant in tenants])


def advisor_finding(recommendations: Sequence[Recommendation]) -> Iterator[Finding]:
    """Yield the finding about the open *recommendations* of high impact, if there are any."""
    urgent = [str(each) for each in recommendations if each.impact is Impact.HIGH]
    if urgent:
        yield Finding(
            key="advisor",
            what="The VDM advisor reports high-impact problems",
            effect="mailbox providers may reject emails of these senders, or treat them as spam",
            remedy="Follow the recommendations in the SES console, under Virtual Deliverability "
            "Manager > Advisor",
            blocks_monitoring=False,
        ).with_subjects(urgent)
