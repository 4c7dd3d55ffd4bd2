"""The plan of a sweep: what else is worth asking, after what has been answered, and what for.

It asks for nothing that cannot matter to some rule, and in order of weight:

1. of the account and of what an alert is open for, everything;
2. of those whose mail has been counted, what became of it, where that can matter (`steps`);
3. who is behind what breaks a rule (`culprits`);
4. whatever may break one at a single provider (`drill`);
5. providers and senders who have not been asked about yet, who has waited longest first.

So whoever is begun with is read to the end before the next, and what time or a budget cuts off
comes first the next time.
"""

from collections.abc import Sequence

from vdm_alerts.core.planning.contributor import cases
from vdm_alerts.core.planning.drilldown import drills
from vdm_alerts.core.planning.queries import Found, Query
from vdm_alerts.core.planning.query_batches import Step, of_begun, of_next, of_whole
from vdm_alerts.core.planning.selection import Sweep


def worth_asking(sweep: Sweep, found: Found) -> Sequence[Step]:
    """Return what is worth asking after *found*, the weightiest first; nothing once all is known.

    It never holds what is in *found* already. One asks, adds the answers, and looks again.
    """
    into_breaches = (step for case in cases(sweep, found) for step in case.steps())
    return [
        *of_whole(sweep, found),
        *of_begun(sweep, found),
        *into_breaches,
        *drills(sweep, found),
        *of_next(sweep, found),
    ]


def affordable(pending: Sequence[Step], left: int | None, allowed: int | None) -> Sequence[Query]:
    """Return the queries of as many steps, from the first on, as are *left* of those *allowed*.

    All of them, where None limits them. What a step may lead to is set aside for it. One that takes
    more than is ever allowed is passed over, so that nobody waits behind it.
    """
    queries: dict[Query, None] = {}
    spent = 0
    for step in pending:
        cost = len([query for query in step.queries if query not in queries]) + step.reserve
        if left is not None and allowed is not None:
            if cost > allowed:
                continue
            if spent + cost > left:
                break
        spent += cost
        queries |= dict.fromkeys(step.queries)
    return list(queries)
