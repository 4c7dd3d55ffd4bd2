"""The sections of the runbook, to which notifications and service alarms refer."""

from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.wording import WORDING

RUNBOOK_FILE = "docs/runbook.md"
"""The runbook in the repository."""
SERVICE_SECTION = "Problems of the account and of VDM Alerts"
"""The section about findings."""


def indicator_section(indicator: Indicator) -> str:
    """Return the title of the section about rules for *indicator*, such as "SES bounce rate"."""
    noun = WORDING[indicator].noun
    return noun[0].upper() + noun[1:]


def alarm_section(alarm: str) -> str:
    """Return the title of the section about the service alarm *alarm*."""
    return f"Alarm {alarm}"


def section_address(section: str, runbook_url: str | None) -> str:
    """Return the URL of *section* in the runbook at *runbook_url*; without it, file and section."""
    if not runbook_url:
        return f'{RUNBOOK_FILE}, section "{section}"'
    return f"{runbook_url}#{section.replace(' ', '-').lower()}"
