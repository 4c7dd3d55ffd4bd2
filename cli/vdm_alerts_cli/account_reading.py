"""What the function would read and decide now, without storing or sending anything."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from threading import Lock

from vdm_alerts.adapters.aws.cloudwatch_reputation import CloudWatchReputation
from vdm_alerts.adapters.aws.dynamodb_roster import DynamoDbRoster
from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.adapters.aws.ses_metrics import SesMetrics
from vdm_alerts.adapters.aws.ses_rate_limiter import (
    CALLS_PER_SECOND,
    Clock,
    RateLimiter,
)
from vdm_alerts.adapters.aws.sns_notifier import SnsNotifier
from vdm_alerts.adapters.aws.ssm_rules import SsmRules
from vdm_alerts.adapters.aws.ssm_silences import SsmSilences
from vdm_alerts.adapters.memory import memory_ports
from vdm_alerts.app.collect import collect
from vdm_alerts.core.alerts.damage import without_future_times
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import Finding, OperationFailedError
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.data_findings import UNREADABLE_SERIES
from vdm_alerts.core.observations.evaluation import Evaluation, evaluate
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.observations.no_email import NO_EMAIL_AFTER
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.ports import AccountSource, Ports, RuleSource, SeriesSource
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.deployment import Deployment
from vdm_alerts_cli.options import ReadingOptions
from vdm_alerts_cli.parameter_store import ParameterStore
from vdm_alerts_cli.read_only_table import read_only_table
from vdm_alerts_cli.rule_files import DEFAULT_RULES, read_rules

MAX_QUOTA_SHARE = 0.985
"""The largest share of the quota. With more, SES throttles calls that are a moment too early."""
Progress = Callable[[int], None]
"""A function that receives the number of queries that were just answered."""


@dataclass(frozen=True, slots=True)
class AccountReading:
    """What was read of an account, and the verdicts on it."""

    target: Target
    now: datetime
    deployment: Deployment | None
    is_history_known: bool
    """Whether the stored state could be read."""
    observation: Observation
    evaluation: Evaluation
    problems: Sequence[str]
    """What is wrong with the account, the rules, and VDM Alerts itself: a line for each.

    News that needs no action, such as the end of a silence, is not included.
    """
    unread: Sequence[str]
    """What could not be read, and why: a line for each source."""


class LimitedSeries:
    """A SeriesSource that makes a limited number of queries, and reports their progress.

    Several threads can use it.
    """

    def __init__(self, source: SeriesSource, limit: int | None, progress: Progress) -> None:
        """Make at most *limit* queries of *source*; None is no limit."""
        self._source, self._limit, self._progress = source, limit, progress
        self._lock = Lock()
        self.queries_made = 0
        """The queries so far."""

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        """Return the answers of the source. The queries above the limit are cut off."""
        with self._lock:
            left = None if self._limit is None else self._limit - self.queries_made
            allowed = queries[:left]
            self.queries_made += len(allowed)
        answers = self._source.read(allowed, window, last, deadline) if allowed else {}
        self._progress(len(allowed))
        return {**answers, **dict.fromkeys(queries[len(allowed) :], Gap.CUT_OFF)}

    def throttled_calls(self) -> int:
        """Return the throttled calls of the source."""
        return self._source.throttled_calls()


def series_source(
    connection: Connection, reading: ReadingOptions, clock: Clock, progress: Progress
) -> LimitedSeries:
    """Return the source of VDM's counts, within the limits of *reading*."""
    source = ses_metrics(connection, reading, clock)
    return LimitedSeries(source, reading.max_queries, progress)


def ses_metrics(connection: Connection, reading: ReadingOptions, clock: Clock) -> SesMetrics:
    """Return the source of VDM's counts, at the share of the quota that *reading* allows."""
    share = min(reading.quota_share, MAX_QUOTA_SHARE)
    return SesMetrics(connection.client("sesv2"), RateLimiter(clock, CALLS_PER_SECOND * share))


def read_account(
    connection: Connection,
    deployment: Deployment | None,
    reading: ReadingOptions,
    now: datetime,
    clock: Clock,
    account: AccountSource,
    progress: Progress = lambda _: None,
) -> AccountReading:
    """Read the *account* as the function would at *now*, within *reading*, and evaluate it.

    With a *deployment*, its rules, silences, settings and alert history apply; otherwise, the
    default rules. Nothing is stored. Whatever cannot be read is in the result.
    """
    ports = replace(_ports(connection, deployment, reading, clock, progress), account=account)
    unread: list[str] = []
    before = _stored_state(ports, connection, now, unread)
    settings = deployment.settings if deployment else None
    observation = collect(
        ports,
        connection.target,
        before or StoredState(),
        now,
        Limits(include_today=settings.include_today if settings else True),
        settings.no_email_after if settings else NO_EMAIL_AFTER,
    )
    found = [each for each in observation.findings if not _is_about_reading(each, observation)]
    unread += [str(each) for each in observation.findings if each not in found]
    return AccountReading(
        connection.target,
        now,
        deployment,
        before is not None,
        observation,
        evaluate(observation),
        problems=tuple(finding.headline for finding in found if not finding.one_shot),
        unread=tuple(dict.fromkeys(unread)),
    )


def _is_about_reading(finding: Finding, observation: Observation) -> bool:
    """Return whether *finding* says that something could not be read."""
    is_unreadable = finding.source in observation.unreadable_sources
    return is_unreadable or finding.key in UNREADABLE_SERIES


def _stored_state(
    ports: Ports, connection: Connection, now: datetime, unread: list[str]
) -> StoredState | None:
    """Return the state of the function as of its last run, an empty one if *now* is earlier.

    None if the state cannot be read.
    """
    try:
        state = ports.store.load(connection.target)
    except OperationFailedError as error:
        unread.append(str(error))
        return None
    if state.last_run and state.last_run > now:
        return StoredState()
    return without_future_times(state, now)


def _ports(
    connection: Connection,
    deployment: Deployment | None,
    reading: ReadingOptions,
    clock: Clock,
    progress: Progress,
) -> Ports:
    ports = replace(
        memory_ports(),
        rules=rule_source(connection, deployment),
        series=series_source(connection, reading, clock, progress),
        reputation=CloudWatchReputation(connection.client("cloudwatch")),
    )
    if deployment is None:
        return ports
    settings = deployment.settings
    table = read_only_table(connection, settings.table)
    return replace(
        ports,
        silences=SsmSilences(connection.client("ssm"), settings.silences_path),
        rosters=DynamoDbRoster(table),
        store=DynamoDbState(table),
        notifier=SnsNotifier(connection.client("sns"), settings.topic_arn),
    )


def rule_source(connection: Connection, deployment: Deployment | None) -> RuleSource:
    """Return the source of the rules of *deployment*, or of the default rules without one."""
    if deployment is None:
        return ParameterStore(read_rules(DEFAULT_RULES), connection.region).rules()
    settings = deployment.settings
    return SsmRules(connection.client("ssm"), settings.rules_path, settings.rule_fingerprints)
