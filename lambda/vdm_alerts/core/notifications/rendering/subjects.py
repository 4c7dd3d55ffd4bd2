"""The headline of a notification about one incident. Its subject line consists of it."""

from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Healthy,
    Inconclusive,
    NoEmail,
    Unknown,
)
from vdm_alerts.core.model.bounded_text import bounded
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope
from vdm_alerts.core.model.rates import percent
from vdm_alerts.core.model.wording import KIND_NAMES, WORDING, count_of
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.common_provider import CommonProvider
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.notifications.rendering.sentences import (
    MAX_SCOPE_SIZE,
    capitalized,
    last_reported,
    no_email_phrase,
    side_of,
)
from vdm_alerts.core.rules.rule import Threshold


def incident_subject(incident: IncidentNotification) -> str:
    """Return the subject, uncut, without account and Region."""
    prefix = "New scope: " if is_new_scope(incident) else ""
    phrase = _incident_phrase(incident, with_verb=True)
    return f"[{_tag(incident)}] {prefix}{phrase if prefix else capitalized(phrase)}"


def short_phrase(incident: IncidentNotification) -> str:
    """Return the rate and the scope of *incident*, as a part of another headline."""
    return _incident_phrase(incident, with_verb=False)


def is_new_scope(incident: IncidentNotification) -> bool:
    """Return whether the primary scope is new in an incident that was notified before."""
    is_known = any(
        scope.is_firing and scope.alert.last_notified and scope.alert.last_notified.is_confirmed
        for scope in incident.affected[1:]
    )
    return incident.has_history and incident.primary.reason is Reason.FIRING and is_known


def scope_name(scope: Scope) -> str:
    """Return *scope* as a headline names it, such as "tenant shop at Hotmail".

    A scope of more than `MAX_SCOPE_SIZE` is cut.
    """
    self_explaining = {Dimension.IDENTITY, Dimension.ISP}
    parts = [
        name if dimension in self_explaining else f"{KIND_NAMES[dimension]} {name}"
        for dimension, name in scope.display_names.items()
    ]
    return bounded(" at ".join(parts), MAX_SCOPE_SIZE) or "whole account"


def has_reached_threshold_again(affected: AffectedScope) -> bool:
    """Return whether the rate of a resolved alert is on the bad side again.

    The rate is on the bad side again, but the emails are too few to fire again.
    """
    return (
        not (affected.is_firing or affected.revised)
        and isinstance(affected.verdict, Healthy | Inconclusive)
        and affected.is_on_bad_side
    )


def _tag(incident: IncidentNotification) -> str:
    """Return the text in brackets: the severity, or how the incident ended."""
    if incident.severity:
        return str(incident.severity)
    if incident.is_unproven:
        return "CLOSED"
    return "REVISED" if incident.reason is Reason.REVISED else "RESOLVED"


def _incident_phrase(incident: IncidentNotification, *, with_verb: bool) -> str:
    """Return the rate, the threshold and the scope, in this order.

    The rate is first, so that a long name is cut and the rate is not.
    """
    primary, indicator = incident.primary, incident.indicator
    if incident.provider:
        return _provider_phrase(incident, incident.provider)
    noun, name = WORDING[primary.stated_indicator].noun, scope_name(primary.alert.scope)
    if primary.closed_because:
        return f"{noun} no longer monitored: {name}"
    value = primary.value
    match primary.verdict:
        case (
            Breached(threshold=threshold)
            | Healthy(threshold=threshold)
            | Inconclusive(threshold=threshold)
        ) if value is not None:
            if has_reached_threshold_again(primary):
                was = f"{noun} was {indicator.good_side} {percent(threshold.share)}"
                return f"{was}, now {percent(value)}: {name}"
            verb = _verb(incident) if with_verb else ""
            side = side_of(threshold, value, indicator)
            rate = f"{percent(value)} ({side} {_limit(threshold)})"
            return f"{noun} {verb}{rate}{_not_reported_rate(primary)}: {name}{_main_part(incident)}"
        case NoEmail(window=window) | Healthy(window=window) | Inconclusive(window=window):
            is_breach = isinstance(primary.verdict, NoEmail)
            unknown = "" if is_breach else f", {noun} unknown"
            return f"{no_email_phrase(indicator, window)}{unknown}: {name}"
        case Breached() | Unknown() | None:
            is_known = primary.is_firing
            last = last_reported(primary) if is_known else f", {indicator.good_side} the threshold"
            return f"{noun} unreadable{last}{'' if is_known else ' when last read'}: {name}"


def _limit(threshold: Threshold) -> str:
    """Return the share of *threshold*, and that it comes from a baseline."""
    share = percent(threshold.share)
    return f"{share}, from its baseline" if threshold.baseline else share


def _not_reported_rate(affected: AffectedScope) -> str:
    """Return the reported rate that SES has corrected since, or nothing."""
    rate = affected.last_notified_rate
    return f", not {percent(rate.value)}" if affected.revised and rate else ""


def _main_part(incident: IncidentNotification) -> str:
    """Return the main contributor, if the account is breached: its name alone says nothing."""
    contributor = incident.contributor
    if contributor is None or incident.primary.alert.scope != ACCOUNT:
        return ""
    return f", mainly {scope_name(contributor.scope)}"


def _provider_phrase(incident: IncidentNotification, provider: CommonProvider) -> str:
    noun, senders = WORDING[incident.indicator].noun, count_of(provider.kind, provider.senders)
    rate = percent(provider.rate.value)
    own = provider.own_alert.verdict if provider.own_alert else None
    limit = ""
    if isinstance(own, Breached):
        limit = f" ({incident.indicator.bad_side} {_limit(own.threshold)})"
    return f"{noun} {_verb(incident)}{rate}{limit} at {provider.isp}: {senders}"


def _verb(incident: IncidentNotification) -> str:
    """Return what the primary rate did since the last notification, with a space; or nothing."""
    low_is_bad = incident.indicator.low_is_bad
    match incident.primary.reason:
        case Reason.ESCALATED:
            return "fell to " if low_is_bad else "rose to "
        case Reason.DEESCALATED:
            return "up to " if low_is_bad else "down to "
        case Reason.REPEAT | None:
            return "still "
        case _:
            return ""
