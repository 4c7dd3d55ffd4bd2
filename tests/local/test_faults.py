"""Which calls and queries a fault hits is written in the scenario, and the same every time."""

from typing import Any

import pytest

from vdm_local.faults import CallFault, CallKind, QueryFault, QueryKind, Reach, of_call, of_query
from vdm_local.scenario import BadScenario, parse_scenario

CALLS = range(1, 2_001)


def query(**dimensions: str) -> dict[str, Any]:
    return {"Id": "a", "Dimensions": dimensions} if dimensions else {"Id": "a"}


def throttled(**reach: Any) -> CallFault:
    return CallFault(CallKind.THROTTLED, Reach(**reach))


def missing(**reach: Any) -> QueryFault:
    return QueryFault(QueryKind.MISSING, Reach(**reach))


def hit(fault: CallFault, seed: int = 0) -> list[int]:
    return [call for call in CALLS if of_call([fault], seed, call, [query()])]


def test_a_fault_hits_about_its_share_of_calls() -> None:
    for share in (0.02, 0.2, 0.9):
        assert len(hit(throttled(share=share))) == pytest.approx(2_000 * share, rel=0.2)


def test_a_share_of_one_is_all_and_of_nothing_none() -> None:
    assert hit(throttled()) == list(CALLS)
    assert hit(throttled(share=0)) == []


def test_the_same_seed_hits_the_same_calls_and_another_others() -> None:
    fault = throttled(share=0.2)
    assert hit(fault, seed=7) == hit(fault, seed=7)
    assert hit(fault, seed=7) != hit(fault, seed=8)


def test_two_kinds_of_one_share_hit_different_calls() -> None:
    dropped = CallFault(CallKind.DROPPED, Reach(share=0.2))
    assert hit(throttled(share=0.2)) != hit(dropped)


def test_a_larger_share_hits_the_calls_of_the_smaller_too() -> None:
    assert set(hit(throttled(share=0.1))) < set(hit(throttled(share=0.3)))


def test_a_fault_of_some_calls_hits_no_other() -> None:
    assert hit(throttled(calls=(3, 5))) == [3, 4, 5]


def test_a_fault_of_a_value_hits_calls_that_name_it_in_any_query_and_in_any_case() -> None:
    fault = throttled(value="News.Example.com")
    news, shop = query(EMAIL_IDENTITY="NEWS.example.com"), query(EMAIL_IDENTITY="shop.example.com")
    assert of_call([fault], 0, 1, [shop, query(), news]) is fault
    assert of_call([fault], 0, 1, [shop, query()]) is None
    assert of_call([throttled(value="hotmail")], 0, 1, [query(ISP="Hotmail")])


def test_the_first_fault_that_hits_is_the_one() -> None:
    early, late = throttled(calls=(1, 1)), CallFault(CallKind.DROPPED)
    assert of_call([early, late], 0, 1, [query()]) is early
    assert of_call([early, late], 0, 2, [query()]) is late


def test_a_fault_of_queries_hits_its_share_of_them_wherever_they_stand() -> None:
    fault = missing(share=0.2)
    places = [
        (call, place)
        for call in CALLS
        for place in range(10)
        if of_query([fault], 0, call, place, query())
    ]
    assert len(places) == pytest.approx(4_000, rel=0.1)
    assert {place for _, place in places} == set(range(10))


def test_a_fault_of_queries_leaves_those_alone_that_do_not_name_its_value() -> None:
    fault = missing(value="gmail")
    assert of_query([fault], 0, 1, 0, query(ISP="Gmail")) is fault
    assert of_query([fault], 0, 1, 0, query(ISP="Yahoo")) is None
    assert of_query([fault], 0, 1, 0, query()) is None


def test_faults_of_calls_and_faults_of_queries_do_not_meet() -> None:
    assert of_call([missing()], 0, 1, [query()]) is None
    assert of_query([throttled()], 0, 1, 0, query()) is None


def parsed(*faults: str) -> Any:
    text = "\n".join(["begins = 2026-03-01", *(f"[[fault]]\n{each}" for each in faults)])
    return parse_scenario(text, "here.toml").faults


def test_a_fault_is_what_the_scenario_says_of_it() -> None:
    assert parsed(
        'kind = "throttled"',
        'kind = "query-denied"\nshare = 0.2\nvalue = "Gmail"\ncalls = [1, 5]',
        'kind = "time-out"\nseconds = 2',
        'kind = "garbled"\nform = "negative"',
    ) == [
        throttled(),
        QueryFault(QueryKind.DENIED, Reach(0.2, "Gmail", (1, 5))),
        CallFault(CallKind.TIME_OUT, seconds=2),
        CallFault(CallKind.GARBLED, form="negative"),
    ]


def test_every_kind_can_be_written() -> None:
    kinds = [*CallKind, *QueryKind]
    assert [fault.kind for fault in parsed(*(f'kind = "{kind}"' for kind in kinds))] == kinds


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ('kind = "thortled"', 'of kind "thortled": there is none such but throttled, server-'),
        ("share = 1", 'of kind "None": there is none such but throttled'),
        ("kind = 3", 'of kind "3": there is none such but'),
        ("kind = []", 'of kind "[]": there is none such but'),
        ('kind = "dropped"\nshare = 1.5', '"dropped": share must be a number from 0 to 1, not 1.5'),
        ('kind = "dropped"\nshare = -0.1', "share must be a number from 0 to 1, not -0.1"),
        ('kind = "dropped"\nshare = "1"', "share must be a number from 0 to 1, not 1"),
        ('kind = "dropped"\nshare = true', "share must be a number from 0 to 1, not True"),
        ('kind = "dropped"\nshare = nan', "share must be a number from 0 to 1, not nan"),
        ('kind = "dropped"\ncalls = 5', "first and the last, like [1, 5], not 5"),
        ('kind = "dropped"\ncalls = [5, 1]', "first and the last, like [1, 5], not [5, 1]"),
        ('kind = "dropped"\ncalls = [0, 1]', "first and the last, like [1, 5], not [0, 1]"),
        ('kind = "dropped"\ncalls = [1]', "first and the last, like [1, 5], not [1]"),
        ('kind = "dropped"\ncalls = [1.0, 5.0]', "like [1, 5], not [1.0, 5.0]"),
        ('kind = "dropped"\nvalue = 3', 'value must be that of a dimension, in quotes, not "3"'),
        ('kind = "dropped"\nvalue = ""', "value must be that of a dimension"),
        ('kind = "dropped"\nseconds = 3', "not known in such a fault: seconds"),
        ('kind = "query-missing"\nform = "x"\nx = 1', "not known in such a fault: form, x"),
        ('kind = "time-out"\nseconds = 0', "seconds must be a number above 0, not 0"),
        ('kind = "time-out"\nseconds = inf', "seconds must be a number above 0, not inf"),
        ('kind = "garbled"\nform = "odd"', 'form "odd" is none of no-json, cut-json,'),
    ],
)
def test_a_bad_fault_is_named_with_what_is_wrong_with_it(wrong: str, says: str) -> None:
    with pytest.raises(BadScenario) as caught:
        parsed('kind = "dropped"', wrong)
    assert str(caught.value).startswith('here.toml: fault 2, of kind "')
    assert says in str(caught.value)
