"""The first sentences of a notification about one incident."""

from datetime import datetime, timedelta

from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Evidence,
    Healthy,
    Inconclusive,
    NoEmail,
    Unknown,
)
from vdm_alerts.core.model.rates import Rate, percent
from vdm_alerts.core.model.timefmt import format_duration, format_time
from vdm_alerts.core.model.wording import WORDING, count_of, rate_phrase
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.common_provider import CommonProvider
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.notifications.rendering.sentences import (
    capitalized,
    side_of,
    threshold_phrase,
)
from vdm_alerts.core.notifications.rendering.subjects import (
    has_reached_threshold_again,
    is_new_scope,
)
from vdm_alerts.core.rules.rule import Threshold


def opening(incident: IncidentNotification, now: datetime) -> str:
    """Return what is wrong or what ended, after the common provider if that is another."""
    if incident.primary.is_firing:
        sentence = f"{_start_of_sentence(incident, now)}{_open_sentence(incident)}"
    else:
        sentence = f"{_end_sentence(incident)}{_duration_sentence(incident)}"
    if incident.provider and not incident.provider.own_alert:
        return f"{provider_sentence(incident, incident.provider)} {capitalized(sentence)}"
    return capitalized(sentence)


def provider_sentence(incident: IncidentNotification, provider: CommonProvider) -> str:
    """Return the sentence that says how many senders the common provider affects."""
    wording, senders = WORDING[incident.indicator], count_of(provider.kind, provider.senders)
    cause = (
        f"{senders} are {incident.indicator.bad_side} the threshold because of {wording.events} at "
        f"{provider.isp}, their common cause."
    )
    if provider.own_alert:
        return cause
    return f"{cause} Together, their {wording.noun} there is {provider.rate}."


def _start_of_sentence(incident: IncidentNotification, now: datetime) -> str:
    """Return what precedes the first sentence about an open primary scope."""
    primary = incident.primary
    if is_new_scope(incident):
        return "new scope in an open incident: "
    if primary.reason in {Reason.REPEAT, Reason.DEESCALATED} and primary.since:
        return f"reminder, open for {format_duration(now - primary.since)}: "
    return ""


def _open_sentence(incident: IncidentNotification) -> str:
    """Return the state of the open primary scope."""
    primary, indicator = incident.primary, incident.indicator
    rate_name = rate_phrase(primary.stated_indicator, primary.alert.scope)
    value, verdict = primary.value, primary.verdict
    if value is not None and isinstance(verdict, Breached):
        limit = f"{indicator.bad_side} {threshold_phrase(verdict.threshold)}"
        change = _severity_change(primary)
        return f"{rate_name} {_verb(incident)} {percent(value)}, {limit}.{change}"
    if value is not None and isinstance(verdict, Healthy | Inconclusive):
        side = side_of(verdict.threshold, value, indicator)
        limit = f"{side} {threshold_phrase(verdict.threshold, with_severity=False)}"
        return f"{rate_name} is {percent(value)}, {limit}. The alert is not resolved yet."
    if isinstance(verdict, Healthy | Inconclusive | NoEmail):
        emails = WORDING[indicator].emails
        is_breach = isinstance(verdict, NoEmail)
        rule = " The rule treats missing email as a problem." if is_breach else ""
        return f"no {emails} in the last {verdict.window}, so {rate_name} is unknown.{rule}"
    was = f"It was {indicator.bad_side} your threshold when last read"
    return f"{rate_name} is unreadable{_why(primary)}. {was}{_last_report(primary)}."


def _verb(incident: IncidentNotification) -> str:
    if incident.primary.reason is Reason.ESCALATED:
        return "fell to" if incident.indicator.low_is_bad else "rose to"
    return "is still" if incident.primary.reason is None else "is"


def _severity_change(affected: AffectedScope) -> str:
    if affected.reason is Reason.ESCALATED:
        return " It was a warning before."
    return " No longer critical." if affected.reason is Reason.DEESCALATED else ""


def _last_report(affected: AffectedScope) -> str:
    rate = affected.last_notified_rate
    return f"; the last notification reported {rate}" if rate else ""


def _why(affected: AffectedScope) -> str:
    """Return why the rate of *affected* is unreadable, if that is known."""
    return f" ({affected.verdict.gap})" if isinstance(affected.verdict, Unknown) else ""


def _end_sentence(incident: IncidentNotification) -> str:
    """Return how the alert about the primary scope ended."""
    primary, indicator = incident.primary, incident.indicator
    if primary.closed_because:
        return f"{primary.closed_because}. {_state_when_closed(incident)}"
    rate_name = rate_phrase(primary.stated_indicator, primary.alert.scope)
    limit = f"{indicator.good_side} {_first_limit(incident)}"
    value, verdict = primary.value, primary.verdict
    match verdict:
        case Healthy(withdrawn_rate=Rate() as reported, evidence=Evidence() as evidence):
            is_corrected = evidence.rate.events < reported.events
            why = "SES corrected its counts" if is_corrected else "SES has counted more email since"
            was = f"{capitalized(rate_name)} was {evidence.rate}, {limit}, not {reported}."
            return f"the earlier alert does not hold, because {why}. {was}"
        case Healthy() | Inconclusive() | Breached() if value is not None:
            if has_reached_threshold_again(primary):
                then = f"{rate_name} was back {limit} when the alert was resolved."
                return f"{then} Now it is {percent(value)}."
            return f"{rate_name} is {percent(value)}, back {limit}."
        case Healthy(window=window) | Inconclusive(window=window) | NoEmail(window=window):
            unknown = f"no {WORDING[indicator].emails} in the last {window}, so {rate_name} is "
            return f"{unknown}unknown. The alert is closed, but the problem might still exist."
        case Breached() | Unknown() | None:
            was = f"{rate_name} was back {limit} when last read."
            return f"{was} It is unreadable now{_why(primary)}."


def _state_when_closed(incident: IncidentNotification) -> str:
    """Return what the rate was when the scope stopped being monitored."""
    primary, indicator = incident.primary, incident.indicator
    rate_name = capitalized(rate_phrase(indicator, primary.alert.scope))
    # The rule may have other thresholds now, or be about another rate.
    if primary.was_interrupted:
        was = f"{rate_name} was {indicator.bad_side} your threshold before"
        return f"{was}, and the problem might still exist."
    return f"{rate_name} was back {indicator.good_side} your threshold by then."


def _first_limit(incident: IncidentNotification) -> str:
    """Return the threshold of the primary scope that a worsening rate reaches first."""
    threshold: Threshold | None = None
    if isinstance(incident.primary.verdict, Healthy | Inconclusive):
        threshold = incident.primary.verdict.threshold
    elif incident.rule:
        threshold = incident.rule.for_scope(incident.primary.alert.scope).first_threshold
    return threshold_phrase(threshold, with_severity=False) if threshold else "your threshold"


def _duration_sentence(incident: IncidentNotification) -> str:
    """Return how long the alerts of a closed incident were open, if their ends are known."""
    starts = [scope.since for scope in incident.affected if scope.since]
    if incident.severity or not starts:
        return ""
    started = min(starts)
    ends = [scope.alert.resolved_at[-1] for scope in incident.affected if scope.alert.resolved_at]
    if not ends or any(scope.was_interrupted for scope in incident.affected):
        return f" The alert opened at {format_time(started)}."
    duration = format_duration(max(max(ends) - started, timedelta()))
    return f" The alert was open for {duration}, from {format_time(started)}."
