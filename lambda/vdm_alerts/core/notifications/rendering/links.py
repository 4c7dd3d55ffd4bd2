"""Links to the console of AWS and to the runbook."""

from dataclasses import dataclass

from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.rendering.content import Link
from vdm_alerts.core.notifications.rendering.runbook import (
    SERVICE_SECTION,
    indicator_section,
    section_address,
)


@dataclass(frozen=True, slots=True)
class Links:
    """The links and the commands of notifications about one target."""

    target: Target
    runbook_url: str = ""
    """The URL of your copy of the runbook. If empty, a link names the file and the section."""
    hub: Target | None = None
    """The account and Region of the stack, if the target belongs to a fleet."""

    @property
    def messages(self) -> Link:
        """Return the dashboard of VDM, where "Messages" finds single emails."""
        return Link("SES console", self._console("vdm/dashboard"))

    @property
    def account(self) -> Link:
        """Return the page with the status of the SES account."""
        return Link("SES console", self._console("account"))

    def for_indicator(self, indicator: Indicator) -> Link:
        """Return the section of the runbook about *indicator*."""
        return self._runbook(indicator_section(indicator))

    def for_service(self) -> Link:
        """Return the section of the runbook about problems of VDM Alerts."""
        return self._runbook(SERVICE_SECTION)

    def _runbook(self, section: str) -> Link:
        return Link("Runbook", section_address(section, self.runbook_url))

    def _console(self, page: str) -> str:
        region = self.target.region
        return f"https://{region}.{_console_domain(region)}/ses/home?region={region}#/{page}"


def _console_domain(region: str) -> str:
    """Return the domain of the console in the partition of *region*."""
    if region.startswith("cn-"):
        return "console.amazonaws.cn"
    if region.startswith("us-gov-"):
        return "console.amazonaws-us-gov.com"
    return "console.aws.amazon.com"
