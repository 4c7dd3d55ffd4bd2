"""Past alerts with their evidence: what `vdm-alerts history` prints."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rich.padding import Padding
from rich.text import Text

from vdm_alerts.adapters.aws.evidence_codec import encode_evidence
from vdm_alerts.core.alerts.history import Transition, firing_severity
from vdm_alerts.core.evaluation.verdict_record import NoRecord, VerdictRecord, verify
from vdm_alerts.core.evaluation.verdicts import evidence_of
from vdm_alerts.core.model.metrics import ACCOUNT, Window
from vdm_alerts.core.model.rates import percent
from vdm_alerts.core.model.wording import kind_name, number_of
from vdm_alerts.core.rules.rule import MinimumConfidence
from vdm_alerts_cli.clock import current_time
from vdm_alerts_cli.connection import connect
from vdm_alerts_cli.deployment import require_deployment
from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.options import AccountOptions, Format, OutputOptions
from vdm_alerts_cli.output import print_json, print_rows, say, show_time, terminal
from vdm_alerts_cli.past import parse_since, parse_target, read_past, selected, warn_if_incomplete
from vdm_alerts_cli.scope_names import scope_fields, scope_id
from vdm_alerts_cli.terminal import SEVERITY_COLORS

MAX_DAYS_SHOWN = 7
"""Days of counts that the text shows. JSON has all of them."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which part of the history to show."""

    scope: str | None = None
    """The name of a scope; None for all."""
    rule: str | None = None
    """A pattern of rule names; None for all."""
    since: str = "30d"
    """An age, or a time."""
    target: str | None = None
    """A target of a fleet; None for the account and Region of the deployment."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A transition, and what verifying its verdict showed."""

    change: Transition
    differences: Sequence[str] | NoRecord | None = None
    """The values that differ now; or why it is not verifiable; None if it was not verified."""

    @property
    def result(self) -> str | None:
        """The result in one word for programs."""
        if self.differences is None:
            return None
        if isinstance(self.differences, NoRecord):
            return "not verifiable"
        return "differs" if self.differences else "same"


def run_history(
    query: Query, account: AccountOptions, output: OutputOptions, *, verifies: bool
) -> ExitStatus:
    """Print the history of the deployed stack, the newest change first."""
    since = parse_since(query.since, current_time(), "--since")
    target = parse_target(query.target, "--target") if query.target else None
    connection = connect(account)
    deployment = require_deployment(connection, account.prefix)
    recent = read_past(connection, deployment, since, target)
    changes = selected(recent.items, query.scope, query.rule)
    entries = [entry_of(change, verifies=verifies) for change in reversed(changes)]
    print_entries(entries, since, output)
    warn_if_incomplete(recent)
    if verifies:
        say(verification_summary(entries), output)
    return ExitStatus.of(
        found=any(entry.result == "differs" for entry in entries), unread=not recent.is_complete
    )


def entry_of(change: Transition, *, verifies: bool) -> Entry:
    """Return the entry of *change*. If *verifies*, its verdict is evaluated again."""
    if not verifies:
        return Entry(change)
    record = change.record
    return Entry(change, verify(record) if isinstance(record, VerdictRecord) else record)


def verification_summary(entries: Sequence[Entry]) -> str:
    """Return how many verdicts are the same, differ, or are not verifiable, and why not."""
    counts = Counter(entry.result for entry in entries)
    text = (
        f"{number_of('change', len(entries))}: {counts['same']:,} with the same verdict, "
        f"{counts['differs']:,} with a difference, {counts['not verifiable']:,} not verifiable"
    )
    reasons = Counter(
        entry.differences for entry in entries if isinstance(entry.differences, NoRecord)
    )
    details = "; ".join(f"{count:,}: {reason}" for reason, count in reasons.items())
    return f"{text} ({details})." if details else f"{text}."


def print_entries(entries: Sequence[Entry], since: datetime, output: OutputOptions) -> None:
    """Print *entries* in the format of *output*. The history begins at *since*."""
    match output.format:
        case Format.JSON:
            print_json([_document(entry) for entry in entries], output)
        case Format.TABLE if entries:
            _print_text(entries, output)
        case Format.TABLE:
            terminal(output).print(f"No alert changed since {show_time(since, output.time_zone)}.")
        case _:
            print_rows([_row(entry) for entry in entries], (), output)


