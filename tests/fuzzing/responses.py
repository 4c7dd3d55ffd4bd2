"""Responses of AWS: VDM, the lists of senders, the account, parameters, and subscriptions."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import BytesIO
from random import Random
from typing import Any

from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from builders import TODAY

from fuzzing.mutations import ENOUGH, MAX_LENGTH, mutate_once, mutate_text
from fuzzing.target import Outcome, Target, accepted, rejected
from vdm_alerts.adapters.aws.cloudwatch_reputation import CloudWatchReputation
from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metrics import SesMetrics
from vdm_alerts.adapters.aws.ses_rate_limiter import RateLimiter
from vdm_alerts.adapters.aws.sns_notifier import SnsNotifier
from vdm_alerts.adapters.aws.ssm_rules import SsmRules
from vdm_alerts.adapters.aws.ssm_silences import SsmSilences
from vdm_alerts.bootstrap import create_session
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.findings import OperationFailedError
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Query, TodayRejectedError
from vdm_alerts_cli.in_process_ses import SimulatedClock

QUERIES = (
    *(Query(metric, ACCOUNT) for metric in (Metric.SEND, Metric.PERMANENT_BOUNCE)),
    *(Query(Metric.SEND, Scope(identity=name)) for name in ("news.example.com", "a@b.example")),
    Query(Metric.COMPLAINT, Scope(configuration_set="a b")),
)
MAX_BODY = 1_000_000
"""Characters of a body. No response is as long: VDM has ten results of at most 60 days.

A value that is put into itself again and again takes longer only because it gets longer.
"""
STATUSES = (*(200,) * 12, 400, 403, 404, 413, 429, 500, 503)
WINDOW = Window(3)
TIMESTAMPS = [1773100800, 1773187200, 1773273600]
RESULTS = [
    {"Id": str(number), "Timestamps": TIMESTAMPS, "Values": [5, 0, 7]} for number in range(4)
]
METRICS_SEEDS = (
    {"Results": RESULTS},
    {
        "Results": RESULTS[:2],
        "Errors": [
            {"Id": "2", "Code": "ACCESS_DENIED", "Message": "no"},
            {"Id": "3", "Code": "INTERNAL_FAILURE", "Message": "later"},
        ],
    },
    {
        "Results": [
            {"Id": "0", "Timestamps": ["2026-03-11T00:00:00Z"], "Values": [9007199254740992]}
        ]
    },
)
LIST_SEEDS = (
    {
        "EmailIdentities": [
            {"IdentityType": "DOMAIN", "IdentityName": "news.example.com", "SendingEnabled": True},
            {"IdentityName": "anna@shop.example.com"},
        ]
    },
    {"ConfigurationSets": ["newsletter", "receipts"], "NextToken": "next"},
    {"Tenants": [{"TenantName": "acme", "CreatedTimestamp": 1773100800.5}]},
    {
        "VdmAttributes": {"VdmEnabled": "ENABLED"},
        "SendingEnabled": True,
        "EnforcementStatus": "HEALTHY",
        "SendQuota": {"SentLast24Hours": 12.0, "Max24HourSend": 50000.0, "MaxSendRate": 14.0},
        "PricingAttributes": {"CurrentPlan": "PRO"},
    },
    {
        "Parameters": [
            {"Name": "/rules/mine", "Type": "String", "Value": 'indicator = "bounce_rate"'},
            {"Name": "/rules/shipped/bounce-rate", "Type": "String", "Value": "warning = 5"},
            {"Name": "/rules/a/b/c", "Type": "SecureString", "Value": "x"},
        ]
    },
)
NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC)
SES_RATES_SEED = {
    "MetricDataResults": [
        {
            "Id": "ses_bounce_rate",
            "Timestamps": [NOW.timestamp() - 3600, NOW.timestamp() - 7200],
            "Values": [0.023, 0.021],
            "StatusCode": "Complete",
        },
        {"Id": "ses_complaint_rate", "Timestamps": [], "Values": [], "StatusCode": "Complete"},
    ]
}
SUBSCRIPTIONS = """<GetTopicAttributesResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
<GetTopicAttributesResult><Attributes>
<entry><key>SubscriptionsConfirmed</key><value>2</value></entry>
<entry><key>DisplayName</key><value>VDM</value></entry>
</Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>"""


@dataclass
class Service:
    """AWS in this process: every call has the same response."""

    response: dict[str, Any] = field(default_factory=dict)

    def client(self, name: str) -> Any:
        """Return a client of the service *name*, which makes no second attempt."""
        once: Any = {"total_max_attempts": 1}
        config = Config(signature_version=UNSIGNED, retries=once)
        client = create_session().client(name, region_name="eu-west-1", config=config)
        client.meta.events.register_last(f"before-send.{name}", self._respond)
        return client

    def _respond(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        body = self.response["body"].encode(errors="surrogatepass")
        headers: Any = {
            "x-amzn-errortype": self.response["error"],
            "content-length": str(len(body)),
        }
        return AWSResponse(request.url, self.response["status"], headers, _Body(body))


class _Body(BytesIO):
    """A body with the method of urllib3 that botocore reads it by."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


SERVICE = Service()
_readers: dict[str, Callable[[], Any]] = {}


