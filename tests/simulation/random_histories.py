"""Random histories, each determined by its seed."""

import random
from dataclasses import replace
from typing import Any

from simulation.damages import KINDS, Damage
from simulation.histories import (
    HOUR,
    LEVELS,
    RECOVERY,
    SENDERS,
    History,
    LaterVersion,
    Overlap,
    Step,
)
from simulation.ports import READ_RULES, READ_SILENCES
from simulation.rules import EDITS, INVALID, OTHER_INDICATOR, RULES
from simulation.world import LIST, Crowd, Fault
from vdm_alerts.core.model.metrics import ACCOUNT, Metric
from vdm_alerts.core.planning.queries import Query

INTERVALS = (HOUR, HOUR, HOUR, HOUR, HOUR / 12, 9 * HOUR, 24 * HOUR, 75 * HOUR, -HOUR / 2)
"""The time between two runs; one is negative, a clock that is set back."""
SERVICES = ("table", "topic", "ses", "ssm")
LISTS = (LIST, LIST, READ_RULES, READ_SILENCES)
WRITES = (LaterVersion.WRITES_ALERT, LaterVersion.WRITES_NEW_KIND)
UNREADABLE = (
    *SENDERS,
    ACCOUNT,
    *(Query(metric, SENDERS[0]) for metric in (Metric.SEND, Metric.PERMANENT_BOUNCE)),
)
"""What VDM may not answer: all queries about a scope, or a single one."""


def random_history(seed: int) -> History:
    """Return the history of *seed*."""
    chance = random.Random(seed)
    steps = [Step(levels={SENDERS[0]: chance.choice(LEVELS)})]
    length = chance.randint(40, 120) if chance.random() < 0.02 else chance.randint(3, 12)
    steps += [_step(chance) for _ in range(length)]
    last = {name: text for step in steps for name, text in step.rules.items()}
    fixed = {
        name: RULES[name]
        for name, text in sorted(last.items())
        if text in {None, INVALID, OTHER_INDICATOR}
    }
    steps += [replace(RECOVERY, rules=fixed, damage=_damage(chance)), Step(), Step()]
    quiet_hours = "22:00-07:00 Europe/Berlin" if chance.random() < 0.15 else "none"
    return History(_with_rates_of_ses(steps, seed), quiet_hours)


def _with_rates_of_ses(steps: list[Step], seed: int) -> tuple[Step, ...]:
    """Return *steps* with rates that SES itself reports, in half of the histories.

    They have chances of their own, so that a seed has the history that it had without them. A step
    without a rate makes the last one older, up to stale. No item is damaged: an incident of several
    rules takes several transactions here, of which the oracle of damage knows only the last.
    """
    chance = random.Random(f"rates of SES {seed}")
    if chance.random() < 0.5:
        return tuple(steps)
    *faulty, first, second = steps
    return (
        *(
            replace(
                step,
                ses_level=chance.choice(LEVELS) if chance.random() < 0.6 else None,
                is_cloudwatch_down=chance.random() < 0.1,
                damage=None,
            )
            for step in faulty
        ),
        replace(first, ses_level=chance.choice(LEVELS), damage=None),
        second,
    )


def _step(chance: random.Random) -> Step:
    """Return a step with a few changes and faults."""
    changes: dict[str, Any] = {"after": chance.choice(INTERVALS)}
    if chance.random() < 0.5:
        changes["levels"] = {chance.choice(SENDERS): chance.choice(LEVELS)}
    if chance.random() < 0.1:
        changes["revised"] = {chance.choice(SENDERS): chance.choice(LEVELS)}
    if chance.random() < 0.1:
        name = chance.choice(sorted(RULES))
        changes["rules"] = {name: chance.choice(EDITS[name])}
    if chance.random() < 0.08:
        changes["silences"] = {chance.choice("ab"): chance.choice((None, 2 * HOUR, 30 * HOUR))}
    if chance.random() < 0.05:
        changes["senders"] = chance.choice((SENDERS, SENDERS[:1]))
    changes["requests_summary"] = chance.random() < 0.08
    if chance.random() < 0.012:
        changes["crowd"] = _crowd(chance)
    return Step(**changes, **_faults(chance), **_state_faults(chance))


def _faults(chance: random.Random) -> dict[str, Any]:
    """Return the faults of one step."""
    faults: dict[str, Any] = {}
    if chance.random() < 0.12:
        faults["unreadable"] = frozenset(chance.sample(UNREADABLE, chance.randint(0, 3)))
    if chance.random() < 0.15:
        count = chance.choice((0, 0, 1, 1, 2))
        faults["services_down"] = frozenset(chance.sample(SERVICES, count))
    if chance.random() < 0.06:
        faults["subscribers"] = chance.choice((0, 1, 2))
    if chance.random() < 0.4:
        count = chance.choice((1, 1, 2))
        faults["faults"] = {chance.randint(0, 20): chance.choice(list(Fault)) for _ in range(count)}
    else:
        faults |= _hanging(chance)
    if chance.random() < 0.1:
        effect = chance.choice((None, chance.randint(0, 18)))
        faults["overlap"] = Overlap(chance.randint(1, 18), effect, chance.random() < 0.6)
    return faults


def _hanging(chance: random.Random) -> dict[str, Any]:
    """Return what takes all the time that it can get: a service, a list, VDM, or nothing."""
    services = frozenset({chance.choice(SERVICES)}) if chance.random() < 0.06 else frozenset()
    return {
        "services_hanging": services,
        "endless_lists": frozenset({chance.choice(LISTS)})
        if not services and chance.random() < 0.08
        else frozenset(),
        "is_vdm_slow": not services and chance.random() < 0.04,
    }


def _state_faults(chance: random.Random) -> dict[str, Any]:
    """Return what happens to the table between two runs."""
    faults: dict[str, Any] = {"damage": _damage(chance)}
    if chance.random() < 0.03:
        faults["later_item"] = chance.choice(WRITES)
    elif chance.random() < 0.5:
        faults["later_item"] = LaterVersion.IS_DEPLOYED_AGAIN
    return faults


def _damage(chance: random.Random) -> Damage | None:
    """Return the damage of an item, or none."""
    if chance.random() > 0.12:
        return None
    kind = chance.choice(("alert", "alert", *KINDS))
    return Damage(kind, chance.random(), chance.random(), chance.random())


def _crowd(chance: random.Random) -> Crowd:
    """Return very many senders, rules or errors, or none."""
    size = chance.choice((0, 300, 10_000))
    senders = chance.choice((0, 3, 90)) if size < 10_000 else 2
    return Crowd(
        senders=senders,
        name_size=size,
        level=chance.choice(LEVELS),
        rules=chance.choice((0, 0, 1, 30)),
        broken_rules=chance.choice((0, 0, 100)),
        broken_silences=chance.choice((0, 45, 700)),
    )
