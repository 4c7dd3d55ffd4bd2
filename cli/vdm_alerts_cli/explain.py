"""The path of each verdict on a scope, in words: what `vdm-alerts explain` prints."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing, Ok, Pending
from vdm_alerts.core.alerts.lifecycle import clear_after
from vdm_alerts.core.evaluation.verdicts import Breached, Healthy, Verdict
from vdm_alerts.core.model.findings import FindingSource
from vdm_alerts.core.model.metrics import Kind, Scope, Series
from vdm_alerts.core.model.rates import Rate, percent
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.timefmt import format_duration
from vdm_alerts.core.model.wording import KIND_NAMES, WORDING, enumeration, kind_name, number_of
from vdm_alerts.core.muting.silences import SilenceIndex
from vdm_alerts.core.notifications.reasons import next_reminder
from vdm_alerts.core.planning.queries import Query, find_answer
from vdm_alerts.core.rules.rule import MinimumConfidence, Rule
from vdm_alerts.core.rules.rule_set import parse_stored_rule
from vdm_alerts_cli.account_reading import AccountReading
from vdm_alerts_cli.check import read, why
from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.options import AccountOptions, Format, OutputOptions, ReadingOptions
from vdm_alerts_cli.output import UNKNOWN, Column, Row, print_json, show_time, table, terminal, warn
from vdm_alerts_cli.scope_names import find_scopes, scope_fields, scope_id


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way to a verdict."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one rule fires, or does not, in one scope."""

    rule: str
    scope: Scope
    steps: Sequence[Step]
    windows: Sequence[Row]
    """The counts of each window of the rule."""
    is_breach: bool


def run_explain(
    name: str, account: AccountOptions, reading: ReadingOptions, output: OutputOptions
) -> ExitStatus:
    """Print, for each scope that *name* names, how each rule comes to its verdict."""
    result = read(account, reading, output, None)
    known = {key.scope for key in (*result.evaluation.verdicts, *result.observation.alerts)}
    if plan := result.observation.reading and result.observation.reading.plan:
        known |= {*plan.roster.records}
    explanations = [
        explanation
        for scope in find_scopes(name, known)
        for explanation in explanations_of(scope, result, output)
    ]
    for line in result.unread:
        warn(f"not read: {line}")
    if output.format is Format.JSON:
        print_json([_document(each) for each in explanations], output)
    else:
        _print(explanations, result, output)
    return ExitStatus.of(
        found=any(each.is_breach for each in explanations), unread=bool(result.unread)
    )


def explanations_of(
    scope: Scope, result: AccountReading, output: OutputOptions
) -> Iterator[Explanation]:
    """Yield the explanation of each rule for *scope*, first those that apply."""
    rules = sorted(
        result.observation.rules.values(), key=lambda rule: (not rule.covers(scope), rule.name)
    )
    has_counts = result.observation.reading is not None
    for rule in rules:
        key = AlertKey.for_rule(rule, scope)
        verdict = result.evaluation.verdicts.get(key)
        steps = [Step("Applies", _why_it_applies(rule, scope, verdict, has_counts=has_counts))]
        windows: Sequence[Row] = ()
        if rule.covers(scope):
            own = rule.for_scope(scope)
            windows = list(_window_rows(own, scope, result))
            steps += [
                Step("Override", _override_text(_as_written(rule, result), scope, result.target)),
                Step("Thresholds", _thresholds_text(own, verdict, result)),
                Step("Verdict", why(key, verdict, result) if verdict else "None in this run."),
                *_alert_steps(key, own, verdict, result, output),
                Step("Muted", _muting_text(key, result, output)),
            ]
        is_breach = isinstance(verdict, Breached)
        yield Explanation(rule.name, scope, steps, windows, is_breach)


def _why_it_applies(rule: Rule, scope: Scope, verdict: Verdict | None, *, has_counts: bool) -> str:
    """Return whether *rule* is about *scope*, and the key of the rule that decides.

    *has_counts* says whether VDM was read, so that a missing verdict has another reason.
    """
    kind = kind_name(scope)
    if not rule.scopes:
        return "No. The rule does not monitor this account in this Region."
    if scope.kind not in rule.scopes:
        kinds = enumeration(sorted(_each_of(each) for each in rule.scopes))
        return f"No. The rule monitors {kinds}, and this scope is of the kind {kind}."
    for dimension, name in scope.dimensions.items():
        noun = KIND_NAMES[dimension]
        if rule.exclude.includes(dimension, name):
            return f"No. exclude has a pattern that matches the {noun} {name}."
        if dimension in rule.include.patterns and not rule.include.includes(dimension, name):
            return f"No. No pattern of include matches the {noun} {name}."
    if verdict is None and rule.top is not None and has_counts:
        return f"No. It is not one of the top {rule.top:,} senders of its kind."
    noun = WORDING[rule.indicator].noun
    return f"Yes. The rule monitors the {noun} of {_each_of(scope.kind)}."


