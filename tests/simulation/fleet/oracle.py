"""The oracle of a fleet: checks its guarantees by the truth and by what was published.

A notification counts for its target, whether it was published alone or as a part of a digest. The
oracle works out what the recipients of each target believe, and which targets they believe to be
blind. It looks at the table only to find out whether a delivery was recorded.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from simulation.delivered import has_history, incidents_in, lists_all_alerts, scope_of
from simulation.fleet.executions import Execution
from simulation.fleet.ports import READ_RESULTS, READ_TARGETS
from simulation.fleet.world import (
    FLEET,
    RULES,
    SENDERS,
    FleetActor,
    FleetWorld,
    Publication,
)
from simulation.oracle import RANK, Key
from simulation.repeats import MIN_REMINDER_INTERVAL, Content, content_of
from simulation.rules import parsed, severity
from simulation.world import LONG_AGO, World
from vdm_alerts.adapters.aws.dynamodb_items import (
    HISTORY,
    STATE,
    is_weekly_request,
    partition_key,
)
from vdm_alerts.adapters.memory import MemoryState
from vdm_alerts.app.notify import NotificationsUnsentError
from vdm_alerts.core.alerts.alert import FLAP_COUNT, FLAP_WINDOW
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications import fleet as grouping
from vdm_alerts.core.notifications.service_notification import SERVICE

Number: TypeAlias = tuple[str, str, str, int]
OUTCOMES = {
    "done",
    "died",
    "NotificationsUnsentError",
    "UnavailableError",
    "StaleStateError",
    "ClockWentBackError",
    "LeaseHeldError",
}
"""How an evaluation or a try of the delivery may end here."""
VIOLATIONS = (
    "missing notification",
    "unexpected notification",
    "false alert",
    "false resolution",
    "wrong blind targets",
    "too many messages",
    "other target changed",
    "no recovery",
    "unexpected error",
)
"""The kinds of violation that the oracle reports."""


@dataclass
class Recipient:
    """What the recipients of the notifications of one target know."""

    beliefs: dict[Key, int] = field(default_factory=dict)
    """The rank of each severity that they believe in."""
    alerted_at: dict[Key, int] = field(default_factory=dict)
    """How many observations there were when each alert was last published."""
    latest: dict[str, Publication] = field(default_factory=dict)
    """The publication of each id with the highest sequence number."""
    summarized: date = date.min
    """The last day of which there is a weekly summary, or the first summary."""


@dataclass
class FleetOracle:
    """Checks each try of the delivery and each execution, and collects violations."""

    fleet: FleetWorld
    violations: list[tuple[str, str]] = field(default_factory=list)
    """The kind and the details of each violation."""
    faults: Counter[str] = field(default_factory=Counter)
    excuses: Counter[str] = field(default_factory=Counter)
    """Why notifications were sent twice that may be."""
    runs: Counter[str] = field(default_factory=Counter)
    """How many evaluations and deliveries ended with each outcome."""
    checks: int = 0
    """How often a belief was compared with the truth."""
    duplicates: int = 0
    recipients: dict[Target, Recipient] = field(default_factory=dict)
    blind: Mapping[str, str] = field(default_factory=dict)
    """The headline about each target that recipients believe to be blind, by the finding's key."""
    removed: set[Target] = field(default_factory=set)
    """The targets that recipients know to be removed."""
    _known: set[Target] = field(default_factory=set)
    """The targets of executions that were about all targets."""
    _contents: dict[Number, object] = field(default_factory=dict)
    _published: dict[Number, Publication] = field(default_factory=dict)
    """The last publication of each number."""
    _checked: int = 0
    """How many publications were checked."""

    def __post_init__(self) -> None:
        self.recipients = {each: Recipient() for each in (*self.fleet.targets, FLEET)}

    # After each try of the delivery step: what it published.

    def check_try(self, actor: FleetActor) -> None:
        """Check what the try *actor* of a delivery published."""
        self._count(actor)
        is_unread = any(name in {READ_TARGETS, READ_RESULTS} for name, _ in actor.faults_occurred)
        if not (is_unread or actor.outcome in {"done", "died", NotificationsUnsentError.__name__}):
            self._report("unexpected error", f"a delivery ended as {actor.outcome}")
        for publication in self.fleet.publications[self._checked :]:
            self._check_duplicate(publication)
            self._check_content(publication)
            if publication.target == FLEET:
                self._check_blindness(publication)
        self._checked = len(self.fleet.publications)
        own = [each for each in self.fleet.publications if each.actor is actor]
        self._check_limit(own)
        for publication in own:
            publication.is_settled = self._is_settled(publication)
            if not (publication.is_settled or self._reason(publication)):
                self._report(
                    "unexpected notification", f"{publication.number} is not stored as delivered"
                )

    def _check_limit(self, new: Sequence[Publication]) -> None:
        """Check that there are at most `limit` messages, besides those that are full."""
        targets: dict[int, set[Target]] = {}
        for publication in new:
            targets.setdefault(publication.message, set()).add(publication.target)
        others = [each for each in targets.values() if len(each) < grouping.MAX_TARGETS]
        if len(others) > self.fleet.limit:
            self._report("too many messages", f"{len(others)} in one try of an execution")

    def _check_duplicate(self, publication: Publication) -> None:
        """Check that a number is published again only if its delivery is not certain."""
        number = publication.number
        earlier = self._published.get(number)
        self._published[number] = publication
        if earlier is None or earlier is publication:
            return
        self.duplicates += 1
        if publication.actor.has_lease_expired or earlier.actor.has_lease_expired:
            self.excuses["lease expired"] += 1
        elif earlier.actor.outcome == "never ran" and not self._reason(earlier):
            self._report("unexpected notification", f"{number} was published by two at once")
        elif earlier.is_settled:
            self._report("unexpected notification", f"{number} was delivered before")
        else:
            self.excuses[self._reason(earlier)] += 1

    def _check_content(self, publication: Publication) -> None:
        """Check that *publication* is true and new, and learn what recipients believe."""
        document = publication.document
        recipient = self.recipients[publication.target]
        content = content_of_document(document)
        is_first = publication.number not in self._contents
        if self._contents.setdefault(publication.number, content) != content:
            self._report("unexpected notification", f"{publication.number} has two contents")
        if not lists_all_alerts(document):
            self._report("unexpected notification", f"{publication.number} is not whole")
        if document["kind"] in {"summary", "weekly"}:
            is_weekly = document["kind"] == "weekly"
            day = document["id"].removeprefix("weekly-") if is_weekly else document["at"][:10]
            recipient.summarized = max(recipient.summarized, date.fromisoformat(day))
        if document["kind"] == "service" and is_first:
            self._check_findings(publication, recipient)
        for incident in incidents_in(document):
            self._check_incident(publication, incident, recipient)

    def _check_findings(self, publication: Publication, recipient: Recipient) -> None:
        """Check that no problem is new that recipients know."""
        document, latest = publication.document, recipient.latest.get(publication.document["id"])
        if latest and latest.is_settled and not publication.actor.has_lease_expired:
            removed = {_removal_key(target) for target in self.removed}
            known = {
                (each["key"], each["headline"])
                for each in latest.document["findings"]
                if not each["key"].startswith("removed:") or each["key"] in removed
            }
            for finding in document["findings"]:
                if finding["new"] and (finding["key"], finding["headline"]) in known:
                    details = f"{publication.number}: {finding['headline']} was new before"
                    self._report("unexpected notification", details)
        if latest is None or latest.document["sequence"] <= document["sequence"]:
            recipient.latest[document["id"]] = publication

    def _check_incident(
        self, publication: Publication, incident: Mapping[str, Any], recipient: Recipient
    ) -> None:
        latest = recipient.latest.get(incident["id"])
        last = _part(latest, incident["id"]) if latest else None
        if latest and last and last["sequence"] < incident["sequence"]:
            self._check_news(publication, incident, latest, last)
        for affected in incident["affected"]:
            self._check_affected(publication, affected, recipient)
        if last is None or last["sequence"] <= incident["sequence"]:
            recipient.latest[incident["id"]] = publication
            self._believe(publication, incident, recipient)

    def _check_news(
        self,
        publication: Publication,
        incident: Mapping[str, Any],
        latest: Publication,
        last: Mapping[str, Any],
    ) -> None:
        """Check that *incident*, whose number is new, says anything new."""
        if not latest.is_settled or publication.actor.has_lease_expired:
            return
        pause = _time_of(publication) - _time_of(latest)
        is_early = incident["reason"] == "REPEAT" and pause < MIN_REMINDER_INTERVAL
        if is_early or (
            incident["reason"] != "REPEAT" and content_of(incident) == content_of(last)
        ):
            self._report("unexpected notification", f"{publication.number} has no new content")

    def _check_affected(
        self, publication: Publication, affected: Mapping[str, Any], recipient: Recipient
    ) -> None:
        """Check that runs of the target have observed what *affected* says."""
        key, rank = (affected["rule"], scope_of(affected)), RANK[affected["severity"]]
        world = self.fleet.worlds[publication.target]
        match affected["reason"]:
            case "FIRING" | "ESCALATED":
                ranks = _observed_ranks(world, key, 0, publication.observed)
                if not any(max(each) >= rank for each in ranks):
                    self._report(
                        "false alert", f"{publication.target}: {key} never had rank {rank}"
                    )
            case "RESOLVED" | "REVISED":
                since = recipient.alerted_at.get(key, 0)
                ranks = _observed_ranks(world, key, since, publication.observed)
                if not any(min(each) == 0 for each in ranks):
                    self._report("false resolution", f"{publication.target}: {key}")
            case "CLOSED":
                self._report("false resolution", f"{publication.target}: {key} is closed")

    def _believe(
        self, publication: Publication, incident: Mapping[str, Any], recipient: Recipient
    ) -> None:
        if not has_history(incident):
            return  # Nothing follows it up.
        for affected in incident["affected"]:
            key, rank = (affected["rule"], scope_of(affected)), RANK[affected["severity"]]
            recipient.beliefs[key] = rank
            if rank:
                recipient.alerted_at[key] = publication.observed

    def _check_blindness(self, publication: Publication) -> None:
        """Check that the listed targets are blind in the execution, and the fixed ones are not."""
        document = publication.document
        blind = self.fleet.blind.get(publication.execution)
        if blind is None:
            self._report("wrong blind targets", "an event about one target is about others")
            return
        reasons = {_finding_key(target): reason for target, reason in blind.items()}
        for finding in filter(_is_about_blindness, document["findings"]):
            reason = reasons.get(finding["key"])
            if reason is None or reason not in finding["headline"]:
                self._report("wrong blind targets", f"{finding['headline']}: it is {reason}")
        for finding in document["fixed"]:
            if finding["key"] in reasons:
                self._report("wrong blind targets", f"{finding['headline']} is not fixed")
        listed = {_removal_key(each): each for each in self.fleet.targets}
        for finding in document["findings"]:
            if finding["key"] in listed and finding["new"]:
                self.removed.add(listed[finding["key"]])
                if listed[finding["key"]] in self.fleet.listed_in[publication.execution]:
                    self._report("wrong blind targets", f"{finding['headline']}: it was listed")
        if self.recipients[FLEET].latest[document["id"]] is publication:
            findings = filter(_is_about_blindness, document["findings"])
            self.blind = {each["key"]: each["headline"] for each in findings}

    def _is_settled(self, publication: Publication) -> bool:
        """Say whether what is stored shows that *publication* was delivered."""
        target, document = publication.target, publication.document
        if not has_history(document):
            key = f"executions/{publication.execution}/due/{target.account}/{target.region}.json"
            return document["id"] not in self.fleet.bucket.files[key]
        state = MemoryState(self.fleet.table).load(target)
        if document["kind"] == "weekly":
            return recipient_day(document) not in state.open_weekly_requests
        return document["id"] not in state.attempts

    def _reason(self, publication: Publication) -> str:
        """Return why the delivery of *publication* may not have been recorded; "" if nothing."""
        actor = publication.actor
        if actor.has_lease_expired:
            return "lease expired"
        if actor.is_dead:
            return "died"
        kinds = (
            f"publish {publication.message}",
            f"save the state: {publication.target}",
            "put the handover",
        )
        for name, fault in actor.faults_occurred:
            if name in kinds:
                return f"{fault.value}: {_without_names(name)}"
        return ""

    # After each execution: whether everything due was sent.

    def check_execution(self, execution: Execution, overlapping: Sequence[Execution]) -> None:
        """Check that *execution*, one of *overlapping*, left nothing unsent that it could send."""
        for actor in execution.invocations:
            self._count(actor)
        for trespass in self.fleet.trespasses:
            self._report("other target changed", trespass)
        self.fleet.trespasses.clear()
        if len(overlapping) == 1:
            self._check_skipped(execution)
        if not execution.tries:
            return
        last, is_alone = execution.tries[-1], len(overlapping) == 1
        for target in execution.answers:
            is_latest = is_alone or (
                last.outcome == "done" and _evaluated_last(target, overlapping) is execution
            )
            if is_latest and self._must_be_informed(execution, target):
                self._check_beliefs(target, execution.evaluations[target])
        if execution.is_complete and last.outcome == "done":
            self._check_removals(execution, last)
        if is_alone and execution.is_complete and _reaches(last, FLEET) and self.fleet.subscribers:
            self.checks += 1
            expected = {_finding_key(target): why for target, why in execution.blind.items()}
            if self.blind.keys() != expected.keys() or any(
                reason not in self.blind[key] for key, reason in expected.items()
            ):
                details = f"{sorted(self.blind)} are believed to be blind, {expected} are"
                self._report("wrong blind targets", details)

    def _check_skipped(self, execution: Execution) -> None:
        """Check that no target was skipped in *execution* because of a run of its own."""
        for target in sorted(execution.wrongly_skipped, key=str):
            self._report("wrong blind targets", f"{target} was skipped because of its own run")

    def _check_removals(self, execution: Execution, last: FleetActor) -> None:
        """Check that recipients know which targets were removed from the fleet."""
        listed = {each.target for each in execution.listed}
        if any("known targets" in name for name, _ in last.faults_occurred):
            return
        for target in sorted(self._known - listed - self.removed, key=str):
            if self.fleet.subscribers:
                self._report("wrong blind targets", f"{target} was removed, and nobody knows")
        self.removed -= listed
        self._known |= listed

    def _must_be_informed(self, execution: Execution, target: Target) -> bool:
        """Say whether nothing prevented that everything due in *target* was sent."""
        plan, actor = execution.plan, execution.evaluations[target]
        return (
            execution.answers[target]["status"] == "evaluated"
            and target not in {*execution.blind, *plan.handover_faults, *plan.tables_down}
            and (target not in plan.held or execution.tries[-1].outcome == "done")
            and actor.outcome == "done"
            and not actor.has_trouble
            and (actor.now or LONG_AGO) >= self.fleet.levels_changed_at
            and _reaches(execution.tries[-1], target)
            and self.fleet.subscribers > 0
        )

    def _check_beliefs(self, target: Target, actor: FleetActor) -> None:
        """Check that the recipients of *target* know what its evaluation *actor* has read."""
        world, recipient = self.fleet.worlds[target], self.recipients[target]
        assert actor.now
        today = actor.now.date()
        for name, text in RULES.items():
            rule = parsed(name, text)
            assert rule
            for scope in (ACCOUNT, *SENDERS):
                self.checks += 1
                key = name, scope
                days = (today, today - timedelta(days=1))
                truth = severity(max(world.level(scope, day) for day in days), rule)
                believed = recipient.beliefs.get(key, 0)
                has_ended = not truth and not self._is_flapping(target, key)
                if believed < truth or (believed and has_ended):
                    details = f"{target}: {key} has rank {truth}, recipients believe {believed}"
                    self._report("missing notification", details)
        service = recipient.latest.get(SERVICE)
        is_reported = service is not None and "A silence is broken" in _findings_of(service)
        if is_reported != bool(world.crowd.broken_silences):
            self._report("missing notification", f"{target}: a silence is broken, or fixed")
        days_due = {day for day in world.summaries_requested if day > recipient.summarized}
        if days_due:
            self._report("missing notification", f"{target}: weekly summary of {days_due}")

    def _is_flapping(self, target: Target, key: Key) -> bool:
        dimensions = {dimension.value: value for dimension, value in key[1].dimensions.items()}
        resolutions = [
            each
            for each in self.fleet.table.partition(partition_key(HISTORY, target))
            if (each["rule"], each["scope"]) == (key[0], dimensions)
            if each["before"].startswith("Firing") and each["after"] == "Ok"
            if self.fleet.now - datetime.fromisoformat(each["at"]) <= FLAP_WINDOW
        ]
        return len(resolutions) >= FLAP_COUNT

    def stored_states(self) -> Mapping[Target, object]:
        """Return the stored state and history of each target that cannot be read.

        Requests for weekly summaries are left out: they are stored for such a target, too.
        """
        return {
            target: [
                dict(item)
                for kind in (STATE, HISTORY)
                for item in self.fleet.table.partition(partition_key(kind, target))
                if not is_weekly_request(item)
            ]
            for target in self.fleet.denied
        }

    def check_unchanged(self, before: Mapping[Target, object]) -> None:
        """Check that the state of each blind target is as *before*."""
        for target, state in self.stored_states().items():
            if target in before and before[target] != state:
                self._report("other target changed", f"{target} is blind, and its state changed")

    def check_recovery(self, execution: Execution) -> None:
        """Check that *execution*, before which no fault was left, ended as usual."""
        runs = (*execution.evaluations.values(), *execution.tries)
        outcomes = {actor.outcome for actor in runs}
        if outcomes != {"done"} or execution.blind:
            self._report("no recovery", f"runs ended as {outcomes}, blind: {execution.blind}")

    def _count(self, actor: FleetActor) -> None:
        self.runs[actor.outcome] += 1
        for name, fault in actor.faults_occurred:
            self.faults[f"{fault.value}: {_without_names(name)}"] += 1
        self.faults.update(f"unavailable: {service}" for service in actor.services_down)
        if actor.outcome not in OUTCOMES:
            self._report("unexpected error", f"a run ended as {actor.outcome}: {actor.error!r}")

    def _report(self, kind: str, details: object) -> None:
        self.violations.append((kind, f"as of {self.fleet.now:%d %H:%M}: {details}"))


