"""What is wrong with what was read, in words for a person."""

from collections.abc import Iterator

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations.metric_reading import Limits, Survey

SOME = "series"
"""What a finding of single series is about that could not be read this time."""


def amiss(seen: Survey, limits: Limits, *, is_empty: bool) -> Iterator[Finding]:
    """Yield what is wrong with the mail as it was *seen*; *is_empty* says that there is none."""
    if not seen.failed:
        yield from _unread(seen)
    if seen.is_starved:
        yield _too_few(limits.queries_a_day)
    if is_empty:
        yield _no_mail(seen.sweep.longest)


def _unread(seen: Survey) -> Iterator[Finding]:
    """Yield what to say of the series that were not read, without an error for all of them."""
    missing = [query for query, answer in seen.found.items() if isinstance(answer, Gap)]
    passing = {Gap.UNAVAILABLE, Gap.CUT}
    refused = {str(query.scope) for query in missing if seen.found[query] not in passing}
    unread = {str(query.scope) for query in missing if seen.found[query] in passing}
    if refused:
        yield Finding(
            about="refused",
            what="SES refuses to answer for these",
            remedy="Why, in SES's own words, is in the function's log; what cannot be read is not "
            "watched",
        ).of(sorted(refused))
    if unread:
        yield Finding(
            about=SOME,
            what="Not all mail could be read",
            remedy="It is asked for again at the next run",
            passing=True,
        ).of(sorted(unread))
    if unread_for_long := seen.unread_for_long:
        yield Finding(
            about="unread",
            what="Unreadable for more than a day, so not watched",
            remedy="It is asked for at every run; why it fails is in the function's log",
        ).of([str(scope) for scope in unread_for_long])


def _too_few(queries: int | None) -> Finding:
    if queries is None:
        return Finding(
            about="time",
            what="The time of a run is too short to read everybody in a day",
            remedy="Have rules watch less: fewer scopes, or only the largest of each (top)",
        )
    return Finding(
        about="queriesPerDay",
        what=f"{queries:,} queries of VDM a day are too few to read everybody in a day",
        remedy="Deploy again with more queriesPerDay, or have rules watch less: fewer scopes, or "
        "only the largest of each (top)",
    )


def _no_mail(window: Window) -> Finding:
    return Finding(
        about="mail",
        what=f"VDM has counted no mail of this account in the last {window}, so there is no rate",
        remedy="If the account does send, deploy into the Region it sends from; VDM counts only "
        "mail to a single recipient, sent after it was switched on",
    )
