"""The metrics adapter against the local VDM, over HTTP."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from threading import Timer
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from vdm_alerts.adapters.aws.ses_metrics import MAX_CONCURRENCY, MAX_FAILURES, SesMetrics
from vdm_alerts.adapters.aws.ses_rate_limiter import RateLimiter
from vdm_alerts.adapters.monotonic_deadline import MonotonicDeadline
from vdm_alerts.bootstrap import READ_CONFIG
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.findings import AccessDeniedError, OperationFailedError
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Query, TodayRejectedError
from vdm_local.endpoint import Endpoint
from vdm_local.quota import Quota
from vdm_local.responses import Response
from vdm_local.scenario import parse_scenario
from vdm_local.server import serving

TODAY = date(2026, 3, 4)
SCENARIO = """
begins = 2026-03-01

[[emails]]
identity = "news.example.com"
isp = "Hotmail"
send = "100 0 300 400@+6h"
permanent_bounce = "1 2 3 4@+6h"
"""
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNT_SENT_QUERY = Query(Metric.SEND, ACCOUNT)
NEWS_BOUNCES_QUERY = Query(Metric.PERMANENT_BOUNCE, Scope(identity="news.example.com"))
REJECTED_QUERY = Query(Metric.SEND, Scope(isp="Mail.ru"))


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint(parse_scenario(SCENARIO, "here"), datetime(2026, 3, 4, 9, tzinfo=UTC))


@pytest.fixture
def client(endpoint: Endpoint) -> Iterator[Any]:
    """A client with the configuration of the function. It retries throttled calls."""
    with serving(endpoint) as url:
        yield boto3.client("sesv2", endpoint_url=url, config=READ_CONFIG)


class ImpatientClock:
    """A clock that does not wait."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        pass


@pytest.fixture
def unlimited_metrics(client: Any, endpoint: Endpoint) -> SesMetrics:
    """An adapter and an endpoint without a quota, for tests of the number of calls."""
    endpoint.quota = Quota(count().__next__)  # Each call has its own second.
    return SesMetrics(client, RateLimiter(ImpatientClock()))


def days(counts: dict[int, int]) -> Series:
    return Series({date(2026, 3, day): count for day, count in counts.items()})


def test_series_has_one_count_per_day_including_partial_today(client: Any) -> None:
    answers = SesMetrics(client, RateLimiter(time)).read(
        [ACCOUNT_SENT_QUERY, NEWS_BOUNCES_QUERY], Window(7), TODAY, NoDeadline()
    )
    assert answers == {
        ACCOUNT_SENT_QUERY: days({1: 100, 3: 300, 4: 400}),
        NEWS_BOUNCES_QUERY: days({1: 1, 2: 2, 3: 3, 4: 4}),
    }


