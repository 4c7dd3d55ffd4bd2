"""The queries to make next, given the answers so far.

Only queries whose answers can matter to a rule are made. In order of importance, these are:

1. every metric of the account, and of scopes with an open alert;
2. the events of scopes whose sent emails are known, if the events can matter (`query_batches`);
3. the search for the cause of each breach (`investigations`, `shared_email`);
4. the parts of senders at providers that may breach a rule (`drilldown`);
5. providers and senders that were not queried yet, the longest wait first.

Follow-up queries precede new scopes, so a sender is read completely before the next one is started.
What a deadline or a budget cuts off comes first in the next run.
"""

from collections.abc import Iterator, Sequence

from vdm_alerts.core.planning.drilldown import drilldown_batches
from vdm_alerts.core.planning.investigations import investigations, known_breaches
from vdm_alerts.core.planning.queries import Answers, Query
from vdm_alerts.core.planning.query_batches import (
    QueryBatch,
    always_read_batches,
    first_batches,
    follow_up_batches,
)
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.planning.scope_verdict import Verdicts
from vdm_alerts.core.planning.shared_email import shared_email_search


def next_batches(plan: ReadPlan, answers: Answers, verdicts: Verdicts) -> Sequence[QueryBatch]:
    """Return the batches to query next, the most important first.

    The result is empty when no query is left that can matter. No batch contains a query that has an
    answer. The caller makes the queries, adds their answers to *answers*, and calls this again.
    """
    return [
        *always_read_batches(plan, answers),
        *follow_up_batches(plan, answers),
        *_cause_batches(plan, answers, verdicts),
        *drilldown_batches(plan, answers),
        *first_batches(plan, answers),
    ]


def batches_of_part(part: ReadPlan, answers: Answers) -> Sequence[QueryBatch]:
    """Return the batches to query next about the scopes of *part*, the most important first.

    They are those of `next_batches`, without the search for causes, which needs the whole plan.
    """
    return [
        *always_read_batches(part, answers),
        *follow_up_batches(part, answers),
        *drilldown_batches(part, answers),
        *first_batches(part, answers),
    ]


def _cause_batches(plan: ReadPlan, answers: Answers, verdicts: Verdicts) -> Iterator[QueryBatch]:
    """Yield the next queries that find out which breaches have the same cause."""
    for rule in plan.rules:
        breaches = known_breaches(rule, plan, answers, verdicts)
        batches = [batch for breach in investigations(breaches) for batch in breach.batches()]
        # The providers come first, because they can make the comparison of senders unnecessary.
        if not batches and (search := shared_email_search(breaches)):
            batches = list(search.batches())
        yield from batches


def within_budget(
    pending: Sequence[QueryBatch], left: int | None, allowed: int | None
) -> Sequence[Query]:
    """Return the queries of the *pending* batches that fit into the budget.

    *allowed* is the number of queries of the whole run, of which *left* may still be made. None
    means no limit. A batch also costs the follow-up queries that it reserves. A batch that exceeds
    the whole budget is skipped, so that it does not block the batches after it.
    """
    queries: dict[Query, None] = {}
    spent = 0
    for batch in pending:
        new_queries = [query for query in batch.queries if query not in queries]
        cost = len(new_queries) + batch.reserve
        if left is not None and allowed is not None:
            if cost > allowed:
                continue
            if spent + cost > left:
                break
        spent += cost
        queries |= dict.fromkeys(batch.queries)
    return list(queries)