@contextmanager
def clients() -> Iterator[None]:
    """Create the sources, on clients that `SERVICE` answers."""
    ses, ssm, clock = SERVICE.client("sesv2"), SERVICE.client("ssm"), SimulatedClock()
    notifier = SnsNotifier(SERVICE.client("sns"), "arn:aws:sns:eu-west-1:1:a")
    account, forever = SesAccount(ses, clock), NoDeadline()
    metrics = SesMetrics(ses, RateLimiter(clock))
    reputation = CloudWatchReputation(SERVICE.client("cloudwatch"))
    _readers.update(
        metrics=lambda: metrics.read(QUERIES, WINDOW, TODAY, forever),
        status=lambda: account.status(forever),
        identities=lambda: account.identities(forever),
        configuration_sets=lambda: account.configuration_sets(forever),
        tenants=lambda: account.tenants(forever),
        paused_tenants=lambda: account.paused_tenants(forever),
        recommendations=lambda: account.recommendations(forever),
        rules=lambda: SsmRules(ssm, "/rules", {"bounce-rate": "0"}).rules(forever),
        silences=lambda: SsmSilences(ssm, "/rules").silences(forever),
        subscribers=lambda: notifier.subscribers(forever),
        ses_rates=lambda: reputation.rates(NOW, forever),
    )
    yield


def response(body: str, status: int = 200, error: str = "BadRequestException") -> dict[str, Any]:
    return {"status": status, "error": error, "body": body}


def mutate(random: Random, old: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return a response like *old* with another body, and sometimes another status."""
    is_short = max(len(old["body"]), len(other["body"])) <= MAX_LENGTH
    if is_short and random.random() < 0.7 and old["body"].startswith("{"):
        try:
            body = _mutated_json(random, json.loads(old["body"]), json.loads(other["body"]))
        except (ValueError, RecursionError):
            body = mutate_text(random, old["body"], other["body"])
    else:
        body = mutate_text(random, old["body"], other["body"])
    if len(body) > MAX_BODY:
        body = old["body"]
    if random.random() < 0.7:
        return {**old, "body": body}
    errors = ("BadRequestException", "AccessDeniedException", "ThrottlingException", "", "\u00e9")
    return {**old, "body": body, "status": random.choice(STATUSES), "error": random.choice(errors)}


def _mutated_json(random: Random, value: Any, other: Any) -> str:
    """Return *value* as JSON after one or more changes, the last one when it gets long."""
    while True:
        value = mutate_once(random, value, other)
        body = json.dumps(value)
        if len(body) > MAX_LENGTH or random.random() < ENOUGH:
            return body


def check_metrics(input_: dict[str, Any]) -> Outcome:
    SERVICE.response = input_
    try:
        answers = _readers["metrics"]()
    except (OperationFailedError, TodayRejectedError) as error:
        return rejected(type(error).__name__)
    assert answers.keys() == set(QUERIES)
    for answer in answers.values():
        if isinstance(answer, Series):
            days = [TODAY.fromordinal(TODAY.toordinal() - age) for age in range(WINDOW.days)]
            assert 0 <= sum(_count(answer, day) for day in days) <= len(days) * 2**53
    kinds = [str(each) if isinstance(each, Gap) else "series" for each in answers.values()]
    return (accepted if "series" in kinds else rejected)(" ".join(kinds))


def _count(series: Series, day: date) -> int:
    return series.total(Window(1), day)


def check_lists(input_: dict[str, Any]) -> Outcome:
    SERVICE.response = input_
    outcomes: set[str] = set()
    for name in ("status", "identities", "configuration_sets", "tenants", "rules", "silences"):
        try:
            value = _readers[name]()
        except OperationFailedError as error:
            error.finding.bounded().headline.encode()
            outcomes.add(f"{name}: {type(error).__name__}")
            continue
        if name.startswith(("ident", "conf", "ten")):
            for scope in value:
                str(scope).encode()
        size = "some" if value else "none"
        outcomes.add(f"{name}: {size}")
    is_accepted = any(outcome.endswith("some") for outcome in outcomes if "rules" not in outcome)
    return (accepted if is_accepted else rejected)(*outcomes)


def check_ses_rates(input_: dict[str, Any]) -> Outcome:
    SERVICE.response = input_
    try:
        rates = _readers["ses_rates"]()
    except OperationFailedError as error:
        return rejected(type(error).__name__)
    history = [rate for each in rates.values() for rate in each.history]
    assert all(0 <= rate.value <= 1 and rate.at <= NOW for rate in history)
    return (accepted if history else rejected)(" ".join(str(bool(each)) for each in history[:2]))


def check_subscribers(input_: dict[str, Any]) -> Outcome:
    SERVICE.response = input_
    try:
        count = _readers["subscribers"]()
    except OperationFailedError as error:
        return rejected(type(error).__name__)
    assert isinstance(count, int)
    return accepted(str(count))


def _seeds(*bodies: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return tuple(response(json.dumps(body)) for body in bodies)


METRICS_RESPONSES = (*_seeds(*METRICS_SEEDS), response('{"message": "enable it"}', 400))
TARGETS = (
    Target("VDM responses", 8_000, METRICS_RESPONSES, mutate, check_metrics, clients),
    Target("list responses", 3_000, _seeds(*LIST_SEEDS), mutate, check_lists, clients),
    Target("rates of SES", 3_000, _seeds(SES_RATES_SEED), mutate, check_ses_rates, clients),
    Target("subscriptions", 6_000, (response(SUBSCRIPTIONS),), mutate, check_subscribers, clients),
)
