"""The status and the senders of the account, from the SES API."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vdm_alerts.adapters.aws.errors import code_of, translate_read_errors
from vdm_alerts.adapters.aws.pages import read_pages
from vdm_alerts.adapters.aws.ses_metric_codec import MAX_COUNT
from vdm_alerts.adapters.aws.ses_metrics import VDM_IS_OFF
from vdm_alerts.adapters.aws.ses_rate_limiter import LISTS_PER_SECOND, Clock, RateLimiter
from vdm_alerts.adapters.aws.time_limit import requests_end_by
from vdm_alerts.adapters.aws.well_formed_text import well_formed
from vdm_alerts.core.model.account import AccountStatus, Impact, Recommendation, SesPlan
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import EnableSending, Finding, UnfinishedListError
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.severity import Severity

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

PAGE_SIZE = 1_000
"""Identities or configuration sets in a page: the maximum. The default of SES is a few tens.

Source for identities: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_ListEmailIdentities.html.
Source for configuration sets: https://github.com/floci-io/floci, an emulator that was checked
against SES.
"""
TENANTS_PAGE_SIZE = 100
"""Tenants in a page: the maximum. Source: https://github.com/floci-io/floci, as above."""
RECOMMENDATIONS_PAGE_SIZE = 100
"""Recommendations in a page: the maximum.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_ListRecommendations.html
"""
MAX_RECOMMENDATION_PAGES = 10
"""The pages of recommendations that a run reads, one per second. A notification lists fewer."""
_PAUSED = "DISABLED"
"""The sending status of a tenant that may not send."""

_ANSWER_CASE = (
    "Read the case that AWS opened in the AWS Support Center, fix the cause, and answer in the case"
)
ENFORCEMENT: Mapping[str, Finding] = {
    "PROBATION": Finding(
        key="enforcement",
        what="Amazon SES has put this account under review",
        effect="SES might pause its sending next",
        remedy=_ANSWER_CASE,
        severity=Severity.CRITICAL,
        blocks_monitoring=False,
    ),
    "SHUTDOWN": Finding(
        key="enforcement",
        what="Amazon SES has paused the sending of this account",
        effect="no email is sent until AWS lifts the pause",
        remedy=_ANSWER_CASE,
        severity=Severity.CRITICAL,
        blocks_monitoring=False,
    ),
}
"""The finding for each enforcement status that is a problem.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html
"""

_IN_SANDBOX = Finding(
    key="sandbox",
    what="This account is in the SES sandbox in this Region",
    effect="SES sends at most 200 emails in 24 hours, and only to verified addresses and domains",
    remedy="Request production access in the SES console, under Account dashboard",
    blocks_monitoring=False,
)
"""Source: https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html"""
_SENDING_IS_OFF = Finding(
    key="sending",
    what="Sending is turned off for this account in this Region",
    effect="no email is sent",
    remedy="A user of this account turned sending off, not AWS. After fixing the cause, turn it on",
    fix=EnableSending(),
    blocks_monitoring=False,
)


