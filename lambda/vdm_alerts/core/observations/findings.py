"""What is wrong with what was read, in words for a person."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from vdm_alerts.core.model.findings import Finding, FindingSource, SubscribeByEmail
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations import metric_reading
from vdm_alerts.core.observations.metric_reading import TRANSIENT_LIMIT, Limits, MetricReading
from vdm_alerts.core.observations.observation import Observation

NO_SUBSCRIBER = Finding(
    key="subscribers",
    what="Nobody has confirmed a subscription to the topic, so no alert reaches anyone",
    remedy="Confirm the subscription in the mail that Amazon SNS sent. It is void after 48 hours; "
    "then subscribe anew",
    fix=SubscribeByEmail(),
    blocks_monitoring=False,
    transient=True,  # There is nobody to notify.
)
SINGLE_SERIES = "series"
"""What a finding about single series that are unreadable in this run is about."""


def transient_since(
    findings: Sequence[Finding], before: Mapping[str, datetime], now: datetime
) -> Mapping[str, datetime]:
    """Return since when each transient problem has lasted, by what it is about.

    *before* is what the run before returned.
    """
    about = {each.key for each in findings if each.transient and each.blocks_monitoring}
    return {name: before.get(name, now) for name in sorted(about)}


def with_persistent(
    findings: Sequence[Finding], since: Mapping[str, datetime], now: datetime
) -> Sequence[Finding]:
    """Return *findings* in which a transient problem that has lasted too long is a lasting one."""
    # Single series that have been unreadable for long have a finding of their own.
    long = {
        about
        for about, at in since.items()
        if about != SINGLE_SERIES and now - at > TRANSIENT_LIMIT
    }
    return [each.as_persistent() if each.key in long else each for each in findings]


def unreadable_sources(observation: Observation) -> set[FindingSource]:
    """Return the sources that say nothing because VDM was not read, or not to the end."""
    if observation.reading is None:
        return {FindingSource.LISTS, FindingSource.METRICS}
    return {FindingSource.METRICS} if observation.account_emails is None else set()


def reading_findings(
    reading: MetricReading, limits: Limits, *, is_empty: bool
) -> Iterator[Finding]:
    """Yield the findings about *reading*; *is_empty* says that the account sent no email."""
    if not reading.failed:
        yield from _unreadable(reading)
    if reading.is_over_budget:
        yield _too_few(limits.queries_per_day)
    if is_empty:
        yield _no_mail(reading.plan.longest_window)


def _unreadable(reading: MetricReading) -> Iterator[Finding]:
    """Yield the findings about series without an answer, if no error explains all of them."""
    missing = [query for query, answer in reading.answers.items() if isinstance(answer, Gap)]
    passing = {Gap.UNAVAILABLE, Gap.CUT_OFF}
    refused = {str(query.scope) for query in missing if reading.answers[query] not in passing}
    unread = {str(query.scope) for query in missing if reading.answers[query] in passing}
    if refused:
        yield Finding(
            key="refused",
            what="SES refuses to answer for these",
            remedy="Why, in SES's own words, is in the function's log; what cannot be read is not "
            "watched",
        ).with_subjects(sorted(refused))
    if unread:
        yield Finding(
            key=SINGLE_SERIES,
            what="Not all mail could be read",
            remedy="It is asked for again at the next run",
            transient=True,
        ).with_subjects(sorted(unread))
    if long := metric_reading.unreadable_for_long(reading):
        yield Finding(
            key="unread",
            what="Unreadable for more than a day, so not watched",
            remedy="It is asked for at every run; why it fails is in the function's log",
        ).with_subjects([str(scope) for scope in long])


def _too_few(queries: int | None) -> Finding:
    if queries is None:
        return Finding(
            key="time",
            what="The time of a run is too short to read everybody in a day",
            remedy="Have rules watch less: fewer scopes, or only the largest of each (top)",
        )
    return Finding(
        key="queriesPerDay",
        what=f"{queries:,} queries of VDM a day are too few to read everybody in a day",
        remedy="Deploy again with more queriesPerDay, or have rules watch less: fewer scopes, or "
        "only the largest of each (top)",
    )


def _no_mail(window: Window) -> Finding:
    return Finding(
        key="mail",
        what=f"VDM has counted no mail of this account in the last {window}, so there is no rate",
        remedy="If the account does send, deploy into the Region it sends from; VDM counts only "
        "mail to a single recipient, sent after it was switched on",
    )
