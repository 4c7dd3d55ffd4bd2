"""The sentences of a notice, as a mail reader shows them: plain text, one paragraph a line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vdm_alerts.core.advice import ADVICE, KIND_NAMES
from vdm_alerts.core.metrics import Dimension, Scope
from vdm_alerts.core.notices import Affected, Incident, Reason, Trouble
from vdm_alerts.core.rates import Indicator, percent
from vdm_alerts.core.rules import Rule
from vdm_alerts.core.verdicts import Breached, Evidence, Healthy, Unknown

MOST_SHOWN = 20
"""Scopes listed to a person; the rest are counted."""

_AMNESIA = (
    "History unavailable: what was told before cannot be read or kept at the moment, so this may "
    "repeat an earlier message."
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
    """Return what happened, where, and the figures that say so; then the account's."""
    lead, rule = incident.lead, incident.rule
    subject = f"The {ADVICE[rule.indicator].noun} {of(lead.alert.scope)}"
    bad, good = _sides(rule)
    match lead.verdict:
        case Breached(threshold=threshold, evidence=evidence):
            line = f"your {percent(threshold.share)} {threshold.severity.name.lower()} threshold"
            fell = "has fallen below" if rule.indicator.low_is_bad else "has passed"
            passed = fell if lead.reason else f"is still {bad}"
            news = f"{subject} {passed} {line}: {sentence(rule.indicator, evidence)}."
        case Healthy(evidence=Evidence() as evidence):
            line = f"your {percent(rule.first_line.share)} threshold"
            news = f"{subject} is back {good} {line}: {sentence(rule.indicator, evidence)}."
        case Healthy():
            mail = f"no {ADVICE[rule.indicator].mail} in the last {rule.windows[-1]}"
            news = f"{subject} is not known any more, which proves nothing: {mail}."
        case Unknown() | None:
            news = f"{subject} cannot be read at the moment; it was {bad} your threshold."
    if incident.account is None or not lead.alert.scope.kind:
        return news
    return f"{news} Your whole account, which is what SES judges, is at {incident.account.rate}."


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
    parts = [headline(incident), *blame(incident), *others(incident)]
    if incident.severity:
        numbered = (f"  {number}. {step}" for number, step in enumerate(steps(incident, origin), 1))
        parts.append("\n".join(["What to do:", *numbered]))
        parts.append(f"Why it matters: {advice.why}\n{advice.source}")
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
    bad, _ = _sides(rule)
    titled = ((f"Also {bad} the threshold:", firing), (f"No longer {bad} it:", mended))
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


def span(length: timedelta) -> str:
    """Return *length* to the hour, as a person says it."""
    days, hours = divmod(round(length / timedelta(hours=1)), 24)
    parts = [
        f"{count} {unit}{'' if count == 1 else 's'}"
        for count, unit in ((days, "day"), (hours, "hour"))
        if count
    ]
    return " and ".join(parts) or "less than an hour"


def stamp(instant: datetime) -> str:
    """Return *instant* (UTC) to the minute, as a person reads it."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def of(scope: Scope) -> str:
    """Return *scope* as it follows "the bounce rate"."""
    words = {
        Dimension.IDENTITY: "of",
        Dimension.CONFIGURATION_SET: "of the configuration set",
        Dimension.TENANT: "of the tenant",
        Dimension.ISP: "at",
    }
    parts = [f"{words[key]} {value}" for key, value in scope.dimensions.items()]
    return " ".join(parts) or f"of {scope}"


def kind_name(scope: Scope) -> str:
    """Return what sort of thing *scope* is, in words."""
    return " at ".join(KIND_NAMES[dimension] for dimension in scope.kind) or "all mail"


def _sides(rule: Rule) -> tuple[str, str]:
    """Return on which side of *rule*'s thresholds it is bad to be, and on which it is good."""
    return ("below", "above") if rule.indicator.low_is_bad else ("above", "below")


def _lines(affected: Sequence[Affected], rule: Rule) -> Iterator[str]:
    for one in affected[:MOST_SHOWN]:
        marked = f", {one.severity.name.lower()}" if one.severity else ""
        yield f"  {one.alert.scope} ({kind_name(one.alert.scope)}): {_rate(one, rule)}{marked}"
    if len(affected) > MOST_SHOWN:
        yield f"  and {len(affected) - MOST_SHOWN:,} more"


def _rate(one: Affected, rule: Rule) -> str:
    if one.evidence:
        return percent(one.evidence.rate.value)
    if isinstance(one.verdict, Healthy):
        return f"no {ADVICE[rule.indicator].mail} any more"
    return "not readable at the moment"
