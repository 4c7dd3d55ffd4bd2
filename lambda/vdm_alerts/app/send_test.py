"""The use case of the test notification: it is rendered and published, and nothing is stored."""

from vdm_alerts.core.notifications.delivery_test import DeliveryTest
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.message import render
from vdm_alerts.ports import Notifier


def send_test(notifier: Notifier, links: Links, test: DeliveryTest) -> None:
    """Publish *test* for the target of *links*, as an alert is published.

    Raises AccessDeniedError or UnavailableError.
    """
    notifier.publish(render(test, links, test.requested_at))
