"""The metrics adapter under any combination of faults: correct, or unknown with a reason.

Hypothesis generates the faults and the queries. The expected counts come from the scenario. The
clock of the rate limiter and of the quota runs a hundred times as fast as real time.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import boto3
import botocore.endpoint
import botocore.session
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vdm_alerts.adapters.aws.ses_metric_codec import use_fast_timestamps
from vdm_alerts.adapters.aws.ses_metrics import SesMetrics
from vdm_alerts.adapters.aws.ses_rate_limiter import RateLimiter
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.findings import AccessDeniedError, OperationFailedError
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import ACCOUNT_SENT_QUERY, Query, TodayRejectedError
from vdm_local.endpoint import Endpoint
from vdm_local.faults import (
    CallFault,
    CallFaultKind,
    Fault,
    FaultFilter,
    QueryFault,
    QueryFaultKind,
)
from vdm_local.quota import Quota
from vdm_local.scenario import Scenario, parse_scenario
from vdm_local.server import serving

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
TIME_FACTOR = 100
ACCOUNT_TEXT = """
begins = 2026-02-20

[[emails]]
identity = "news.example.com"
configuration_set = "newsletter"
tenant = "acme"
isp = "Hotmail"
send = "100x9 0 300 400@+6h 500@+6h"
permanent_bounce = "1x9 0 3 4@+6h 5@+6h"
transient_bounce = "0x12 7@+6h"
complaint = "0x8 2 0x4"

