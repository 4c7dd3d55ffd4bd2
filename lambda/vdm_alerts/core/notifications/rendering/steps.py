"""What to do about an incident, and why it matters."""

from collections.abc import Mapping
from dataclasses import dataclass

from vdm_alerts.core.evaluation.verdicts import NoEmail, Unknown
from vdm_alerts.core.model.mailbox_providers import SEVERAL_PROVIDERS
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.rendering.commands import pause_step, suppression_step
from vdm_alerts.core.notifications.rendering.content import Step
from vdm_alerts.core.notifications.rendering.links import Links


@dataclass(frozen=True, slots=True)
class Remediation:
    """Why a breach of one indicator matters, and the steps that help."""

    why: str
    """Why a breach matters, in a few sentences."""
    source: str
    """The page of the AWS documentation that `why` is from."""
    find: str
    """The step that finds the emails."""
    at_provider: str
    """The step about a provider that stands out, with {isp} for its name."""
    steps: tuple[str, ...] = ()
    """The steps after these."""


_MESSAGES = "SES console > Virtual Deliverability Manager > Dashboard > Messages"
_REVIEW = "https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html"
_DASHBOARD = "https://docs.aws.amazon.com/ses/latest/dg/vdm-dashboard.html"
_NEEDS_VDM = "If VDM is off, turn it on: it counts by sender and by mailbox provider."
"""What precedes the first step if VDM has no counts."""
_ANY_PROVIDER = "the mailbox provider that stands out"

REMEDIATION: Mapping[Indicator, Remediation] = {
    Indicator.BOUNCE_RATE: Remediation(
        why="SES reviews an account whose own bounce rate reaches 5%, and might pause its sending "
        "at 10%. SES measures the account over a volume of emails that it does not publish.",
        source=_REVIEW,
        find=f"Read some bounce messages: {_MESSAGES}. Many nonexistent mailboxes mean an old, "
        "purchased, or mistyped list.",
        at_provider="Check whether {isp} blocks you: then its messages name your IP address, "
        "domain, or reputation, and the addresses are good. Keep them.",
    ),
    Indicator.TRANSIENT_BOUNCE_RATE: Remediation(
        why="Transient bounces are full mailboxes, greylisting, and providers that slow you down. "
        "SES does not review them, but a rise at one provider is often the first sign that it "
        "distrusts the sender.",
        source=_DASHBOARD,
        find=f"Read the replies of the mailbox providers: {_MESSAGES}. They say whether mailboxes "
        "are full, or whether a provider limits or distrusts you.",
        at_provider="Send more slowly to {isp} until its replies stop. Do not send deferred emails "
        "again: SES itself retries them for hours.",
        steps=(
            "Check SPF, DKIM, and DMARC of the sender, and the blocklists that the replies name.",
            "Keep the addresses: they are good. Do not suppress or remove them.",
        ),
    ),
    Indicator.COMPLAINT_RATE: Remediation(
        why="SES reviews an account whose own complaint rate reaches 0.1%, and might pause its "
        "sending at 0.5%. The rate counts only emails delivered to providers that report "
        "complaints to SES; Gmail does not.",
        source=_REVIEW,
        find=f"Find the campaign: {_MESSAGES}. Complaints arrive hours or days after the email.",
        at_provider="Compare the emails to {isp} with those to other providers: recipients there "
        "report more of them.",
        steps=(
            "Check that recipients opted in, know the sender, and can unsubscribe with one click.",
            "Stop sending to recipients who have not opened an email for months.",
        ),
    ),
    Indicator.DELIVERY_RATE: Remediation(
        why="An email that is not delivered has bounced, or SES is still trying to deliver it. A "
        "fall at one provider means that it defers or rejects your email.",
        source=_DASHBOARD,
        find=f"Find the emails that were not delivered: {_MESSAGES}. The replies say whether the "
        "provider rejected or deferred them.",
        at_provider="If {isp} defers your email, send more slowly to it until it accepts email "
        "again.",
    ),
    Indicator.OPEN_RATE: Remediation(
        why="Recipients open fewer of the emails with engagement tracking. A fall at one provider "
        "often means that it delivers your email to the spam folder.",
        source=_DASHBOARD,
        find="Check what changed: sender, subject, list, or the hour of sending.",
        at_provider="Send an email to a mailbox of your own at {isp}, and look whether it is in "
        "the spam folder.",
    ),
    Indicator.CLICK_RATE: Remediation(
        why="Recipients follow fewer of the tracked links. A sudden fall often means that links "
        "are broken or blocked.",
        source=_DASHBOARD,
        find="Open the links of the last campaign yourself, with tracking as recipients have it.",
        at_provider="Check whether {isp} blocks the domain of the links.",
        steps=("Check what changed: sender, offer, list, or the domain of the links.",),
    ),
}