def _print_text(entries: Sequence[Entry], output: OutputOptions) -> None:
    console = terminal(output)
    for entry in entries:
        change = entry.change
        severity = firing_severity(change.after) or "OK"
        console.print(
            Text.assemble(
                f"{show_time(change.time, output.time_zone)}  ",
                (change.after, SEVERITY_COLORS.get(str(severity), "")),
                f", was {change.before}: ",
                (str(change.key.scope), "bold"),
                f" ({change.key.rule})",
            )
        )
        for line in _lines(entry, output):
            console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))
        console.print()


def _lines(entry: Entry, output: OutputOptions) -> Iterator[str]:
    """Yield the explanation, the evidence, and the result of verifying it."""
    change = entry.change
    if change.reason:
        yield change.reason
    if isinstance(change.record, VerdictRecord):
        yield from _evidence_lines(change.record, output)
    elif entry.differences is None:
        yield f"No evidence: {change.record}."
    match entry.differences:
        case NoRecord() as reason:
            yield f"Not verifiable: {reason}."
        case [] | ():
            yield "Verified: this version comes to the same verdict."
        case [*differences]:
            yield "DIFFERENT now:"
            yield from (f"  {difference}" for difference in differences)


def _evidence_lines(record: VerdictRecord, output: OutputOptions) -> Iterator[str]:
    """Yield the counts, the rule and the context of a verdict."""
    if record.events is not None and record.volume is not None:
        evidence = evidence_of(record.verdict)
        last = (evidence and evidence.last_day) or record.as_of.last_day
        days = min(evidence.window.days if evidence else 1, MAX_DAYS_SHOWN)
        first = Window(days).first_day(last)
        counts = zip(record.events.daily(days, last), record.volume.daily(days, last), strict=True)
        shown = ", ".join(
            f"{first + timedelta(days=age):%m-%d} {events:,} of {emails:,}"
            for age, (events, emails) in enumerate(counts)
        )
        yield f"Counts by day: {shown}."
    limits = ", ".join(f"{each.severity} {percent(each.share)}" for each in record.rule.thresholds)
    method = "the rate as it is"
    if isinstance(record.rule.confidence, MinimumConfidence) and record.events is not None:
        method = f"confidence {percent(1 - record.rule.confidence.error_probability)}"
    version = f", version {record.rule_fingerprint}" if record.rule_fingerprint else ""
    yield f"Rule: {limits}; {method}{version}. One of {record.series_count:,} rates."
    rate = record.ses_rates.latest if record.ses_rates else None
    if rate:
        reported = show_time(rate.at, output.time_zone)
        yield f"SES itself reported {percent(rate.value)}, {reported}."


def _row(entry: Entry) -> Mapping[str, Any]:
    change = entry.change
    evidence = None
    if isinstance(change.record, VerdictRecord):
        evidence = evidence_of(change.record.verdict)
    return {
        "id": f"{change.time.isoformat()}/{change.key.rule}/{scope_id(change.key.scope)}",
        "time": change.time,
        "rule": change.key.rule,
        "indicator": change.key.indicator.key if change.key.indicator else None,
        "scope": scope_id(change.key.scope),
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
        "events": evidence.rate.events if evidence else None,
        "emails": evidence.rate.volume if evidence else None,
        "verification": entry.result,
    }


def _document(entry: Entry) -> Mapping[str, Any]:
    change, record = entry.change, entry.change.record
    kind = "whole account" if change.key.scope == ACCOUNT else kind_name(change.key.scope)
    differences = entry.differences
    return {
        **_row(entry),
        "scope": scope_fields(change.key.scope),
        "kind": kind,
        "evidence": encode_evidence(record) if isinstance(record, VerdictRecord) else None,
        "no_evidence": str(record) if isinstance(record, NoRecord) else None,
        "differences": None
        if differences is None or isinstance(differences, NoRecord)
        else list(differences),
    }
