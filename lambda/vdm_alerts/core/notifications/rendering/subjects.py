"""The subject line of a notification about one incident."""

from vdm_alerts.core.evaluation.verdicts import Healthy, Inconclusive, NoEmail
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.model.rates import Indicator, percent
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.wording import WORDING, count_of, scope_phrase
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.common_provider import CommonProvider
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.reasons import Reason


def incident_subject(incident: IncidentNotification) -> str:
    """Return the subject, uncut, without account and Region."""
    return f"[{_tag(incident)}] {incident_headline(incident)}"


def incident_headline(incident: IncidentNotification) -> str:
    """Return the common provider or the primary scope, what changed, and the rate."""
    primary, wording = incident.primary, WORDING[incident.indicator]
    if incident.provider:
        return _provider_headline(incident, incident.provider)
    rate_name = f"{wording.noun.capitalize()} {scope_phrase(primary.alert.scope)}"
    if primary.reason is Reason.CLOSED:
        return f"{rate_name}: watched no longer"
    revised, notified = primary.revised, primary.last_notified_rate
    if primary.reason is Reason.REVISED and revised and notified:
        return f"{rate_name} was {percent(revised.value)}, not {percent(notified.value)}"
    if has_reached_threshold_again(primary):
        good_side = "above" if incident.indicator.low_is_bad else "below"
        return f"{rate_name} was back {good_side} your threshold"
    verb = f" {_verb(incident)}" if primary.evidence else ":"
    return f"{rate_name}{verb} {rate_text(primary, incident.indicator)}{_main_part(incident)}"


def _main_part(incident: IncidentNotification) -> str:
    """Return the main contributor, if the account is breached: its name alone says nothing."""
    contributor = incident.contributor
    if contributor is None or incident.primary.alert.scope != ACCOUNT:
        return ""
    scope = contributor.scope
    return f", mostly {scope if scope.at_all_providers.kind else scope_phrase(scope)}"


def _provider_headline(incident: IncidentNotification, provider: CommonProvider) -> str:
    noun = WORDING[incident.indicator].noun.capitalize()
    senders = count_of(provider.kind, provider.senders)
    rate = f"{_verb(incident)} {percent(provider.rate.value)}"
    if provider.own_alert:
        return f"{noun} at {provider.isp} {rate}: {senders} affected"
    return f"{noun} of {senders} at {provider.isp} {rate}"


def has_reached_threshold_again(affected: AffectedScope) -> bool:
    """Return whether the rate of a resolved alert is on the bad side again.

    The rate is on the bad side again, but the emails are too few to fire again.
    """
    return (
        not (affected.is_firing or affected.revised)
        and isinstance(affected.verdict, Healthy | Inconclusive)
        and affected.verdict.evidence is not None
        and affected.verdict.threshold.is_reached_by(
            affected.verdict.evidence.rate.value, affected.verdict.subject.indicator
        )
    )


def rate_text(affected: AffectedScope, indicator: Indicator) -> str:
    """Return the rate of *affected* as a percentage, or why there is none."""
    if affected.evidence:
        return percent(affected.evidence.rate.value)
    if isinstance(affected.verdict, Healthy | NoEmail | Inconclusive):
        return f"no {WORDING[indicator].emails} any more"
    return "not readable at the moment"


def _tag(incident: IncidentNotification) -> str:
    """Return the text in brackets: the severity, or how the incident ended."""
    severity, reason = incident.severity, incident.reason
    if reason.priority == Reason.RESOLVED.priority:
        if severity:
            return f"{severity}, partly resolved"
        if reason is Reason.REVISED:
            return "REVISED"
        return "ENDED" if incident.is_unproven else "RESOLVED"
    if incident.provider:
        return str(severity)
    if reason is Reason.FIRING and severity is not incident.primary.severity:
        return f"{severity}, new {incident.primary.severity}"
    change = f", no longer {Severity.CRITICAL.key}" if reason is Reason.DEESCALATED else ""
    return f"{incident.primary.severity}{change}"


def _verb(incident: IncidentNotification) -> str:
    low_is_bad = incident.indicator.low_is_bad
    match incident.reason:
        case Reason.ESCALATED:
            return "has fallen to" if low_is_bad else "has risen to"
        case Reason.FIRING:
            return "is"
        case Reason.REPEAT:
            return "is still"
        case Reason.DEESCALATED:
            return "is up to" if low_is_bad else "is down to"
        case _:
            return "is back to"