def _each_of(kind: Kind) -> str:
    """Return the words for every scope of *kind*, such as "each identity"."""
    names = " at a ".join(KIND_NAMES[dimension] for dimension in kind)
    return f"each {names}" if names else "the whole account"


def _as_written(rule: Rule, result: AccountReading) -> Rule:
    """Return *rule* with the overrides for all targets."""
    rule_set = result.observation.rule_set
    text = rule_set.texts.get(rule.name) if rule_set else None
    return (parse_stored_rule(rule.name, text) if text else None) or rule


def _override_text(rule: Rule, scope: Scope, target: Target) -> str:
    """Return which override of *rule* applies to *scope* of *target*, and why that one."""
    matching = [
        override
        for override in rule.overrides
        if override.matcher.matches(scope) and override.target_matcher.matches(target)
    ]
    if not matching:
        return "None matches." if rule.overrides else "The rule has none."
    chosen = next(each for each in matching if all(each.is_within(other) for other in matching))
    keys = {key.key: name for key, name in chosen.matcher.patterns.items()}
    keys |= chosen.target_matcher.patterns
    patterns = ", ".join(f"{key} = {pattern}" for key, pattern in keys.items())
    number = chosen.index + 1
    if len(matching) == 1:
        return f"[[overrides]] {number} ({patterns}), the only one that matches."
    others = len(matching) - 1
    return f"[[overrides]] {number} ({patterns}), the most specific one: {others:,} more match."


def _thresholds_text(rule: Rule, verdict: Verdict | None, result: AccountReading) -> str:
    place = f"From {rule.source}." if result.deployment else "A default rule."
    limits = [f"{each.severity} {percent(each.share)}" for each in rule.thresholds]
    if isinstance(verdict, Breached) and verdict.threshold.baseline:
        baseline = verdict.threshold.baseline
        limits.append(
            f"{baseline.factor:g} times its baseline of {baseline.rate} "
            f"({percent(verdict.threshold.share)})"
        )
    elif rule.baseline_factor:
        limits.append(f"{rule.baseline_factor:g} times its baseline")
    if rule.indicator.is_from_ses:
        return f"{', '.join(limits)}; SES's own rate is compared as it is. {place}"
    confidence = "the counted rate is compared"
    if isinstance(rule.confidence, MinimumConfidence):
        confidence = f"minimum confidence {percent(1 - rule.confidence.error_probability)}"
    emails, events = number_of("email", rule.min_volume), number_of("event", rule.min_events)
    minimum = f"at least {emails} and {events}"
    waits = [
        f"{name} {format_duration(duration)}"
        for name, duration in (("hold", rule.hold), ("clear_after", rule.clear_after))
        if duration
    ]
    return f"{', '.join(limits)}; {'; '.join([confidence, minimum, *waits])}. {place}"


def _window_rows(rule: Rule, scope: Scope, result: AccountReading) -> Iterator[Row]:
    """Yield the counts of each window of *rule*. Unreadable counts are None."""
    reading = result.observation.reading
    if reading is None or rule.indicator.is_from_ses:
        return
    events, volume = (
        find_answer(Query(metric, scope), reading.plan.isps, reading.answers)
        for metric in (rule.indicator.events, rule.indicator.volume)
    )
    last = reading.as_of.last_day
    for window in rule.windows:
        counted = events.total(window, last) if isinstance(events, Series) else None
        emails = volume.total(window, last) if isinstance(volume, Series) else None
        rate = Rate(counted, emails).value if counted is not None and emails else None
        reached = [
            threshold.severity
            for threshold in rule.thresholds
            if rate is not None and threshold.is_reached_by(rate, rule.indicator)
        ]
        yield {
            "days": window.days,
            "events": counted,
            "emails": emails,
            "rate": rate,
            "reaches": str(max(reached)) if reached else None,
        }


def _alert_steps(
    key: AlertKey,
    rule: Rule,
    verdict: Verdict | None,
    result: AccountReading,
    output: OutputOptions,
) -> Iterator[Step]:
    """Yield the state of the stored alert, and what happens next to it."""
    if result.deployment is None:
        yield Step("Alert", "No stack is deployed, so there is no alert history.")
        return
    if not result.is_history_known:
        yield Step("Alert", "Unknown: the alert history could not be read.")
        return
    alert = result.observation.alerts.get(key, Alert(*key))
    zone = output.time_zone
    match alert.state:
        case Ok(since=None):
            yield Step("Alert", "None is open.")
        case Ok(since=since) if since:
            yield Step(
                "Alert",
                f"Resolved, {show_time(since, zone)}. Counts from before do not fire it again.",
            )
        case Pending(severity=severity, since=since):
            fires_at = show_time(since + rule.hold, zone)
            yield Step("Alert", f"Pending, {severity}, since {show_time(since, zone)}.")
            yield Step("Next", f"It fires at {fires_at}, if the breach lasts until then.")
        case Firing() as firing:
            yield Step("Alert", _firing_text(alert, firing, output))
            yield Step("Next", _next_text(alert, firing, rule, verdict, result, output))