[[emails]]
identity = "anna@shop.example.com"
isp = "Gmail"
send = "50x13"
open = "20x13"
click = "2x13"
delivery_open = "40x13"
delivery_click = "30x13"
"""
HEALTHY_SCENARIO = parse_scenario(ACCOUNT_TEXT, "here")

scopes = st.sampled_from(
    [
        Scope(identity="news.example.com"),
        Scope(identity="NEWS.example.com"),
        Scope(identity="shop.example.com"),
        Scope(identity="anna@shop.example.com"),
        Scope(identity="nobody.example.com"),
        Scope(identity="bad..example.com"),
        Scope(identity="*"),
        Scope(configuration_set="newsletter"),
        Scope(configuration_set="a b"),
        Scope(tenant="acme"),
        Scope(isp="Hotmail"),
        Scope(isp="Mail.ru"),
        Scope(identity="news.example.com", isp="Hotmail"),
        Scope(identity="news.example.com", isp="AT&T"),
    ]
)
queries = st.lists(st.builds(Query, st.sampled_from(Metric), scopes), max_size=45, unique=True)
fault_filters = st.builds(
    FaultFilter,
    share=st.sampled_from([0.05, 0.3, 0.7, 1.0]),
    value=st.none() | st.sampled_from(["news.example.com", "Hotmail"]),
    calls=st.none() | st.sampled_from([(1, 1), (2, 4), (1, 30)]),
)
call_fault_kinds = [kind for kind in CallFaultKind if kind is not CallFaultKind.TIME_OUT]
faults = st.lists(
    st.builds(CallFault, st.sampled_from(call_fault_kinds), fault_filters)
    | st.builds(QueryFault, st.sampled_from(QueryFaultKind), fault_filters)
    # A single timeout, because many timeouts make the test slow.
    | st.just(CallFault(CallFaultKind.TIME_OUT, FaultFilter(calls=(3, 3)), delay_s=0.5)),
    max_size=4,
)


class FastClock:
    """The clock of the rate limiter and of the quota, which runs fast."""

    def monotonic(self) -> float:
        return time.monotonic() * TIME_FACTOR

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / TIME_FACTOR)


@pytest.fixture(scope="module")
def endpoint() -> Endpoint:
    endpoint = Endpoint(HEALTHY_SCENARIO, NOW)
    endpoint.quota = Quota(FastClock().monotonic)
    return endpoint


@pytest.fixture(scope="module")
def reader(endpoint: Endpoint) -> Iterator[SesMetrics]:
    session = botocore.session.Session()
    use_fast_timestamps(session)
    with serving(endpoint) as url:
        client = boto3.Session(botocore_session=session).client(
            "sesv2",
            endpoint_url=url,
            region_name="eu-west-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",  # noqa: S106 - not a secret
            config=Config(
                connect_timeout=1,
                read_timeout=0.2,
                max_pool_connections=16,
                retries={"mode": "standard", "total_max_attempts": 2},
            ),
        )
        yield SesMetrics(client, RateLimiter(FastClock()))


def true_counts(scenario: Scenario, query: Query, last: date) -> Series | None:
    """Return the counts that VDM has, or None if SES rejects *query*."""
    if query.scope.may_be_rejected:
        return None
    days = [last - timedelta(days=age) for age in range(7)]
    dimensions = {key.value: value for key, value in query.scope.dimensions.items()}
    return Series(scenario.counts(query.metric.value, dimensions, days, NOW))


def read(reader: SesMetrics, requested: list[Query], last: date) -> Mapping[Query, Series | Gap]:
    return reader.read(requested, Window(7), last, NoDeadline())


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    requested=queries,
    faults=faults,
    seed=st.integers(0, 999),
    is_on=st.sampled_from([True] * 9 + [False]),
)
def test_every_series_is_correct_or_unknown_under_any_faults(
    reader: SesMetrics,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    requested: list[Query],
    faults: list[Fault],
    seed: int,
    is_on: bool,
) -> None:
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    endpoint.scenario = replace(HEALTHY_SCENARIO, faults=faults, seed=seed, vdm_enabled=is_on)
    requested = [ACCOUNT_SENT_QUERY, *(query for query in requested if query != ACCOUNT_SENT_QUERY)]
    last = NOW.date()
    try:
        answers = read(reader, requested, last)
    except AccessDeniedError:
        assert any(fault.kind is CallFaultKind.DENIED for fault in faults)
        return
    except TodayRejectedError:
        assert any(fault.kind is CallFaultKind.REJECTED for fault in faults)
        return
    except OperationFailedError:
        assert not is_on
        return
    assert answers.keys() == set(requested)
    for query, answer in answers.items():
        if isinstance(answer, Series):
            assert answer == true_counts(HEALTHY_SCENARIO, query, last)
        else:
            assert answer in possible_gaps(query, faults)


def possible_gaps(query: Query, faults: list[Fault]) -> set[Gap]:
    """Return the gaps that *faults* may cause in the answer to *query*."""
    is_rejected = any(fault.kind is CallFaultKind.REJECTED for fault in faults)
    gaps = {Gap.REJECTED} if is_rejected or query.scope.may_be_rejected else set()
    if any(fault.kind in (CallFaultKind.DENIED, QueryFaultKind.DENIED) for fault in faults):
        gaps.add(Gap.ACCESS_DENIED)
    if any(fault.kind is not CallFaultKind.DENIED for fault in faults):
        gaps.add(Gap.UNAVAILABLE)
    split = (CallFaultKind.DENIED, CallFaultKind.REJECTED)
    if any(isinstance(fault, CallFault) and fault.kind not in split for fault in faults):
        gaps.add(Gap.CUT_OFF)  # After MAX_FAILURES failed calls in a row.
    return gaps


@given(requested=queries)
@settings(max_examples=40)
def test_every_series_is_known_without_faults_unless_rejected(
    reader: SesMetrics, endpoint: Endpoint, requested: list[Query]
) -> None:
    endpoint.scenario = HEALTHY_SCENARIO
    requested = [ACCOUNT_SENT_QUERY, *(query for query in requested if query != ACCOUNT_SENT_QUERY)]
    answers = read(reader, requested, NOW.date())
    for query in requested:
        expected = true_counts(HEALTHY_SCENARIO, query, NOW.date())
        assert answers[query] == (Gap.REJECTED if expected is None else expected)


def test_days_before_today_are_readable_when_today_is_rejected(
    reader: SesMetrics, endpoint: Endpoint
) -> None:
    endpoint.scenario = replace(HEALTHY_SCENARIO, today="rejected")
    everything = [Query(metric, ACCOUNT) for metric in Metric]
    with pytest.raises(TodayRejectedError):
        read(reader, everything, NOW.date())
    yesterday = NOW.date() - timedelta(days=1)
    answers = read(reader, everything, yesterday)
    assert answers == {
        query: true_counts(HEALTHY_SCENARIO, query, yesterday) for query in everything
    }
