"""The plan of a sweep: what else is worth asking, after what has been answered, and what for.

It asks for nothing that cannot matter to some rule, and in order of weight, so that what time or a
budget cuts off is the least:

1. of the account, of providers and of what an alert is open for, everything; of everybody else
   first how much they have sent, and what became of it where that can matter (`steps`);
2. who is behind what breaks a rule (`culprits`);
3. whatever may break one at a single provider (`drill`).
"""

from collections.abc import Sequence

from vdm_alerts.core.culprits import cases
from vdm_alerts.core.drill import drills
from vdm_alerts.core.queries import Found, Query
from vdm_alerts.core.steps import Step, steps
from vdm_alerts.core.sweep import Sweep


def worth_asking(sweep: Sweep, found: Found) -> Sequence[Step]:
    """Return what is worth asking after *found*, the weightiest first; nothing once all is known.

    It never holds what is in *found* already. One asks, adds the answers, and looks again.
    """
    into_breaches = (step for case in cases(sweep, found) for step in case.steps())
    return [*steps(sweep, found), *into_breaches, *drills(sweep, found)]


def affordable(pending: Sequence[Step], most: int | None) -> Sequence[Query]:
    """Return the queries of as many steps, from the first on, as *most* suffices for; None: all.

    What a step may lead to is set aside for it, so that whoever is begun with is read to the end.
    """
    queries: dict[Query, None] = {}
    spent = 0
    for step in pending:
        spent += step.cost
        if most is not None and spent > most:
            break
        queries |= dict.fromkeys(step.queries)
    return list(queries)
