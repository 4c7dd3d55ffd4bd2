"""The oracle: checks the guarantees from outside, by the truth and by what was delivered.

It knows how many emails bounce, which is the truth. From the delivered messages it works out what
recipients believe, and it knows what each run read. It knows nothing of alerts and how they are
stored.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any, TypeAlias

from builders import TARGET

from simulation.damaged import Damaged
from simulation.damages import ROSTER, DamagedItem, was_later_item_kept
from simulation.delivered import (
    has_history,
    incidents_in,
    lists_all_alerts,
    lists_all_scopes,
    number_of,
    scope_of,
)
from simulation.misleading import leads_with_good_news, says_ok
from simulation.repeats import Content, Repeats, content_of
from simulation.rules import (
    CROWD_DAYS,
    CROWD_RULE,
    DAYS,
    RULES,
    SEEN_DAYS,
    SES,
    SES_RULE,
    parsed,
    severity,
)
from simulation.service import ServiceStatus
from simulation.world import LIST, LONG_AGO, Actor, Crowd, Delivery, Fault, SeenRates, World
from vdm_alerts.adapters.aws.dynamodb_history import recent_transitions
from vdm_alerts.adapters.aws.dynamodb_items import HISTORY, RUN, partition_key
from vdm_alerts.app.notify import NotificationsUnsentError
from vdm_alerts.core.alerts.alert import FLAP_COUNT, FLAP_WINDOW
from vdm_alerts.core.evaluation.ses_rates import HISTORY as HISTORY_OF_SES
from vdm_alerts.core.evaluation.verdict_record import NoRecord, VerdictRecord, verify
from vdm_alerts.core.model.errors import ClockWentBackError, LeaseHeldError, StaleStateError
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.rates import Indicator, SesRate
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.rule import PlainComparison, Rule

if TYPE_CHECKING:
    from simulation.histories import Overlap

Key: TypeAlias = tuple[str, Scope]
"""A rule's name, and a scope."""
RANK = {"OK": 0, "WARNING": 1, "CRITICAL": 2}
FAILURES = (
    LeaseHeldError,
    ClockWentBackError,
    StaleStateError,
    NotificationsUnsentError,
    UnavailableError,
)
OUTCOMES = {"done", "died", *(failure.__name__ for failure in FAILURES)}
"""How a run may end here."""
VIOLATIONS = (
    "missing notification",
    "unexpected notification",
    "false alert",
    "false resolution",
    "misleading notification",
    "wrong rule status",
    "unreported failure",
    "overwritten item",
    "out of time",
    "no recovery",
    "unexpected error",
)
"""The kinds of violation that the oracle reports."""
NONZERO = {Indicator.BOUNCE_RATE.key, Indicator.SES_BOUNCE_RATE.key}
"""The rates that are not always 0 here."""
READ = "read metrics"
UNCHECKED = {"version", "token"}
"""The attributes of the run item whose damage leaves the others as they are."""
DAY = timedelta(days=1)
COUNTED_PROBLEM = "problem that a full message may only count"
"""An excuse: 50 problems are listed at most, and fewer if their texts are long."""
READ_WITHIN = timedelta(hours=25)
"""How soon the emails of a new sender are read."""
BEYOND_DOUBT = 2.5
"""A rate of so many times the highest threshold is above it at any confidence level."""
BEYOND_LATE_BOUNCES = 1.5
"""Today's bounces that are so many times a threshold of earlier emails, too, are not late ones."""
MAX_DAYS_LATE = 8
"""The emails of so many days before today may bounce today."""