class SesAccount:
    """An AccountSource on SES."""

    def __init__(self, client: "SESV2Client", clock: Clock) -> None:
        """Send requests through *client*, at most one per second of *clock* for each list."""
        self._client = client
        for operation in (
            "ListEmailIdentities",
            "ListConfigurationSets",
            "ListTenants",
            "ListRecommendations",
        ):
            RateLimiter(clock, LISTS_PER_SECOND).attach(client, operation)

    def status(self, deadline: Deadline) -> AccountStatus:
        """Return the status of VDM and of sending, with the findings about the account."""
        with translate_read_errors("ses:GetAccount"), requests_end_by(self._client, deadline):
            return _status(self._client.get_account())

    def identities(self, deadline: Deadline) -> Sequence[Scope]:
        """Return every email identity, verified or not, sorted by name."""
        names = self._names(
            "ses:ListEmailIdentities",
            self._client.list_email_identities,
            lambda page: (identity["IdentityName"] for identity in page["EmailIdentities"]),
            PAGE_SIZE,
            deadline,
        )
        return [Scope(identity=name) for name in names]

    def configuration_sets(self, deadline: Deadline) -> Sequence[Scope]:
        """Return every configuration set, sorted by name."""
        names = self._names(
            "ses:ListConfigurationSets",
            self._client.list_configuration_sets,
            lambda page: page["ConfigurationSets"],
            PAGE_SIZE,
            deadline,
        )
        return [Scope(configuration_set=name) for name in names]

    def tenants(self, deadline: Deadline, first_page: str | None = None) -> Sequence[Scope]:
        """Return every tenant, sorted by name; none if this boto3 does not support tenants.

        *first_page* is the page at which an earlier call has ended.
        """
        if "ListTenants" not in self._client.meta.service_model.operation_names:
            return []
        names = self._names(
            "ses:ListTenants",
            self._client.list_tenants,
            lambda page: (tenant["TenantName"] for tenant in page["Tenants"]),
            TENANTS_PAGE_SIZE,
            deadline,
            first_page,
        )
        return [Scope(tenant=name) for name in names]

    def paused_tenants(self, deadline: Deadline) -> Sequence[Scope]:
        """Return every tenant that may not send, sorted by name.

        There are none if this boto3 cannot ask for them.
        """
        model = self._client.meta.service_model
        if "ListTenants" not in model.operation_names:
            return []
        request = model.operation_model("ListTenants").input_shape
        if request is None or "Filter" not in request.members:
            return []
        names = self._names(
            "ses:ListTenants",
            partial(self._client.list_tenants, Filter={"SENDING_STATUS": _PAUSED}),
            # A service that ignores the filter must not make every tenant a paused one.
            lambda page: (
                tenant["TenantName"]
                for tenant in page["Tenants"]
                if tenant.get("SendingStatus") == _PAUSED
            ),
            TENANTS_PAGE_SIZE,
            deadline,
        )
        return [Scope(tenant=name) for name in names]

    def recommendations(self, deadline: Deadline) -> Sequence[Recommendation]:
        """Return the open recommendations of the VDM advisor, those of high impact first.

        They come from the first `MAX_RECOMMENDATION_PAGES` pages.
        """
        action, call = "ses:ListRecommendations", self._client.list_recommendations
        with translate_read_errors(action), requests_end_by(self._client, deadline):
            pages = read_pages(
                action,
                call,
                deadline,
                Filter={"STATUS": "OPEN"},
                PageSize=RECOMMENDATIONS_PAGE_SIZE,
            )
            found = {
                _recommendation(entry): None
                for page in islice(pages, MAX_RECOMMENDATION_PAGES)
                for entry in page["Recommendations"]
            }
        return sorted(found, key=lambda each: (each.impact is not Impact.HIGH, str(each)))

    def _names(
        self,
        action: str,
        call: Callable[..., Any],
        names_in: Callable[[Any], Iterable[str]],
        page_size: int,
        deadline: Deadline,
        first_page: str | None = None,
    ) -> Sequence[str]:
        """Return the names on every page of a list operation, sorted.

        *names_in* returns the names in a page. Each has a form that can be stored and published:
        SES rejects the name that replaces an ill-formed one, and the rejection is a finding. If SES
        rejects *page_size*, the pages have their default size. Raises AccessDeniedError,
        UnavailableError, or UnfinishedListError with the names so far, of *action*.
        """
        names: list[str] = []

        def read(**size: int) -> None:
            names.clear()
            for page in read_pages(action, call, deadline, first_page, **size):
                names.extend(map(well_formed, names_in(page)))

        with translate_read_errors(action), requests_end_by(self._client, deadline):
            try:
                read(PageSize=page_size)
            except UnfinishedListError as error:
                raise UnfinishedListError(action, error.next_page, sorted(names)) from None
            except ClientError as error:
                if code_of(error) != "BadRequestException":
                    raise
                read()
        return sorted(names)


def _status(account: Mapping[str, Any]) -> AccountStatus:
    """Return the status in the response *account*."""
    enabled = account.get("VdmAttributes", {}).get("VdmEnabled") == "ENABLED"
    findings = [] if enabled else [VDM_IS_OFF]
    if enforced := ENFORCEMENT.get(account.get("EnforcementStatus", "")):
        findings.append(enforced)
    elif not account.get("SendingEnabled", True):
        findings.append(_SENDING_IS_OFF)
    if account.get("ProductionAccessEnabled") is False:
        findings.append(_IN_SANDBOX)
    return AccountStatus(
        vdm_enabled=enabled,
        may_send=account.get("SendingEnabled", True),
        sent_last_day=_emails(account, "SentLast24Hours"),
        # A quota of -1 is unlimited.
        daily_quota=_emails(account, "Max24HourSend"),
        plan=_plan(account),
        findings=findings,
    )


def _emails(account: Mapping[str, Any], name: str) -> int | None:
    """Return the number of emails *name*, a float, in the response *account*; None if unknown.

    The type is compared exactly, because `True` is an int in Python.
    """
    emails = account.get("SendQuota", {}).get(name)
    return round(emails) if type(emails) in {int, float} and 0 <= emails <= MAX_COUNT else None


def _recommendation(entry: Mapping[str, Any]) -> Recommendation:
    """Return the recommendation in *entry* of a response. An unknown impact is a high one."""
    _, is_identity, identity = entry["ResourceArn"].partition(":identity/")
    return Recommendation(
        resource=well_formed(identity if is_identity else entry["ResourceArn"]),
        topic=well_formed(entry["Type"]),
        impact=Impact.LOW if entry.get("Impact") == Impact.LOW else Impact.HIGH,
        text=well_formed(entry.get("Description", "")),
    )


def _plan(account: Mapping[str, Any]) -> SesPlan | None:
    """Return the pricing plan in the response *account*.

    It is None if this boto3 does not know the field, or if the plan is unknown here.
    """
    plan = account.get("PricingAttributes", {}).get("CurrentPlan")
    return SesPlan(plan) if plan in set(SesPlan) else None
