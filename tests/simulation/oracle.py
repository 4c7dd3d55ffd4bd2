"""Whether what is promised was kept: judged from outside, by the truth and by what was delivered.

It knows how many mails bounce, which is the truth; what people were told, from which it works out
what they believe; and what each run saw. It knows nothing of alerts and how they are remembered.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from simulation.delivered import incidents_in, number_of, scope_of
from simulation.repeats import Content, Repeats, content_of
from simulation.rules import DAYS, parsed, severity
from simulation.service import Service
from simulation.world import Actor, Delivery, Fault, Sight, World
from vdm_alerts.core.alerts.alert import FLAPPING, LATELY
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.rule import PlainComparison, Rule

if TYPE_CHECKING:
    from simulation.histories import Overlap

Key: TypeAlias = tuple[str, Scope]
RANK = {"OK": 0, "WARNING": 1, "CRITICAL": 2}
ENDS = {"done", "died", "Busy", "WentBack", "Superseded", "NotificationsUnsentError", "Unavailable"}
"""How a run may end here."""
WRONG = (
    "lost",
    "beyond the promise",
    "wrongly told",
    "wrongly resolved",
    "bad rule",
    "unseen",
    "broken",
)
"""What may be found wrong, as the proof counts it."""


@dataclass
class Oracle:
    """Looks at every run once it has ended; *wrong* is what was promised and not kept.

    Where it does not know the truth, what it looks at is what was said, and how often.
    """

    world: World
    wrong: list[tuple[str, str]] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    looks: int = 0
    knows_truth: bool = True
    last: Actor = field(default_factory=Actor)
    beliefs: dict[Key, int] = field(default_factory=dict)
    _believed_by: dict[Key, bool] = field(default_factory=dict)
    _service: Service = field(default_factory=Service)
    _contents: dict[str, tuple[int, Content]] = field(default_factory=dict)
    _last: dict[Key, Delivery] = field(default_factory=dict)
    _wrong_at: dict[Key, int] = field(default_factory=dict)
    _unclean: int = -1
    _read: int = 0
    _known_rules: dict[str, Rule] = field(default_factory=dict)
    _ever: dict[str, list[Rule]] = field(default_factory=dict)
    _broken_since: dict[Key, datetime] = field(default_factory=dict)
    _blind_since: dict[Scope, datetime] = field(default_factory=dict)
    repeats: Repeats = field(init=False)

    def __post_init__(self) -> None:
        self.repeats = Repeats(self._finds)

    def looks_at(self, actor: Actor) -> None:
        """Look at what *actor*, whose run has ended, did; and at the world, if it went well."""
        self._count(actor)
        self._looks_at_rules(actor)
        self._looks_at_manners()
        self._looks_at_messages()
        self._looks_at_records(actor)
        if self.knows_truth:
            self._keeps_time(is_clean=self._is_clean(actor))
            if self._is_clean(actor):
                self._looks_at_beliefs()

    def looks_at_overlap(self, actors: list[Actor], overlap: "Overlap") -> None:
        """Look at two runs that came in each other's way."""
        self.faults["leases that ran out" if overlap.lease_out else "runs at once"] += 1
        for actor in actors:
            self._looks_at_rules(actor)
            self._count(actor)
            self._looks_at_records(actor)
        self._looks_at_messages(may_repeat=overlap.lease_out)
        self._keeps_time(is_clean=False)

    def _count(self, actor: Actor) -> None:
        self.faults.update(f"{name} {fault.value}" for name, fault in actor.struck)
        self.last = actor
        if not self._is_clean(actor):
            self._unclean = len(self.world.seen)
        self.runs[actor.outcome] += 1
        if actor.outcome not in ENDS:
            self._finds("broken", f"a run ended as {actor.outcome}")
        self.faults.update(f"{service} down" for service in actor.down)

    def _finds(self, what: str, details: object) -> None:
        self.wrong.append((what, f"as of {self.world.now:%d %H:%M}: {details}"))

    def believed(self) -> Mapping[Key, int]:
        """Return what people believe by messages that knew what had been told before.

        One that did not is marked so, and nobody follows it up.
        """
        return {key: rank for key, rank in self.beliefs.items() if self._believed_by[key]}

    # Promise 2: nothing is said twice, but where nobody could know that it had been said; and 3:
    # what is said was true.

    def _looks_at_messages(self, *, may_repeat: bool = False) -> None:
        new = self.world.delivered[self._read :]
        self._read = len(self.world.delivered)
        for delivery in new:
            for incident in incidents_in(delivery.document):
                if not self.world.silences:  # They may leave others whose reminder is due.
                    self.repeats.looks_at_reminder(delivery, incident)
                self._looks_at_incident(delivery, incident, may_repeat=may_repeat)
            self.repeats.looks_at(delivery, may_repeat=may_repeat)
            if delivery.document["kind"] == "service":
                self._service.hears(delivery.document)
        for delivery in self.world.delivered:
            if delivery.is_confirmed or self._is_clean(delivery.actor):
                self.repeats.settles(delivery)

    def _looks_at_manners(self) -> None:
        """See that nobody is told what they asked not to hear of, or not at this hour."""
        world = self.world
        lasting = [each for each in world.silences.values() if not each.is_over(world.now)]
        is_quiet = world.quiet_hours is not None and world.quiet_hours.hold(world.now)
        for delivery in world.delivered[self._read :]:
            what = delivery.document
            for incident in incidents_in(what) if self._is_clean(delivery.actor) else ():
                keys = [(incident["rule"], scope_of(one)) for one in incident["affected"]]
                if any(each.covers(*key) for each in lasting for key in keys):
                    self._finds("beyond the promise", f"of {keys} some are silenced")
            if is_quiet and what["severity"] != "CRITICAL":
                self._finds("beyond the promise", f"{number_of(what)} could have waited")

    def _looks_at_incident(
        self, delivery: Delivery, incident: Mapping[str, Any], *, may_repeat: bool
    ) -> None:
        number, rule = number_of(incident), incident["rule"]
        if self.knows_truth and incident["indicator"] != Indicator.BOUNCE_RATE.key:
            self._finds("wrongly told", f"{number} is about a rate that never was above 0")
        content, remembered = content_of(incident), incident["remembered"]
        is_first = number not in self.repeats.said
        before, known = self._contents.get(number[0], (0, ()))
        ranks = [((rule, scope_of(one)), RANK[one["severity"]]) for one in incident["affected"]]
        is_news = incident["reason"] == "REPEAT" or any(self._is_news(*each) for each in ranks)
        lasts = [last for key, _ in ranks if (last := self._last.get(key))]
        may_repeat |= any(last.actor.outcome == "Superseded" for last in lasts)
        is_certain = all(last.is_confirmed and last.seen > self._unclean for last in lasts)
        is_open = not all(last.is_confirmed for last in lasts)
        for one, (key, rank) in zip(incident["affected"], ranks, strict=True):
            self._looks_at_entry(delivery, one, key, rank)
            if number[1] >= before:  # One that comes late is known by its number.
                self._believes(delivery, key, rank, remembered=remembered)
        if remembered and is_first and not (is_news or may_repeat) and number[1] == before + 1:
            if not (before or any(rank for _, rank in ranks)):
                # Its beginning was not heard, which nobody could know: no end would be worse.
                self.faults["ends that nobody needed"] += 1
            elif is_certain or (is_open and known == content):
                self._finds("beyond the promise", f"{number} says nothing new: {content}")
        self._contents[number[0]] = max((before, known), (number[1], content))

    def _is_news(self, key: Key, rank: int) -> bool:
        return self.beliefs.get(key) != rank or not self._believed_by.get(key, True)

    def _looks_at_entry(
        self, delivery: Delivery, one: Mapping[str, Any], key: Key, rank: int
    ) -> None:
        if self.knows_truth and one["reason"] in {"FIRING", "ESCALATED"}:
            self._looks_at_claim(key, rank, delivery)
        if self.knows_truth and one["reason"] == "RESOLVED":
            self._looks_at_end(key, delivery)

    def _believes(self, delivery: Delivery, key: Key, rank: int, *, remembered: bool) -> None:
        # What does not know what was told before takes nothing back.
        self.beliefs[key] = rank if remembered else max(rank, self.beliefs.get(key, 0))
        self._believed_by[key] = remembered
        self._last[key] = delivery
        if rank and remembered:
            self._wrong_at[key] = delivery.seen

    def _seen(self, key: Key, since: int, until: int) -> Iterator[tuple[tuple[int, ...], Rule]]:
        """Yield what runs have seen in between: the levels of the days that the rule looks at.

        With each comes the rule as it was then, or every way in which it may have counted.
        """
        name, scope = key
        for sight in self.world.seen[since:until]:
            if sight.scope == scope:
                for rule in self._judged_by(name, sight):
                    yield sight.levels[: DAYS[name]], rule

    def _judged_by(self, name: str, sight: Sight) -> list[Rule]:
        rule = parsed(name, sight.rules.get(name, ""))
        return [rule] if rule else self._ever.get(name, [])

    def _looks_at_claim(self, key: Key, rank: int, delivery: Delivery) -> None:
        seen = [*self._seen(key, 0, delivery.seen)]
        # Mail whose bounces cannot have come yet counts for less where one has to be sure.
        times = 1 if key[0] == "comparing" else 2
        if not any(severity(max(levels) * times, rule) >= rank for levels, rule in seen):
            levels = [levels for levels, _ in seen]
            self._finds("wrongly told", f"{key} has rank {rank}, and nobody saw more than {levels}")

    def _looks_at_end(self, key: Key, delivery: Delivery) -> None:
        seen = [*self._seen(key, self._wrong_at.get(key, 0), delivery.seen)]
        if not any(severity(min(levels), rule) == 0 for levels, rule in seen):
            levels = [levels for levels, _ in seen]
            self._finds("wrongly resolved", f"{key}: since it was told, seen were {levels}")

    # Promise 1: what is wrong is told; and 4: a bad rule goes on as it last was, and is told.

    def _keeps_time(self, *, is_clean: bool) -> None:
        """Take down since when every run has found something wrong, or somebody unreadable.

        From the first run on that kept what it saw.
        """
        world, since = self.world, self._broken_since
        wrong = [
            (name, scope)
            for name, rule in self._known_rules.items()
            for scope in (ACCOUNT, *world.levels)
            if severity(world.level(scope, world.now.date()), rule)
        ]
        now = [key for key in wrong if is_clean and not world.is_unknown(key[1])]
        self._broken_since = dict.fromkeys(now, world.now) | {
            key: since[key] for key in wrong if key in since
        }
        asked = (ACCOUNT, *world.senders) if is_clean and self._known_rules else ()
        # Of whom only some counts are unknown, those are not always worth asking for.
        blind = [one for one in asked if one in world.unknown]
        self._blind_since = {one: self._blind_since.get(one, world.now) for one in blind}

    def _looks_at_beliefs(self) -> None:
        world = self.world
        if not world.subscribers:
            return
        is_quiet = world.quiet_hours is not None and world.quiet_hours.hold(world.now)
        for name in sorted({name for name, _ in self.beliefs} | self._known_rules.keys()):
            for scope in (ACCOUNT, *world.levels):
                self._looks_at_belief((name, scope), is_quiet=is_quiet)
        if not is_quiet:
            self._looks_at_bad_rules()
            self._looks_at_blindness()

    def _looks_at_belief(self, key: Key, *, is_quiet: bool) -> None:
        world, (name, scope) = self.world, key
        believed = self.beliefs.get(key, 0)
        if world.is_unknown(scope) or any(
            each.covers(name, scope) and not each.is_over(world.now)
            for each in world.silences.values()
        ):
            return
        self.looks += 1
        is_listed = world.now - world.listed_since > READ_WITHIN
        rule = self._known_rules.get(name)
        is_watched = scope == ACCOUNT or (scope in world.senders and is_listed)
        if rule is None or not is_watched:
            is_over = name not in world.rules
        else:
            rank = self._rank(key, rule)
            truth = rank if self._is_due(key, rule) else 0
            if believed < truth and not (is_quiet and truth < RANK["CRITICAL"]):
                self._finds("lost", f"{key} has rank {truth}, and people believe {believed}")
            is_over = name == "comparing" and not rank and not self._comes_and_goes(key)
        if is_over and not is_quiet and believed and self._believed_by[key]:
            self._finds("lost", f"the end of {key} was not told; people believe {believed}")

    def _rank(self, key: Key, rule: Rule) -> int:
        """Return how bad it is today; where one has to be sure, if there is no doubt."""
        level = self.world.level(key[1], self.world.now.date())
        is_sure = (
            isinstance(rule.confidence, PlainComparison)
            or level >= SURELY * 1_000 * rule.thresholds[-1].share
        )
        return severity(level, rule) if is_sure else 0

    def _is_due(self, key: Key, rule: Rule) -> bool:
        """Say whether what is wrong has been so for as long as *rule* waits."""
        since = self._broken_since.get(key)
        return not rule.hold or (since is not None and self.world.now - since >= rule.hold)

    def _comes_and_goes(self, key: Key) -> bool:
        named = {dimension.value: value for dimension, value in key[1].dimensions.items()}
        ends = [
            each
            for each in self.world.history
            if (each["rule"], each["scope"]) == (key[0], named)
            if each["before"].startswith("Firing") and each["after"] == "Ok"
            if self.world.now - datetime.fromisoformat(each["at"]) <= LATELY
        ]
        return len(ends) >= FLAPPING

    def _looks_at_rules(self, actor: Actor) -> None:
        """Learn which rules are good, or were; of one that was edited nobody knows at once."""
        texts = self.world.rules
        good = {name: rule for name, text in texts.items() if (rule := parsed(name, text))}
        for name, rule in good.items():
            self._ever[name] = [*(each for each in self._ever.get(name, ()) if each != rule), rule]
        still = {name: rule for name, rule in self._known_rules.items() if name in texts}
        if self._is_clean(actor):
            self._known_rules = still | good
        else:
            changed = {name for name, rule in good.items() if still.get(name) != rule}
            self._known_rules = {name: still[name] for name in still.keys() - changed}

    def _is_clean(self, actor: Actor) -> bool:
        return actor.outcome == "done" and not actor.struck and not actor.down

    def _looks_at_bad_rules(self) -> None:
        bad = {name for name, text in self.world.rules.items() if not parsed(name, text)}
        for name in bad - self._service.bad.keys():
            self._finds("bad rule", f"the rule {name} cannot be used, and nobody believes so")
        for name, is_remembered in self._service.bad.items():
            if name not in bad and is_remembered:
                self._finds("bad rule", f"the rule {name} is bad no more, and nobody believes so")

    def _looks_at_blindness(self) -> None:
        world = self.world
        for scope, since in self._blind_since.items():
            if self._known_rules and world.now - since > A_DAY and not self._service.unread:
                self._finds("unseen", f"{scope} is unknown since {since}, and nobody knows")
        if self._service.unread and self._known_rules and not world.unknown:
            self._finds("unseen", "all can be read again, and nobody believes so")

    # Promise 5: what nobody could look at never looks well in the figures that alarms go by.

    def _looks_at_records(self, actor: Actor) -> None:
        for who, summary in self.world.recorded:
            if who is actor:
                is_blind = "ses" in actor.down or ("read", Fault.FAILS) in actor.struck
                if is_blind and not (summary.unread or summary.series_unknown):
                    self._finds("unseen", f"nothing could be read, and that is not in {summary}")
                if actor.outcome not in {"done", "NotificationsUnsentError", "died"}:
                    self._finds("unseen", f"a run that ended as {actor.outcome} was recorded")


A_DAY = timedelta(days=1)
READ_WITHIN = timedelta(hours=25)
"""How soon mail of a sender who is new is read."""
SURELY = 2.5
"""So many times the highest threshold leaves no doubt that it has been passed."""