@dataclass
class Oracle:
    """Checks each run after it has ended, and collects violations of the guarantees."""

    world: World
    violations: list[tuple[str, str]] = field(default_factory=list)
    """The kind and the details of each violation."""
    faults: Counter[str] = field(default_factory=Counter)
    excuses: Counter[str] = field(default_factory=Counter)
    """How often a guarantee did not hold, or may not, for a reason that it names."""
    runs: Counter[str] = field(default_factory=Counter)
    """How many runs ended with each outcome."""
    checks: int = 0
    """How often a belief was compared with the truth."""
    knows_truth: bool = True
    """If False, only the content and the number of messages are checked."""
    last: Actor = field(default_factory=Actor)
    beliefs: dict[Key, int] = field(default_factory=dict)
    """The rank of each severity that recipients believe in, by the messages they got."""
    repeats: Repeats = field(init=False)
    damaged: Damaged = field(init=False)
    _known_deliveries: set[int] = field(default_factory=set)
    """The deliveries that the service knew of at some time, by their indices."""
    _has_history: dict[Key, bool] = field(default_factory=dict)
    """Whether each belief comes from a message that had the alert history."""
    _unlisted: set[Key] = field(default_factory=set)
    """The alerts that may be in a message that did not list all of its scopes."""
    _service: ServiceStatus = field(default_factory=ServiceStatus)
    _contents: dict[str, tuple[int, Content]] = field(default_factory=dict)
    """The latest sequence number and content of each incident."""
    _last_delivery: dict[Key, Delivery] = field(default_factory=dict)
    _alerted_at: dict[Key, int] = field(default_factory=dict)
    """How many observations there were when each alert was last delivered."""
    _last_fault_at: int = -1
    """How many observations there were at the last run with a fault."""
    _checked_deliveries: int = 0
    _verified: set[str] = field(default_factory=set)
    """The sort keys of the transitions whose verdicts were evaluated again."""
    _known_rules: dict[str, Rule] = field(default_factory=dict)
    _all_versions: dict[str, list[Rule]] = field(default_factory=dict)
    _breached_since: dict[Key, datetime] = field(default_factory=dict)
    _unreadable_since: dict[Scope, datetime] = field(default_factory=dict)
    _subscribers: int = 0
    """The subscribers at the last run that should have notified them of all."""
    _deliveries_by_then: int = 0

    def __post_init__(self) -> None:
        self.repeats = Repeats(self._report, self.excuses)
        self.damaged = Damaged(self.world)

    def check_run(self, actor: Actor) -> None:
        """Check what the run of *actor* did; after a run without faults, also the beliefs."""
        self._count(actor)
        self._learn_rules(actor)
        self._check_table()
        self._check_muting()
        self.damaged.note_senders()
        self.damaged.note_rules()
        self._check_messages()
        self._check_reports(actor)
        if _is_clean(actor):
            self._check_weekly_summary()
        if self.knows_truth:
            self._update_durations(is_clean=_is_clean(actor))
            if _is_clean(actor):
                self._check_beliefs()

    def check_overlap(self, actors: list[Actor], overlap: "Overlap") -> None:
        """Check what two overlapping runs did."""
        self.faults["lease expired" if overlap.has_lease_expired else "concurrent runs"] += 1
        for actor in actors:
            self._learn_rules(actor)
            self._count(actor)
            self._check_reports(actor)
        self._check_table()
        self.damaged.note_rules()
        self._check_messages(may_repeat=overlap.has_lease_expired)
        self._update_durations(is_clean=False)

    def check_recovery(self) -> None:
        """Check that the last run, before which no fault was left, ended as usual.

        After such a run, `check_run` has checked that everything due is sent.
        """
        if not _is_clean(self.last):
            self._report("no recovery", f"the last run ended as {self.last.outcome}")

    def note_damage(self, item: DamagedItem | None) -> None:
        """Take into account that *item* was damaged before the next run."""
        if item is None:
            return
        self.faults[f"damaged: {item.kind}"] += 1
        if item.rule and item.scope:
            key = item.rule, item.scope
            believed = self.beliefs.pop(key, 0)
            self.excuses["damaged alert that may end without notification"] += believed > 0
            self.damaged.add_alert(item.name, key, believed)
            self._breached_since.pop(key, None)
        elif item.rule:
            self.excuses["invalid rule whose last valid version was damaged"] += not parsed(
                item.rule, self.world.rules.get(item.rule, "")
            )
            self._known_rules.pop(item.rule, None)
        elif item.kind == ROSTER:
            self.excuses["unreadable time that begins anew"] += bool(self._unreadable_since)
            self._unreadable_since.clear()
            self._service.is_unreadable = None
        elif item.kind == RUN and item.attribute not in UNCHECKED:
            # Any field may be the damaged one, so none of those about past reports is used.
            self.excuses["damaged list of reported problems"] += 1
            self._service.forget()
            self._subscribers = 0
            self.repeats.forget_summaries()
            self.damaged.forget()
        if self.damaged.add_item(item):
            self.excuses["item that is damaged again in the next run"] += 1

    def confirmed_beliefs(self) -> Mapping[Key, int]:
        """Return the beliefs that come from messages with the alert history.

        A message without it says so, and no later message follows it up.
        """
        return {key: rank for key, rank in self.beliefs.items() if self._has_history[key]}

    def _count(self, actor: Actor) -> None:
        self.faults.update(f"{fault.value}: {name}" for name, fault in actor.faults_occurred)
        self.faults.update(f"unavailable: {service}" for service in actor.services_down)
        self.faults.update(f"hung: {service}" for service in actor.services_hanging)
        self.faults.update(f"endless: {name}" for name in actor.endless_lists)
        self.faults["time for VDM was too short"] += actor.has_cut_off
        self.faults["crowd"] += self.world.crowd != Crowd()
        roster = self.world.rosters.rosters.get(TARGET, SenderRoster())
        if LIST in actor.endless_lists and not {*self.world.senders} <= roster.records.keys():
            self.world.senders_changed_at = self.world.now  # The next list has them.
        self.last = actor
        if not _is_clean(actor):
            self._last_fault_at = len(self.world.observations)
        self.runs[actor.outcome] += 1
        if actor.is_out_of_time:
            self._report("out of time", f"a run took {actor.elapsed}: {actor.effects}")
        elif actor.outcome not in OUTCOMES:
            self._report("unexpected error", f"a run ended as {actor.outcome}")

    def _report(self, kind: str, details: object) -> None:
        self.violations.append((kind, f"as of {self.world.now:%d %H:%M}: {details}"))

    def _check_table(self) -> None:
        if not was_later_item_kept(self.world):
            self._report("overwritten item", "a run has written beside an item of a later version")
        self._check_evidence()

    def _check_evidence(self) -> None:
        """Check that each recorded verdict can be evaluated again from its record alone."""
        items = self.world.table.partition(partition_key(HISTORY, TARGET))
        new = [item for item in items if item["sk"] not in self._verified]
        self._verified |= {item["sk"] for item in new}
        for transition in recent_transitions(new).items:
            record = transition.record
            if isinstance(record, VerdictRecord):
                for difference in verify(record):
                    self._report("verdict differs", f"{transition}: {difference}")
            elif record is not NoRecord.NO_VERDICT:
                self._report("no evidence", f"{transition}: {record}")

    # Guarantee 2: no notification is sent twice, except when its delivery could not be confirmed.
    # Guarantee 3: every notification is true.

    def _check_messages(self, *, may_repeat: bool = False) -> None:
        new = self.world.delivered[self._checked_deliveries :]
        self._checked_deliveries = len(self.world.delivered)
        for delivery in new:
            self._check_history(delivery, may_repeat=may_repeat)
            self._check_headline(delivery)
            for incident in incidents_in(delivery.document):
                if not self.world.silences:  # A silenced scope may leave others to be reminded of.
                    self.repeats.check_reminder(delivery, incident)
                self._check_incident(delivery, incident, may_repeat=may_repeat)
            self.repeats.check(delivery, may_repeat=may_repeat)
            if not lists_all_alerts(delivery.document):
                scopes = (ACCOUNT, *self.world.levels)
                keys = {(name, scope) for name in (*RULES, SES) for scope in scopes}
                listed = incidents_in(delivery.document)
                unlisted = keys - {key for each in listed for key in _keys(each)}
                self.excuses["alert that a full message may only count"] += len(unlisted)
                self._unlisted |= unlisted
            if delivery.document["kind"] == "service":
                self.excuses[COUNTED_PROBLEM] += self.damaged.update(delivery.document)
                self._service.update(delivery.document)
                self._check_ended_subscriptions(delivery, may_repeat=may_repeat)
        for index, delivery in enumerate(self.world.delivered):
            is_known = delivery.is_confirmed or _is_clean(delivery.actor)
            # Once only: the service can forget what it knew.
            if is_known and index not in self._known_deliveries:
                self._known_deliveries.add(index)
                self.repeats.confirm(delivery)
        for delivery in new:
            if delivery.is_confirmed:
                self.damaged.confirm(delivery)
        unseen = self.damaged.note_stored_deliveries()
        self.excuses["marked incident that a full digest only counts"] += unseen

    def _check_headline(self, delivery: Delivery) -> None:
        """Check that *delivery* neither leads with good news nor says OK wrongly."""
        for incident in incidents_in(delivery.document):
            name = incident["affected"][0]["rule"]
            known = self._known_rules.get(name)
            rules = [known] if known else self._all_versions.get(name, [])
            if leads_with_good_news(incident, rules):
                details = f"{number_of(incident)} leads with a scope in range"
                self._report("misleading notification", details)
        if says_ok(delivery.document) and self.knows_truth and _is_clean(delivery.actor):
            self._check_all_clear()

    def _check_all_clear(self) -> None:
        """Check that no alert fires and no rate is unreadable, because a message says OK."""
        scopes = [scope for scope in (ACCOUNT, *self.world.levels) if self._is_monitored(scope)]
        firing = [
            (name, scope)
            for name, rule in self._known_rules.items()
            for scope in scopes
            if self._rank(scope, rule) and self._is_hold_over((name, scope), rule)
        ]
        if firing:
            self._report("misleading notification", f"[OK], although {firing} must fire")
        unreadable = [scope for scope in scopes if self.world.is_unreadable(scope)]
        if unreadable:
            self._report("misleading notification", f"[OK], although {unreadable} are unreadable")

    def _check_history(self, delivery: Delivery, *, may_repeat: bool) -> None:
        """Check that *delivery* had the alert history, unless the table failed."""
        parts = [delivery.document, *incidents_in(delivery.document)]
        if not (all(map(has_history, parts)) or delivery.actor.has_table_trouble or may_repeat):
            details = f"{delivery.document['id']} is without history, although the table worked"
            self._report("unexpected notification", details)

    def _check_ended_subscriptions(self, delivery: Delivery, *, may_repeat: bool) -> None:
        confirmed = [each for each in self.world.delivered if each.is_confirmed]
        known = {text for each in confirmed for text in _ended_subscriptions(each)}
        for text in _ended_subscriptions(delivery):
            if f" to {self.world.subscribers} after " not in text:
                self._report("false alert", f"{text}, but {self.world.subscribers} are left")
            if text in known and not (delivery.is_confirmed or may_repeat):
                self._report("unexpected notification", f"{text} was confirmed before")

    def _check_muting(self) -> None:
        """Check that new messages respect silences and quiet hours."""
        world = self.world
        silences = [each for each in world.silences.values() if not each.has_expired(world.now)]
        for delivery in world.delivered[self._checked_deliveries :]:
            document = delivery.document
            for incident in incidents_in(document) if _is_clean(delivery.actor) else ():
                keys = _keys(incident)
                if any(silence.covers(*key) for silence in silences for key in keys):
                    self._report("unexpected notification", f"of {keys} some are silenced")
            if self._is_quiet() and document["severity"] != "CRITICAL":
                details = f"{number_of(document)} was sent in quiet hours"
                self._report("unexpected notification", details)

    def _check_incident(
        self, delivery: Delivery, incident: Mapping[str, Any], *, may_repeat: bool
    ) -> None:
        number = number_of(incident)
        if self.knows_truth and incident["indicator"] not in NONZERO:
            self._report("false alert", f"{number} is about a rate that is always 0")
        content, is_followed_up = content_of(incident), has_history(incident)
        is_first = number not in self.repeats.sent
        last_sequence, last_content = self._contents.get(number[0], (0, ()))
        severities = [RANK[affected["severity"]] for affected in incident["affected"]]
        ranks = [*zip(_keys(incident), severities, strict=True)]
        is_due = incident["reason"] == "REPEAT" or any(self._is_new(*each) for each in ranks)
        if is_followed_up:
            self._check_marks(delivery, incident, ranks)
        deliveries = [last for key, _ in ranks if (last := self._last_delivery.get(key))]
        may_repeat |= any(last.actor.outcome == StaleStateError.__name__ for last in deliveries)
        is_certain = all(
            last.is_confirmed and last.observed > self._last_fault_at for last in deliveries
        )
        is_unconfirmed = not all(last.is_confirmed for last in deliveries)
        for affected, (key, rank) in zip(incident["affected"], ranks, strict=True):
            self._check_affected(delivery, affected, key, rank)
            if number[1] >= last_sequence:  # A message that arrives late has an earlier number.
                self._believe(delivery, key, rank, has_history=is_followed_up)
        is_next = number[1] == last_sequence + 1
        is_repeated = is_followed_up and is_first and is_next and lists_all_scopes(incident)
        if is_repeated and not (is_due or may_repeat):
            if not (last_sequence or any(rank for _, rank in ranks)):
                # The alert itself was not delivered, which the service could not know. To leave
                # out the end as well would be worse.
                self.excuses["end of an alert that was not delivered"] += 1
            elif is_certain or (is_unconfirmed and last_content == content):
                self._report("unexpected notification", f"{number} has no new content: {content}")
        self._contents[number[0]] = max((last_sequence, last_content), (number[1], content))

    def _check_marks(
        self, delivery: Delivery, incident: Mapping[str, Any], ranks: list[tuple[Key, int]]
    ) -> None:
        """Check that *incident* is marked if, and only if, it may repeat a damaged alert."""
        is_marked = not incident["history_available"]
        is_listed = self.damaged.alerts.keys() & {key for key, _ in ranks}
        if is_marked and lists_all_scopes(incident) and not is_listed:
            details = f"{number_of(incident)} is marked, but none of its alerts was damaged"
            self._report("unexpected notification", details)
        for key, rank in ranks if is_marked else ():
            is_repeat = rank > 0 and key in self.damaged.alerts
            self.excuses["marked notification of a damaged alert"] += is_repeat
        for key, rank in ranks if not is_marked else ():
            damage = self.damaged.alerts.get(key)
            if not (damage and 0 < rank <= damage.believed) or damage.may_have_ended:
                continue
            if self._was_healthy(key, damage.observed, delivery.observed):
                continue
            if damage.has_ended:
                self.excuses["new alert of a rule that did not apply after damage"] += 1
            else:
                details = f"{number_of(incident)} repeats the damaged {key} without a mark"
                self._report("unexpected notification", details)

    def _was_healthy(self, key: Key, since: int, until: int) -> bool:
        """Say whether a run observed *key* in range, so that its alert ended."""
        if key[0] == SES:
            return 0 in self._read_ses_ranks(LONG_AGO)
        observed = self._observed(key, since, until)
        return any(severity(min(levels), rule) == 0 for levels, rule in observed)

    def _is_new(self, key: Key, rank: int) -> bool:
        return self.beliefs.get(key) != rank or not self._has_history.get(key, True)

    def _check_affected(
        self, delivery: Delivery, affected: Mapping[str, Any], key: Key, rank: int
    ) -> None:
        if self.knows_truth and affected["reason"] in {"FIRING", "ESCALATED"}:
            self._check_alert(key, rank, delivery)
        if self.knows_truth and affected["reason"] == "RESOLVED":
            self._check_resolution(key, delivery)

    def _believe(self, delivery: Delivery, key: Key, rank: int, *, has_history: bool) -> None:
        # A message without the alert history withdraws nothing.
        self.beliefs[key] = rank if has_history else max(rank, self.beliefs.get(key, 0))
        self._has_history[key] = has_history
        self._unlisted.discard(key)
        self._last_delivery[key] = delivery
        if rank and has_history:
            self._alerted_at[key] = delivery.observed

    def _observed(self, key: Key, since: int, until: int) -> Iterator[tuple[tuple[int, ...], Rule]]:
        """Yield what runs observed of *key*: the levels of the days that the rule reads.

        With each comes the rule that applied, or, if that is uncertain, each that may have.
        """
        name, scope = key
        for observation in self.world.observations[since:until]:
            if observation.scope == scope:
                for rule in self._possible_rules(name, observation):
                    yield observation.levels[: DAYS.get(name, CROWD_DAYS)], rule

    def _possible_rules(self, name: str, observation: SeenRates) -> list[Rule]:
        text = observation.rules.get(name, "" if name in RULES else CROWD_RULE)
        rule = parsed(name, text)
        return [rule] if rule else self._all_versions.get(name, [])

    def _ses_ranks(self, since: datetime, until: datetime) -> list[int]:
        """Return the rank of each rate that SES has reported from *since* to *until*, in order."""
        rates = self.world.ses_rates.get(Indicator.SES_BOUNCE_RATE, ())
        rates = sorted(rates, key=lambda rate: rate.at)
        return [_ses_rank(rate) for rate in rates if since <= rate.at <= until]

    def _read_ses_ranks(self, since: datetime) -> list[int]:
        """Return the rank of each rate since *since* that a run may have read.

        If the clock was set back, that can be a rate of a later time, or one that another replaced.
        """
        rates = self.world.ses_rates.get(Indicator.SES_BOUNCE_RATE, ())
        rates = [*rates, *self.world.replaced_ses_rates]
        return [_ses_rank(rate) for rate in rates if since <= rate.at]

    def _check_alert(self, key: Key, rank: int, delivery: Delivery) -> None:
        worst_of_ses = max(self._read_ses_ranks(delivery.now - HISTORY_OF_SES), default=0)
        if key[0] == SES:
            if worst_of_ses < rank:
                self._report("false alert", f"{key} has rank {rank}, SES reported {worst_of_ses}")
            return
        if key == ("posterior", ACCOUNT) and worst_of_ses >= rank:
            rank = RANK["WARNING"]  # The rate of SES may raise the severity of a breach.
        observed = [*self._observed(key, 0, delivery.observed)]
        # With a confidence level, emails whose feedback cannot have arrived yet count for less.
        factor = 2 if key[0] == "posterior" else 1
        if not any(severity(max(levels) * factor, rule) >= rank for levels, rule in observed):
            details = f"{key} has rank {rank}, but observed were {[each for each, _ in observed]}"
            self._report("false alert", details)

    def _check_resolution(self, key: Key, delivery: Delivery) -> None:
        if key[0] == SES and not self._was_healthy(key, 0, delivery.observed):
            self._report("false resolution", f"{key}: SES reported no rate in range")
        if key[0] == SES:
            return
        since = self._alerted_at.get(key, 0)
        if not self._was_healthy(key, since, delivery.observed):
            observed = [levels for levels, _ in self._observed(key, since, delivery.observed)]
            details = f"{key}: observed since the alert were {observed}"
            self._report("false resolution", details)

    # Guarantee 1: every breach is reported. Guarantee 4: an invalid rule is reported, and its last
    # valid version applies.

    def _update_durations(self, *, is_clean: bool) -> None:
        """Update since when rates have been above a threshold, and scopes unreadable.

        The time counts from the first run that could store what it read.
        """
        world, since = self.world, self._breached_since
        breached = [
            (name, scope)
            for name, rule in self._known_rules.items()
            for scope in (ACCOUNT, *world.levels)
            if severity(self._level(scope, rule), rule) and self._is_monitored(scope)
        ]
        new = [key for key in breached if is_clean and not world.is_unreadable(key[1])]
        self._breached_since = dict.fromkeys(new, world.now) | {
            key: since[key] for key in breached if key in since
        }
        queried = (ACCOUNT, *world.senders) if is_clean and self._known_rules else ()
        # A scope of which a single metric is unreadable is not queried in every run.
        unreadable = [scope for scope in queried if scope in world.unreadable]
        self._unreadable_since = {
            scope: self._unreadable_since.get(scope, world.now) for scope in unreadable
        }

    def _check_beliefs(self) -> None:
        world = self.world
        if not world.subscribers:
            return
        for name in RULES:
            for scope in (ACCOUNT, *world.levels):
                self._check_belief((name, scope))
        self._check_belief_in_rate_of_ses()
        if not self._is_quiet():
            self._check_problems()
            self._check_status_of_fixed()
            self._check_subscribers()

    def _check_belief_in_rate_of_ses(self) -> None:
        """Check that a fresh rate of SES is reported with its severity."""
        key, now = (SES, ACCOUNT), self.world.now
        ranks = self._ses_ranks(now - DAY + timedelta(seconds=1), now)
        if not ranks or key in self._unlisted:
            return
        self.checks += 1
        believed, truth = self.beliefs.get(key, 0), ranks[-1]
        if believed < truth and not (self._is_quiet() and truth < RANK["CRITICAL"]):
            details = f"{key} has rank {truth}, recipients believe {believed}"
            self._report("missing notification", details)

    def _check_belief(self, key: Key) -> None:
        world, (name, scope) = self.world, key
        believed, is_quiet = self.beliefs.get(key, 0), self._is_quiet()
        if (
            world.is_unreadable(scope)
            or key in self._unlisted
            or any(
                silence.covers(name, scope) and not silence.has_expired(world.now)
                for silence in world.silences.values()
            )
        ):
            return
        self.checks += 1
        rule = self._known_rules.get(name)
        if rule is None or not self._is_monitored(scope):
            has_ended = name not in world.rules
        else:
            rank = self._rank(scope, rule)
            truth = rank if self._is_hold_over(key, rule) else 0
            if believed < truth and not (is_quiet and truth < RANK["CRITICAL"]):
                details = f"{key} has rank {truth}, recipients believe {believed}"
                self._report("missing notification", details)
            has_ended = name == "plain" and not rank and not self._is_flapping(key)
        if has_ended and not is_quiet and believed and self._has_history[key]:
            details = f"{key} has ended, recipients believe {believed}"
            self._report("missing notification", details)

    def _is_monitored(self, scope: Scope) -> bool:
        """Say whether *scope* is surely read. A new sender need not be listed at once."""
        is_listed = self.world.now - self.world.senders_changed_at > READ_WITHIN
        return scope == ACCOUNT or (scope in self.world.senders and is_listed)

    def _is_quiet(self) -> bool:
        quiet_hours = self.world.quiet_hours
        return quiet_hours is not None and quiet_hours.include(self.world.now)

    def _rank(self, scope: Scope, rule: Rule) -> int:
        """Return the rank that recipients have to believe in at least.

        With a confidence level, it is 0 unless the rate is beyond doubt, also if the bounces are
        late ones of yesterday's emails. The severity of the account then follows the rate of more
        days than one.
        """
        level = self._level(scope, rule)
        if isinstance(rule.confidence, PlainComparison):
            return severity(level, rule)
        if level < BEYOND_DOUBT * 1_000 * rule.thresholds[-1].share:
            return 0
        rank = severity(round(self._level_of_possible_emails(scope) / BEYOND_LATE_BOUNCES), rule)
        return min(rank, RANK["WARNING"]) if scope == ACCOUNT else rank

    def _level(self, scope: Scope, rule: Rule) -> int:
        """Return today's bounces per 1,000 emails; without a confidence, the worst of two days."""
        today = self.world.now.date()
        level = self.world.level(scope, today)
        if isinstance(rule.confidence, PlainComparison):
            return max(level, self.world.level(scope, today - DAY))
        return level

    def _level_of_possible_emails(self, scope: Scope) -> float:
        """Return the bounces per 1,000 emails that the latest bounces may be of.

        Today's may be of yesterday's emails. After days with far fewer bounces than before, the
        bounces of these days may have arrived late, on all days since.
        """
        now = self.world.now
        elapsed = (now - datetime.combine(now.date(), time(), now.tzinfo)) / DAY
        today, *before = (
            self.world.level(scope, now.date() - age * DAY) for age in range(SEEN_DAYS)
        )
        is_low = [level <= max(before[age:]) / 4 for age, level in enumerate(before)]
        start = is_low.index(True) if True in is_low else len(before)
        late = list(takewhile(bool, is_low[start : start + MAX_DAYS_LATE]))
        possible = before[: start + len(late)] if late else before[:1]
        return (today * elapsed + sum(possible)) / (elapsed + len(possible))

    def _is_hold_over(self, key: Key, rule: Rule) -> bool:
        since = self._breached_since.get(key)
        return not rule.hold or (since is not None and self.world.now - since >= rule.hold)

    def _is_flapping(self, key: Key) -> bool:
        dimensions = {dimension.value: value for dimension, value in key[1].dimensions.items()}
        resolutions = [
            each
            for each in self.world.table.partition(partition_key(HISTORY, TARGET))
            if (each["rule"], each["scope"]) == (key[0], dimensions)
            if each["before"].startswith("Firing") and each["after"] == "Ok"
            if self.world.now - datetime.fromisoformat(each["at"]) <= FLAP_WINDOW
        ]
        return len(resolutions) >= FLAP_COUNT

    def _learn_rules(self, actor: Actor) -> None:
        """Learn which rules apply; after a run with faults, an edited rule is uncertain."""
        texts = self.world.rules
        valid = {name: rule for name, text in texts.items() if (rule := parsed(name, text))}
        for name, rule in valid.items():
            versions = self._all_versions.get(name, ())
            self._all_versions[name] = [*(each for each in versions if each != rule), rule]
        kept = {name: rule for name, rule in self._known_rules.items() if name in texts}
        if _is_clean(actor):
            self._known_rules = kept | valid
        else:
            changed = {name for name, rule in valid.items() if kept.get(name) != rule}
            self._known_rules = {name: kept[name] for name in kept.keys() - changed}

    def _check_problems(self) -> None:
        """Check that each problem is reported, or counted by a message that lists too many others.

        Once the others are fixed, a message lists it. Until then, a new problem that takes the
        place of one that was only counted too does not change the count, and so is no news.
        """
        missing = [
            *self._unreported_rules(),
            *self._unreported_scopes(),
            *self._unreported_damage(),
        ]
        if len(missing) <= self._service.counted:
            self.excuses[COUNTED_PROBLEM] += len(missing)
            return
        for kind, details in missing:
            self._report(kind, details)

    def _unreported_rules(self) -> Iterator[tuple[str, str]]:
        for name in self._invalid_rules() - self._service.invalid_rules.keys():
            yield "wrong rule status", f"the rule {name} is invalid and not reported"

    def _unreported_scopes(self) -> Iterator[tuple[str, str]]:
        """Yield a violation if scopes are not reported as unreadable; one problem has them all."""
        world = self.world
        unreadable = {
            str(scope): since
            for scope, since in self._unreadable_since.items()
            if world.now - since > DAY
        }
        if unreadable and self._known_rules and self._service.is_unreadable is False:
            since = min(unreadable.values())
            details = f"{', '.join(unreadable)} is unreadable since {since} and not reported"
            yield "unreported failure", details

    def _unreported_damage(self) -> Iterator[tuple[str, str]]:
        for name in self.damaged.unreported:
            yield "unreported failure", f"the stored item {name} was damaged"

    def _check_status_of_fixed(self) -> None:
        """Check that the end of a problem is reported."""
        invalid = self._invalid_rules()
        for name, has_no_end in self._service.invalid_rules.items():
            if name not in invalid and has_no_end:
                self._report("wrong rule status", f"the rule {name} is valid and reported invalid")
        if self._service.is_unreadable and self._known_rules and not self.world.unreadable:
            self._report("unreported failure", "every scope is readable, and reported unreadable")

    def _invalid_rules(self) -> set[str]:
        return {name for name, text in self.world.rules.items() if not parsed(name, text)}

    def _check_weekly_summary(self) -> None:
        """Check that each request is answered by a weekly summary, or by the first summary."""
        if not self.world.subscribers or self._is_quiet():
            return
        days = [day for each in self.world.delivered if (day := _summarized_day(each))]
        for day in self.world.summaries_requested:
            self.checks += 1
            if days and max(days) < day:
                self._report("missing notification", f"the weekly summary of {day}")

    # Guarantee 5: the end of a subscription is notified to the others, and the metrics that alarms
    # use show what a run could not read.

    def _check_subscribers(self) -> None:
        count, new = self.world.subscribers, self.world.delivered[self._deliveries_by_then :]
        texts = [text for delivery in new for text in _ended_subscriptions(delivery)]
        if count < self._subscribers and not any(f" to {count} after " in text for text in texts):
            details = f"{count} subscribers are left of {self._subscribers}, and were not notified"
            self._report("missing notification", details)
        self._subscribers, self._deliveries_by_then = count, len(self.world.delivered)

    def _check_reports(self, actor: Actor) -> None:
        for run, report in self.world.reports:
            if run is actor:
                failed = {(READ, Fault.FAILS), (READ, Fault.HANGS)} & {*actor.faults_occurred}
                is_unread = (
                    "ses" in actor.services_down | actor.services_hanging
                    or failed
                    or actor.has_cut_off
                )
                if is_unread and not (report.unreadable or report.series_unknown):
                    self._report("unreported failure", f"reading failed, but not in {report}")
                if actor.outcome not in {"done", NotificationsUnsentError.__name__, "died"}:
                    details = f"a run that ended as {actor.outcome} was recorded"
                    self._report("unreported failure", details)


def _is_clean(actor: Actor) -> bool:
    """Say whether the run ended well and without any fault."""
    return actor.outcome == "done" and not actor.has_trouble


def _ses_rank(rate: SesRate) -> int:
    """Return the rank of a *rate* that SES reported, by the rule about it."""
    rule = parsed(SES, SES_RULE)
    return sum(rate.value >= threshold.share for threshold in rule.thresholds) if rule else 0


def _keys(incident: Mapping[str, Any]) -> list[Key]:
    """Return the rule and the scope of each alert that *incident* lists."""
    return [(affected["rule"], scope_of(affected)) for affected in incident["affected"]]


def _summarized_day(delivery: Delivery) -> date | None:
    """Return the day of a weekly summary, or of the first summary; None of other notifications."""
    match delivery.document["kind"]:
        case "summary":
            return delivery.now.date()
        case "weekly":
            return date.fromisoformat(delivery.document["id"].removeprefix("weekly-"))
        case _:
            return None


def _ended_subscriptions(delivery: Delivery) -> list[str]:
    """Return what *delivery* says about subscriptions that have ended."""
    findings = delivery.document.get("findings", ())
    return [each["headline"] for each in findings if each["key"] == "subscriptions"]
