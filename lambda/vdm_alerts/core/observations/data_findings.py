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

NO_SUBSCRIBER = Finding(
    key="subscribers",
    what="Nobody has confirmed a subscription to the topic, so no alert reaches anyone",
    remedy="Confirm the subscription in the mail that Amazon SNS sent. It is void after 48 hours; "
    "then subscribe anew, to the topic in the output TopicArn of the stack",
    fix=SubscribeByEmail(),
    blocks_monitoring=False,
    transient=True,  # A notification would reach no one.
)
SINGLE_SERIES = "series"
"""The key of the finding about series that are unreadable in this run."""


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
        remedy="If you did not intend this, find out which receiver of these alerts is missing, "
        "and subscribe it again. The topic, in the output TopicArn of the stack, lists those that "
        "are left",
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
    if observation.reading is None:
        return {FindingSource.LISTS, FindingSource.METRICS}
    return {FindingSource.METRICS} if observation.account_emails is None else set()


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

    *no_email_after* are the days without email that are a finding; None if no number is.
    """
    if not reading.failed:  # Otherwise, the error is a finding, and explains all gaps.
        yield from _unreadable_series(reading)
    if reading.is_over_budget:
        yield _over_budget(limits.queries_per_day)
    if reading.is_late:
        yield _late(reading)
    if no_email_after and reading.has_sent_no_email(no_email_after):
        yield no_email_finding(no_email_after)


def _unreadable_series(reading: MetricReading) -> Iterator[Finding]:
    """Yield the findings about queries without counts."""
    gaps = {query: result for query, result in reading.answers.items() if isinstance(result, Gap)}
    rejected = {str(query.scope) for query, gap in gaps.items() if not gap.is_transient}
    unreadable = {str(query.scope) for query, gap in gaps.items() if gap.is_transient}
    if rejected:
        yield Finding(
            key="refused",
            what="SES refuses to answer for these",
            remedy="Why, in SES's own words, is in the function's log; what cannot be read is not "
            "watched",
        ).with_subjects(sorted(rejected))
    if unreadable:
        yield Finding(
            key=SINGLE_SERIES,
            what="Not all mail could be read",
            remedy="It is asked for again at the next run",
            transient=True,
        ).with_subjects(sorted(unreadable))
    if long_unreadable := metric_reading.unreadable_for_long(reading):
        yield Finding(
            key="unread",
            what="Unreadable for more than a day, so not watched",
            remedy="It is asked for at every run; why it fails is in the function's log",
        ).with_subjects([str(scope) for scope in long_unreadable])


def _late(reading: MetricReading) -> Finding:
    last_day, sent = reading.as_of.last_day, reading.plan.sent_last_day
    age = format_duration(reading.plan.now - reading.as_of.end_of_last_day)
    return Finding(
        key="late",
        what=f"VDM has counted no email since {last_day}",
        remedy=f"SES itself counted {sent:,} emails in the last 24 hours, so the data of VDM is "
        f"late, by {age}. Until it catches up, no alert resolves. If it does not: VDM counts only "
        "emails with a single recipient, so check whether yours have several now",
    )


def _over_budget(queries_per_day: int | None) -> Finding:
    if queries_per_day is None:
        return Finding(
            key="time",
            what="The time of a run is too short to read everybody in a day",
            remedy="Have rules watch less: fewer scopes, or only the largest of each (top)",
        )
    return Finding(
        key="queriesPerDay",
        what=f"{queries_per_day:,} queries of VDM a day are too few to read everybody in a day",
        remedy="Deploy again with more queriesPerDay, or have rules watch less: fewer scopes, or "
        "only the largest of each (top)",
    )
