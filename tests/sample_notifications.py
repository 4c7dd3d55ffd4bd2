"""A notification of each kind, for tests of everything that notifications contain."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from builders import HOTMAIL, NEWS_IDENTITY, NOW, a_rule, breached, evidence, firing

from vdm_alerts.core.alerts.firing_periods import FiringPeriod
from vdm_alerts.core.alerts.week import WeekFigures
from vdm_alerts.core.evaluation.ses_estimate import AccountRateEstimate, DistanceToLevel
from vdm_alerts.core.evaluation.trend import Trend
from vdm_alerts.core.model.account import Impact, Recommendation
from vdm_alerts.core.model.findings import Finding, FindingSource
from vdm_alerts.core.model.metrics import Dimension, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.common_provider import CommonProvider
from vdm_alerts.core.notifications.delivery_test import DeliveryTest
from vdm_alerts.core.notifications.incidents import incident_notifications
from vdm_alerts.core.notifications.notification import Notification, first_summary
from vdm_alerts.core.notifications.service_notification import service_notification
from vdm_alerts.core.notifications.weekly_summary import CurrentAlert, WeeklySummary
from vdm_alerts.core.observations.coverage import Coverage
from vdm_alerts.core.observations.weekly_figures import (
    SenderRate,
    SenderWeek,
    WeekCounts,
    WeeklyFigures,
    WeeklyRate,
)
from vdm_alerts.core.planning.contributor import Contributor


def sample_notifications() -> Iterator[Notification | DeliveryTest]:
    """Yield a notification of each kind, with every optional part."""
    alerts = [replace(firing(), last_notified=None), firing(HOTMAIL, Severity.CRITICAL)]
    contributor = Contributor(NEWS_IDENTITY.at_provider("Hotmail"), 0.9, evidence("20%"))
    (incident,) = incident_notifications(
        alerts,
        {"bounce-rate": a_rule()},
        {alert.key: breached() for alert in alerts},
        {alert.key: contributor for alert in alerts},
        {},
        {},
        NOW,
    )
    distance = DistanceToLevel(0.1, 900, timedelta(hours=9))
    estimate = AccountRateEstimate(
        Rate(600, 10_000), Window(2), is_short=False, review=distance, pause=distance
    )
    trend = Trend((None, Rate(600, 10_000)), NOW.date())
    provider = CommonProvider("Hotmail", (Dimension.IDENTITY,), 3, Rate(60, 900), None)
    incident = replace(incident, estimate=estimate, trend=trend, provider=provider)
    yield incident
    yield first_summary([incident], Coverage(("bounce-rate",), {(): 1}), {})
    denied = Finding("ses:GetAccount", "denied", "allow it")
    fixed = Finding("VDM", "VDM is off", "Enable VDM")
    service = service_notification([denied], [fixed], 1)
    assert service is not None
    yield service
    yield weekly_sample(denied)
    yield DeliveryTest(NOW)


def weekly_sample(finding: Finding) -> WeeklySummary:
    """Return a weekly summary with every optional part."""
    alert = firing()
    period = FiringPeriod(alert.key, Severity.CRITICAL, NOW - timedelta(days=2), NOW)
    counts = WeekCounts(600, 10_000)
    rate = WeeklyRate(Indicator.BOUNCE_RATE, counts, counts)
    sender = SenderRate((NEWS_IDENTITY,), rate)
    day = NOW.date()
    return WeeklySummary(
        day=day,
        figures=WeeklyFigures(
            day,
            emails=10_000,
            emails_before=9_000,
            rates=(rate,),
            largest=(SenderWeek((NEWS_IDENTITY,), 10_000, (rate,)),),
            worst=(sender,),
            improved=(sender,),
            unread_senders=1,
        ),
        open_alerts=(CurrentAlert(replace(period, end=None), breached("6%"), alert.incident),),
        ended=(period,),
        is_history_complete=True,
        findings=(finding,),
        advice=(Recommendation("news.example.com", "BIMI", Impact.LOW, "No BIMI record."),),
        unreadable_sources=(FindingSource.ACCOUNT,),
        coverage=Coverage(("bounce-rate",), {(): 1}, rates=28),
        week=WeekFigures(NOW, 168, 4_000, 3_600, {"account": 3_600}, {"news.example.com": 60}, 60),
    )
