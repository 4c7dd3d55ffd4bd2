"""The subject of a message about an incident: its news in one line."""

from vdm_alerts.core.evaluation.verdicts import Healthy, Inconclusive, NoEmail
from vdm_alerts.core.model.rates import Indicator, percent
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.wording import WORDING, scope_phrase
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.reasons import Reason


def subject(incident: IncidentNotification) -> str:
    """Return the news in one line, its weight first."""
    return f"[{_tag(incident)}] {headline(incident)}"


def headline(incident: IncidentNotification) -> str:
    """Return the news in one line, without its weight."""
    lead, wording = incident.primary, WORDING[incident.indicator]
    about = f"{wording.noun.capitalize()} {scope_phrase(lead.alert.scope)}"
    if lead.reason is Reason.CLOSED:
        return f"{about}: watched no longer"
    if lead.reason is Reason.REVISED and (now := lead.revised) and (was := lead.last_notified_rate):
        if now.corrects(was):
            return f"{about} was {percent(now.value)}, not {percent(was.value)}"
        return f"{about} came to {percent(now.value)}, after {percent(was.value)}"
    if is_back_above_threshold(lead):
        good = "above" if incident.indicator.low_is_bad else "below"
        return f"{about} was back {good} your threshold"
    found = rate_of(lead, incident.indicator)
    return f"{about}{f' {_verb(incident)}' if lead.evidence else ':'} {found}"


def _tag(incident: IncidentNotification) -> str:
    """Return how much the news matters."""
    severity, reason = incident.severity, incident.reason
    if reason.weight == Reason.RESOLVED.weight:
        if severity:
            return f"{severity}, partly resolved"
        if reason is Reason.REVISED:
            return "REVISED"
        return "ENDED" if incident.is_unproven else "RESOLVED"
    if reason is Reason.FIRING and severity is not incident.primary.severity:
        return f"{severity}, new {incident.primary.severity}"
    was_worse = f", no longer {Severity.CRITICAL.key}"
    return f"{incident.primary.severity}{was_worse if reason is Reason.DEESCALATED else ''}"


def _verb(incident: IncidentNotification) -> str:
    falls = incident.indicator.low_is_bad
    match incident.reason:
        case Reason.ESCALATED:
            return "has fallen to" if falls else "has risen to"
        case Reason.FIRING:
            return "is"
        case Reason.REPEAT:
            return "is still"
        case Reason.DEESCALATED:
            return "is up to" if falls else "is down to"
        case _:
            return "is back to"


def is_back_above_threshold(one: AffectedScope) -> bool:
    """Say whether it is over and yet, by now, on the bad side: too few to begin anew by."""
    return (
        not (one.is_firing or one.revised)
        and isinstance(one.verdict, Healthy | Inconclusive)
        and one.verdict.evidence is not None
        and one.verdict.threshold.is_reached_by(
            one.verdict.evidence.rate.value, one.verdict.subject.indicator
        )
    )


def rate_of(one: AffectedScope, indicator: Indicator) -> str:
    """Return the rate *indicator* in the scope of *one*, or why there is none."""
    if one.evidence:
        return percent(one.evidence.rate.value)
    if isinstance(one.verdict, Healthy | NoEmail | Inconclusive):
        return f"no {WORDING[indicator].emails} any more"
    return "not readable at the moment"
