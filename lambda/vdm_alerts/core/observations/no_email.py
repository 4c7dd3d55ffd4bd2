"""The finding about an account that sends no email any more, and when it is due."""

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.rules.field_types import parse_window

NEVER = "never"
"""The text that switches the finding off."""
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
        what=f"VDM has counted no mail of this account in the last {days}, so there is no rate",
        remedy="If the account does send, deploy into the Region it sends from; VDM counts only "
        "mail to a single recipient, sent after it was switched on",
    )