def _firing_text(alert: Alert, firing: Firing, output: OutputOptions) -> str:
    zone = output.time_zone
    text = f"Firing, {firing.severity}, since {show_time(firing.since, zone)}"
    if firing.recovering_since:
        text += f", recovering since {show_time(firing.recovering_since, zone)}"
    if notified := alert.last_notified:
        text += (
            f". Notified as {notified.severity}, {show_time(notified.sent_at, zone)}, "
            f"notification {notified.sequence} of incident {alert.incident}"
        )
    else:
        text += ". Not notified yet"
    return f"{text}."


def _next_text(
    alert: Alert,
    firing: Firing,
    rule: Rule,
    verdict: Verdict | None,
    result: AccountReading,
    output: OutputOptions,
) -> str:
    zone = output.time_zone
    if firing.recovering_since:
        if not isinstance(verdict, Healthy):
            return "It resolves only after a run has read the rate as good again."
        ends = firing.recovering_since + clear_after(alert, verdict, rule)
        return f"It resolves at {show_time(ends, zone)} at the earliest, if the rate stays good."
    due_at = next_reminder(_reminded_with(alert, result), rule.remind_after)
    if due_at is None:
        return 'No reminder is due: the alert is not notified, or remind_after is "never".'
    return f"A reminder is due at {show_time(due_at, zone)}, unless the alert changes before."


def _reminded_with(alert: Alert, result: AccountReading) -> Sequence[Alert]:
    """Return the open alerts that share the incident of *alert*, apart from muted ones."""
    silences = SilenceIndex(result.observation.silences)
    return [
        each
        for each in result.observation.alerts.values()
        if each.key == alert.key or (each.incident is not None and each.incident == alert.incident)
        if isinstance(each.state, Firing) and each.state.recovering_since is None
        if each.key == alert.key or not silences.covers(each.rule, each.scope)
    ]


def _muting_text(key: AlertKey, result: AccountReading, output: OutputOptions) -> str:
    """Return what mutes the notifications of the alert now."""
    zone = output.time_zone
    if FindingSource.SILENCES in result.observation.unreadable_sources:
        return "Unknown: the silences could not be read."
    reasons = [
        f"silence {silence.name} until {show_time(silence.until, zone)} ({silence.reason}, "
        f"{silence.author})"
        for silence in result.observation.silences
        if silence.covers(key.rule, key.scope)
    ]
    quiet_hours = result.deployment.settings.quiet_hours if result.deployment else None
    if quiet_hours and quiet_hours.include(result.now):
        reasons.append("quiet hours: only critical notifications are sent now")
    return f"Yes: {'; '.join(reasons)}." if reasons else "No."


def _print(
    explanations: Sequence[Explanation], result: AccountReading, output: OutputOptions
) -> None:
    console = terminal(output)
    previous: Scope | None = None
    for each in explanations:
        if each.scope != previous:
            at = show_time(result.now, output.time_zone)
            console.print(Text(f"{each.scope} ({kind_name(each.scope)}), {at}", "bold underline"))
            previous = each.scope
        console.print(Text(f"\nRule {each.rule}", "bold"))
        steps = Table.grid(padding=(0, 2))
        for step in each.steps:
            steps.add_row(Text(step.title, "cyan"), Text(step.text))
            if step.title == "Thresholds" and each.windows:
                steps.add_row(Text("Counts", "cyan"), table(each.windows, _WINDOW_COLUMNS))
        console.print(Padding(steps, (0, 0, 0, 2)))
    console.print()


def _reached(row: Row) -> str:
    if row["rate"] is None:
        return UNKNOWN if row["emails"] is None else "no email"
    return str(row["reaches"] or "no threshold")


_WINDOW_COLUMNS = (
    Column("Days", lambda row: str(row["days"]), is_number=True),
    Column("Events", lambda row: _number(row["events"]), is_number=True),
    Column("Emails", lambda row: _number(row["emails"]), is_number=True),
    Column(
        "Rate", lambda row: "-" if row["rate"] is None else percent(row["rate"]), is_number=True
    ),
    Column("Counted rate reaches", _reached),
)


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def _document(explanation: Explanation) -> Mapping[str, Any]:
    return {
        "id": scope_id(explanation.scope),
        "scope": scope_fields(explanation.scope),
        "rule": explanation.rule,
        "breach": explanation.is_breach,
        "steps": {step.title.lower(): step.text for step in explanation.steps},
        "windows": list(explanation.windows),
    }
