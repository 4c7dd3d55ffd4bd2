"""The sentences of a notice, as a mail reader shows them: plain text, one paragraph a line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from vdm_alerts.core.advice import ADVICE, SILENCE_STEPS, kind_name, of
from vdm_alerts.core.instants import span, stamp
from vdm_alerts.core.rates import percent
from vdm_alerts.core.rules import Rule
from vdm_alerts.core.telling.notices import Affected, Incident, Reason, Trouble
from vdm_alerts.core.verdicts import Healthy, Silent, Subject, Unknown

MOST_SHOWN = 20
"""Scopes listed to a person; the rest are counted."""

_AMNESIA = (
    "History unavailable: what was told before cannot be read or kept at the moment, so this may "
    "repeat an earlier message."
)

_SURENESS = (
    "How sure that is allows for feedback that comes late and for mailings that differ, and starts "
    "from the presumption that all is well."
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where messages come from: the account and Region that are watched."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"Account {self.account} in {self.region}"


def incident_subject(incident: Incident) -> str:
    """Return the news in one line, its weight first."""
    match incident.severity, incident.reason:
        case None, _:
            weight, verb = "ENDED" if incident.faded else "RESOLVED", "is back to"
        case severity, Reason.RESOLVED:
            weight, verb = f"{severity}, partly resolved", "is back to"
        case _, Reason.ESCALATED:
            falls = incident.rule.indicator.low_is_bad
            weight = str(incident.lead.severity)
            verb = "has fallen to" if falls else "has risen to"
        case _, Reason.FIRING:
            weight, verb = str(incident.lead.severity), "is"
    noun = ADVICE[incident.rule.indicator].noun.capitalize()
    found = _rate(incident.lead, incident.rule)
    rate = f"{f' {verb}' if incident.lead.evidence else ':'} {found}"
    return f"[{weight}] {noun} {of(incident.lead.alert.scope)}{rate}"


def headline(incident: Incident) -> str:
    """Return what was judged, and how: the sentence of the verdict."""
    lead, rule = incident.lead, incident.rule
    subject = Subject(rule.indicator, lead.alert.scope)
    match lead.verdict:
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
    is_cause = incident.severity and not _is_of_silence(incident)
    return [str(incident.estimate)] if incident.estimate and is_cause else []


def blame(incident: Incident) -> list[str]:
    """Return a paragraph on who is behind it, if anybody is in particular."""
    indicator, culprit = incident.rule.indicator, incident.culprit
    if culprit is None:
        return []
    advice, rate = ADVICE[indicator], culprit.evidence.rate
    whole = incident.lead.evidence
    is_whole = whole is not None and whole.rate == rate  # Then its rate has just been said.
    its_own = "" if is_whole else f", where the {advice.noun} is {rate}"
    return [f"{percent(culprit.share)} of these {advice.events}: {culprit.scope}{its_own}."]


def incident_text(incident: Incident, origin: Origin, now: datetime) -> str:
    """Return the whole e-mail about *incident*."""
    advice = ADVICE[incident.rule.indicator]
    parts = [
        headline(incident),
        *blame(incident),
        *judged_by_ses(incident),
        *others(incident),
    ]
    if incident.severity:
        numbered = (f"  {number}. {step}" for number, step in enumerate(steps(incident, origin), 1))
        parts.append("\n".join(["What to do:", *numbered]))
    if incident.severity and not _is_of_silence(incident):
        parts.append(f"Why it matters: {advice.why}\n{advice.source}")
    evidence = incident.lead.evidence
    if incident.severity and evidence and evidence.sure is not None:
        parts.append(_SURENESS)
    parts.append(
        f"{footer(incident, origin, now)}\n"
        f"The thresholds are in the SSM parameter {incident.rule.source}.\n"
        f"Incident {incident.id}, message {incident.sequence}."
    )
    return "\n\n".join(parts) + "\n"


def footer(incident: Incident, origin: Origin, now: datetime) -> str:
    """Return where and when, and since when or for how long."""
    began = min(one.since for one in incident.affected if one.since)
    until = f" Days are counted until {incident.until}." if incident.until else ""
    place = f"{origin}, {stamp(now)}.{until}"
    if incident.severity is None:
        return f"{place} It lasted {span(now - began)}, from {stamp(began)}."
    return place if began == now else f"{place} Going on since {stamp(began)}."


def steps(incident: Incident, origin: Origin) -> list[str]:
    """Return what to do, how to stop the mail first where that can be said."""
    if _is_of_silence(incident):
        return list(SILENCE_STEPS)
    general = list(ADVICE[incident.rule.indicator].steps)
    for one in incident.affected:
        if (name := one.alert.scope.configuration_set) and one.is_firing:
            stop = (
                f"To stop at once all that is sent with the configuration set {name} (whoever "
                "sends gets an error until --sending-enabled switches it on again): "
                f"aws sesv2 put-configuration-set-sending-options --region {origin.region} "
                f"--configuration-set-name {name} --no-sending-enabled"
            )
            return [stop, *general]
    return general


def others(incident: Incident) -> list[str]:
    """Return a paragraph each on what else is affected, on what is mended, and on lost memory."""
    rest = incident.affected[1:]
    firing = [one for one in rest if one.is_firing]
    mended = [one for one in rest if not one.is_firing]
    rule = incident.rule
    bad = "below" if rule.indicator.low_is_bad else "above"
    also = "Also without mail:" if _is_of_silence(incident) else f"Also {bad} the threshold:"
    titled = ((also, firing), (f"No longer {bad} it:", mended))
    paragraphs = [
        "\n".join([title, *_lines(group, incident.rule)]) for title, group in titled if group
    ]
    return paragraphs if incident.remembered else [*paragraphs, _AMNESIA]


def trouble_subject(trouble: Trouble) -> str:
    """Return the worst of what is wrong in one line, and how much else is."""
    if not trouble.findings:
        return "[OK] All is in order again"
    worst, *more = trouble.findings
    return f"[{trouble.severity}] {worst.what}{f', and {len(more)} more' if more else ''}"


def trouble_text(trouble: Trouble, origin: Origin, now: datetime) -> str:
    """Return the whole e-mail about what is wrong beside the rates."""
    parts = [] if trouble.findings else ["All is in order again."]
    for number, finding in enumerate(trouble.findings[:MOST_SHOWN], 1):
        details = f"\n{finding.details}\n" if finding.details else ""
        stop = "" if finding.command else "."
        parts.append(f"{number}. {finding.what}.{details}\n   {finding.mending}{stop}")
    if any(finding.hinders for finding in trouble.findings):
        parts.append(
            "Until that is mended VDM Alerts cannot do all of its work, and its silence does not "
            "mean that all is well."
        )
    if trouble.gone:
        parts.append("\n".join(["No longer so:", *(f"  {one.what}." for one in trouble.gone)]))
    parts.append(f"{origin}, {stamp(now)}.")
    return "\n\n".join(parts) + "\n"


def _is_of_silence(incident: Incident) -> bool:
    """Say whether no mail is what is wrong."""
    return isinstance(incident.lead.verdict, Silent)


def _lines(affected: Sequence[Affected], rule: Rule) -> Iterator[str]:
    for one in affected[:MOST_SHOWN]:
        marked = f", {one.severity.name.lower()}" if one.severity else ""
        yield f"  {one.alert.scope} ({kind_name(one.alert.scope)}): {_rate(one, rule)}{marked}"
    if len(affected) > MOST_SHOWN:
        yield f"  and {len(affected) - MOST_SHOWN:,} more"


def _rate(one: Affected, rule: Rule) -> str:
    if one.evidence:
        return percent(one.evidence.rate.value)
    if isinstance(one.verdict, Healthy | Silent):
        return f"no {ADVICE[rule.indicator].mail} any more"
    return "not readable at the moment"
