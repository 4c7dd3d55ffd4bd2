"""Which calls and queries a fault affects, and the parser of faults."""

from typing import Any

import pytest

from vdm_local.faults import (
    CONNECTION_FAULTS,
    KILLS,
    METRIC_DATA,
    CallFault,
    CallFaultKind,
    FaultFilter,
    QueryFault,
    QueryFaultKind,
    find_call_fault,
    find_function_fault,
    find_query_fault,
)
from vdm_local.scenario import InvalidScenarioError, parse_scenario

CALLS = range(1, 2_001)


def query(**dimensions: str) -> dict[str, Any]:
    return {"Id": "a", "Dimensions": dimensions} if dimensions else {"Id": "a"}


def throttled(**filter_: Any) -> CallFault:
    return CallFault(CallFaultKind.THROTTLED, FaultFilter(**filter_))


def missing_query(**filter_: Any) -> QueryFault:
    return QueryFault(QueryFaultKind.MISSING, FaultFilter(**filter_))


def affected_calls(fault: CallFault, seed: int = 0) -> list[int]:
    return [call for call in CALLS if find_call_fault([fault], seed, call, [query()])]


def test_fault_affects_about_its_share_of_calls() -> None:
    for share in (0.02, 0.2, 0.9):
        assert len(affected_calls(throttled(share=share))) == pytest.approx(2_000 * share, rel=0.2)


def test_fault_affects_all_calls_at_share_one_and_none_at_zero() -> None:
    assert affected_calls(throttled()) == list(CALLS)
    assert affected_calls(throttled(share=0)) == []


def test_affected_calls_depend_on_seed() -> None:
    fault = throttled(share=0.2)
    assert affected_calls(fault, seed=7) == affected_calls(fault, seed=7)
    assert affected_calls(fault, seed=7) != affected_calls(fault, seed=8)


def test_affected_calls_depend_on_kind() -> None:
    dropped = CallFault(CallFaultKind.DROPPED, FaultFilter(share=0.2))
    assert affected_calls(throttled(share=0.2)) != affected_calls(dropped)


def test_larger_share_includes_calls_of_smaller_share() -> None:
    assert set(affected_calls(throttled(share=0.1))) < set(affected_calls(throttled(share=0.3)))


def test_fault_affects_only_calls_in_its_range() -> None:
    assert affected_calls(throttled(calls=(3, 5))) == [3, 4, 5]


def test_fault_with_value_affects_calls_that_query_it_in_any_case() -> None:
    fault = throttled(value="News.Example.com")
    news, shop = query(EMAIL_IDENTITY="NEWS.example.com"), query(EMAIL_IDENTITY="shop.example.com")
    assert find_call_fault([fault], 0, 1, [shop, query(), news]) is fault
    assert find_call_fault([fault], 0, 1, [shop, query()]) is None
    assert find_call_fault([throttled(value="hotmail")], 0, 1, [query(ISP="Hotmail")]) is not None


def test_first_matching_fault_applies() -> None:
    early, late = throttled(calls=(1, 1)), CallFault(CallFaultKind.DROPPED)
    assert find_call_fault([early, late], 0, 1, [query()]) is early
    assert find_call_fault([early, late], 0, 2, [query()]) is late


def test_query_fault_affects_its_share_at_every_position() -> None:
    fault = missing_query(share=0.2)
    places = [
        (call, place)
        for call in CALLS
        for place in range(10)
        if find_query_fault([fault], 0, call, place, query())
    ]
    assert len(places) == pytest.approx(4_000, rel=0.1)
    assert {place for _, place in places} == set(range(10))


def test_query_fault_ignores_queries_without_its_value() -> None:
    fault = missing_query(value="gmail")
    assert find_query_fault([fault], 0, 1, 0, query(ISP="Gmail")) is fault
    assert find_query_fault([fault], 0, 1, 0, query(ISP="Yahoo")) is None
    assert find_query_fault([fault], 0, 1, 0, query()) is None


def test_call_faults_and_query_faults_are_separate() -> None:
    assert find_call_fault([missing_query()], 0, 1, [query()]) is None
    assert find_query_fault([throttled()], 0, 1, 0, query()) is None


def parsed(*faults: str) -> Any:
    text = "\n".join(["begins = 2026-03-01", *(f"[[fault]]\n{each}" for each in faults)])
    return parse_scenario(text, "here.toml").faults


def test_scenario_faults_are_parsed_with_all_keys() -> None:
    assert parsed(
        'kind = "throttled"',
        'kind = "query-denied"\nshare = 0.2\nvalue = "Gmail"\ncalls = [1, 5]',
        'kind = "time-out"\nseconds = 2',
        'kind = "garbled"\nform = "negative"',
    ) == [
        throttled(),
        QueryFault(QueryFaultKind.DENIED, FaultFilter(0.2, "Gmail", (1, 5))),
        CallFault(CallFaultKind.TIME_OUT, delay_s=2),
        CallFault(CallFaultKind.CORRUPTED, form="negative"),
    ]


