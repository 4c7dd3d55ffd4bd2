"""The account under examination: what several checks read, each of it once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from vdm_alerts.adapters.aws.errors import translate_read_errors
from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metrics import SesMetrics
from vdm_alerts.adapters.aws.ses_rate_limiter import (
    LISTS_PER_SECOND,
    Clock,
    RateLimiter,
)
from vdm_alerts.adapters.monotonic_deadline import MonotonicDeadline
from vdm_alerts.core.model.account import AccountStatus
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts_cli.account_reading import ses_metrics
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.deployment import Deployment, find_deployment
from vdm_alerts_cli.errors import NotReadError
from vdm_alerts_cli.options import DEFAULT_PREFIX, ReadingOptions

TIME_LIMIT = timedelta(minutes=10)
"""Time for a list of the account. It is enough for 100,000 names at one page a second."""
_PREFIXES = {"sesv2": "ses"}
"""The prefix of IAM actions, where it is not the name of the service."""
_ONE_A_SECOND = ("GetEmailIdentity", "GetConfigurationSetEventDestinations")
"""Operations of SES that checks call for each sender, and that SES allows once a second."""

T = TypeVar("T")


def once(read: Callable[["Examination"], T]) -> Callable[["Examination"], T]:
    """Let *read* be called once, and keep its result or its error for the next checks."""

    def reading(examination: "Examination") -> T:
        kept = examination.readings
        if read not in kept:
            try:
                kept[read] = read(examination)
            except Exception as error:  # noqa: BLE001 - raised below, for each check that reads it
                kept[read] = error
        answer = kept[read]
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    return reading


@dataclass
class Examination:
    """An account in a Region, and the options of the command."""

    connection: Connection
    now: datetime
    clock: Clock
    prefix: str = DEFAULT_PREFIX
    """The name of the stack."""
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    max_senders: int = 100
    """The identities, and the configuration sets, whose feedback routing is read one by one."""
    export_bucket: str = ""
    queries_made: int = 0
    """The VDM queries so far."""
    event_types: dict[str, frozenset[str]] = field(default_factory=dict)
    """The event types that configuration sets report, as far as they were read."""
    readings: dict[Callable[["Examination"], object], Any] = field(default_factory=dict)
    """What was read, or the error, by the function that reads it."""

    def __post_init__(self) -> None:
        """Limit the rate of calls for each sender."""
        for operation in _ONE_A_SECOND:
            limiter = RateLimiter(self.clock, LISTS_PER_SECOND)
            limiter.attach(self.connection.client("sesv2"), operation)

    @property
    def region(self) -> str:
        """The Region under examination."""
        return self.connection.region

    def call(self, service: str, method: str, **request: object) -> Any:  # noqa: ANN401 - a response of AWS
        """Return the response of *method* of the boto3 client of *service*.

        Raises AccessDeniedError or UnavailableError.
        """
        client = self.connection.client(service)
        with translate_read_errors(self.action_of(service, method)):
            return getattr(client, method)(**request)

    def pages(self, service: str, method: str, **request: object) -> Iterator[Any]:
        """Yield every page of a list that boto3 can paginate. Raises as `call`."""
        paginator = self.connection.client(service).get_paginator(method)
        with translate_read_errors(self.action_of(service, method)):
            yield from paginator.paginate(**request)

    def action_of(self, service: str, method: str) -> str:
        """Return the IAM action of *method*: "ses:GetAccount"."""
        operation = self.connection.client(service).meta.method_to_api_mapping[method]
        return f"{_PREFIXES.get(service, service)}:{operation}"

    @once
    def account(self) -> Mapping[str, Any]:
        """Return the response to GetAccount."""
        response: Mapping[str, Any] = self.call("sesv2", "get_account")
        return response

    @once
    def ses(self) -> SesAccount:
        """Return the source of the account's senders."""
        return SesAccount(self.connection.client("sesv2"), self.clock)

    @once
    def status(self) -> AccountStatus:
        """Return the status of the account, with its problems."""
        return self.ses().status(MonotonicDeadline(TIME_LIMIT))

    @once
    def identities(self) -> Sequence[Scope]:
        """Return every identity."""
        return self.ses().identities(MonotonicDeadline(TIME_LIMIT))

    @once
    def configuration_sets(self) -> Sequence[Scope]:
        """Return every configuration set."""
        return self.ses().configuration_sets(MonotonicDeadline(TIME_LIMIT))

    @once
    def tenants(self) -> Sequence[Scope]:
        """Return every tenant."""
        return self.ses().tenants(MonotonicDeadline(TIME_LIMIT))

    @once
    def deployment(self) -> Deployment | None:
        """Return the stack; None if it is not deployed."""
        return find_deployment(self.connection, self.prefix)

    @once
    def series(self) -> SesMetrics:
        """Return the source of VDM's counts, within the quota share of the options."""
        return ses_metrics(self.connection, self.reading, self.clock)

    def deployed(self) -> Deployment:
        """Return the stack, for a check that needs one."""
        deployment = self.deployment()
        if deployment is None:
            raise NotReadError(f"there is no stack {self.prefix}")
        return deployment

    def plan_queries(self, number: int) -> None:
        """Count *number* VDM queries before they are made.

        Raises NotReadError if --max-queries does not allow them.
        """
        limit = self.reading.max_queries
        if limit is not None and self.queries_made + number > limit:
            raise NotReadError(
                f"it takes {number:,} VDM queries, and --max-queries leaves "
                f"{limit - self.queries_made:,}"
            )
        self.queries_made += number
