"""Sentences about the figures of one scope: rate, threshold, counts and confidence."""

from datetime import datetime

from vdm_alerts.core.evaluation.explanation import confidence_text
from vdm_alerts.core.evaluation.ses_estimate import (
    PACE_WINDOW,
    AccountRateEstimate,
    DistanceToLevel,
)
from vdm_alerts.core.evaluation.ses_rates import HISTORY, SES_LEVELS, SesRates
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Evidence,
    Healthy,
    Inconclusive,
    NoEmail,
    Unknown,
    Verdict,
)
from vdm_alerts.core.model.bounded_text import bounded
from vdm_alerts.core.model.mailbox_providers import DISPLAY_NAMES
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Window
from vdm_alerts.core.model.rates import Indicator, SesRate, percent
from vdm_alerts.core.model.timefmt import format_duration, format_time
from vdm_alerts.core.model.wording import WORDING, kind_name, number_of
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.rules.rule import PlainComparison, Rule, Threshold

MAX_SCOPE_SIZE = 640
"""Bytes of a scope in a text. No scope of SES is longer: a name has at most 320 characters.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateEmailIdentity.html
"""


def capitalized(text: str) -> str:
    """Return *text* with a capital first letter."""
    return text[:1].upper() + text[1:]


def side_of(threshold: Threshold, value: float, indicator: Indicator) -> str:
    """Return "above" or "below": the side of *threshold* that the rate *value* is on.

    The threshold itself is on the bad side.
    """
    is_bad = threshold.is_reached_by(value, indicator)
    return indicator.bad_side if is_bad else indicator.good_side


def threshold_phrase(threshold: Threshold, *, with_severity: bool = True) -> str:
    """Return the words for *threshold* that follow "above" or "below"."""
    share = percent(threshold.share)
    if threshold.baseline:
        baseline = threshold.baseline
        rate = baseline.rate
        counts = f"{rate.events:,} of {rate.volume:,} emails in the {baseline.window} before"
        return (
            f"{share}, which is {baseline.factor:g} times its baseline of {percent(rate.value)} "
            f"({counts}), plus a margin"
        )
    return f"your {share} {f'{threshold.severity.key} ' if with_severity else ''}threshold"


def certainty_sentence(affected: AffectedScope, rule: Rule | None) -> str:
    """Return how certain the verdict on *affected* is; empty if nothing is known about that."""
    verdict, evidence = affected.verdict, affected.evidence
    if affected.ses_rate:
        is_breach = isinstance(verdict, Breached) and not affected.closed_because
        known = "Confidence: not estimated, because SES reviews the account by this rate."
        return known if is_breach else ""
    if evidence is None or affected.closed_because:
        return ""
    if evidence.confidence is not None:
        return _confidence_sentence(evidence.confidence, verdict)
    if isinstance(verdict, Breached):
        return _certainty_of_counted_rate(affected, rule)
    if isinstance(verdict, Inconclusive) or affected.is_firing or affected.is_on_bad_side:
        return _too_little_data(verdict) if isinstance(verdict, Healthy | Inconclusive) else ""
    return ""


def _confidence_sentence(confidence: float, verdict: Verdict | None) -> str:
    """Return the confidence, and what it is the confidence of."""
    text = f"Confidence: {confidence_text(confidence)}"
    if not isinstance(verdict, Breached | Healthy):
        return f"{text}."
    indicator = verdict.subject.indicator
    side = indicator.bad_side if isinstance(verdict, Breached) else indicator.good_side
    return f"{text} that the true rate is {side} {percent(verdict.threshold.share)}."


def _certainty_of_counted_rate(affected: AffectedScope, rule: Rule | None) -> str:
    """Return why the verdict on a counted rate states no confidence."""
    if rule and isinstance(rule.confidence, PlainComparison):
        return "Confidence: not estimated, because this rule compares the counted rate."
    if affected.alert.scope == ACCOUNT:
        return "Confidence: not estimated, because SES reviews the counted rate of the account."
    return ""


def _too_little_data(verdict: Healthy | Inconclusive) -> str:
    limit = percent(verdict.threshold.share)
    return f"Too little data to be confident that the rate is above or below {limit}."


def settling_sentence(affected: AffectedScope, now: datetime) -> str:
    """Return that the figures of *affected* can still change; empty if they cannot.

    Bounces and complaints are added to a day, and hardly ever taken away. So that matters if the
    rate is in range, and a breach needs no such note.
    """
    evidence = affected.evidence
    if evidence is None or affected.is_on_bad_side or evidence.is_settled(now):
        return ""
    return "Figures of the last two days can still change."


def since_sentence(affected: AffectedScope, now: datetime) -> str:
    """Return since when the alert is open; empty if that is unknown."""
    since = affected.since
    if since is None:
        return ""
    if since == now:
        return f"Alert opened: {format_time(since)} (now)."
    return f"Alert open since: {format_time(since)} ({format_duration(now - since)})."


