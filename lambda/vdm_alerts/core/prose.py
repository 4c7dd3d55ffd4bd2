"""The sentences of a notice, as a mail reader shows them: plain text, one paragraph a line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from vdm_alerts.core.advice import ADVICE, KIND_NAMES
from vdm_alerts.core.metrics import Dimension, Scope
from vdm_alerts.core.notices import Affected, Incident, Reason, Trouble
from vdm_alerts.core.rates import Indicator, percent
from vdm_alerts.core.rules import Rule
from vdm_alerts.core.verdicts import Breached, Evidence, Healthy, Unknown

MOST_SHOWN = 20
"""Scopes listed to a person; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where messages come from: the account and Region watched, and the path its rules are at."""

    account: str
    region: str
    rules_path: str

    def __str__(self) -> str:
        return f"Account {self.account} in {self.region}"


def incident_subject(incident: Incident) -> str:
    """Return the news in one line, its weight first."""
    match incident.severity, incident.reason:
        case None, _:
            weight, verb = "RESOLVED", "is back to"
        case severity, Reason.RESOLVED:
            weight, verb = f"{severity}, partly resolved", "is back to"
        case severity, Reason.ESCALATED:
            weight, verb = str(severity), "has risen to"
        case severity, Reason.FIRING:
            weight, verb = str(severity), "is"
    noun = ADVICE[incident.rule.indicator].noun.capitalize()
    rate = f"{f' {verb}' if incident.lead.evidence else ':'} {_rate(incident.lead)}"
    return f"[{weight}] {noun} {of(incident.lead.alert.scope)}{rate}"


def headline(incident: Incident) -> str:
    """Return what happened, where, and the figures that say so, in a sentence or two."""
    lead, rule = incident.lead, incident.rule
    subject = f"The {ADVICE[rule.indicator].noun} {of(lead.alert.scope)}"
    match lead.verdict:
        case Breached(threshold=threshold, evidence=evidence):
            line = f"your {percent(threshold.share)} {threshold.severity.name.lower()} threshold"
            passed = "has passed" if lead.reason else "is still above"
            return f"{subject} {passed} {line}: {sentence(rule.indicator, evidence)}."
        case Healthy(evidence=None):
            return f"{subject} is no longer above your threshold: no mail in {_longest(rule)}."
        case Healthy(evidence=evidence) if evidence:
            return (
                f"{subject} is back below your {percent(rule.thresholds[0].share)} threshold: "
                f"{sentence(rule.indicator, evidence)}."
            )
        case Healthy() | Unknown() | None:
            return f"{subject} cannot be read at the moment; it was above your threshold."


def sentence(indicator: Indicator, evidence: Evidence) -> str:
    """Return the counts, the window and the rate that a verdict rests on."""
    rate = evidence.rate
    return (
        f"{rate.events:,} of {rate.volume:,} mails {ADVICE[indicator].happened} "
        f"in the last {evidence.window} ({percent(rate.value)})"
    )


def incident_text(incident: Incident, origin: Origin, now: datetime) -> str:
    """Return the whole e-mail about *incident*."""
    advice = ADVICE[incident.rule.indicator]
    parts = [headline(incident), *others(incident)]
    if not incident.remembered:
        parts.append(
            "History unavailable: what was told before cannot be read at the moment, so this may "
            "repeat an earlier message."
        )
    if incident.severity:
        steps = [f"  {number}. {step}" for number, step in enumerate(advice.steps, 1)]
        parts.append("\n".join(["What to do:", *steps]))
        parts.append(f"Why it matters: {advice.why}\n{advice.source}")
    parts.append(
        f"{origin}, {stamp(now)}.{_since(incident, now)}\n"
        f"The thresholds are in the SSM parameter {origin.rules_path}/{incident.rule.name}.\n"
        f"Incident {incident.id}, message {incident.sequence}."
    )
    return "\n\n".join(parts) + "\n"


def others(incident: Incident) -> list[str]:
    """Return a paragraph on the scopes beside the lead that are affected, and on those mended."""
    rest = incident.affected[1:]
    firing = [one for one in rest if one.is_firing]
    mended = [one for one in rest if not one.is_firing]
    titled = (("Also above its threshold:", firing), ("No longer above its threshold:", mended))
    return ["\n".join([title, *_lines(group)]) for title, group in titled if group]


def trouble_subject(trouble: Trouble) -> str:
    """Return in one line whether the service can do its work."""
    match len(trouble.findings):
        case 0:
            return "[VDM Alerts] All is in order again"
        case 1:
            return "[VDM Alerts] Something needs mending before all mail is watched"
        case count:
            return f"[VDM Alerts] {count} things need mending before all mail is watched"


def trouble_text(trouble: Trouble, origin: Origin, now: datetime) -> str:
    """Return the whole e-mail about the service itself."""
    parts = []
    if trouble.findings:
        parts.append(
            "VDM Alerts cannot do all of its work, so silence does not mean that all is well."
        )
        parts += [
            f"{number}. {finding.what}.\n   {finding.remedy}."
            for number, finding in enumerate(trouble.findings, 1)
        ]
    else:
        parts.append("VDM Alerts can do all of its work again.")
    if trouble.mended:
        parts.append("\n".join(["Mended:", *(f"  {one.what}." for one in trouble.mended)]))
    parts.append(f"{origin}, {stamp(now)}.")
    return "\n\n".join(parts) + "\n"


def stamp(instant: datetime) -> str:
    """Return *instant* (UTC) to the minute, as a person reads it."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def of(scope: Scope) -> str:
    """Return *scope* as it follows "the bounce rate"."""
    words = {
        Dimension.IDENTITY: "of",
        Dimension.CONFIGURATION_SET: "of the configuration set",
        Dimension.ISP: "at",
    }
    parts = [f"{words[key]} {value}" for key, value in scope.dimensions.items()]
    return " ".join(parts) or f"of {scope}"


def kind_name(scope: Scope) -> str:
    """Return what sort of thing *scope* is, in words."""
    return " at ".join(KIND_NAMES[dimension] for dimension in scope.kind) or "all mail"


def _lines(affected: Sequence[Affected]) -> Iterator[str]:
    for one in affected[:MOST_SHOWN]:
        marked = f", {one.severity.name.lower()}" if one.severity else ""
        yield f"  {one.alert.scope} ({kind_name(one.alert.scope)}): {_rate(one)}{marked}"
    if len(affected) > MOST_SHOWN:
        yield f"  and {len(affected) - MOST_SHOWN:,} more"


def _rate(one: Affected) -> str:
    if one.evidence:
        return percent(one.evidence.rate.value)
    return "no mail any more" if isinstance(one.verdict, Healthy) else "not readable at the moment"


def _longest(rule: Rule) -> str:
    return f"the last {rule.windows[-1]}"


def _since(incident: Incident, now: datetime) -> str:
    began = min(one.since for one in incident.affected if one.since)
    if began == now:
        return ""
    return f" {'Going on since' if incident.severity else 'It began'} {stamp(began)}."
