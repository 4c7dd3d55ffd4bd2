"""The sentences of a notice, as a mail reader shows them: plain text, one paragraph a line."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from vdm_alerts.core.alerts.alert import FLAP_COOLDOWN, FLAP_COUNT, FLAP_WINDOW
from vdm_alerts.core.evaluation.verdicts import Healthy, Inconclusive, NoEmail, Subject, Unknown
from vdm_alerts.core.model.rates import Indicator, percent
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.timefmt import format_duration, format_time
from vdm_alerts.core.model.wording import WORDING, kind_name
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.notifications.rendering.remediation import (
    NO_EMAIL_STEPS,
    REMEDIATION,
    pause_step,
)
from vdm_alerts.core.notifications.rendering.subjects import is_back_above_threshold, rate_of
from vdm_alerts.core.rules.default_rules import custom_rule_path

MAX_LISTED = 20
"""Scopes listed to a person; the rest are counted."""

_HISTORY_UNAVAILABLE = (
    "History unavailable: what was told before cannot be read or kept at the moment. Until that is "
    "mended you are told at every run what is so then. That may repeat an earlier message, and no "
    "later one refers to it."
)

_CONFIDENCE_NOTE = (
    "How sure that is allows for feedback that comes late and for mailings that differ, and starts "
    "from the presumption that all is well."
)


def headline(incident: IncidentNotification) -> str:
    """Return what was judged, and how: the sentence of the verdict."""
    lead = incident.primary
    subject = Subject(incident.indicator, lead.alert.scope)
    if lead.closed_because:
        side, when = f"back {subject.good_side}", "by then"
        if lead.was_interrupted:
            side, when = subject.bad_side, "before"
        return f"{lead.closed_because}. {subject.capitalized} was {side} your threshold {when}."
    is_over = not lead.is_firing
    match lead.verdict:
        case Unknown() | None if is_over:
            was = f"{subject.capitalized} was back {subject.good_side} your threshold"
            return f"{was} when last read, and cannot be read now."
        case Healthy() | Inconclusive() as verdict if is_over and is_back_above_threshold(lead):
            return (
                f"{subject.capitalized} was back {subject.good_side} your threshold when it ended. "
                f"{verdict}"
            )
        case Unknown() as verdict:
            return f"{verdict} It was {subject.bad_side} your threshold when last read."
        case None:
            return (
                f"{subject.capitalized} cannot be read at the moment; it was "
                f"{subject.bad_side} your threshold."
            )
        case verdict:
            return str(verdict)


def account_risk(incident: IncidentNotification) -> list[str]:
    """Return a paragraph on the rate by which SES itself judges, while there is cause for it."""
    is_cause = incident.severity and not _is_about_no_email(incident.primary)
    return [str(incident.estimate)] if incident.estimate and is_cause else []


def contributor_paragraph(incident: IncidentNotification) -> list[str]:
    """Return a paragraph on who is behind it, if anybody is in particular."""
    indicator, culprit = incident.indicator, incident.contributor
    if culprit is None or not incident.primary.is_firing:
        return []
    wording, rate = WORDING[indicator], culprit.evidence.rate
    whole = incident.primary.evidence
    is_whole = whole is not None and whole.rate == rate  # Then its rate has just been said.
    its_own = "" if is_whole else f", where the {wording.noun} is {rate}"
    return [f"{percent(culprit.share)} of these {wording.events}: {culprit.scope}{its_own}."]


def incident_text(incident: IncidentNotification, target: Target, now: datetime) -> str:
    """Return the whole e-mail about *incident*."""
    remediation = REMEDIATION[incident.indicator]
    parts = [
        headline(incident),
        *contributor_paragraph(incident),
        *account_risk(incident),
        *other_scopes(incident),
    ]
    if incident.severity:
        numbered = (
            f"  {number}. {step}"
            for number, step in enumerate(remediation_steps(incident, target), 1)
        )
        parts.append("\n".join(["What to do:", *numbered]))
    if incident.severity and not _is_about_no_email(incident.primary):
        parts.append(f"Why it matters: {remediation.why}\n{remediation.source}")
    evidence = incident.primary.evidence
    if incident.severity and evidence and evidence.confidence is not None:
        parts.append(_CONFIDENCE_NOTE)
    if (
        incident.severity
        and (ends := incident.primary.alert.resolved_at)
        and len(ends) >= FLAP_COUNT
    ):
        parts.append(
            f"This has come and gone {len(ends)} times in {format_duration(FLAP_WINDOW)}: its end "
            f"is told once it has been over for {format_duration(FLAP_COOLDOWN)}."
        )
    parts.append(
        f"{footer(incident, target, now)}\n{_where(incident)}"
        f"Incident {incident.id}, message {incident.sequence}."
    )
    return "\n\n".join(parts) + "\n"


def _where(incident: IncidentNotification) -> str:
    """Return by which thresholds the lead is judged, and where to change them, if it is."""
    if incident.rule is None or incident.primary.closed_because:
        return ""
    rule = incident.rule.for_scope(incident.primary.alert.scope)
    lines = [f"{percent(line.share)} ({line.severity.key})" for line in rule.thresholds]
    count = "threshold is" if len(lines) == 1 else "thresholds are"
    own = custom_rule_path(rule.source)
    how = f" To change that, save yours as {own}: it counts instead." if own else ""
    return f"The {count} {' and '.join(lines)}, by the SSM parameter {rule.source}.{how}\n"


def footer(incident: IncidentNotification, target: Target, now: datetime) -> str:
    """Return where and when, and since when or for how long."""
    began = min(one.since for one in incident.affected if one.since)
    until = f" Days are counted until {incident.last_day}." if incident.last_day else ""
    place = f"{target}, {format_time(now)}.{until}"
    if incident.severity is None:
        ends = [one.alert.resolved_at[-1] for one in incident.affected if one.alert.resolved_at]
        is_known = ends and not any(one.was_interrupted for one in incident.affected)
        lasted = f"lasted {format_duration(max(ends) - began)}, from" if is_known else "began at"
        return f"{place} It {lasted} {format_time(began)}."
    return place if began == now else f"{place} Going on since {format_time(began)}."


def remediation_steps(incident: IncidentNotification, target: Target) -> list[str]:
    """Return what to do, how to stop the mail first where that can be said."""
    if _is_about_no_email(incident.primary):
        return list(NO_EMAIL_STEPS)
    general = list(REMEDIATION[incident.indicator].steps)
    for one in incident.affected:
        is_bad = one.is_firing and not one.is_recovering
        if (name := one.alert.scope.configuration_set) and is_bad:
            return [pause_step(name, target), *general]
    return general


def other_scopes(incident: IncidentNotification, most: int = MAX_LISTED) -> list[str]:
    """Return a paragraph each on what else is affected, on what is mended, and on lost memory.

    Each lists *most* scopes, and counts the rest.
    """
    rest = incident.affected[1:]
    bad, good = ("below", "above") if incident.indicator.low_is_bad else ("above", "below")
    firing = [one for one in rest if one.is_firing and not one.is_recovering]
    again = "Also" if incident.primary.is_firing else "Still"
    titled = {
        f"{again} {bad} the threshold:": [one for one in firing if not _is_about_no_email(one)],
        f"{again} without mail:": [one for one in firing if _is_about_no_email(one)],
        f"{good.capitalize()} the threshold for now:": [one for one in rest if one.is_recovering],
        f"No longer {bad} it:": [one for one in rest if not (one.is_firing or one.was_interrupted)],
        "Watched no longer:": [one for one in rest if one.was_interrupted],
    }
    paragraphs = [
        "\n".join([title, *_lines(group, incident.indicator, most)])
        for title, group in titled.items()
        if group
    ]
    return paragraphs if incident.has_history else [*paragraphs, _HISTORY_UNAVAILABLE]


def _is_about_no_email(one: AffectedScope) -> bool:
    """Say whether no mail is what is wrong."""
    return isinstance(one.verdict, NoEmail)


def _lines(affected: Sequence[AffectedScope], indicator: Indicator, most: int) -> Iterator[str]:
    for one in affected[:most]:
        rate = "" if one.closed_because else f": {rate_of(one, indicator)}{_marks(one)}"
        yield f"  {one.alert.scope} ({kind_name(one.alert.scope)}){rate}"
    if (more := len(affected) - most) > 0:
        yield f"  and {more:,} more"


def _marks(one: AffectedScope) -> str:
    """Return how bad it is, whether it was worse, and what explains it."""
    marks = [one.severity.key] if one.severity and not one.is_recovering else []
    if one.reason is Reason.DEESCALATED:
        marks.append(f"no longer {Severity.CRITICAL.key}")
    if one.is_firing and one.contributor:
        marks.append(f"because of {one.contributor}")
    return "".join(f", {mark}" for mark in marks)