def rate_text(affected: AffectedScope, indicator: Indicator) -> str:
    """Return the rate of *affected* with its counts, or why there is none."""
    if affected.ses_rate:
        return str(affected.ses_rate)
    match affected.verdict:
        case Breached(evidence=Evidence() as evidence) | Healthy(evidence=Evidence() as evidence):
            return str(evidence.rate)
        case Inconclusive(evidence=Evidence() as evidence):
            return f"{evidence.rate}, too little data to be confident"
        case Healthy(window=window) | NoEmail(window=window) | Inconclusive(window=window):
            return no_email_phrase(indicator, window)
        case Breached() | Unknown() | None:
            return f"unreadable{last_reported(affected)}"


def last_reported(affected: AffectedScope) -> str:
    """Return the rate of the last notification in parentheses, or nothing."""
    rate = affected.last_notified_rate
    return f" ({percent(rate.value)} last reported)" if rate else ""


def no_email_phrase(indicator: Indicator, window: Window) -> str:
    """Return that there was no email in *window*, such as "no email for 7 days"."""
    return f"no {WORDING[indicator].emails} for {number_of('day', window.days)}"


def scope_with_kind(scope: Scope) -> str:
    """Return *scope* with its kind, such as "newsletter (configuration set)".

    A scope of more than `MAX_SCOPE_SIZE` is cut. A provider that is shown in words has the name of
    SES, too.
    """
    if not scope.kind:
        return "whole account"
    ses_name = f" {scope.isp}" if scope.isp in DISPLAY_NAMES else ""
    return f"{bounded(str(scope), MAX_SCOPE_SIZE)} ({kind_name(scope)}{ses_name})"


def account_sentence(
    estimate: AccountRateEstimate | None, ses_rates: SesRates | None, indicator: Indicator
) -> str:
    """Return the rate that SES reports, its estimate, and the distance to the levels of SES.

    Without *estimate*, VDM has no counts; without *ses_rates*, CloudWatch could not be read.
    """
    noun = WORDING[indicator.counted].noun
    sentences = [f"SES account: {_report_of_ses(ses_rates, noun)}"]
    if estimate is None:
        fresh = ses_rates.fresh if ses_rates else None
        sentences.append(_level_sentence(fresh, indicator) if fresh else "")
    else:
        rate, days = estimate.rate, number_of("day", estimate.window.days)
        short = ", all email that VDM has counted" if estimate.is_short else ""
        counts = f"{rate.events:,} of the latest {rate.volume:,} emails, {days}{short}"
        misfit = "" if estimate.representative.fits is not False else _MISFIT
        sentences[0] += f"; estimate from VDM: {percent(rate.value)} ({counts}){misfit}"
        sentences.append(_distance_sentence(estimate.review, estimate.pause))
    return " ".join(filter(None, [f"{sentences[0]}.", *sentences[1:]]))


_MISFIT = ", which does not follow the rates that SES reported"


def _report_of_ses(ses_rates: SesRates | None, noun: str) -> str:
    """Return what SES reports of its rate, or why that is unknown; a clause without a period."""
    if ses_rates is None:
        return f"the {noun} that SES reports could not be read"
    latest = ses_rates.latest
    if latest is None:
        return f"SES has reported no {noun} in the last {format_duration(HISTORY)}"
    if ses_rates.fresh is None:
        age = format_duration(ses_rates.read_at - latest.at)
        return f"SES last reported a {noun} of {percent(latest.value)} {age} ago"
    return f"SES reports a {noun} of {latest}"


def _level_sentence(rate: SesRate, indicator: Indicator) -> str:
    """Return the worst level of SES that *rate* has reached, or nothing."""
    review, pause = SES_LEVELS[indicator.counted]
    if rate.value >= pause:
        return f"Above {percent(pause)}, where SES might pause sending."
    if rate.value >= review:
        return f"Above {percent(review)}, where SES reviews an account."
    return ""


def _distance_sentence(review: DistanceToLevel, pause: DistanceToLevel) -> str:
    pace = f"At the pace of the last {PACE_WINDOW}, "
    reviews, pauses = percent(review.level), percent(pause.level)
    if pause.emails == 0:
        return f"Above {pauses}, where SES might pause sending."
    if review.emails == 0:
        above = f"Above {reviews}, where SES reviews an account."
        if pause.emails is None or pause.time is None:
            return f"{above} {pace}not on course to reach {pauses} (possible sending pause)."
        return f"{above} {pace}reaches {pauses} (possible sending pause) {_after(pause)}."
    if review.emails is None:
        return (
            f"{pace}not on course to reach {reviews} (SES review) or {pauses} (possible sending "
            "pause)."
        )
    first = f"{pace}reaches {reviews} (SES review) {_after(review)}"
    if pause.emails is None:
        return f"{first}."
    return f"{first} and {pauses} (possible sending pause) {_after(pause)}."


def _after(distance: DistanceToLevel) -> str:
    assert distance.time is not None
    return f"after about {distance.emails:,} more emails ({format_duration(distance.time)})"
