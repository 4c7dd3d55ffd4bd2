"""What is legal in a rule or a silence, but unwise: what `vdm-alerts validate --strict` adds."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import combinations

from vdm_alerts.core.evaluation.ses_rates import SES_LEVELS
from vdm_alerts.core.model.rates import percent
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.timefmt import format_duration, format_time
from vdm_alerts.core.model.wording import WORDING
from vdm_alerts.core.muting.silences import ANY_RULE, Silence
from vdm_alerts.core.rules.rule import MinimumConfidence, PlainComparison, Rule
from vdm_alerts.core.rules.toml_document import InvalidField

MIN_CONFIDENCE = 0.9
"""The confidence below which one of ten alerts may be false."""
MIN_PLAIN_VOLUME = 100
"""The emails of which a single bounce is a rate of 1%."""
LONG_HOLD = timedelta(days=1)
LONG_SILENCE = timedelta(days=30)


def advice_on_rule(rule: Rule) -> Iterator[InvalidField]:
    """Yield what is unwise in *rule*, with the key to change."""
    yield from _late_thresholds(rule)
    if rule.indicator in SES_LEVELS and len(rule.thresholds) == 1:
        (only,) = rule.thresholds
        missing = "critical" if only.severity is Severity.WARNING else "warning"
        yield InvalidField(missing, "is missing, so every breach has the same severity.")
    match rule.confidence:
        case MinimumConfidence(error_probability=error) if error > 1 - MIN_CONFIDENCE:
            yield InvalidField(
                "confidence",
                f"is {percent(1 - error)}: {percent(error)} of the rates that only look bad would "
                "fire. Use at least 90%.",
            )
        case PlainComparison() if (
            not rule.indicator.is_from_ses and rule.min_volume < MIN_PLAIN_VOLUME
        ):
            yield InvalidField(
                "confidence",
                f"is none, so {rule.min_events:,} of {rule.min_volume:,} emails can fire. Set "
                f"min_volume to at least {MIN_PLAIN_VOLUME}, or use a confidence.",
            )
        case _:
            pass
    if rule.hold >= LONG_HOLD:
        yield InvalidField(
            "hold", f"delays each alert by {format_duration(rule.hold)}, and SES does not wait."
        )
    if not rule.remind_after:
        yield InvalidField("remind_after", 'is "never", so an open alert is not mentioned again.')


def _late_thresholds(rule: Rule) -> Iterator[InvalidField]:
    """Yield the thresholds that are above those of SES itself."""
    counted = rule.indicator.counted
    if counted not in SES_LEVELS:
        return
    review, pause = SES_LEVELS[counted]
    levels = {
        Severity.WARNING: ("warning", review, "reviews an account"),
        Severity.CRITICAL: ("critical", pause, "can pause an account"),
    }
    for threshold in rule.thresholds:
        key, level, what = levels[threshold.severity]
        if threshold.share > level:
            yield InvalidField(
                key,
                f"is {percent(threshold.share)}, and SES {what} at {percent(level)}: you are "
                "notified too late.",
            )


def advice_on_silence(silence: Silence, now: datetime) -> Iterator[InvalidField]:
    """Yield what is unwise in *silence* at *now*, with the key to change."""
    if silence.has_expired(now):
        yield InvalidField("until", f"was {format_time(silence.until)}: it mutes nothing now.")
    elif silence.until - now > LONG_SILENCE:
        yield InvalidField(
            "until",
            f"is {format_duration(silence.until - now)} away. Use a shorter time, and extend it.",
        )
    if silence.rule_pattern == ANY_RULE and not silence.matcher.patterns:
        where = " of the accounts and Regions that match" if silence.target_matcher.patterns else ""
        yield InvalidField("rule", f'is "*" without a scope: it mutes every alert{where}.')


def advice_on_rules(rules: Sequence[Rule]) -> Iterator[tuple[Rule, InvalidField]]:
    """Yield each rule that notifies about the same rates as another one of *rules*."""
    for first, second in combinations(rules, 2):
        kinds = first.scopes & second.scopes
        if first.indicator is second.indicator and kinds and _may_overlap(first, second):
            noun = WORDING[first.indicator].noun
            what = f"overlaps rule {first.name}: a bad {noun} can fire both."
            yield second, InvalidField("scopes", what)


def _may_overlap(first: Rule, second: Rule) -> bool:
    """Return whether both rules can cover one scope. Rules that include names may not."""
    return first.targets.include.may_overlap(second.targets.include) and (
        first.include == second.include or not (first.include.patterns and second.include.patterns)
    )
