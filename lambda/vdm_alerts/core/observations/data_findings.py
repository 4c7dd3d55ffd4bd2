"""Findings about the subscribers and about the reading of VDM."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from vdm_alerts.core.alerts.stored_state import SubscriberCount
from vdm_alerts.core.model.findings import (
    Finding,
    FindingSource,
    ListSubscriptions,
    SubscribeByEmail,
)
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.timefmt import format_duration, format_time
from vdm_alerts.core.observations import metric_reading
from vdm_alerts.core.observations.metric_reading import TRANSIENT_LIMIT, Limits, MetricReading
from vdm_alerts.core.observations.no_email import no_email_finding
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.observations.unnamed_providers import unnamed_providers_finding

NO_SUBSCRIBER = Finding(
    key="subscribers",
    what="The SNS topic has no confirmed subscription",
    effect="notifications reach nobody, so they are kept until there is one",
    remedy="Confirm the subscription in the email from Amazon SNS. Its link expires after 48 "
    "hours; then subscribe again, to the topic in the stack output TopicArn",
    fix=SubscribeByEmail(),
    blocks_monitoring=False,
    transient=True,  # A notification would reach no one.
)
SINGLE_SERIES = "series"
"""The key of the finding about series that are unreadable in this run."""
_REJECTED_SERIES = "refused"
_UNREADABLE_FOR_LONG = "unread"
UNREADABLE_SERIES = frozenset({SINGLE_SERIES, _REJECTED_SERIES, _UNREADABLE_FOR_LONG})
"""The keys of the findings about series that have no counts."""
_LATE_READING = "some senders are read less than once a day, so their alerts come late"
_MONITOR_LESS = "let rules monitor less: fewer scopes, or only the largest senders (top)"


def subscriber_findings(
    confirmed: int | None, expected: SubscriberCount | None
) -> Iterator[Finding]:
    """Yield the finding about the *confirmed* subscriptions, if there is one.

    *confirmed* is None if they could not be counted. *expected* is the count of an earlier run; a
    lower one means that subscriptions have ended.
    """
    if confirmed == 0:
        yield NO_SUBSCRIBER
    elif confirmed is not None and expected and confirmed < expected.confirmed:
        yield _subscriptions_ended(confirmed, expected)


def _subscriptions_ended(confirmed: int, expected: SubscriberCount) -> Finding:
    return Finding(
        key="subscriptions",
        # Without the time, a second fall between the same numbers would not be a new finding.
        what=f"SNS subscriptions fell from {expected.confirmed} to {confirmed} after "
        f"{format_time(expected.counted_at)}",
        effect="a former receiver gets no notifications",
        remedy="If you did not intend this, find the missing receiver and subscribe it again. List "
        "the subscriptions that are left; the stack output TopicArn names the topic",
        fix=ListSubscriptions(),
        blocks_monitoring=False,
        one_shot=True,
    )


def transient_since(
    findings: Sequence[Finding], before: Mapping[str, datetime], now: datetime
) -> Mapping[str, datetime]:
    """Return the start of each transient problem, by the key of its finding.

    *before* is the result of the run before. Only problems that block monitoring are included.
    """
    keys = {finding.key for finding in findings if finding.transient and finding.blocks_monitoring}
    return {key: before.get(key, now) for key in sorted(keys)}


def with_persistent(
    findings: Sequence[Finding], since: Mapping[str, datetime], now: datetime
) -> Sequence[Finding]:
    """Return *findings*, in which problems that last too long are persistent.

    The limit is TRANSIENT_LIMIT. *since* is the result of `transient_since`.
    """
    # Series that are unreadable for more than a day have a finding of their own.
    persistent_keys = {
        key
        for key, begin in since.items()
        if key != SINGLE_SERIES and now - begin > TRANSIENT_LIMIT
    }
    return [
        finding.as_persistent() if finding.key in persistent_keys else finding
        for finding in findings
    ]


def unreadable_sources(observation: Observation) -> set[FindingSource]:
    """Return the sources that are unreadable because VDM is.

    A problem from such a source is not reported as fixed.
    """
    advisor = {FindingSource.ADVISOR} if observation.recommendations is None else set()
    if observation.reading is None:
        return {FindingSource.LISTS, FindingSource.METRICS} | advisor
    is_unreadable = observation.account_emails is None
    return advisor | ({FindingSource.METRICS} if is_unreadable else set())


def days_without_vdm(before: frozenset[date], today: date, *, is_on: bool) -> frozenset[date]:
    """Return the recent days on which VDM was off, with *today* if it is not on now.

    *before* are those days at the last run. VDM serves no older days than `LONGEST_WINDOW`.
    """
    days = before if is_on else {*before, today}
    return frozenset(day for day in days if day >= LONGEST_WINDOW.first_day(today))


def reading_findings(
    reading: MetricReading, limits: Limits, no_email_after: Window | None
) -> Iterator[Finding]:
    """Yield the findings about *reading*.

    *no_email_after* are the days without email that are a finding; None if no number is. What
    another invocation of the sweep reads is not a finding yet.
    """
    if reading.is_cut_short:
        yield from _rejected_series(reading)
    elif not reading.failed:  # Otherwise, the error is a finding, and explains all gaps.
        yield from _rejected_series(reading)
        yield from _unreadable_series(reading)
    if reading.is_over_budget and not reading.is_cut_short:
        yield _over_budget(limits.queries_per_day)
    if reading.is_late:
        yield _late(reading)
    if no_email_after and reading.has_sent_no_email(no_email_after):
        yield no_email_finding(no_email_after)
    if unnamed := unnamed_providers_finding(reading):
        yield unnamed


def _rejected_series(reading: MetricReading) -> Iterator[Finding]:
    """Yield the finding about queries that SES rejects."""
    rejected = {
        str(query.scope)
        for query, result in reading.answers.items()
        if isinstance(result, Gap) and not result.is_transient
    }
    if rejected:
        yield Finding(
            key=_REJECTED_SERIES,
            what="SES rejects queries about these scopes",
            effect="these scopes are not monitored",
            remedy="Read the reason that SES gives, in the log of the function",
        ).with_subjects(sorted(rejected))


def _unreadable_series(reading: MetricReading) -> Iterator[Finding]:
    """Yield the findings about queries that the next run may read."""
    unreadable = {
        str(query.scope)
        for query, result in reading.answers.items()
        if isinstance(result, Gap) and result.is_transient
    }
    if unreadable:
        yield Finding(
            key=SINGLE_SERIES,
            what="Rates of these scopes could not be read",
            effect="they are unknown in this run",
            remedy="Wait for the next run, which reads them again",
            transient=True,
        ).with_subjects(sorted(unreadable))
    if long_unreadable := metric_reading.unreadable_for_long(reading):
        yield Finding(
            key=_UNREADABLE_FOR_LONG,
            what="Unreadable for more than a day",
            effect="they are not monitored",
            remedy="Find the reason in the log of the function; every run tries again",
        ).with_subjects([str(scope) for scope in long_unreadable])


def _late(reading: MetricReading) -> Finding:
    last_day, sent = reading.as_of.last_day, reading.plan.sent_last_day
    age = format_duration(reading.plan.now - reading.as_of.end_of_last_day)
    return Finding(
        key="late",
        what=f"VDM has counted no email since {last_day}",
        effect="later emails are not monitored yet, and no alert is resolved until VDM catches up",
        remedy=f"Wait until VDM catches up: it is late by {age}, because SES itself counted "
        f"{sent:,} emails in the last 24 hours. If it does not catch up, check whether your emails "
        "have several recipients now: VDM counts only emails with a single recipient",
    )


def _over_budget(queries_per_day: int | None) -> Finding:
    if queries_per_day is None:
        return Finding(
            key="time",
            what="Runs are too short to read every sender once a day",
            effect=_LATE_READING,
            remedy=f"{_MONITOR_LESS[0].upper()}{_MONITOR_LESS[1:]}",
        )
    return Finding(
        key="queriesPerDay",
        what=f"{queries_per_day:,} queries of VDM a day are too few to read every sender daily",
        effect=_LATE_READING,
        remedy=f"Deploy the stack with a higher queriesPerDay, or {_MONITOR_LESS}",
    )
