"""The simulated worlds by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.quality import further
from benchmarks.quality.further import STEADY_MULTIPLES, STEADY_VOLUMES, with_slower_feedback
from benchmarks.quality.senders import BOUNCES, COMPLAINTS, Senders, standard_world
from benchmarks.quality.worlds import World
from vdm_alerts.core.model.rates import Indicator

SERIES = 500
CAMPAIGN_SERIES = 200
"""The series of worlds with campaigns. Late feedback has them evaluated at almost every look."""
CELL_SERIES = 20
"""The series of each combination of rate and volume."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make a world."""

    make: Callable[[int, int], World]
    """Returns the world of a seed with a number of series."""
    series: int = SERIES
    """The default number of series; in worlds with combinations, that of each combination."""


TRANSIENT, PERMANENT = Indicator.TRANSIENT_BOUNCE_RATE, Indicator.BOUNCE_RATE
EVEN_BOUNCES = replace(BOUNCES, hour_scatter=0.0)
CAMPAIGN_MULTIPLES = (1.05, 1.2, 1.5, 2)
BOUNCE_SIZES = (10_000, 100_000, 1_000_000)
COMPLAINT_SIZES = (45_000, 450_000)


def _standard(senders: Senders) -> Recipe:
    return Recipe(partial(_make_standard, senders))


def _make_standard(senders: Senders, seed: int, series: int) -> World:
    return standard_world(senders, seed, series)


def _recipe(
    make: Callable[..., World],
    name: str,
    /,
    *arguments: object,
    series: int = SERIES,
    **keys: object,
) -> tuple[str, Recipe]:
    def made(seed: int, number: int) -> World:
        return make(seed, number, name, *arguments, **keys)

    return name, Recipe(made, series)


WORLDS: Mapping[str, Recipe] = {
    "bounce": _standard(BOUNCES),
    "complaint": _standard(COMPLAINTS),
    **dict(
        [
            _recipe(further.late_bounces, "weekly bounces", series=CAMPAIGN_SERIES),
            _recipe(
                further.late_bounces,
                "weekly bounces, trickle",
                trickle=True,
                series=CAMPAIGN_SERIES,
            ),
            _recipe(
                further.late_bounces, "monthly bounces", further.MONTH_DAYS, series=CAMPAIGN_SERIES
            ),
            _recipe(
                further.late_bounces,
                "monthly bounces, trickle",
                further.MONTH_DAYS,
                trickle=True,
                series=CAMPAIGN_SERIES,
            ),
            _recipe(further.weekly_complaints, "weekly complaints", series=CAMPAIGN_SERIES),
            _recipe(
                further.weekly_complaints,
                "weekly complaints, trickle",
                trickle=True,
                series=CAMPAIGN_SERIES,
            ),
            _recipe(further.small_after_large, "small after large", series=CAMPAIGN_SERIES),
            _recipe(further.deferred, "deferred, transient", TRANSIENT, series=CAMPAIGN_SERIES),
            _recipe(
                further.deferred,
                "deferred, transient, trickle",
                TRANSIENT,
                other="trickle",
                series=CAMPAIGN_SERIES,
            ),
            _recipe(further.deferred, "deferred, permanent", PERMANENT, series=CAMPAIGN_SERIES),
            _recipe(
                further.deferred,
                "deferred, permanent, 2% other",
                PERMANENT,
                other="2%",
                series=CAMPAIGN_SERIES,
            ),
            _recipe(further.stalled, "stalled bounces", BOUNCES),
            _recipe(further.stalled, "stalled complaints", COMPLAINTS),
            _recipe(further.midnight_batch, "midnight batch", series=100),
            _recipe(further.batches_sends_late, "daily batch, sends 2 h late", series=200),
            _recipe(further.sends_late, "sends 2 h late"),
            _recipe(
                further.steady,
                "steady, no scatter",
                EVEN_BOUNCES,
                STEADY_MULTIPLES,
                STEADY_VOLUMES,
                series=CELL_SERIES,
            ),
            _recipe(
                further.steady,
                "steady, hour scatter 0.3",
                BOUNCES,
                STEADY_MULTIPLES,
                STEADY_VOLUMES,
                series=CELL_SERIES,
            ),
            _recipe(
                further.steady,
                "steady complaints",
                COMPLAINTS,
                STEADY_MULTIPLES,
                (1_000_000,),
                series=CELL_SERIES,
            ),
            _recipe(
                further.steady,
                "just below, no scatter",
                EVEN_BOUNCES,
                (0.95,),
                STEADY_VOLUMES,
                series=CELL_SERIES,
            ),
            _recipe(
                further.steady,
                "just below, hour scatter 0.3",
                BOUNCES,
                (0.95,),
                STEADY_VOLUMES,
                series=CELL_SERIES,
            ),
            _recipe(
                further.one_campaign,
                "one bounce campaign",
                BOUNCES,
                CAMPAIGN_MULTIPLES,
                BOUNCE_SIZES,
                series=CELL_SERIES,
            ),
            _recipe(
                further.one_campaign,
                "one bounce campaign, trickle",
                BOUNCES,
                CAMPAIGN_MULTIPLES,
                BOUNCE_SIZES,
                series=CELL_SERIES,
                trickle=True,
            ),
            _recipe(
                further.one_campaign,
                "one complaint campaign",
                COMPLAINTS,
                (1.5, 2),
                COMPLAINT_SIZES,
                series=CELL_SERIES,
            ),
            _recipe(further.revised, "revised"),
            _recipe(further.looks_every, "looks every 4 h", 4),
            _recipe(further.runs_missed, "one run in five missed"),
            _recipe(further.counters_late, "counters 6 h late"),
            _recipe(further.today_not_served, "today not served"),
        ]
    ),
    **{
        senders.name: _standard(senders)
        for senders in (
            replace(BOUNCES, name="hour scatter 0.6", hour_scatter=0.6),
            with_slower_feedback(BOUNCES, "bounces twice as slow", 2),
            with_slower_feedback(BOUNCES, "bounces twice as fast", 0.5),
            with_slower_feedback(COMPLAINTS, "complaints twice as slow", 2),
            with_slower_feedback(COMPLAINTS, "complaints twice as fast", 0.5),
            replace(BOUNCES, name="20% near the line", near_share=0.2),
        )
    },
}
"""The worlds in the order of the output."""