def recipient_day(document: Mapping[str, Any]) -> date:
    """Return the day of the weekly summary with *document*."""
    return date.fromisoformat(document["id"].removeprefix("weekly-"))


def _reaches(actor: FleetActor, target: Target) -> bool:
    """Say whether no fault of *actor* can have kept it from what is due in *target*."""
    if actor.is_dead or actor.has_lease_expired:
        return False
    takes, loads = f"take the lease: {target}", f"load the state: {target}"
    if takes in actor.effects and loads not in actor.effects:
        return False  # Another run holds the lease.
    return actor.outcome in {"done", "NotificationsUnsentError"} and all(
        ": " in name and not name.endswith(str(target)) for name, _ in actor.faults_occurred
    )


def _evaluated_last(target: Target, executions: Iterable[Execution]) -> Execution:
    """Return which of *executions* evaluated *target* last."""
    return max(
        (each for each in executions if target in each.evaluations),
        key=lambda each: each.evaluations[target].now or LONG_AGO,
    )


def _observed_ranks(world: World, key: Key, since: int, until: int) -> Iterator[Sequence[int]]:
    """Yield the ranks of the days that the rule reads, for each observation of *key*."""
    rule = parsed(key[0], RULES[key[0]])
    assert rule
    for observation in world.observations[since:until]:
        if observation.scope == key[1]:
            yield [severity(level, rule) for level in observation.levels[:2]]


def content_of_document(document: Mapping[str, Any]) -> object:
    """Return what may not differ between publications of the same number."""
    if document["kind"] == "service":
        return sorted(each["headline"] for each in (*document["findings"], *document["fixed"]))
    incidents: list[Content] = [content_of(incident) for incident in incidents_in(document)]
    return sorted(incidents)


def _part(publication: Publication, id_: str) -> Mapping[str, Any]:
    """Return the incident *id_* of *publication*."""
    return next(each for each in incidents_in(publication.document) if each["id"] == id_)


def _findings_of(publication: Publication) -> str:
    return str(publication.document["findings"])


def _time_of(publication: Publication) -> datetime:
    return datetime.fromisoformat(publication.document["at"])


def _removal_key(target: Target) -> str:
    return f"removed:{target.account}:{target.region}"


def _is_about_blindness(finding: Mapping[str, Any]) -> bool:
    return bool(finding["key"].startswith("blind:"))


def _finding_key(target: Target) -> str:
    return f"blind:{target.account}:{target.region}"


def _without_names(name: str) -> str:
    """Return the name of an effect without its target or number."""
    return name.partition(":")[0].rstrip(" 0123456789")
