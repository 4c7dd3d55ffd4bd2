"""Which queries to make next, after the answers so far.

Nothing is queried that cannot matter to a rule. In order of importance:

1. the account, and scopes with an open alert: every metric;
2. scopes whose sent emails are known: their events, if those can matter (`query_batches`);
3. the main contributor to each breach (`contributor`);
4. whatever may breach a rule at a single provider (`drilldown`);
5. providers and senders not queried yet, the longest wait first.

So one sender is read to the end before the next one is started, and what a deadline or a budget
cuts off comes first in the next run.
"""

from collections.abc import Sequence

from vdm_alerts.core.planning.contributor import investigations
from vdm_alerts.core.planning.drilldown import drilldown_batches
from vdm_alerts.core.planning.queries import Answers, Query
from vdm_alerts.core.planning.query_batches import (
    QueryBatch,
    always_read_batches,
    first_batches,
    follow_up_batches,
)
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.planning.verdicts import EarlyVerdicts


def next_batches(plan: ReadPlan, answers: Answers, verdicts: EarlyVerdicts) -> Sequence[QueryBatch]:
    """Return what to query after *answers*, the most important first; nothing once all is known.

    No batch holds a query that has an answer. The caller makes the queries, adds their answers, and
    calls this again.
    """
    investigated = investigations(plan, answers, verdicts)
    return [
        *always_read_batches(plan, answers),
        *follow_up_batches(plan, answers),
        *(batch for investigation in investigated for batch in investigation.batches()),
        *drilldown_batches(plan, answers),
        *first_batches(plan, answers),
    ]


def within_budget(
    pending: Sequence[QueryBatch], left: int | None, allowed: int | None
) -> Sequence[Query]:
    """Return the queries of the first batches that the budget affords.

    *left* of the *allowed* queries may still be made; None is no limit. What a batch may lead to is
    reserved for it. A batch that exceeds the whole budget is skipped, so that nothing waits behind
    it.
    """
    queries: dict[Query, None] = {}
    spent = 0
    for batch in pending:
        cost = len([query for query in batch.queries if query not in queries]) + batch.reserve
        if left is not None and allowed is not None:
            if cost > allowed:
                continue
            if spent + cost > left:
                break
        spent += cost
        queries |= dict.fromkeys(batch.queries)
    return list(queries)
