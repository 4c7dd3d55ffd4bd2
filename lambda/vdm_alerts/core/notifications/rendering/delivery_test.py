"""The content of a test notification."""

from vdm_alerts.core.model.timefmt import format_time
from vdm_alerts.core.notifications.delivery_test import DeliveryTest
from vdm_alerts.core.notifications.rendering.content import Content
from vdm_alerts.core.notifications.rendering.links import Links

_HEADLINE = "[TEST] VDM Alerts: test notification, no alert"


def delivery_test_content(test: DeliveryTest, links: Links) -> Content:
    """Return the content of *test*, which is marked as no alert."""
    requested = format_time(test.requested_at)
    return Content(
        headline=_HEADLINE,
        paragraphs=(
            "This is a test notification of VDM Alerts. There is nothing to do.",
            "It shows that notifications arrive here. It does not mean that all rates are normal.",
            f"It was requested at {requested}, for example with vdm-alerts test-alert.",
        ),
        reference=(f"{links.target}. Test notification {test.id}.",),
    )
