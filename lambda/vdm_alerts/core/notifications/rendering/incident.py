"""The content of a notification about one incident."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from vdm_alerts.core.alerts.alert import FLAP_COOLDOWN, FLAP_COUNT, FLAP_WINDOW
from vdm_alerts.core.evaluation.explanation import counts_phrase
from vdm_alerts.core.evaluation.ses_rates import SES_LEVELS
from vdm_alerts.core.evaluation.verdicts import NoEmail
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope
from vdm_alerts.core.model.rates import percent
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.timefmt import format_duration, format_time
from vdm_alerts.core.model.wording import WORDING
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.notifications.rendering.content import (
    Content,
    Link,
    Listing,
    fitting,
    listed,
)
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.opening import opening, provider_sentence
from vdm_alerts.core.notifications.rendering.sentences import (
    account_sentence,
    certainty_sentence,
    rate_text,
    scope_with_kind,
    settling_sentence,
    since_sentence,
)
from vdm_alerts.core.notifications.rendering.steps import REMEDIATION, incident_steps
from vdm_alerts.core.notifications.rendering.subjects import incident_subject, scope_name
from vdm_alerts.core.notifications.rendering.trend import trend_line
from vdm_alerts.core.rules.default_rules import custom_rule_path

MAX_LISTED = 20
"""Items in a list of the text, such as scopes or findings; the rest are counted."""
MAX_SCOPES_SIZE = 8_000
"""Bytes of a list of scopes in the text; the rest are counted. The text has several lists."""

_HISTORY_UNAVAILABLE = (
    "Alert history unavailable: VDM Alerts cannot read or write its DynamoDB table. Until that is "
    "fixed, every run reports the current state again, so this can repeat an earlier notification. "
    "No reminder or RESOLVED follows for incident {id}: close it by hand in your incident tool."
)
_HISTORY_LOST = (
    "Alert history damaged: VDM Alerts could not read the stored history of a scope in this "
    "notification, so this can repeat an earlier notification under another incident ID. Only "
    "incident {id} gets further notifications: close the earlier incident by hand in your incident "
    "tool."
)
_CONFIDENCE_NOTE = (
    "Confidence allows for feedback that arrives late and for day-to-day variation. It assumes a "
    "normal rate until the data shows otherwise."
)


def incident_content(incident: IncidentNotification, links: Links, now: datetime) -> Content:
    """Return the content of a notification about *incident*."""
    return Content(
        headline=incident_subject(incident),
        paragraphs=tuple(_paragraphs(incident, now)),
        steps=incident_steps(incident, links),
        listings=other_scopes(incident),
        background=tuple(_background(incident)) if incident.severity else (),
        links=tuple(_links(incident, links)) if incident.severity else (),
        reference=tuple(_reference(incident, links, now)),
    )


def _paragraphs(incident: IncidentNotification, now: datetime) -> Iterator[str]:
    """Yield the paragraphs, the most important first.

    The risk of the account is second once its rate has reached a level of SES.
    """
    yield opening(incident, now)
    if not incident.has_history:
        yield history_warning(incident)
    account = account_risk(incident)
    is_level_reached = _is_review_level_reached(incident)
    if is_level_reached:
        yield from account
    yield from contributor_paragraph(incident)
    yield from _data_paragraph(incident, now)
    if not is_level_reached:
        yield from account


def _is_review_level_reached(incident: IncidentNotification) -> bool:
    """Return whether SES reviews the account, by its own rate or else by the estimate."""
    fresh = incident.ses_rates.fresh if incident.ses_rates else None
    if fresh:
        return fresh.value >= SES_LEVELS[incident.indicator.counted][0]
    return incident.estimate is not None and incident.estimate.review.emails == 0


def history_warning(incident: IncidentNotification) -> str:
    """Return what the lack of history means for this notification."""
    warning = _HISTORY_LOST if incident.is_history_lost else _HISTORY_UNAVAILABLE
    return warning.format(id=incident.id)


def contributor_paragraph(incident: IncidentNotification) -> list[str]:
    """Return a paragraph about the main contributor, or about what a common provider causes."""
    if incident.provider and incident.provider.own_alert:
        return [provider_sentence(incident, incident.provider)]
    contributor, evidence = incident.contributor, incident.primary.evidence
    if contributor is None or not incident.primary.is_firing:
        return []
    wording, rate = WORDING[incident.indicator], contributor.evidence.rate
    # If the contributor has all emails of the scope, the first sentence states the same rate.
    is_stated = evidence is not None and evidence.rate == rate
    counts = f"{percent(rate.value)}, {rate.events:,} of {rate.volume:,}"
    own_rate = "" if is_stated else f" (rate there: {counts})"
    share = f"{percent(contributor.share)} of these {wording.events}"
    return [f"Main contributor: {scope_name(contributor.scope)}, with {share}{own_rate}."]


def _data_paragraph(incident: IncidentNotification, now: datetime) -> Iterator[str]:
    """Yield the counts, the confidence, the start, and the trend of the primary scope."""
    primary = incident.primary
    evidence = primary.evidence
    # While the incident is open, the sentence about the account states the time.
    ses_rate = None if incident.severity else primary.ses_rate
    sentences = [
        f"Data: {counts_phrase(evidence, incident.indicator)}." if evidence else "",
        f"SES reported this rate at {format_time(ses_rate.at)}." if ses_rate else "",
        settling_sentence(primary, now),
        certainty_sentence(primary, incident.rule),
        since_sentence(primary, now) if primary.is_firing else "",
    ]
    lines = [" ".join(filter(None, sentences)), _trend(incident, now.date())]
    if any(lines):
        yield "\n".join(filter(None, lines))


def _trend(incident: IncidentNotification, today: date) -> str:
    if incident.trend is None:
        return ""
    return trend_line(incident.trend, WORDING[incident.indicator.counted], today)


def account_risk(incident: IncidentNotification) -> list[str]:
    """Return a paragraph about the account rate of an open incident."""
    is_open = incident.severity and not isinstance(incident.primary.verdict, NoEmail)
    is_known = incident.estimate or incident.ses_rates
    if incident.indicator.from_ses is None or not (is_known and is_open):
        return []
    return [account_sentence(incident.estimate, incident.ses_rates, incident.indicator)]


def other_scopes(
    incident: IncidentNotification, max_scopes: int = MAX_LISTED
) -> tuple[Listing, ...]:
    """Return the scopes after the primary one, grouped by their state.

    A group lists at most *max_scopes* scopes, those that fit, and counts the rest.
    """
    listings: list[Listing] = []
    groups = _grouped_by_title(incident)
    for title, scopes in groups:
        items = [_scope_item(scope, incident) for scope in scopes[:max_scopes]]
        fitting_items = fitting(items, MAX_SCOPES_SIZE, lambda item: len(item.encode()))
        listings += listed(title, fitting_items, len(scopes))
    return tuple(listings)


def _grouped_by_title(
    incident: IncidentNotification,
) -> Sequence[tuple[str, Sequence[AffectedScope]]]:
    """Return the titles of the groups, each with its scopes."""
    primary = incident.primary
    others = [scope for scope in incident.affected[1:] if not _repeats(scope, primary)]
    bad_side, good_side = incident.indicator.bad_side, incident.indicator.good_side
    open_scopes = [scope for scope in others if scope.is_firing]
    breached = [scope for scope in open_scopes if scope.is_on_bad_side]
    ended = [scope for scope in others if not (scope.is_firing or scope.was_interrupted)]
    revised = [scope for scope in ended if scope.reason is Reason.REVISED]
    closed = [
        scope for scope in ended if scope.reason is Reason.CLOSED and not scope.closed_because
    ]
    resolved = [scope for scope in ended if scope not in (*revised, *closed)]
    also = "Also " if primary.is_firing and primary.is_on_bad_side else "Still "
    return [
        (
            f"{also}{bad_side} the threshold:",
            [scope for scope in breached if not isinstance(scope.verdict, NoEmail)],
        ),
        (f"{also}without email:", [s for s in breached if isinstance(s.verdict, NoEmail)]),
        ("Open and unreadable:", [scope for scope in open_scopes if scope.is_unreadable]),
        (
            f"{good_side.capitalize()} the threshold, not yet resolved:",
            [s for s in open_scopes if not (s.is_on_bad_side or s.is_unreadable)],
        ),
        (_title_of_resolved(primary), resolved),
        ("Revised in this run:" if primary.is_firing else "Also revised:", revised),
        (
            f"{'Closed in this run' if primary.is_firing else 'Also closed'}, rate unknown:",
            closed,
        ),
        ("No longer monitored:", [scope for scope in others if scope.was_interrupted]),
    ]


def _repeats(scope: AffectedScope, primary: AffectedScope) -> bool:
    """Return whether *scope* is open with the same rate of SES that *primary* states."""
    is_open = scope.is_firing and primary.is_firing
    return is_open and scope.ses_rate is not None and scope.ses_rate == primary.ses_rate


def _title_of_resolved(primary: AffectedScope) -> str:
    if primary.is_firing:
        return "Resolved in this run:"
    return "Resolved:" if primary.was_interrupted else "Also resolved:"


def _scope_item(affected: AffectedScope, incident: IncidentNotification) -> str:
    """Return *affected* with its kind, rate, counts, severity and main contributor."""
    indicator, name = affected.stated_indicator, scope_with_kind(affected.alert.scope)
    if indicator is not incident.primary.stated_indicator and affected.alert.scope == ACCOUNT:
        name += f", {WORDING[indicator].noun}"
    if affected.closed_because:
        return name
    item = f"{name}: {rate_text(affected, indicator)}"
    if affected.is_firing and affected.is_on_bad_side and affected.severity:
        item += f", {affected.severity.key}"
        if affected.reason is Reason.DEESCALATED:
            item += f", no longer {Severity.CRITICAL.key}"
    if affected.is_firing and affected.contributor:
        item += f"; mainly {_contributor_name(affected.contributor, affected.alert.scope)}"
    return item


def _contributor_name(contributor: Scope, scope: Scope) -> str:
    """Return the name of *contributor*; only its provider if the rest is *scope* itself."""
    is_part = contributor.isp and contributor.at_all_providers == scope
    return f"at {contributor.display_names[Dimension.ISP]}" if is_part else scope_name(contributor)


def _background(incident: IncidentNotification) -> Iterator[str]:
    """Yield why the breach matters, and notes about the verdict."""
    primary = incident.primary
    if not isinstance(primary.verdict, NoEmail):
        yield f"Why it matters: {REMEDIATION[incident.indicator.counted].why}"
    if primary.evidence and primary.evidence.confidence is not None:
        yield _CONFIDENCE_NOTE
    resolutions = len(primary.alert.resolved_at)
    if resolutions >= FLAP_COUNT:
        side, cooldown = incident.indicator.good_side, format_duration(FLAP_COOLDOWN)
        yield (
            f"Flapping: resolved {resolutions} times in {format_duration(FLAP_WINDOW)}. RESOLVED "
            f"is sent only after {cooldown} {side} the threshold."
        )


def _links(incident: IncidentNotification, links: Links) -> Iterator[Link]:
    yield links.messages
    yield links.for_indicator(incident.indicator)
    yield Link("AWS documentation", REMEDIATION[incident.indicator.counted].source)


def _reference(incident: IncidentNotification, links: Links, now: datetime) -> Iterator[str]:
    """Yield the thresholds, the account, the run, and the id of the incident."""
    thresholds = _threshold_line(incident)
    if thresholds:
        yield thresholds
    last_day = f", data through {incident.last_day}" if incident.last_day else ""
    yield (
        f"{links.target}. Run {format_time(now)}{last_day}. Incident {incident.id}, notification "
        f"{incident.sequence}."
    )


def _threshold_line(incident: IncidentNotification) -> str:
    """Return the thresholds of the primary scope, and where to edit them.

    The line is empty if the rule is unknown, or the scope is no longer monitored.
    """
    if incident.rule is None or incident.primary.closed_because:
        return ""
    rule = incident.rule.for_scope(incident.primary.alert.scope)
    thresholds = [
        f"{percent(threshold.share)} ({threshold.severity.key})" for threshold in rule.thresholds
    ]
    custom_path = custom_rule_path(rule.source)
    how_to_change = (
        f" To change them, create {custom_path}; it replaces the default rule."
        if custom_path
        else ""
    )
    if rule.baseline_factor:
        thresholds.append(f"{rule.baseline_factor:g} times the baseline ({Severity.WARNING.key})")
    noun = "Threshold" if len(thresholds) == 1 else "Thresholds"
    return f"{noun}: {', '.join(thresholds)}, from SSM parameter {rule.source}.{how_to_change}"
