"""Publish notifications. A failed publish does not stop the others."""

import logging
from datetime import datetime

from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.findings import Hindrance
from vdm_alerts.core.model.target import Origin
from vdm_alerts.core.notifications.notification import Notice
from vdm_alerts.core.notifications.rendering.message import compose
from vdm_alerts.ports import Ports

_log = logging.getLogger(__name__)


class StillOwed(VdmAlertsError):
    """Everything else was done, but some message could not be sent; it is owed at the next run."""


def _sent(ports: Ports, notice: Notice, origin: Origin, now: datetime) -> bool:
    """Send *notice*; say whether it went out for certain."""
    try:
        message = compose(notice, origin, now)
        ports.notifier.publish(message)
    except Hindrance as hindrance:
        _log.error("not sent, so still owed: %s: %s", notice.id, hindrance)
        return False
    except Exception:  # noqa: BLE001 - one message must not silence those after it
        _log.exception("not sent, so still owed, by an unknown error: %s", notice.id)
        return False
    _log.info("told: %s", message.subject)
    return True
