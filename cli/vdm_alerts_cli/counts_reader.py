"""The counts of a whole account, read from VDM for `export`, `backtest` and `report`."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise

from vdm_alerts.adapters.aws.ses_metrics import MAX_QUERIES
from vdm_alerts.app.failures import FailureCollector
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.findings import FindingSource
from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Query, TodayRejectedError
from vdm_alerts.ports import AccountSource, SeriesSource
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.dataset import Dataset

PARTS = (0.3, 1.0)
"""The ends of the parts of the scopes that are read at the same time, as fractions.

The rest of a part can only be read when its emails are known. Meanwhile, the calls of the other
part use the quota. The parts differ in size, so that they do not wait at the same time.
"""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The scopes of an account, and what could not be listed."""

    scopes: Sequence[Scope]
    """The account, each mailbox provider, identity, configuration set and tenant."""
    unread: Sequence[str]
    """A line for each list that could not be read."""


def list_scopes(account: AccountSource) -> Inventory:
    """Return the scopes of *account*. A list that cannot be read is in the result."""
    failures, deadline = FailureCollector(), NoDeadline()
    scopes = [ACCOUNT, *(ACCOUNT.at_provider(isp) for isp in KNOWN_ISPS)]
    for read in (account.identities, account.configuration_sets, account.tenants):
        scopes += failures.attempt(partial(read, deadline), (), FindingSource.LISTS)
    return Inventory(scopes, [str(finding) for finding in failures.findings])


def max_queries(scopes: Sequence[Scope], metrics: Sequence[Metric], limit: int | None) -> int:
    """Return how many queries `read_counts` makes at most. Scopes without email need fewer."""
    number = len(scopes) * len({Metric.SEND, *metrics})
    return number if limit is None else min(number, limit)


def read_counts(
    connection: Connection,
    scopes: Sequence[Scope],
    metrics: Sequence[Metric],
    window: Window,
    now: datetime,
    series: SeriesSource,
) -> Dataset:
    """Return the counts of *metrics* in *scopes* in the *window* that ends with the day of *now*.

    The window ends a day earlier if SES rejects queries about today. A scope that sent no email has
    zeros without further queries. Raises OperationFailedError if VDM cannot be read at all.
    """
    last = now.date()
    try:
        answers = _read_answers(scopes, metrics, window, last, series)
    except TodayRejectedError:
        last -= timedelta(days=1)
        answers = _read_answers(scopes, metrics, window, last, series)
    return Dataset(connection.target, now, last, window.days, answers)


def _read_answers(
    scopes: Sequence[Scope],
    metrics: Sequence[Metric],
    window: Window,
    last: date,
    series: SeriesSource,
) -> Mapping[Query, Series | Gap]:
    """Return the answers for *scopes*, in parts that are read at the same time.

    One call is made before, because an error that ends the read occurs there.
    """
    first = [Query(Metric.SEND, scope) for scope in scopes[:MAX_QUERIES]]
    known = series.read(first, window, last, NoDeadline())
    ends = [round(len(scopes) * end) for end in PARTS]
    parts = [scopes[start:end] for start, end in pairwise([0, *ends])]
    read = partial(
        _read_part, known=known, metrics=metrics, window=window, last=last, series=series
    )
    answers: dict[Query, Series | Gap] = {}
    with ThreadPoolExecutor(len(parts)) as executor:
        for part_answers in executor.map(read, parts):
            answers |= part_answers
    return _in_order(answers, scopes, metrics)


def _read_part(
    scopes: Sequence[Scope],
    known: Mapping[Query, Series | Gap],
    metrics: Sequence[Metric],
    window: Window,
    last: date,
    series: SeriesSource,
) -> Mapping[Query, Series | Gap]:
    """Return the answers for *scopes*: the emails first, and the rest of scopes with email."""
    deadline = NoDeadline()
    sent_queries = [Query(Metric.SEND, scope) for scope in scopes]
    sent = {query: known[query] for query in sent_queries if query in known}
    queries = [query for query in sent_queries if query not in sent]
    sent |= series.read(queries, window, last, deadline) if queries else {}
    active = [query.scope for query, answer in sent.items() if _has_email(answer)]
    others = [metric for metric in metrics if metric is not Metric.SEND]
    queries = [Query(metric, scope) for scope in active for metric in others]
    return {**sent, **(series.read(queries, window, last, deadline) if queries else {})}


def _has_email(answer: Series | Gap) -> bool:
    return answer.newest_day is not None if isinstance(answer, Series) else False


def _in_order(
    answers: Mapping[Query, Series | Gap], scopes: Sequence[Scope], metrics: Sequence[Metric]
) -> Mapping[Query, Series | Gap]:
    """Return *answers* by scope. What was not queried is as zero, or unknown, as the emails."""
    result: dict[Query, Series | Gap] = {}
    for scope in scopes:
        sent = answers[Query(Metric.SEND, scope)]
        for metric in dict.fromkeys((Metric.SEND, *metrics)):
            query = Query(metric, scope)
            result[query] = answers.get(query, sent)
    return result