_NO_EMAIL_STEPS = (
    Step(
        "Check whether the application that sends this email still runs, and what SES answers: "
        "sending might be paused, the quota used up, or the identity no longer verified."
    ),
    Step(
        "If this sender is not meant to send any more, add it to exclude in the rule, or set "
        'missing_data = "ok".'
    ),
)
_NO_NEW_RATE = (
    "Check whether this account still sends email. While it sends nothing, SES may report no new "
    "rate."
)
_UNREADABLE_STEPS: Mapping[Gap | None, str] = {
    Gap.UNAVAILABLE: "Check the AWS Health Dashboard for SES in this Region. VDM Alerts reads "
    "again at every run.",
    Gap.REJECTED: "Check in the SES console whether VDM shows this scope. SES rejects queries "
    "about it.",
    Gap.ACCESS_DENIED: "Allow ses:BatchGetMetricData in the role of the function, for example by "
    "deploying the stack again.",
    Gap.CUT_OFF: "Raise queriesPerDay or quotaShare and deploy the stack again, or narrow the "
    "scopes of the rule.",
    Gap.NOT_READ: "Allow cloudwatch:GetMetricData in the role of the function, for example by "
    "deploying the stack again. If it is allowed, check the AWS Health Dashboard for CloudWatch.",
    Gap.NOT_REPORTED: _NO_NEW_RATE,
    Gap.STALE: _NO_NEW_RATE,
    None: "Check whether the rule of this alert is valid: VDM Alerts sends a notification about an "
    "invalid rule.",
}
_READ_IN_CONSOLE = (
    "Until VDM Alerts can read the rate again, look at it yourself: SES console > Virtual "
    "Deliverability Manager > Dashboard."
)
_SEE_RATE_OF_SES = "Look at the rate yourself: SES console > Reputation metrics."
_PAUSABLE = {Indicator.BOUNCE_RATE, Indicator.COMPLAINT_RATE}
"""The indicators that SES reviews. No other one justifies an advice to stop sending."""


def incident_steps(incident: IncidentNotification, links: Links) -> tuple[Step, ...]:
    """Return what to do about an open incident; nothing if it is closed.

    The step that stops email is first if the incident is critical, and last otherwise.
    """
    if incident.severity is None:
        return ()
    verdict = incident.primary.verdict
    if isinstance(verdict, NoEmail):
        return _NO_EMAIL_STEPS
    if incident.primary.is_unreadable:
        gap = verdict.gap if isinstance(verdict, Unknown) else None
        is_from_ses = incident.indicator.is_from_ses
        see_rate = _SEE_RATE_OF_SES if is_from_ses else _READ_IN_CONSOLE
        return (Step(_UNREADABLE_STEPS[gap]), Step(see_rate))
    steps = _investigation_steps(incident, links)
    name = _set_to_pause(incident)
    if name is None:
        return steps
    pause = pause_step(name, links.target)
    return (pause, *steps) if incident.severity is Severity.CRITICAL else (*steps, pause)


def _investigation_steps(incident: IncidentNotification, links: Links) -> tuple[Step, ...]:
    """Return the steps that find the cause.

    The step about the provider names it if it is known, and is first if it is the common cause.
    """
    remediation = REMEDIATION[incident.indicator.counted]
    isp = _provider_of(incident)
    has_counts = incident.estimate or not incident.indicator.is_from_ses
    find = Step(remediation.find if has_counts else f"{_NEEDS_VDM} {remediation.find}")
    at_provider = Step(remediation.at_provider.format(isp=isp or _ANY_PROVIDER))
    further = [Step(text) for text in remediation.steps]
    if incident.indicator.counted is Indicator.BOUNCE_RATE:
        # Addresses at a provider that blocks the sender are good, so this is the last step.
        further = [suppression_step(links.target)]
    first = (at_provider, find) if incident.provider else (find, at_provider)
    return (*first, *further)


def _provider_of(incident: IncidentNotification) -> str | None:
    """Return the one provider that most of the events are at; None if it is unknown."""
    if incident.provider:
        return incident.provider.isp
    contributor = incident.contributor.scope if incident.contributor else None
    isp = incident.primary.alert.scope.isp or (contributor.isp if contributor else None)
    return None if isp in SEVERAL_PROVIDERS else isp


def _set_to_pause(incident: IncidentNotification) -> str | None:
    """Return the breached configuration set that sends most of the bad emails, or None.

    Pausing a set also stops its good emails. So it must have at least half of the events of the
    primary scope, in a window that is no longer.
    """
    if incident.indicator not in _PAUSABLE or incident.primary.evidence is None:
        return None
    primary = incident.primary.evidence
    sets = [
        (affected.evidence.rate.events, affected.alert.scope.configuration_set)
        for affected in incident.affected
        if _is_breached_set(affected)
        and affected.evidence
        and affected.evidence.window <= primary.window
    ]
    events, name = max(sets, default=(0, None))
    return name if events >= primary.rate.events / 2 else None


def _is_breached_set(affected: AffectedScope) -> bool:
    is_set = affected.alert.scope.configuration_set is not None
    return is_set and affected.is_firing and affected.is_on_bad_side
