"""The sentences of a notice, as a mail reader shows them: plain text, one paragraph a line."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from vdm_alerts.core.alerts.alert import FLAPPING, LATELY, STEADY
from vdm_alerts.core.evaluation.verdicts import Healthy, Silent, Subject, Unknown, Unsure
from vdm_alerts.core.model.rates import Indicator, percent
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.timefmt import span, stamp
from vdm_alerts.core.model.wording import WORDING, kind_name
from vdm_alerts.core.notifications.affected import Affected
from vdm_alerts.core.notifications.incidents import Incident
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.notifications.rendering.remediation import (
    REMEDIATION,
    SILENCE_STEPS,
    pause_step,
)
from vdm_alerts.core.notifications.rendering.subjects import is_doubtful, rate_of
from vdm_alerts.core.rules.default_rules import own_source

MOST_SHOWN = 20
"""Scopes listed to a person; the rest are counted."""

_AMNESIA = (
    "History unavailable: what was told before cannot be read or kept at the moment. Until that is "
    "mended you are told at every run what is so then. That may repeat an earlier message, and no "
    "later one refers to it."
)

_SURENESS = (
    "How sure that is allows for feedback that comes late and for mailings that differ, and starts "
    "from the presumption that all is well."
)


def headline(incident: Incident) -> str:
    """Return what was judged, and how: the sentence of the verdict."""
    lead = incident.lead
    subject = Subject(incident.indicator, lead.alert.scope)
    if lead.unwatched:
        side, when = f"back {subject.good_side}", "by then"
        if lead.is_cut_short:
            side, when = subject.bad_side, "before"
        return f"{lead.unwatched}. {subject.begun} was {side} your threshold {when}."
    is_over = not lead.is_firing
    match lead.verdict:
        case Unknown() | None if is_over:
            was = f"{subject.begun} was back {subject.good_side} your threshold"
            return f"{was} when last read, and cannot be read now."
        case Healthy() | Unsure() as verdict if is_over and is_doubtful(lead):
            return (
                f"{subject.begun} was back {subject.good_side} your threshold when it ended. "
                f"{verdict}"
            )
        case Unknown() as verdict:
            return f"{verdict} It was {subject.bad_side} your threshold when last read."
        case None:
            return (
                f"{subject.begun} cannot be read at the moment; it was "
                f"{subject.bad_side} your threshold."
            )
        case verdict:
            return str(verdict)


def judged_by_ses(incident: Incident) -> list[str]:
    """Return a paragraph on the rate by which SES itself judges, while there is cause for it."""
    is_cause = incident.severity and not _is_silent(incident.lead)
    return [str(incident.estimate)] if incident.estimate and is_cause else []


def blame(incident: Incident) -> list[str]:
    """Return a paragraph on who is behind it, if anybody is in particular."""
    indicator, culprit = incident.indicator, incident.culprit
    if culprit is None or not incident.lead.is_firing:
        return []
    wording, rate = WORDING[indicator], culprit.evidence.rate
    whole = incident.lead.evidence
    is_whole = whole is not None and whole.rate == rate  # Then its rate has just been said.
    its_own = "" if is_whole else f", where the {wording.noun} is {rate}"
    return [f"{percent(culprit.share)} of these {wording.events}: {culprit.scope}{its_own}."]


def incident_text(incident: Incident, origin: Target, now: datetime) -> str:
    """Return the whole e-mail about *incident*."""
    remediation = REMEDIATION[incident.indicator]
    parts = [
        headline(incident),
        *blame(incident),
        *judged_by_ses(incident),
        *others(incident),
    ]
    if incident.severity:
        numbered = (f"  {number}. {step}" for number, step in enumerate(steps(incident, origin), 1))
        parts.append("\n".join(["What to do:", *numbered]))
    if incident.severity and not _is_silent(incident.lead):
        parts.append(f"Why it matters: {remediation.why}\n{remediation.source}")
    evidence = incident.lead.evidence
    if incident.severity and evidence and evidence.sure is not None:
        parts.append(_SURENESS)
    if incident.severity and (ends := incident.lead.alert.ends) and len(ends) >= FLAPPING:
        parts.append(
            f"This has come and gone {len(ends)} times in {span(LATELY)}: its end is told once it "
            f"has been over for {span(STEADY)}."
        )
    parts.append(
        f"{footer(incident, origin, now)}\n{_where(incident)}"
        f"Incident {incident.id}, message {incident.sequence}."
    )
    return "\n\n".join(parts) + "\n"


def _where(incident: Incident) -> str:
    """Return by which thresholds the lead is judged, and where to change them, if it is."""
    if incident.terms is None or incident.lead.unwatched:
        return ""
    rule = incident.terms.at(incident.lead.alert.scope)
    lines = [f"{percent(line.share)} ({line.severity.key})" for line in rule.thresholds]
    count = "threshold is" if len(lines) == 1 else "thresholds are"
    own = own_source(rule.source)
    how = f" To change that, save yours as {own}: it counts instead." if own else ""
    return f"The {count} {' and '.join(lines)}, by the SSM parameter {rule.source}.{how}\n"


def footer(incident: Incident, origin: Target, now: datetime) -> str:
    """Return where and when, and since when or for how long."""
    began = min(one.since for one in incident.affected if one.since)
    until = f" Days are counted until {incident.until}." if incident.until else ""
    place = f"{origin}, {stamp(now)}.{until}"
    if incident.severity is None:
        ends = [one.alert.ends[-1] for one in incident.affected if one.alert.ends]
        is_known = ends and not any(one.is_cut_short for one in incident.affected)
        lasted = f"lasted {span(max(ends) - began)}, from" if is_known else "began at"
        return f"{place} It {lasted} {stamp(began)}."
    return place if began == now else f"{place} Going on since {stamp(began)}."


def steps(incident: Incident, origin: Target) -> list[str]:
    """Return what to do, how to stop the mail first where that can be said."""
    if _is_silent(incident.lead):
        return list(SILENCE_STEPS)
    general = list(REMEDIATION[incident.indicator].steps)
    for one in incident.affected:
        is_bad = one.is_firing and not one.is_mending
        if (name := one.alert.scope.configuration_set) and is_bad:
            return [pause_step(name, origin), *general]
    return general


def others(incident: Incident, most: int = MOST_SHOWN) -> list[str]:
    """Return a paragraph each on what else is affected, on what is mended, and on lost memory.

    Each lists *most* scopes, and counts the rest.
    """
    rest = incident.affected[1:]
    bad, good = ("below", "above") if incident.indicator.low_is_bad else ("above", "below")
    firing = [one for one in rest if one.is_firing and not one.is_mending]
    again = "Also" if incident.lead.is_firing else "Still"
    titled = {
        f"{again} {bad} the threshold:": [one for one in firing if not _is_silent(one)],
        f"{again} without mail:": [one for one in firing if _is_silent(one)],
        f"{good.capitalize()} the threshold for now:": [one for one in rest if one.is_mending],
        f"No longer {bad} it:": [one for one in rest if not (one.is_firing or one.is_cut_short)],
        "Watched no longer:": [one for one in rest if one.is_cut_short],
    }
    paragraphs = [
        "\n".join([title, *_lines(group, incident.indicator, most)])
        for title, group in titled.items()
        if group
    ]
    return paragraphs if incident.remembered else [*paragraphs, _AMNESIA]


def _is_silent(one: Affected) -> bool:
    """Say whether no mail is what is wrong."""
    return isinstance(one.verdict, Silent)


def _lines(affected: Sequence[Affected], indicator: Indicator, most: int) -> Iterator[str]:
    for one in affected[:most]:
        rate = "" if one.unwatched else f": {rate_of(one, indicator)}{_marks(one)}"
        yield f"  {one.alert.scope} ({kind_name(one.alert.scope)}){rate}"
    if (more := len(affected) - most) > 0:
        yield f"  and {more:,} more"


def _marks(one: Affected) -> str:
    """Return how bad it is, whether it was worse, and what explains it."""
    marks = [one.severity.key] if one.severity and not one.is_mending else []
    if one.reason is Reason.DEESCALATED:
        marks.append(f"no longer {Severity.CRITICAL.key}")
    if one.is_firing and one.cause:
        marks.append(f"because of {one.cause}")
    return "".join(f", {mark}" for mark in marks)
