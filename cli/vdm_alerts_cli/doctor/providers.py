"""Which names of mailbox providers have data in this account."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from vdm_alerts.adapters.monotonic_deadline import MonotonicDeadline
from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS, UNKNOWN_ISP
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Query
from vdm_alerts_cli.doctor.check import Answer, Check, NotRead, Outcome, Severity, Topic
from vdm_alerts_cli.doctor.examination import TIME_LIMIT, Examination, once

WINDOW = Window(30)
"""The whole days whose emails are counted by provider."""
CANDIDATES = ("Verizon", "Charter", "Outlook", "Apple", "iCloud")
"""Names that VDM Alerts does not query, and that SES may use in some accounts."""
_UNNAMED_SHARE = 0.05
"""The share of email to unnamed providers that VDM Alerts reports, too."""


def unknown_isp(examination: Examination) -> Iterator[Outcome]:
    """Examine whether `UNKNOWN_ISP` has the emails that no named provider has."""
    counts = _emails_by_name(examination)
    total, unknown = counts[""], counts[UNKNOWN_ISP]
    if isinstance(total, Gap):
        yield NotRead(f"the emails of the account: {total.value}")
    elif isinstance(unknown, Gap):
        is_rejected = unknown is Gap.REJECTED
        text = f"{UNKNOWN_ISP} is {unknown.value}"
        yield Answer(f"SES: {text}", as_assumed=False) if is_rejected else NotRead(text)
    elif unknown:
        yield Answer(
            f"{UNKNOWN_ISP} has {unknown:,} of {total:,} emails of the last {WINDOW}",
            as_assumed=True,
        )
    else:
        yield Answer(
            f"{UNKNOWN_ISP} has none of {total:,} emails of the last {WINDOW}",
            as_assumed=False if total and _unnamed(counts) and not _unread(counts) else None,
        )


def provider_names(examination: Examination) -> Iterator[Outcome]:
    """Examine which names of providers have data."""
    counts = _emails_by_name(examination)
    unread = _unread(counts)
    if unread or isinstance(counts[""], Gap):
        yield NotRead(f"the emails at {', '.join(unread) or 'all providers'}")
    named = {name: emails for name, emails in counts.items() if name and isinstance(emails, int)}
    with_data = sorted((name for name in named if named[name]), key=lambda name: -named[name])
    listed = ", ".join(f"{name} {named[name]:,}" for name in with_data)
    found = [name for name in with_data if name in CANDIDATES]
    yield Answer(
        f"Providers with email in the last {WINDOW}: {listed}"
        if listed
        else f"No provider has email in the last {WINDOW}",
        as_assumed=not found if with_data else None,
    )
    total = counts[""]
    unnamed = 0 if unread else _unnamed(counts)
    if isinstance(total, int) and total and unnamed / total >= _UNNAMED_SHARE:
        yield Answer(
            f"{unnamed:,} of {total:,} emails went to providers that no name covers",
            as_assumed=False,
        )


def _unread(counts: Mapping[str, int | Gap]) -> Sequence[str]:
    """Return the known names whose emails are unknown, so that the rest is unknown, too."""
    return [name for name in KNOWN_ISPS if isinstance(counts[name], Gap)]


def _unnamed(counts: Mapping[str, int | Gap]) -> int:
    """Return the emails that no name covers."""
    total = counts[""]
    named = sum(n for name, n in counts.items() if name and isinstance(n, int))
    return max(0, total - named) if isinstance(total, int) else 0


@once
def _emails_by_name(examination: Examination) -> Mapping[str, int | Gap]:
    """Return the emails of each provider name, and of the account under ""."""
    scopes = [ACCOUNT, *(Scope(isp=name) for name in (*KNOWN_ISPS, *CANDIDATES))]
    queries = [Query(Metric.SEND, scope) for scope in scopes]
    examination.plan_queries(len(queries))
    last = examination.now.date() - timedelta(days=1)
    answers = examination.series().read(queries, WINDOW, last, MonotonicDeadline(TIME_LIMIT))
    return {
        query.scope.isp or "": each.total(WINDOW, last) if isinstance(each, Series) else each
        for query, each in answers.items()
    }


CHECKS = (
    Check(
        "unknown-isp",
        Topic.VDM,
        Severity.INFO,
        unknown_isp,
        ("vdm-enabled",),
        settles_assumption=True,
    ),
    Check(
        "provider-names",
        Topic.VDM,
        Severity.INFO,
        provider_names,
        ("vdm-enabled",),
        settles_assumption=True,
    ),
)
