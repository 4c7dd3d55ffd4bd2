"""Histories: what happens to an account and to its runs, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from threading import Semaphore, Thread
from unittest.mock import patch

from simulation.damages import Damage, add_later_item, inflict, remove_later_item
from simulation.oracle import Oracle
from simulation.ports import run_actor
from simulation.rules import RULES
from simulation.world import LEASE_DURATION, Actor, Crowd, Fault, World
from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.model.rates import Indicator, SesRate
from vdm_alerts.core.muting.quiet_hours import parse_quiet_hours
from vdm_alerts.core.muting.silences import Silence
from vdm_alerts.core.planning import read_plan
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.rule_scopes import provider_names
from vdm_alerts.core.rules.patterns import ScopeMatcher

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SENDERS = (Scope(identity="a.example.com"), Scope(identity="b.example.com"))
LEVELS = (0, 10, 60, 120, 250)
"""Bounces per 1,000 emails: none, few, a warning, critical, and far above critical."""
HOUR = timedelta(hours=1)
CHANGES = (
    "senders",
    "unreadable",
    "services_down",
    "services_hanging",
    "endless_lists",
    "is_vdm_slow",
    "crowd",
    "subscribers",
)
"""What a step replaces in the world."""


@dataclass(frozen=True)
class Overlap:
    """A second run that starts while the first one is running."""

    first_pauses_at: int
    """The number of the first run's effect before which the second run starts."""
    second_pauses_at: int | None = None
    """The number of the second run's effect before which the first one continues."""
    has_lease_expired: bool = False
    """Whether the first run's lease has expired when the second run starts."""


class LaterVersion(Enum):
    """What a later version does to the table."""

    WRITES_ALERT = "alert"
    WRITES_NEW_KIND = "new kind"
    IS_DEPLOYED_AGAIN = "deployed again"


@dataclass(frozen=True)
class Step:
    """One run: what has changed before it, and what goes wrong in it."""

    after: timedelta = HOUR
    """The time since the run before."""
    levels: Mapping[Scope, int] = field(default_factory=dict)
    """New levels of senders, from today on."""
    revised: Mapping[Scope, int] = field(default_factory=dict)
    """New levels of senders for yesterday."""
    rules: Mapping[str, str | None] = field(default_factory=dict)
    """New texts of rules; None deletes a rule."""
    silences: Mapping[str, timedelta | None] = field(default_factory=dict)
    """New silences and their length; None deletes a silence."""
    senders: tuple[Scope, ...] | None = None
    unreadable: frozenset[Scope | Query] | None = None
    services_down: frozenset[str] | None = None
    services_hanging: frozenset[str] | None = None
    endless_lists: frozenset[str] | None = None
    is_vdm_slow: bool | None = None
    crowd: Crowd | None = None
    damage: Damage | None = None
    later_item: LaterVersion | None = None
    subscribers: int | None = None
    requests_summary: bool = False
    """Whether the schedule of the weekly summary starts the run; of two, the second one."""
    faults: Mapping[int, Fault] = field(default_factory=dict)
    overlap: Overlap | None = None
    ses_level: int | None = None
    """The bounces per 1,000 emails that SES itself reports now; None if it reports none."""
    is_cloudwatch_down: bool = False


@dataclass(frozen=True)
class History:
    """The steps of one history, and its quiet hours."""

    steps: tuple[Step, ...]
    quiet_hours: str = "none"


RECOVERY = Step(
    after=26 * HOUR,
    unreadable=frozenset(),
    services_down=frozenset(),
    services_hanging=frozenset(),
    endless_lists=frozenset(),
    is_vdm_slow=False,
    crowd=Crowd(),
    later_item=LaterVersion.IS_DEPLOYED_AGAIN,
    subscribers=1,
    senders=SENDERS,
)
"""The step with which every history ends: no fault remains, and every sender is listed."""


def play(history: History) -> Oracle:
    """Play *history* in a new world and return its oracle."""
    oracle = new_oracle(history.quiet_hours)
    *steps, first, second = history.steps
    for step in steps:
        play_step(oracle, step)
    for step in (first, second):
        play_step(oracle, step)
        oracle.check_recovery()
    return oracle


