"""The reader against the local VDM, over HTTP."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from threading import Timer
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from vdm_alerts.adapters.aws.ses_metrics import CALLERS, MOST_FAILURES, Vdm
from vdm_alerts.adapters.aws.ses_rate_limiter import Pace
from vdm_alerts.bootstrap import READING
from vdm_alerts.core.model.findings import AccessDenied, Hindrance
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Query, TodayRefused
from vdm_local.endpoint import Endpoint
from vdm_local.responses import Response
from vdm_local.scenario import parse_scenario
from vdm_local.server import serving

TODAY = date(2026, 3, 4)
PATIENCE = timedelta(minutes=1)
SCENARIO = """
begins = 2026-03-01

[[mail]]
identity = "news.example.com"
isp = "Hotmail"
send = "100 0 300 400@+6h"
permanent_bounce = "1 2 3 4@+6h"
"""
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
SENT = Query(Metric.SEND, ACCOUNT)
BOUNCED = Query(Metric.PERMANENT_BOUNCE, Scope(identity="news.example.com"))
REFUSED = Query(Metric.SEND, Scope(isp="Mail.ru"))


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint(parse_scenario(SCENARIO, "here"), datetime(2026, 3, 4, 9, tzinfo=UTC))


@pytest.fixture
def client(endpoint: Endpoint) -> Iterator[Any]:
    """A client as the function has it: on a busy machine even paced calls may come in a bunch."""
    with serving(endpoint) as url:
        yield boto3.client("sesv2", endpoint_url=url, config=READING)


def days(counts: dict[int, int]) -> Series:
    return Series({date(2026, 3, day): count for day, count in counts.items()})


def test_a_series_is_whole_days_up_to_todays_unfinished_one(client: Any) -> None:
    found = Vdm(client).read([SENT, BOUNCED], Window(7), TODAY, PATIENCE)
    assert found == {
        SENT: days({1: 100, 3: 300, 4: 400}),
        BOUNCED: days({1: 1, 2: 2, 3: 3, 4: 4}),
    }


def test_the_window_bounds_what_is_asked_for(client: Any) -> None:
    assert Vdm(client).read([SENT], Window(2), TODAY, PATIENCE) == {SENT: days({3: 300, 4: 400})}


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_days_are_ses_days_whatever_the_machines_time_zone(
    client: Any, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        found = Vdm(client).read([SENT], Window(2), TODAY, PATIENCE)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found == {SENT: days({3: 300, 4: 400})}


def test_more_queries_than_a_call_takes_are_asked_in_several(client: Any) -> None:
    queries = [Query(Metric.SEND, Scope(identity=f"{each}.example.com")) for each in range(23)]
    found = Vdm(client).read([*queries, SENT], Window(7), TODAY, PATIENCE)
    assert len(found) == 24
    assert found[SENT] == days({1: 100, 3: 300, 4: 400})
    assert found[queries[0]] == Series({})


def test_calls_are_paced_so_that_ses_takes_them(client: Any, endpoint: Endpoint) -> None:
    """Thirty calls at once would be twice as many as SES takes in a second."""
    queries = [Query(Metric.SEND, Scope(identity=f"{each}.example.com")) for each in range(300)]
    found = Vdm(client).read(queries, Window(7), TODAY, PATIENCE)
    assert list(found.values()) == [Series({})] * 300
    assert endpoint.quota.throttled < 5, "and not the 14 beyond the first second's sixteen"


def test_a_call_that_is_refused_is_made_again_and_all_slow_down(endpoint: Endpoint) -> None:
    retries = Config(retries={"mode": "standard", "total_max_attempts": 4})
    pace = Pace()
    for _ in range(16):
        endpoint.quota.admit(1)  # Somebody else has used this second up.
    with serving(endpoint) as url:
        client = boto3.client("sesv2", endpoint_url=url, config=retries)
        found = Vdm(client, pace).read([SENT], Window(2), TODAY, PATIENCE)
    assert found == {SENT: days({3: 300, 4: 400})}
    assert endpoint.quota.throttled > 0


def test_what_is_not_answered_in_time_is_unknown_and_what_was_is_kept(
    client: Any, endpoint: Endpoint
) -> None:
    queries = [Query(Metric.SEND, Scope(identity=f"{each}.example.com")) for each in range(600)]
    patience = timedelta(seconds=1)
    found = Vdm(client).read([SENT, *queries], Window(7), TODAY, patience)
    assert found[SENT] == days({1: 100, 3: 300, 4: 400})
    unread = [query for query in queries if isinstance(found[query], Gap)]
    assert 0 < len(unread) < 600
    assert found[queries[-1]] is Gap.CUT
    assert endpoint.quota.queries == 601 - len(unread)


def test_a_value_that_ses_refuses_costs_only_its_own_series(client: Any) -> None:
    others = [Query(metric, ACCOUNT) for metric in Metric]
    found = Vdm(client).read([*others[:3], REFUSED, *others[3:]], Window(7), TODAY, PATIENCE)
    assert found[REFUSED] is Gap.REFUSED
    assert all(isinstance(found[query], Series) for query in others)


def test_one_bad_name_costs_a_few_calls_and_its_other_metrics_none(
    client: Any, endpoint: Endpoint
) -> None:
    """The name looks as it should, and SES refuses it all the same."""
    bad = Scope(identity="xn--refused.example.com")
    senders = [Scope(identity=f"{each}.example.com") for each in range(60)]
    senders.insert(33, bad)
    sent = [Query(Metric.SEND, each) for each in senders]
    fault = f'[[fault]]\nkind = "refused"\nvalue = "{bad}"'
    endpoint.scenario = parse_scenario(f"{SCENARIO}\n{fault}", "here")
    found = Vdm(client).read(sent, Window(7), TODAY, PATIENCE)
    assert [query.scope for query in sent if found[query] is Gap.REFUSED] == [bad]
    assert sum(isinstance(found[query], Series) for query in sent) == 60
    assert endpoint.quota.calls <= 7 + 10
    calls = endpoint.quota.calls
    several = [Query(metric, each) for each in senders[30:36] for metric in Metric]
    found = Vdm(client).read(several, Window(7), TODAY, PATIENCE)
    assert {query.scope for query in several if found[query] is Gap.REFUSED} == {bad}
    assert endpoint.quota.calls - calls <= 6 + 10


def test_a_name_that_may_be_refused_is_in_no_call_with_others(
    client: Any, endpoint: Endpoint
) -> None:
    others = [Query(metric, ACCOUNT) for metric in Metric]
    found = Vdm(client).read([*others, REFUSED], Window(7), TODAY, PATIENCE)
    assert found[REFUSED] is Gap.REFUSED
    assert endpoint.quota.calls == 2, "one of which answered all the others"


def test_days_that_ses_refuses_are_no_bad_name(client: Any) -> None:
    queries = [Query(metric, scope) for scope in (ACCOUNT, BOUNCED.scope) for metric in Metric]
    with pytest.raises(TodayRefused, match="60 days"):
        Vdm(client).read(queries, Window(61), TODAY, PATIENCE)


def test_vdm_switched_off_is_one_clear_finding(client: Any, endpoint: Endpoint) -> None:
    endpoint.scenario = parse_scenario("begins = 2026-03-01\nvdm_enabled = false", "here")
    with pytest.raises(Hindrance, match="Virtual Deliverability Manager is switched off"):
        Vdm(client).read([SENT], Window(7), TODAY, PATIENCE)


def test_vdm_switched_off_on_the_way_stops_all_callers(client: Any, endpoint: Endpoint) -> None:
    queries = [Query(Metric.SEND, Scope(identity=f"{each}.example.com")) for each in range(900)]
    off = parse_scenario("begins = 2026-03-01\nvdm_enabled = false", "here")
    Timer(0.5, setattr, (endpoint, "scenario", off)).start()
    with pytest.raises(Hindrance, match="switched off"):
        Vdm(client).read(queries, Window(7), TODAY, PATIENCE)
    assert 1 < endpoint.quota.calls < 60, "of 90"


@pytest.fixture
def stub() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("sesv2", config=Config(retries={"total_max_attempts": 1}))
    with Stubber(client) as stubber:
        yield client, stubber


def test_a_query_that_ses_answers_with_an_error_is_unknown_and_says_which(
    stub: tuple[Any, Stubber],
) -> None:
    client, stubber = stub
    answer = {
        "Results": [],
        "Errors": [
            {"Id": "1", "Code": "ACCESS_DENIED", "Message": "no"},
            {"Id": "0", "Code": "INTERNAL_FAILURE", "Message": "sorry"},
        ],
    }
    stubber.add_response("batch_get_metric_data", answer)
    found = Vdm(client).read([SENT, BOUNCED], Window(7), TODAY, PATIENCE)
    assert found == {SENT: Gap.UNAVAILABLE, BOUNCED: Gap.ACCESS_DENIED}


def test_a_query_that_the_answer_leaves_out_is_unknown_and_not_zero(
    stub: tuple[Any, Stubber],
) -> None:
    client, stubber = stub
    stubber.add_response("batch_get_metric_data", {"Results": [], "Errors": []})
    assert Vdm(client).read([SENT], Window(7), TODAY, PATIENCE) == {SENT: Gap.UNAVAILABLE}


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
def test_an_answer_that_makes_no_sense_is_no_answer(
    stub: tuple[Any, Stubber], result: dict[str, Any]
) -> None:
    client, stubber = stub
    errors = [{"Code": "INTERNAL_FAILURE"}]
    stubber.add_response("batch_get_metric_data", {"Results": [result], "Errors": errors})
    assert Vdm(client).read([SENT], Window(7), TODAY, PATIENCE) == {SENT: Gap.UNAVAILABLE}


def test_a_later_call_that_is_refused_does_not_discard_what_was_read(
    stub: tuple[Any, Stubber],
) -> None:
    client, stubber = stub
    queries = [Query(Metric.SEND, Scope(identity=f"{each}.example.com")) for each in range(11)]
    first = {"Results": [{"Id": str(each), "Timestamps": [], "Values": []} for each in range(10)]}
    stubber.add_response("batch_get_metric_data", first)
    stubber.add_client_error("batch_get_metric_data", "AccessDeniedException")
    found = Vdm(client).read(queries, Window(7), TODAY, PATIENCE)
    assert list(found.values()) == [Series({})] * 10 + [Gap.ACCESS_DENIED]


def test_two_answers_to_one_question_are_none(stub: tuple[Any, Stubber]) -> None:
    client, stubber = stub
    twice = [{"Id": "0", "Timestamps": [MIDNIGHT], "Values": [each]} for each in (3, 4)]
    stubber.add_response("batch_get_metric_data", {"Results": twice, "Errors": []})
    assert Vdm(client).read([SENT], Window(7), TODAY, PATIENCE) == {SENT: Gap.UNAVAILABLE}


def test_a_call_that_is_lost_costs_only_its_own_series(stub: tuple[Any, Stubber]) -> None:
    client, stubber = stub
    queries = [Query(Metric.SEND, Scope(identity=f"{each}.example.com")) for each in range(25)]
    answer = {"Results": [{"Id": str(each), "Timestamps": [], "Values": []} for each in range(10)]}
    stubber.add_client_error("batch_get_metric_data", "InternalFailure", http_status_code=500)
    stubber.add_response("batch_get_metric_data", answer)
    stubber.add_response("batch_get_metric_data", {"Results": answer["Results"][:5]})
    found = Vdm(client).read(queries, Window(7), TODAY, PATIENCE)
    assert [found[query] for query in queries] == [Gap.UNAVAILABLE] * 10 + [Series({})] * 15


def test_once_ses_has_not_answered_several_calls_the_rest_is_not_asked_for(
    endpoint: Endpoint,
) -> None:
    queries = [Query(Metric.SEND, Scope(identity=f"{each}.example.com")) for each in range(900)]

    def down(*_: object) -> Any:
        endpoint.quota.admit(10)
        return Response(500, {"message": "sorry"}, "InternalFailure")

    endpoint.respond = down  # type: ignore[method-assign,assignment]
    once = Config(retries={"total_max_attempts": 1})
    with serving(endpoint) as url:
        client = boto3.client("sesv2", endpoint_url=url, config=once)
        found = Vdm(client).read(queries, Window(7), TODAY, PATIENCE)
    lost = sum(each is Gap.UNAVAILABLE for each in found.values())
    assert lost == 10 * endpoint.quota.calls, "and what was not asked is cut"
    assert MOST_FAILURES <= endpoint.quota.calls < MOST_FAILURES + CALLERS


def test_an_answer_in_pieces_is_no_answer_and_stops_nothing(
    client: Any, endpoint: Endpoint
) -> None:
    serve, calls = endpoint.respond, 0

    def in_pieces_at_first(*request: Any) -> Any:
        nonlocal calls
        calls += 1
        return Response(200, {"Results": "x"}) if calls == 1 else serve(*request)

    endpoint.respond = in_pieces_at_first  # type: ignore[method-assign,assignment]
    queries = [Query(Metric.SEND, Scope(identity=f"{each}.example.com")) for each in range(10)]
    found = Vdm(client).read([*queries, SENT], Window(2), TODAY, PATIENCE)
    assert {found[query] for query in queries} == {Gap.UNAVAILABLE}
    assert found[SENT] == days({3: 300, 4: 400})


def test_one_who_is_denied_costs_nobody_else(client: Any, endpoint: Endpoint) -> None:
    denied = Scope(identity="33.example.com")
    fault = f'[[fault]]\nkind = "denied"\nvalue = "{denied}"'
    endpoint.scenario = parse_scenario(f"{SCENARIO}\n{fault}", "here")
    sent = [Query(Metric.SEND, Scope(identity=f"{each}.example.com")) for each in range(40)]
    found = Vdm(client).read([SENT, *sent], Window(7), TODAY, PATIENCE)
    assert [query.scope for query in sent if found[query] is Gap.ACCESS_DENIED] == [denied]
    assert sum(isinstance(answer, Series) for answer in found.values()) == 40


def test_where_many_are_denied_they_are_not_found_one_by_one(
    client: Any, endpoint: Endpoint
) -> None:
    faults = [f'[[fault]]\nkind = "denied"\nvalue = "{each}.example.com"' for each in range(1_000)]
    endpoint.scenario = parse_scenario("\n".join([SCENARIO, *faults]), "here")
    sent = [Query(Metric.SEND, Scope(identity=f"{each}.example.com")) for each in range(400)]
    found = Vdm(client).read(sent, Window(7), TODAY, PATIENCE)
    assert set(found.values()) == {Gap.ACCESS_DENIED}
    assert endpoint.quota.calls < 300, "and not the 760 that it takes to find each of them"


def test_a_missing_permission_is_named_as_policies_spell_it(stub: tuple[Any, Stubber]) -> None:
    client, stubber = stub
    stubber.add_client_error("batch_get_metric_data", "AccessDeniedException")
    with pytest.raises(AccessDenied) as caught:
        Vdm(client).read([SENT], Window(7), TODAY, PATIENCE)
    assert caught.value.action == "ses:BatchGetMetricData"
    assert isinstance(caught.value.__cause__, ClientError)
