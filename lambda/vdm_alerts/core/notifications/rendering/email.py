"""The text about one incident: plain text, one line per paragraph.

The chat format and the digest consist of the same paragraphs.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from vdm_alerts.core.alerts.alert import FLAP_COOLDOWN, FLAP_COUNT, FLAP_WINDOW
from vdm_alerts.core.evaluation.verdicts import Healthy, Inconclusive, NoEmail, Subject, Unknown
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.rates import Indicator, percent
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.timefmt import format_duration, format_time
from vdm_alerts.core.model.wording import WORDING, count_of, kind_name
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.common_provider import CommonProvider
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.notifications.rendering.remediation import (
    NO_EMAIL_STEPS,
    REMEDIATION,
    pause_step,
    provider_step,
)
from vdm_alerts.core.notifications.rendering.subjects import (
    has_reached_threshold_again,
    rate_text,
)
from vdm_alerts.core.rules.default_rules import custom_rule_path

MAX_LISTED = 20
"""Items in a list of the text, such as scopes or findings; the rest are counted."""

_HISTORY_UNAVAILABLE = (
    "History unavailable: what was told before cannot be read or kept at the moment. Until that is "
    "mended you are told at every run what is so then. That may repeat an earlier message, and no "
    "later one refers to it."
)
_HISTORY_LOST = (
    "History unavailable: what was stored about a scope in this notification was damaged. This may "
    "repeat an earlier notification, whose incident then gets no further one."
)

_CONFIDENCE_NOTE = (
    "How sure that is allows for feedback that comes late and for mailings that differ, and starts "
    "from the presumption that all is well."
)


def incident_text(incident: IncidentNotification, target: Target, now: datetime) -> str:
    """Return the body of the email about *incident*."""
    reference = f"Incident {incident.id}, message {incident.sequence}."
    parts = [
        verdict_sentence(incident),
        *contributor_paragraph(incident),
        *account_risk(incident),
        *other_scopes(incident),
        *(_open_incident_paragraphs(incident, target) if incident.severity else []),
        f"{footer(incident, target, now)}\n{_threshold_line(incident)}{reference}",
    ]
    return "\n\n".join(parts) + "\n"


def verdict_sentence(incident: IncidentNotification) -> str:
    """Return the verdict on the primary scope, after the common provider if that is another."""
    if incident.provider and not incident.provider.own_alert:
        return f"{_provider_sentence(incident, incident.provider)} {_primary_sentence(incident)}"
    return _primary_sentence(incident)


def _primary_sentence(incident: IncidentNotification) -> str:
    primary = incident.primary
    subject = Subject(incident.indicator, primary.alert.scope)
    if primary.closed_because:
        side, when = f"back {subject.good_side}", "by then"
        if primary.was_interrupted:
            side, when = subject.bad_side, "before"
        was = f"{subject.capitalized} was {side} your threshold {when}."
        return f"{primary.closed_because}. {was}"
    is_resolved = not primary.is_firing
    match primary.verdict:
        case Unknown() | None if is_resolved:
            was = f"{subject.capitalized} was back {subject.good_side} your threshold"
            return f"{was} when last read, and cannot be read now."
        case Healthy() | Inconclusive() as verdict if is_resolved and has_reached_threshold_again(
            primary
        ):
            was = f"{subject.capitalized} was back {subject.good_side} your threshold"
            return f"{was} when it ended. {verdict}"
        case Unknown() as verdict:
            return f"{verdict} It was {subject.bad_side} your threshold when last read."
        case None:
            return (
                f"{subject.capitalized} cannot be read at the moment; it was "
                f"{subject.bad_side} your threshold."
            )
        case verdict:
            return str(verdict)


def contributor_paragraph(incident: IncidentNotification) -> list[str]:
    """Return a paragraph about the main contributor, or about what a common provider causes."""
    if incident.provider and incident.provider.own_alert:
        return [_provider_sentence(incident, incident.provider)]
    contributor, evidence = incident.contributor, incident.primary.evidence
    if contributor is None or not incident.primary.is_firing:
        return []
    wording, rate = WORDING[incident.indicator], contributor.evidence.rate
    # If the contributor has all emails of the scope, the first sentence states the same rate.
    is_stated = evidence is not None and evidence.rate == rate
    own_rate = "" if is_stated else f", where the {wording.noun} is {rate}"
    return [
        f"{percent(contributor.share)} of these {wording.events}: {contributor.scope}{own_rate}."
    ]


def _provider_sentence(incident: IncidentNotification, provider: CommonProvider) -> str:
    """Return the sentence that says how many senders the provider affects."""
    wording, senders = WORDING[incident.indicator], count_of(provider.kind, provider.senders)
    where = f"{wording.events} are at {provider.isp}"
    if provider.own_alert:
        return f"{senders} are above the threshold because most of their {where}."
    return (
        f"{senders} are above the threshold because most of their {where}. "
        f"Together, their {wording.noun} there is {provider.rate}."
    )


def account_risk(incident: IncidentNotification) -> list[str]:
    """Return a paragraph about the account rate of an open incident."""
    is_open = incident.severity and not _is_about_no_email(incident.primary)
    return [str(incident.estimate)] if incident.estimate and is_open else []


def other_scopes(incident: IncidentNotification, max_scopes: int = MAX_LISTED) -> list[str]:
    """Return a paragraph per group of other scopes, such as resolved ones.

    A paragraph lists at most *max_scopes* scopes, and counts the rest. If the alert history is
    unavailable, the last paragraph says so.
    """
    paragraphs = [
        "\n".join([title, *_scope_lines(scopes, incident.indicator, max_scopes)])
        for title, scopes in _grouped_by_title(incident).items()
        if scopes
    ]
    if incident.has_history:
        return paragraphs
    return [*paragraphs, _HISTORY_LOST if incident.is_history_lost else _HISTORY_UNAVAILABLE]


def remediation_steps(incident: IncidentNotification, target: Target) -> list[str]:
    """Return the next steps.

    The first step is about the common provider, or pauses the first configuration set that is
    firing.
    """
    if _is_about_no_email(incident.primary):
        return list(NO_EMAIL_STEPS)
    general = list(REMEDIATION[incident.indicator].steps)
    if incident.provider:
        return [provider_step(incident.provider.isp), *general]
    for affected in incident.affected:
        name = affected.alert.scope.configuration_set
        if name and affected.is_firing and not affected.is_recovering:
            return [pause_step(name, target), *general]
    return general


def footer(incident: IncidentNotification, target: Target, now: datetime) -> str:
    """Return the target, the time, the last counted day, and the duration."""
    started = min(affected.since for affected in incident.affected if affected.since)
    last_day = f" Days are counted until {incident.last_day}." if incident.last_day else ""
    reference = f"{target}, {format_time(now)}.{last_day}"
    if incident.severity is None:
        return f"{reference} It {_ended_phrase(incident, started)} {format_time(started)}."
    if started == now:
        return reference
    return f"{reference} Going on since {format_time(started)}."


def _open_incident_paragraphs(incident: IncidentNotification, target: Target) -> Iterator[str]:
    """Yield the steps, why they matter, and notes about the verdict."""
    primary = incident.primary
    steps = enumerate(remediation_steps(incident, target), 1)
    yield "\n".join(["What to do:", *(f"  {number}. {step}" for number, step in steps)])
    if not _is_about_no_email(primary):
        remediation = REMEDIATION[incident.indicator]
        yield f"Why it matters: {remediation.why}\n{remediation.source}"
    if primary.evidence and primary.evidence.confidence is not None:
        yield _CONFIDENCE_NOTE
    resolutions = len(primary.alert.resolved_at)
    if resolutions >= FLAP_COUNT:
        yield (
            f"This has come and gone {resolutions} times in {format_duration(FLAP_WINDOW)}: its "
            f"end is told once it has been over for {format_duration(FLAP_COOLDOWN)}."
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
    verb = "threshold is" if len(thresholds) == 1 else "thresholds are"
    custom_path = custom_rule_path(rule.source)
    how_to_change = (
        f" To change that, save yours as {custom_path}: it counts instead." if custom_path else ""
    )
    values = " and ".join(thresholds)
    return f"The {verb} {values}, by the SSM parameter {rule.source}.{how_to_change}\n"


def _ended_phrase(incident: IncidentNotification, started: datetime) -> str:
    """Return how long a closed incident lasted, if all of its ends are known."""
    end_times = [
        affected.alert.resolved_at[-1]
        for affected in incident.affected
        if affected.alert.resolved_at
    ]
    if not end_times or any(affected.was_interrupted for affected in incident.affected):
        return "began at"
    return f"lasted {format_duration(max(end_times) - started)}, from"


def _grouped_by_title(incident: IncidentNotification) -> Mapping[str, Sequence[AffectedScope]]:
    """Return the scopes after the primary one, by paragraph title."""
    others = incident.affected[1:]
    low_is_bad = incident.indicator.low_is_bad
    bad_side, good_side = ("below", "above") if low_is_bad else ("above", "below")
    firing = [scope for scope in others if scope.is_firing and not scope.is_recovering]
    also = "Also" if incident.primary.is_firing else "Still"
    return {
        f"{also} {bad_side} the threshold:": [
            scope for scope in firing if not _is_about_no_email(scope)
        ],
        f"{also} without mail:": [scope for scope in firing if _is_about_no_email(scope)],
        f"{good_side.capitalize()} the threshold for now:": [
            scope for scope in others if scope.is_recovering
        ],
        f"No longer {bad_side} it:": [
            scope for scope in others if not (scope.is_firing or scope.was_interrupted)
        ],
        "Watched no longer:": [scope for scope in others if scope.was_interrupted],
    }


def _scope_lines(
    scopes: Sequence[AffectedScope], indicator: Indicator, max_scopes: int
) -> Iterator[str]:
    for affected in scopes[:max_scopes]:
        scope = affected.alert.scope
        rate = f": {rate_text(affected, indicator)}{_remarks(affected)}"
        yield f"  {scope} ({kind_name(scope)}){'' if affected.closed_because else rate}"
    if (omitted := len(scopes) - max_scopes) > 0:
        yield f"  and {omitted:,} more"


def _remarks(affected: AffectedScope) -> str:
    """Return the severity, a note on a lower one, and the contributor."""
    remarks = [affected.severity.key] if affected.severity and not affected.is_recovering else []
    if affected.reason is Reason.DEESCALATED:
        remarks.append(f"no longer {Severity.CRITICAL.key}")
    if affected.is_firing and affected.contributor:
        remarks.append(_contributor_remark(affected.alert.scope, affected.contributor))
    return "".join(f", {remark}" for remark in remarks)


def _contributor_remark(scope: Scope, contributor: Scope) -> str:
    """Return the remark about the main contributor, without the name of *scope*."""
    if contributor.isp and contributor.at_all_providers == scope:
        return f"mostly at {contributor.isp}"
    return f"because of {contributor}"


def _is_about_no_email(affected: AffectedScope) -> bool:
    """Return whether the lack of emails is the breach."""
    return isinstance(affected.verdict, NoEmail)