def new_oracle(quiet_hours: str = "none") -> Oracle:
    """Return the oracle of a new world with *quiet_hours*."""
    world = World(START, SENDERS, RULES, quiet_hours=parse_quiet_hours(quiet_hours))
    world.levels = {sender: {START.date() - timedelta(days=70): 10} for sender in SENDERS}
    return Oracle(world)


def play_step(oracle: Oracle, step: Step) -> None:
    """Play *step* in the world of *oracle*, and check what happened."""
    world = oracle.world
    change(world, step)
    if step.damage and not world.later_item:
        oracle.note_damage(inflict(world, step.damage))
    if step.later_item:
        change_version(world, step.later_item)
    # One mailbox provider is enough, and faster.
    with patch.object(read_plan, provider_names.__name__, lambda _: ("Hotmail",)):
        if step.overlap:
            actors = run_overlapping(world, step)
            oracle.check_overlap(actors, step.overlap)
        else:
            actor = Actor(step.faults, step.requests_summary)
            oracle.check_run(run_actor(world, actor))


def change(world: World, step: Step) -> None:
    """Apply the changes of *step* to *world*."""
    world.now += step.after
    today = world.now.date()
    for scope, level in step.levels.items():
        world.levels[scope][today] = level
    for scope, level in step.revised.items():
        world.levels[scope][today - timedelta(days=1)] = level
        world.levels[scope].setdefault(today, level)
    edited = {**world.rules, **step.rules}
    world.rules = {name: text for name, text in edited.items() if text is not None}
    for name, length in step.silences.items():
        world.silences.pop(name, None)
        if length is not None:
            world.silences[name] = _silence(name, world.now + length)
    world.is_cloudwatch_down = step.is_cloudwatch_down
    if step.ses_level is not None:
        # The clock may be set back, and CloudWatch has one rate for each time.
        rates = world.ses_rates.get(Indicator.SES_BOUNCE_RATE, [])
        earlier = [rate for rate in rates if rate.at != world.now]
        world.replaced_ses_rates += [rate for rate in rates if rate.at == world.now]
        reported = SesRate(step.ses_level / 1_000, world.now)
        world.ses_rates = {Indicator.SES_BOUNCE_RATE: [*earlier, reported]}
    if step.senders is not None and step.senders != world.senders:
        world.senders_changed_at = world.now
    for name in CHANGES:
        value = getattr(step, name)
        if value is not None:
            setattr(world, name, value)


def change_version(world: World, version: LaterVersion) -> None:
    """Have a later version write an item, or take it back."""
    if version is LaterVersion.IS_DEPLOYED_AGAIN:
        remove_later_item(world)
    elif world.later_item is None:
        add_later_item(world, is_known_kind=version is LaterVersion.WRITES_ALERT)


def _silence(name: str, until: datetime) -> Silence:
    """Return a silence of the identity *name*.example.com, for all rules."""
    names = ScopeMatcher({Dimension.IDENTITY: f"{name}.example.com"})
    source = f"/vdm-alerts/silences/{name}"
    return Silence(name, source, "*", names, until, "It moves", "the team")


def run_overlapping(world: World, step: Step) -> list[Actor]:
    """Run the two actors of *step*, the second while the first one pauses; return both."""
    overlap = step.overlap
    assert overlap
    second_may_start, first_may_continue = Semaphore(0), Semaphore(0)

    def pause_first() -> None:
        second_may_start.release()
        first_may_continue.acquire()

    def pause_second() -> None:
        first_may_continue.release()
        thread.join()

    first = Actor(step.faults, pauses={overlap.first_pauses_at: pause_first})
    effect, now = overlap.second_pauses_at, world.now
    pauses = {} if effect is None else {effect: pause_second}
    second = Actor(requests_summary=step.requests_summary, pauses=pauses)

    def run_first() -> None:
        try:
            run_actor(world, first, now)
        finally:
            second_may_start.release()

    thread = Thread(target=run_first)
    thread.start()
    second_may_start.acquire()
    if overlap.has_lease_expired:
        world.now += LEASE_DURATION + timedelta(minutes=1)
    else:
        world.now += timedelta(minutes=1)
    run_actor(world, second)
    first_may_continue.release()
    thread.join()
    return [first, second]
