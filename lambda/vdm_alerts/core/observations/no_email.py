"""The finding about an account without email, and when it is due."""

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.rules.field_types import parse_window

NEVER = "never"
"""The text that turns the finding off."""
NO_EMAIL_AFTER = Window(7)
"""The default of the days without email after which the finding is due."""


def parse_no_email_after(text: str) -> Window | None:
    """Return the days without email of a text such as "3d"; None for "never".

    Raises ValueError if *text* is neither.
    """
    return None if text == NEVER else parse_window(text)


def no_email_finding(days: Window) -> Finding:
    """Return the finding that VDM counted no email of the account in the last *days*."""
    return Finding(
        key="mail",
        what=f"VDM has counted no email of this account in the last {days}",
        effect="there is no rate to monitor, and open alerts stay open",
        remedy="If this account sends email, deploy the stack in the Region that it sends from. "
        "VDM counts only emails to a single recipient that were sent after VDM was turned on",
    )
