"""Implementations of all ports in memory, with the same contracts as on AWS.

`vdm-alerts simulate`, the tests and the simulation use these classes. The stores of state and
roster pass the same contract tests as the adapters for DynamoDB (`tests/contracts`).

State is stored as the items that DynamoDB would hold, written in the same transactions. Encoding
takes a little time in each save, and has three effects that a stored object has not:

* a field that the codec loses is lost here too;
* a save can stop between two transactions;
* the caller and the table share no mutable object.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from vdm_alerts.adapters.aws.codec import LaterSchemaError
from vdm_alerts.adapters.aws.dynamodb_history import WITHOUT_EVIDENCE, recent_transitions
from vdm_alerts.adapters.aws.dynamodb_items import (
    HISTORY,
    MAX_ITEM_SIZE,
    MAX_KEY_SIZE,
    MAX_LEASE,
    MAX_TRANSACTION_SIZE,
    MAX_WRITES,
    RUN,
    STATE,
    Item,
    Write,
    item_size,
    partition_key,
    run_item,
    save_in_transactions,
    weekly_request_item,
)
from vdm_alerts.adapters.aws.dynamodb_reading import (
    repaired_run_item,
    state_from_items,
    unreadable_history,
)
from vdm_alerts.core.alerts.history import RecentTransitions, Transition
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.evaluation.ses_rates import SesRates, ses_rates
from vdm_alerts.core.fleet.report import FleetReport
from vdm_alerts.core.model.account import AccountStatus, Recommendation
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.errors import LeaseHeldError, StaleStateError
from vdm_alerts.core.model.findings import OperationFailedError, UnavailableError
from vdm_alerts.core.model.metrics import Dimension, Scope, Series, Window
from vdm_alerts.core.model.rates import SES_INDICATORS, Gap, Indicator, SesRate
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.silences import Silences
from vdm_alerts.core.notifications.handover import Handover
from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.observations.run_metrics import RunMetric
from vdm_alerts.core.observations.run_report import RateSample, RunReport
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts.ports import Ports


@dataclass
class MemoryTable:
    """The items of a DynamoDB table, and the lease of each target.

    Each method corresponds to one request to DynamoDB: it succeeds or fails as a whole.
    """

    items: dict[tuple[str, str], Item] = field(default_factory=dict)
    """Every item, by its partition key and its sort key."""
    requests: set[Target] = field(default_factory=set)
    """The targets for which a run is requested."""
    leases: dict[Target, tuple[object, datetime]] = field(default_factory=dict)
    """The owner of each lease, and the wall clock time at which the lease expires."""

    def take_lease(self, target: Target, owner: object, until: datetime, now: datetime) -> None:
        """Give the lease to *owner* until *until*.

        Raises LeaseHeldError if another owner holds a lease at *now*.
        """
        holder, expires = self.leases.get(target, (owner, until))
        if holder != owner and now <= expires <= now + MAX_LEASE:
            raise LeaseHeldError("another run is active")
        self.leases[target] = owner, until

    def release_lease(self, target: Target, owner: object) -> None:
        """Release the lease of *owner*. A lease of another owner stays."""
        if target in self.leases and self.leases[target][0] == owner:
            del self.leases[target]

    def partition(self, name: str) -> Sequence[Item]:
        """Return every item whose partition key is *name*."""
        return [item for (pk, _), item in self.items.items() if pk == name]

    def partition_since(self, name: str, sort_key: str) -> Sequence[Item]:
        """Return the items of the partition *name* from *sort_key* on, the last one first."""
        items = [item for item in self.partition(name) if item["sk"] >= sort_key]
        return sorted(items, key=lambda item: str(item["sk"]), reverse=True)

    def put(self, item: Item) -> None:
        """Put *item* in place of one of the same keys, without a condition."""
        self.items[item["pk"], item["sk"]] = item

    def transact(self, run: Item, writes: Sequence[Write], version: int) -> None:
        """Apply *writes*, and put the *run* item in place of the run item with *version*.

        Raises StaleStateError if the stored run item has another version, and UnavailableError if
        DynamoDB would reject the size of an item or of the transaction.
        """
        _require_sizes([run, *(request["Item"] for _, request in writes if "Item" in request)])
        self.require_version(run["pk"], version)
        for action, request in writes:
            if action == "Delete":
                self.items.pop((request["Key"]["pk"], request["Key"]["sk"]), None)
            else:
                self.put(request["Item"])
        self.put(run)

    def require_version(self, partition: str, version: int) -> None:
        """Raise StaleStateError if the stored run item has another version; 0 means no item."""
        if self.items.get((partition, RUN), {}).get("version", 0) != version:
            raise StaleStateError(
                "another run saved its state during this run, so Lambda retries this run"
            )

    def replace_run_item(self, repaired: Item) -> None:
        """Put *repaired* in place of a run item with a damaged version."""
        self.put(repaired)


def _require_sizes(items: Sequence[Item]) -> None:
    """Raise UnavailableError if *items* are too large for a transaction of DynamoDB."""
    sizes = [item_size(item) for item in items]
    is_accepted = (
        max(sizes) <= MAX_ITEM_SIZE
        and sum(sizes) <= MAX_TRANSACTION_SIZE
        and all(len(item["sk"].encode()) <= MAX_KEY_SIZE for item in items)
        and len(items) <= MAX_WRITES + 1
    )
    if not is_accepted:
        reason = f"{len(items)} items of {sum(sizes)} bytes, the largest of {max(sizes)}"
        raise UnavailableError("dynamodb:TransactWriteItems", reason, transient=False)


@dataclass(frozen=True)
class MemoryState:
    """A StateStore on a MemoryTable. Several may share a table."""

    table: MemoryTable = field(default_factory=MemoryTable)
    max_writes: int = MAX_WRITES
    """Maximum writes in a transaction. A save of more writes takes several transactions."""

    @contextmanager
    def lease(
        self, target: Target, until: datetime, now: datetime, owner: str | None = None
    ) -> Iterator[None]:
        """Hold the lease for the block, or until it expires."""
        holder = owner or object()
        self.table.take_lease(target, holder, until, now)
        try:
            yield
        finally:
            # As in DynamoDB, the run does not fail, because the lease expires anyway.
            with suppress(OperationFailedError):
                self.table.release_lease(target, holder)

    def request_run(self, target: Target) -> None:
        """Request a run of *target*."""
        self.table.requests.add(target)

    def take_request(self, target: Target) -> bool:
        """Return whether a run of *target* was requested, and delete the request."""
        is_requested = target in self.table.requests
        self.table.requests.discard(target)
        return is_requested

    def request_summary(self, target: Target, day: date) -> None:
        """Request a weekly summary, by an item of the state."""
        self.table.put(weekly_request_item(target, day))

    def transitions_since(
        self, target: Target, since: datetime, *, with_evidence: bool = False
    ) -> RecentTransitions:
        """Return the latest transitions, at most `MAX_TRANSITIONS`."""
        items = self.table.partition_since(partition_key(HISTORY, target), since.isoformat())
        if not with_evidence:
            items = [{key: item[key] for key in WITHOUT_EVIDENCE if key in item} for item in items]
        return recent_transitions(items)

    def load(self, target: Target) -> StoredState:
        """Return the state that was saved last; an empty state before the first save."""
        items = self.table.partition(partition_key(STATE, target))
        try:
            state = state_from_items(items)
        except LaterSchemaError as error:
            finding = unreadable_history("in memory", target, error)
            raise OperationFailedError(finding) from error
        for item in items:
            if item["sk"] == RUN and (repaired := repaired_run_item(item, state)):
                self.table.replace_run_item(repaired)
        return state

    def save(
        self,
        target: Target,
        state: StoredState,
        replacing: StoredState,
        transitions: Sequence[Transition] = (),
    ) -> StoredState:
        """Write the items that differ, and *transitions*, in as few transactions as possible."""
        return save_in_transactions(
            self._write, target, state, replacing, transitions, self.max_writes
        )

    def _write(
        self, target: Target, state: StoredState, writes: Sequence[Write], version: int
    ) -> StoredState:
        saved = replace(state, version=version + 1)
        self.table.transact(run_item(target, saved), writes, version)
        return saved


@dataclass
class MemoryRosters:
    """A RosterStore in memory."""

    rosters: dict[Target, SenderRoster] = field(default_factory=dict)

    def load(self, target: Target) -> SenderRoster:
        """Return the roster that was saved last; an empty roster before the first save."""
        return self.rosters.get(target, SenderRoster())

    def save(self, target: Target, roster: SenderRoster) -> None:
        """Store *roster* in place of the previous one."""
        self.rosters[target] = roster


@dataclass
class MemoryRules:
    """A RuleSource that returns `rule_set`."""

    rule_set: RuleSet = field(default_factory=lambda: RuleSet({}))

    def rules(self, deadline: Deadline) -> RuleSet:
        """Return the rules and their findings."""
        del deadline
        return self.rule_set


@dataclass
class MemorySilences:
    """A SilenceSource that returns `current`."""

    current: Silences = field(default_factory=Silences)

    def silences(self, deadline: Deadline) -> Silences:
        """Return the silences and their findings."""
        del deadline
        return self.current


@dataclass
class MemoryAccount:
    """An AccountSource that returns `current_status` and `senders`."""

    current_status: AccountStatus = field(default_factory=lambda: AccountStatus(vdm_enabled=True))
    senders: Sequence[Scope] = ()
    """Identities, configuration sets and tenants, in any order."""
    paused: Sequence[Scope] = ()
    """The tenants that may not send."""
    advice: Sequence[Recommendation] = ()
    """The open recommendations."""

    def status(self, deadline: Deadline) -> AccountStatus:
        """Return the account status."""
        del deadline
        return self.current_status

    def identities(self, deadline: Deadline) -> Sequence[Scope]:
        """Return every identity."""
        del deadline
        return self._senders(Dimension.IDENTITY)

    def configuration_sets(self, deadline: Deadline) -> Sequence[Scope]:
        """Return every configuration set."""
        del deadline
        return self._senders(Dimension.CONFIGURATION_SET)

    def tenants(self, deadline: Deadline, first_page: str | None = None) -> Sequence[Scope]:
        """Return every tenant."""
        del deadline, first_page
        return self._senders(Dimension.TENANT)

    def paused_tenants(self, deadline: Deadline) -> Sequence[Scope]:
        """Return the paused tenants."""
        del deadline
        return self.paused

    def recommendations(self, deadline: Deadline) -> Sequence[Recommendation]:
        """Return the recommendations."""
        del deadline
        return self.advice

    def _senders(self, dimension: Dimension) -> Sequence[Scope]:
        return [scope for scope in self.senders if scope.kind == (dimension,)]


@dataclass
class MemorySeries:
    """A SeriesSource that returns `answers`."""

    answers: Mapping[Query, Series | Gap] = field(default_factory=dict)
    default: Series | Gap = field(default_factory=lambda: Series({}))
    """The answer to every other query."""

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        """Return the answer to each query, with all its days, even those outside *window*."""
        del window, last, deadline
        return {query: self.answers.get(query, self.default) for query in queries}

    def throttled_calls(self) -> int:
        """Return 0, because nothing throttles these calls."""
        return 0


@dataclass
class MemoryReputation:
    """A ReputationSource that returns the rates in `histories` that are known at a time."""

    histories: Mapping[Indicator, Sequence[SesRate]] = field(default_factory=dict)
    """The rates by indicator, in any order."""

    def rates(self, now: datetime, deadline: Deadline) -> Mapping[Indicator, SesRates]:
        """Return the rates of the 14 days until *now*."""
        del deadline
        return {
            indicator: ses_rates(self.histories.get(indicator, ()), now)
            for indicator in SES_INDICATORS
        }


@dataclass
class MemoryNotifier:
    """A Notifier that keeps every message."""

    sent: list[Message] = field(default_factory=list)
    """The messages, in the order in which they were published."""
    confirmed: int = 1
    """The number of confirmed subscriptions."""

    def publish(self, message: Message) -> None:
        """Append *message* to `sent`."""
        self.sent.append(message)

    def subscribers(self, deadline: Deadline) -> int:
        """Return the number of confirmed subscriptions."""
        del deadline
        return self.confirmed


@dataclass
class MemoryHandovers:
    """A HandoverStore."""

    by_target: dict[Target, Handover] = field(default_factory=dict)
    """The handover of each target."""

    def put(self, handover: Handover) -> None:
        """Store *handover*."""
        self.by_target[handover.target] = handover

    def get(self, target: Target) -> Handover:
        """Return the handover of *target*. Raises UnavailableError if there is none."""
        if target not in self.by_target:
            raise UnavailableError("s3:GetObject", "the file does not exist", transient=False)
        return self.by_target[target]


@dataclass
class MemoryKnownTargets:
    """A store of known targets."""

    targets: Sequence[Target] = ()

    def load(self) -> Sequence[Target]:
        """Return the targets that were saved last."""
        return self.targets

    def save(self, targets: Sequence[Target]) -> None:
        """Store *targets*."""
        self.targets = tuple(targets)


@dataclass
class MemoryMetrics:
    """A Recorder that keeps every run report, and the rate samples of the last run.

    It is a FleetRecorder, too, which keeps every report of a fleet.
    """

    reports: list[RunReport] = field(default_factory=list)
    """The run reports, oldest first."""
    samples: Sequence[RateSample] = ()
    """The rate samples of the last run."""
    metrics: Sequence[RunMetric] = ()
    """The metrics of the last run."""
    fleet_reports: list[FleetReport] = field(default_factory=list)
    """The reports of the fleet, oldest first."""

    def record_fleet(self, hub: Target, report: FleetReport) -> None:
        """Append *report* to `fleet_reports`."""
        del hub
        self.fleet_reports.append(report)

    def record(
        self,
        target: Target,
        report: RunReport,
        samples: Sequence[RateSample],
        metrics: Sequence[RunMetric] = (),
    ) -> None:
        """Append *report* to `reports`, and replace `samples` and `metrics`."""
        del target
        self.reports.append(report)
        self.samples = samples
        self.metrics = metrics


def memory_ports() -> Ports:
    """Return all ports in memory, of an account without rules, senders or alerts.

    Replace single ports with `dataclasses.replace`.
    """
    return Ports(
        rules=MemoryRules(),
        silences=MemorySilences(),
        account=MemoryAccount(),
        series=MemorySeries(),
        reputation=MemoryReputation(),
        rosters=MemoryRosters(),
        store=MemoryState(),
        notifier=MemoryNotifier(),
        recorder=MemoryMetrics(),
    )
