"""A notification of each kind, for tests of everything that notifications contain."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from builders import HOTMAIL, NEWS_IDENTITY, NOW, a_rule, breached, evidence, firing

from vdm_alerts.core.evaluation.ses_estimate import AccountRateEstimate, DistanceToLevel
from vdm_alerts.core.evaluation.trend import Trend
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import Dimension, Window
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.common_provider import CommonProvider
from vdm_alerts.core.notifications.incidents import incident_notifications
from vdm_alerts.core.notifications.notification import Notification, first_summary
from vdm_alerts.core.notifications.service_notification import service_notification
from vdm_alerts.core.observations.coverage import Coverage
from vdm_alerts.core.planning.contributor import Contributor


def sample_notifications() -> Iterator[Notification]:
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
