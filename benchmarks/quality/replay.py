"""A world, replayed for every method, and the scores of each of them."""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.quality.methods import BASELINES
from benchmarks.quality.scoring import Outcome, Scores, limits, score
from benchmarks.quality.shipped import ShippedEvaluation
from benchmarks.quality.worlds import Counts, World, serve

PRODUCT = "VDM Alerts"
"""The name of the shipped evaluation in the results."""


def replay(world: World, names: Sequence[str], *, exact: bool = False) -> Mapping[str, Scores]:
    """Return the scores of the methods *names* in *world*.

    With *exact*, the shipped evaluation leaves no series out: see `ShippedEvaluation`.
    """
    shipped = ShippedEvaluation(world, exact=exact)
    baselines = {name: BASELINES[name](world) for name in names if name != PRODUCT}
    severities: dict[str, list[Counts]] = {name: [] for name in names}
    for look in serve(world):
        if PRODUCT in names:
            severities[PRODUCT].append(shipped.severities(look))
        for name, baseline in baselines.items():
            severities[name].append(baseline.severities(look))
    known = limits(world)
    scores: dict[str, Scores] = {}
    for name in names:
        history = np.array(severities[name])
        is_product = name == PRODUCT
        outcome = Outcome(
            severities=history,
            claims=shipped.claims if is_product else (),
            reminders=shipped.reminders if is_product else (),
        )
        scores[name] = score(world, outcome, known)
    return scores


def differences(world: World) -> Sequence[str]:
    """Return where leaving series out changes the alerts of the shipped evaluation.

    The sequence is empty if no series is left out that would fire. Use a small world.
    """
    quick, exact = ShippedEvaluation(world), ShippedEvaluation(world, exact=True)
    differing = []
    for look in serve(world):
        left, right = quick.severities(look), exact.severities(look)
        differing += [
            f"{look.now:%Y-%m-%d %H:%M}, series {number}: {left[number]} and not {right[number]}"
            for number in np.flatnonzero(left != right).tolist()
        ]
    return differing