def test_series_covers_only_the_window(client: Any) -> None:
    assert SesMetrics(client, RateLimiter(time)).read(
        [ACCOUNT_SENT_QUERY], Window(2), TODAY, NoDeadline()
    ) == {ACCOUNT_SENT_QUERY: days({3: 300, 4: 400})}


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_days_are_utc_days_in_every_local_time_zone(
    client: Any, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        answers = SesMetrics(client, RateLimiter(time)).read(
            [ACCOUNT_SENT_QUERY], Window(2), TODAY, NoDeadline()
        )
    finally:
        monkeypatch.undo()
        time.tzset()
    assert answers == {ACCOUNT_SENT_QUERY: days({3: 300, 4: 400})}


def test_queries_are_split_into_several_calls_when_one_cannot_hold_them(client: Any) -> None:
    queries = [Query(Metric.SEND, Scope(identity=f"{number}.example.com")) for number in range(23)]
    answers = SesMetrics(client, RateLimiter(time)).read(
        [*queries, ACCOUNT_SENT_QUERY], Window(7), TODAY, NoDeadline()
    )
    assert len(answers) == 24
    assert answers[ACCOUNT_SENT_QUERY] == days({1: 100, 3: 300, 4: 400})
    assert answers[queries[0]] == Series({})


def test_calls_stay_within_the_quota(client: Any, endpoint: Endpoint) -> None:
    """30 calls at the same time are nearly twice the SES quota of 16 calls per second."""
    queries = [Query(Metric.SEND, Scope(identity=f"{number}.example.com")) for number in range(300)]
    answers = SesMetrics(client, RateLimiter(time)).read(queries, Window(7), TODAY, NoDeadline())
    assert list(answers.values()) == [Series({})] * 300
    assert endpoint.quota.throttled < 5, (
        "without the rate limiter, 14 calls are above the quota of 16"
    )


def test_throttled_call_is_retried(endpoint: Endpoint) -> None:
    retries = Config(retries={"mode": "standard", "total_max_attempts": 4})
    rate_limiter = RateLimiter(time)
    for _ in range(16):
        endpoint.quota.admit(1)  # Another client has used the quota of this second.
    with serving(endpoint) as url:
        client = boto3.client("sesv2", endpoint_url=url, config=retries)
        answers = SesMetrics(client, rate_limiter).read(
            [ACCOUNT_SENT_QUERY], Window(2), TODAY, NoDeadline()
        )
    assert answers == {ACCOUNT_SENT_QUERY: days({3: 300, 4: 400})}
    assert endpoint.quota.throttled > 0


def test_unanswered_queries_are_unknown_and_answered_ones_kept_when_time_is_over(
    client: Any, endpoint: Endpoint
) -> None:
    queries = [Query(Metric.SEND, Scope(identity=f"{number}.example.com")) for number in range(600)]
    deadline = MonotonicDeadline(timedelta(seconds=1))
    answers = SesMetrics(client, RateLimiter(time)).read(
        [ACCOUNT_SENT_QUERY, *queries], Window(7), TODAY, deadline
    )
    assert answers[ACCOUNT_SENT_QUERY] == days({1: 100, 3: 300, 4: 400})
    unanswered = [query for query in queries if isinstance(answers[query], Gap)]
    assert 0 < len(unanswered) < 600
    assert answers[queries[-1]] is Gap.CUT_OFF
    assert endpoint.quota.queries == 601 - len(unanswered)


def test_rejected_value_makes_only_its_own_series_unknown(client: Any) -> None:
    others = [Query(metric, ACCOUNT) for metric in Metric]
    answers = SesMetrics(client, RateLimiter(time)).read(
        [*others[:3], REJECTED_QUERY, *others[3:]], Window(7), TODAY, NoDeadline()
    )
    assert answers[REJECTED_QUERY] is Gap.REJECTED
    assert all(isinstance(answers[query], Series) for query in others)


def test_rejected_name_costs_few_calls_and_its_other_metrics_none(
    unlimited_metrics: SesMetrics, endpoint: Endpoint
) -> None:
    """The name is well-formed, and SES rejects it nevertheless."""
    rejected = Scope(identity="xn--refused.example.com")
    senders = [Scope(identity=f"{number}.example.com") for number in range(60)]
    senders.insert(33, rejected)
    sent = [Query(Metric.SEND, sender) for sender in senders]
    fault = f'[[fault]]\nkind = "rejected"\nvalue = "{rejected}"'
    endpoint.scenario = parse_scenario(f"{SCENARIO}\n{fault}", "here")
    answers = unlimited_metrics.read(sent, Window(7), TODAY, NoDeadline())
    assert [query.scope for query in sent if answers[query] is Gap.REJECTED] == [rejected]
    assert sum(isinstance(answers[query], Series) for query in sent) == 60
    assert endpoint.quota.calls <= 7 + 10
    calls = endpoint.quota.calls
    several = [Query(metric, sender) for sender in senders[30:36] for metric in Metric]
    answers = unlimited_metrics.read(several, Window(7), TODAY, NoDeadline())
    assert {query.scope for query in several if answers[query] is Gap.REJECTED} == {rejected}
    assert endpoint.quota.calls - calls <= 6 + 10


def test_doubtful_name_is_queried_in_a_call_of_its_own(client: Any, endpoint: Endpoint) -> None:
    others = [Query(metric, ACCOUNT) for metric in Metric]
    answers = SesMetrics(client, RateLimiter(time)).read(
        [*others, REJECTED_QUERY], Window(7), TODAY, NoDeadline()
    )
    assert answers[REJECTED_QUERY] is Gap.REJECTED
    assert endpoint.quota.calls == 2, "1 call for all the other queries"


def test_rejected_days_raise_today_refused(client: Any) -> None:
    queries = [
        Query(metric, scope) for scope in (ACCOUNT, NEWS_BOUNCES_QUERY.scope) for metric in Metric
    ]
    with pytest.raises(TodayRejectedError, match="60 days"):
        SesMetrics(client, RateLimiter(time)).read(queries, Window(61), TODAY, NoDeadline())


def test_disabled_vdm_raises_a_finding(client: Any, endpoint: Endpoint) -> None:
    endpoint.scenario = parse_scenario("begins = 2026-03-01\nvdm_enabled = false", "here")
    with pytest.raises(OperationFailedError, match="Virtual Deliverability Manager is turned off"):
        SesMetrics(client, RateLimiter(time)).read(
            [ACCOUNT_SENT_QUERY], Window(7), TODAY, NoDeadline()
        )


def test_all_callers_stop_when_vdm_is_disabled_during_the_read(
    client: Any, endpoint: Endpoint
) -> None:
    queries = [Query(Metric.SEND, Scope(identity=f"{number}.example.com")) for number in range(900)]
    off = parse_scenario("begins = 2026-03-01\nvdm_enabled = false", "here")
    Timer(0.5, setattr, (endpoint, "scenario", off)).start()
    with pytest.raises(OperationFailedError, match="turned off"):
        SesMetrics(client, RateLimiter(time)).read(queries, Window(7), TODAY, NoDeadline())
    assert 1 < endpoint.quota.calls < 60, "out of 90"


@pytest.fixture
def stub() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("sesv2", config=Config(retries={"total_max_attempts": 1}))
    with Stubber(client) as stubber:
        yield client, stubber


def test_query_error_is_unknown_with_its_reason(
    stub: tuple[Any, Stubber],
) -> None:
    client, stubber = stub
    response = {
        "Results": [],
        "Errors": [
            {"Id": "1", "Code": "ACCESS_DENIED", "Message": "no"},
            {"Id": "0", "Code": "INTERNAL_FAILURE", "Message": "sorry"},
        ],
    }
    stubber.add_response("batch_get_metric_data", response)
    answers = SesMetrics(client, RateLimiter(time)).read(
        [ACCOUNT_SENT_QUERY, NEWS_BOUNCES_QUERY], Window(7), TODAY, NoDeadline()
    )
    assert answers == {ACCOUNT_SENT_QUERY: Gap.UNAVAILABLE, NEWS_BOUNCES_QUERY: Gap.ACCESS_DENIED}


def test_missing_result_is_unknown_and_not_zero(
    stub: tuple[Any, Stubber],
) -> None:
    client, stubber = stub
    stubber.add_response("batch_get_metric_data", {"Results": [], "Errors": []})
    assert SesMetrics(client, RateLimiter(time)).read(
        [ACCOUNT_SENT_QUERY], Window(7), TODAY, NoDeadline()
    ) == {ACCOUNT_SENT_QUERY: Gap.UNAVAILABLE}


@pytest.mark.parametrize(
    "result",
    [
        {"Id": "0", "Timestamps": [], "Values": [3]},
        {"Id": "0", "Timestamps": [MIDNIGHT + timedelta(hours=1)], "Values": [3]},
        {"Id": "0", "Timestamps": [MIDNIGHT, MIDNIGHT], "Values": [3, 3]},
        {"Id": "0", "Timestamps": [MIDNIGHT - timedelta(days=30)], "Values": [3]},
        {"Id": "0", "Timestamps": [MIDNIGHT + timedelta(days=30)], "Values": [3]},
        {"Id": "0", "Timestamps": [datetime(2026, 3, 1, tzinfo=UTC)], "Values": [-1]},
        {"Id": "-1", "Timestamps": [], "Values": []},
        {"Id": "7", "Timestamps": [], "Values": []},
        {"Timestamps": [], "Values": []},
    ],
)
def test_invalid_result_is_unknown(stub: tuple[Any, Stubber], result: dict[str, Any]) -> None:
    client, stubber = stub
    errors = [{"Code": "INTERNAL_FAILURE"}]
    stubber.add_response("batch_get_metric_data", {"Results": [result], "Errors": errors})
    assert SesMetrics(client, RateLimiter(time)).read(
        [ACCOUNT_SENT_QUERY], Window(7), TODAY, NoDeadline()
    ) == {ACCOUNT_SENT_QUERY: Gap.UNAVAILABLE}


def test_denied_later_call_keeps_the_results_of_earlier_calls(
    stub: tuple[Any, Stubber],
) -> None:
    client, stubber = stub
    queries = [Query(Metric.SEND, Scope(identity=f"{number}.example.com")) for number in range(11)]
    first = {
        "Results": [{"Id": str(number), "Timestamps": [], "Values": []} for number in range(10)]
    }
    stubber.add_response("batch_get_metric_data", first)
    stubber.add_client_error("batch_get_metric_data", "AccessDeniedException")
    answers = SesMetrics(client, RateLimiter(time)).read(queries, Window(7), TODAY, NoDeadline())
    assert list(answers.values()) == [Series({})] * 10 + [Gap.ACCESS_DENIED]


def test_query_with_two_results_is_unknown(stub: tuple[Any, Stubber]) -> None:
    client, stubber = stub
    twice = [{"Id": "0", "Timestamps": [MIDNIGHT], "Values": [value]} for value in (3, 4)]
    stubber.add_response("batch_get_metric_data", {"Results": twice, "Errors": []})
    assert SesMetrics(client, RateLimiter(time)).read(
        [ACCOUNT_SENT_QUERY], Window(7), TODAY, NoDeadline()
    ) == {ACCOUNT_SENT_QUERY: Gap.UNAVAILABLE}


def test_failed_call_makes_only_its_own_series_unknown(stub: tuple[Any, Stubber]) -> None:
    client, stubber = stub
    queries = [Query(Metric.SEND, Scope(identity=f"{number}.example.com")) for number in range(25)]
    response = {
        "Results": [{"Id": str(number), "Timestamps": [], "Values": []} for number in range(10)]
    }
    stubber.add_client_error("batch_get_metric_data", "InternalFailure", http_status_code=500)
    stubber.add_response("batch_get_metric_data", response)
    stubber.add_response("batch_get_metric_data", {"Results": response["Results"][:5]})
    answers = SesMetrics(client, RateLimiter(time)).read(queries, Window(7), TODAY, NoDeadline())
    assert [answers[query] for query in queries] == [Gap.UNAVAILABLE] * 10 + [Series({})] * 15


def test_read_stops_when_several_calls_in_a_row_fail(
    endpoint: Endpoint,
) -> None:
    queries = [Query(Metric.SEND, Scope(identity=f"{number}.example.com")) for number in range(900)]

    def fail(*_: object) -> Any:
        endpoint.quota.admit(10)
        return Response(500, {"message": "sorry"}, "InternalFailure")

    endpoint.respond = fail  # type: ignore[method-assign,assignment]
    no_retries = Config(retries={"total_max_attempts": 1})
    with serving(endpoint) as url:
        client = boto3.client("sesv2", endpoint_url=url, config=no_retries)
        answers = SesMetrics(client, RateLimiter(time)).read(
            queries, Window(7), TODAY, NoDeadline()
        )
    unavailable = sum(answer is Gap.UNAVAILABLE for answer in answers.values())
    assert unavailable == 10 * endpoint.quota.calls, "queries that were not made are cut off"
    assert MAX_FAILURES <= endpoint.quota.calls < MAX_FAILURES + MAX_CONCURRENCY


def test_malformed_response_is_unknown_and_does_not_stop_the_read(
    client: Any, endpoint: Endpoint
) -> None:
    respond, calls = endpoint.respond, 0

    def malformed_at_first(*request: Any) -> Any:
        nonlocal calls
        calls += 1
        return Response(200, {"Results": "x"}) if calls == 1 else respond(*request)

    endpoint.respond = malformed_at_first  # type: ignore[method-assign,assignment]
    queries = [Query(Metric.SEND, Scope(identity=f"{number}.example.com")) for number in range(10)]
    answers = SesMetrics(client, RateLimiter(time)).read(
        [*queries, ACCOUNT_SENT_QUERY], Window(2), TODAY, NoDeadline()
    )
    assert {answers[query] for query in queries} == {Gap.UNAVAILABLE}
    assert answers[ACCOUNT_SENT_QUERY] == days({3: 300, 4: 400})


@pytest.mark.parametrize(
    "count", [2**53 + 1, 2**63, 10**400, float("nan"), 0.9, -0.5, -1, False, True, "30", None, [3]]
)
def test_odd_count_makes_only_its_own_series_unknown(
    client: Any, endpoint: Endpoint, count: object
) -> None:
    results = [
        {"Id": str(number), "Timestamps": ["2026-03-03T00:00:00Z"], "Values": [value]}
        for number, value in enumerate([2**53, count, 0])
    ]
    endpoint.respond = lambda *_: Response(200, {"Results": results})  # type: ignore[method-assign]
    queries = [ACCOUNT_SENT_QUERY, NEWS_BOUNCES_QUERY, Query(Metric.COMPLAINT, ACCOUNT)]
    answers = SesMetrics(client, RateLimiter(time)).read(queries, Window(2), TODAY, NoDeadline())
    assert list(answers.values()) == [days({3: 2**53}), Gap.UNAVAILABLE, Series({})]


def test_denied_identity_makes_no_other_series_unknown(
    unlimited_metrics: SesMetrics, endpoint: Endpoint
) -> None:
    denied = Scope(identity="33.example.com")
    fault = f'[[fault]]\nkind = "denied"\nvalue = "{denied}"'
    endpoint.scenario = parse_scenario(f"{SCENARIO}\n{fault}", "here")
    sent = [Query(Metric.SEND, Scope(identity=f"{number}.example.com")) for number in range(40)]
    answers = unlimited_metrics.read([ACCOUNT_SENT_QUERY, *sent], Window(7), TODAY, NoDeadline())
    assert [query.scope for query in sent if answers[query] is Gap.ACCESS_DENIED] == [denied]
    assert sum(isinstance(answer, Series) for answer in answers.values()) == 40


def test_many_denied_identities_are_not_queried_one_by_one(
    unlimited_metrics: SesMetrics, endpoint: Endpoint
) -> None:
    faults = [
        f'[[fault]]\nkind = "denied"\nvalue = "{number}.example.com"' for number in range(1_000)
    ]
    endpoint.scenario = parse_scenario("\n".join([SCENARIO, *faults]), "here")
    sent = [Query(Metric.SEND, Scope(identity=f"{number}.example.com")) for number in range(400)]
    answers = unlimited_metrics.read(sent, Window(7), TODAY, NoDeadline())
    assert set(answers.values()) == {Gap.ACCESS_DENIED}
    assert endpoint.quota.calls < 300, "and not the 760 calls that find each denied identity"


def test_missing_permission_is_named_as_in_iam_policies(stub: tuple[Any, Stubber]) -> None:
    client, stubber = stub
    stubber.add_client_error("batch_get_metric_data", "AccessDeniedException")
    with pytest.raises(AccessDeniedError) as caught:
        SesMetrics(client, RateLimiter(time)).read(
            [ACCOUNT_SENT_QUERY], Window(7), TODAY, NoDeadline()
        )
    assert caught.value.action == "ses:BatchGetMetricData"
    assert isinstance(caught.value.__cause__, ClientError)