def test_every_fault_kind_can_be_parsed() -> None:
    kinds = [*CallFaultKind, *QueryFaultKind]
    assert [fault.kind for fault in parsed(*(f'kind = "{kind}"' for kind in kinds))] == kinds


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ('kind = "thortled"', '.kind "thortled" is not a kind of fault. Did you mean "throttled"?'),
        ("share = 1", ".kind is missing. Use one of throttled, server-error, unavailable,"),
        ("kind = 3", ".kind 3 is not a kind of fault. Use one of throttled, server-error,"),
        ("kind = []", ".kind [] is not a kind of fault. Use one of throttled, server-error,"),
        (
            'kind = "dropped"\nshare = 1.5',
            ".share 1.5 is not a share. Use a number from 0 to 1, for example 0.5.",
        ),
        ('kind = "dropped"\nshare = -0.1', ".share -0.1 is not a share"),
        ('kind = "dropped"\nshare = "1"', '.share "1" is not a share'),
        (
            'kind = "dropped"\nshare = true',
            ".share true is not a share. Use a number from 0 to 1, for example 0.5.",
        ),
        ('kind = "dropped"\nshare = nan', ".share nan is not a share"),
        (
            'kind = "dropped"\ncalls = 5',
            ".calls 5 is not a range of calls. Use the first and the last call, for",
        ),
        (
            'kind = "dropped"\ncalls = [5, 1]',
            ".calls [5, 1] is not a range of calls. Use the first and the last call,",
        ),
        (
            'kind = "dropped"\ncalls = [0, 1]',
            ".calls [0, 1] is not a range of calls. Use the first and the last call,",
        ),
        (
            'kind = "dropped"\ncalls = [1]',
            ".calls [1] is not a range of calls. Use the first and the last call,",
        ),
        (
            'kind = "dropped"\ncalls = [1, 2, 3]',
            ".calls [1, 2, 3] is not a range of calls. Use the first and the last",
        ),
        (
            'kind = "dropped"\ncalls = [1.0, 5.0]',
            ".calls [1.0, 5.0] is not a range of calls. Use the first and the last",
        ),
        (
            'kind = "dropped"\nvalue = 3',
            ".value 3 is not a name. Use a name in quotes, without spaces.",
        ),
        ('kind = "dropped"\nvalue = ""', '.value "" is not a name'),
        (
            'kind = "dropped"\nseconds = 3',
            '.seconds is only for faults of kind "time-out". Delete it.',
        ),
        (
            'kind = "query-missing"\nform = "array"',
            '.form is only for faults of kind "garbled". Delete it.',
        ),
        (
            'kind = "query-missing"\ncall = 1',
            '.call is not a key of fault[1]. Did you mean "calls"?',
        ),
        (
            'kind = "time-out"\nseconds = 0',
            ".seconds 0 is not a delay. Use a number of seconds above 0, for example",
        ),
        (
            'kind = "time-out"\nseconds = inf',
            ".seconds inf is not a delay. Use a number of seconds above 0, for",
        ),
        (
            'kind = "time-out"\nseconds = "5s"',
            '.seconds "5s" is not a delay. Use a number of seconds above 0, for',
        ),
        (
            'kind = "garbled"\nform = "odd"',
            '.form "odd" is not a form of corruption. Use one of no-json, cut-json,',
        ),
    ],
)
def test_error_of_a_fault_has_its_path_and_the_expected_form(wrong: str, error: str) -> None:
    with pytest.raises(InvalidScenarioError) as caught:
        parsed('kind = "dropped"', wrong)
    (invalid,) = caught.value.errors
    assert f"{invalid.path} {invalid.what}".startswith(f"fault[1]{error}")


def test_fault_of_an_operation_affects_the_function_and_not_vdm() -> None:
    fault = CallFault(CallFaultKind.DENIED, operation="sns:Publish")
    assert find_call_fault([fault], 0, 1, [query()]) is None
    assert find_function_fault([fault], 0, ["sns:Publish"]) is fault
    assert find_function_fault([fault], 0, ["sns:Publish", "sns:GetTopicAttributes"]) is None


def test_fault_of_a_pattern_counts_every_call_that_it_names() -> None:
    fault = CallFault(CallFaultKind.DENIED, FaultFilter(calls=(2, 2)), operation="dynamodb:*")
    calls = ["dynamodb:Query", "sns:Publish", "dynamodb:PutItem", "dynamodb:Query"]
    found = [find_function_fault([fault], 0, calls[:count]) for count in (1, 2, 3, 4)]
    assert found == [None, None, fault, None]


def test_only_vdm_applies_faults_of_the_content_of_its_responses() -> None:
    for kind in CallFaultKind:
        fault = CallFault(kind)
        affects_vdm = find_call_fault([fault], 0, 1, [query()]) is fault
        affects_function = find_function_fault([fault], 0, [METRIC_DATA]) is fault
        assert affects_vdm == (kind not in KILLS)
        assert affects_function == (kind in {*KILLS, *CONNECTION_FAULTS})


def test_operation_of_a_fault_is_parsed() -> None:
    (fault,) = parsed('kind = "killed-after"\noperation = "dynamodb:*"\ncalls = [2, 2]')
    filter_ = FaultFilter(calls=(2, 2))
    assert fault == CallFault(CallFaultKind.KILLED_AFTER, filter_, operation="dynamodb:*")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ('operation = "PutItem"', '.operation "PutItem" is not an operation; write it like "dyn'),
        ("operation = 3", ".operation 3 is not an operation"),
        ('operation = "sns:*"\nvalue = "x"', ".value is only for ses:BatchGetMetricData"),
        ('operation = "sns:*"\nform = "null"', ".form is only for ses:BatchGetMetricData"),
    ],
)
def test_invalid_operation_is_rejected(wrong: str, error: str) -> None:
    with pytest.raises(InvalidScenarioError) as raised:
        parsed(f'kind = "garbled"\n{wrong}')
    assert error in " ".join(str(raised.value).split())


def test_query_fault_of_another_operation_is_rejected() -> None:
    with pytest.raises(InvalidScenarioError, match="is only for ses:BatchGetMetricData"):
        parsed('kind = "query-missing"\noperation = "sns:Publish"')
