"""Tests of the sender roster and the query budget."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from builders import HOTMAIL, HOUR, NEWS_IDENTITY, NOW, TODAY, a_sender_record, a_series
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.adapters.aws.codec import (
    UnreadableRecordError,
    decode_roster,
    encode_roster,
    roster_from_json,
    roster_json,
)
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Answers, Query
from vdm_alerts.core.planning.roster import (
    ReadOutcome,
    SenderRecord,
    SenderRoster,
    UnfinishedList,
    query_budget,
)

DAY = timedelta(days=1)
SHOP_IDENTITY = Scope(identity="shop.example.com")
NEWS_SEND_QUERY = Query(Metric.SEND, NEWS_IDENTITY)
NEWS_BOUNCE_QUERY = Query(Metric.PERMANENT_BOUNCE, NEWS_IDENTITY)


def roster_after(
    roster: SenderRoster,
    answers: Answers,
    queries_made: int = 1,
    hours: int = 0,
    drilled_down: Mapping[Scope, set[str]] | None = None,
) -> SenderRoster:
    """Return *roster* after a reading at *hours* after NOW."""
    outcome = ReadOutcome(
        answers, Window(4), TODAY, queries_made, drilled_down or {}, unattributed=3
    )
    return roster.after_reading(outcome, NOW + hours * HOUR)


def test_list_is_outdated_at_its_maximum_age() -> None:
    roster = SenderRoster().with_listed(Dimension.IDENTITY, [NEWS_IDENTITY], NOW)
    assert roster.is_listed(Dimension.IDENTITY, NOW + 23 * HOUR, max_age=DAY)
    assert not roster.is_listed(Dimension.IDENTITY, NOW + DAY, max_age=DAY)
    assert not roster.is_listed(Dimension.CONFIGURATION_SET, NOW, max_age=DAY)


def test_new_list_keeps_the_records_of_listed_senders_and_drops_unlisted_ones() -> None:
    record = a_sender_record(7)
    configuration_set = Scope(configuration_set="set")
    roster = SenderRoster(
        {NEWS_IDENTITY: record, SHOP_IDENTITY: SenderRecord(), configuration_set: record}
    )
    relisted = roster.with_listed(Dimension.IDENTITY, [NEWS_IDENTITY], NOW)
    assert relisted.records == {NEWS_IDENTITY: record, configuration_set: record}


def test_list_is_marked_as_outdated_after_an_hour_at_the_earliest() -> None:
    roster = SenderRoster().with_listed(Dimension.IDENTITY, [NEWS_IDENTITY], NOW)
    early = roster.without_list(Dimension.IDENTITY, NOW + HOUR / 2)
    assert early.is_listed(Dimension.IDENTITY, NOW + HOUR / 2, max_age=DAY)
    late = roster.without_list(Dimension.IDENTITY, NOW + HOUR)
    assert not late.is_listed(Dimension.IDENTITY, NOW + HOUR, max_age=DAY)


def test_reading_records_the_volume_and_the_read_time_of_a_sender() -> None:
    roster = roster_after(
        SenderRoster({NEWS_IDENTITY: SenderRecord(), SHOP_IDENTITY: SenderRecord()}),
        {NEWS_SEND_QUERY: a_series(900, 1, 2, 3, 4)},
    )
    assert roster.records == {NEWS_IDENTITY: a_sender_record(10), SHOP_IDENTITY: SenderRecord()}
    assert (roster.read_at, roster.unattributed) == (NOW, 3)


def test_first_reading_adds_records_for_providers_and_the_account_but_not_for_parts() -> None:
    answers = {
        Query(Metric.SEND, HOTMAIL): a_series(9),
        Query(Metric.SEND, ACCOUNT): a_series(7),
        Query(Metric.SEND, NEWS_IDENTITY.at_provider("Hotmail")): a_series(9),
    }
    roster = roster_after(SenderRoster(), answers)
    assert roster.records == {HOTMAIL: a_sender_record(9), ACCOUNT: a_sender_record(7)}


@pytest.mark.parametrize(
    ("answers", "volume", "failing_since"),
    [
        pytest.param(
            {NEWS_SEND_QUERY: a_series(9), NEWS_BOUNCE_QUERY: Gap.UNAVAILABLE},
            9,
            NOW,
            id="events unavailable",
        ),
        pytest.param({NEWS_SEND_QUERY: Gap.UNAVAILABLE}, 5, NOW, id="emails unavailable"),
        pytest.param({NEWS_SEND_QUERY: Gap.ACCESS_DENIED}, 5, None, id="access denied"),
    ],
)
def test_failed_reading_updates_the_tried_time_but_not_the_read_time(
    answers: Answers, volume: int, failing_since: datetime | None
) -> None:
    before = SenderRoster({NEWS_IDENTITY: a_sender_record(5, NOW - HOUR)})
    expected = SenderRecord(NOW - HOUR, NOW, volume, failing_since=failing_since)
    assert roster_after(before, answers).record(NEWS_IDENTITY) == expected


def test_failing_since_time_is_kept_until_the_sender_is_read() -> None:
    roster = SenderRoster({NEWS_IDENTITY: SenderRecord()})
    for hours in range(3):
        roster = roster_after(roster, {NEWS_SEND_QUERY: Gap.UNAVAILABLE}, hours=hours)
        assert roster.record(NEWS_IDENTITY).failing_since == NOW
    cut_off = roster_after(roster, {NEWS_SEND_QUERY: Gap.CUT_OFF}, hours=3)
    assert cut_off.record(NEWS_IDENTITY).failing_since == NOW
    read = roster_after(roster, {NEWS_SEND_QUERY: a_series(1)}, hours=3)
    assert read.record(NEWS_IDENTITY).failing_since is None


@pytest.mark.parametrize(
    "answers",
    [
        {NEWS_SEND_QUERY: a_series(9), NEWS_BOUNCE_QUERY: Gap.CUT_OFF},
        {NEWS_SEND_QUERY: Gap.CUT_OFF},
    ],
    ids=["events cut off", "emails cut off"],
)
def test_cut_off_sender_keeps_the_record_of_the_reading_before(answers: Answers) -> None:
    before = SenderRoster({NEWS_IDENTITY: a_sender_record(5, NOW - HOUR)})
    assert roster_after(before, answers).records == before.records


def test_sender_of_which_a_provider_was_cut_off_is_not_read_completely() -> None:
    before = SenderRoster({NEWS_IDENTITY: a_sender_record(5, NOW - HOUR)})
    part = Query(Metric.PERMANENT_BOUNCE, NEWS_IDENTITY.at_provider("Hotmail"))
    after = roster_after(before, {NEWS_SEND_QUERY: a_series(9), part: Gap.CUT_OFF})
    assert after.record(NEWS_IDENTITY) == SenderRecord(NOW - HOUR, NOW, 9)
    assert not after.was_read_since(NEWS_IDENTITY, NOW)
    assert after.was_read_since(NEWS_IDENTITY, NOW - HOUR)
    assert not after.was_read_since(NEWS_IDENTITY, None)


def test_rejected_name_expires_after_one_week_even_when_it_is_rejected_again() -> None:
    roster = roster_after(
        SenderRoster({NEWS_IDENTITY: SenderRecord()}), {NEWS_SEND_QUERY: Gap.REJECTED}
    )
    for hours in range(1, 24 * 7):
        assert roster.is_rejected(NEWS_IDENTITY, NOW + hours * HOUR)
        roster = roster_after(roster, {NEWS_SEND_QUERY: Gap.REJECTED}, hours=hours)
    assert not roster.is_rejected(NEWS_IDENTITY, NOW + 7 * DAY)
    answered = roster_after(roster, {NEWS_SEND_QUERY: a_series(1)}, hours=24 * 7)
    assert answered.record(NEWS_IDENTITY).rejected_at is None


def test_rejection_is_not_remembered_for_the_account() -> None:
    roster = roster_after(SenderRoster(), {Query(Metric.SEND, ACCOUNT): Gap.REJECTED})
    assert not roster.is_rejected(ACCOUNT, NOW)


def test_rejection_of_a_single_metric_is_not_a_rejection_of_the_name() -> None:
    answers: Answers = {
        NEWS_SEND_QUERY: a_series(9),
        Query(Metric.OPEN, NEWS_IDENTITY): Gap.REJECTED,
    }
    roster = roster_after(SenderRoster({NEWS_IDENTITY: SenderRecord()}), answers)
    assert not roster.is_rejected(NEWS_IDENTITY, NOW)


def test_reading_records_the_drilldown_time_of_each_rule() -> None:
    before = SenderRoster({NEWS_IDENTITY: a_sender_record(9, drilled_down=("a",))})
    roster = roster_after(
        before, {NEWS_SEND_QUERY: a_series(9)}, hours=1, drilled_down={NEWS_IDENTITY: {"b"}}
    )
    assert roster.record(NEWS_IDENTITY).drilled_down_at == {"a": NOW, "b": NOW + HOUR}


def test_query_count_restarts_each_utc_day() -> None:
    first = roster_after(SenderRoster(), {}, queries_made=5)
    second = roster_after(first, {}, queries_made=7, hours=1)
    assert second.queries_made_on(TODAY) == 12
    assert second.queries_made_on(TODAY + DAY) == 0
    assert roster_after(second, {}, queries_made=3, hours=24).queries_made == 3


def test_rejection_of_today_is_remembered_for_one_week() -> None:
    roster = SenderRoster(today_rejected_on=TODAY)
    assert not roster.serves_today(TODAY + 6 * DAY)
    assert roster.serves_today(TODAY + 7 * DAY)
    assert SenderRoster().serves_today(TODAY)


def test_query_budget_is_unlimited_when_no_daily_limit_is_set() -> None:
    assert query_budget(SenderRoster(), None, NOW) is None


@pytest.mark.parametrize(
    ("since_last_reading", "queries_made", "budget"),
    [
        pytest.param(None, 0, 100, id="first run: as if runs were hourly"),
        pytest.param(HOUR, 750, 50, id="15 hourly runs from 9:00 to 23:00"),
        pytest.param(DAY, 750, 1_500, id="one run a day"),
        pytest.param(HOUR, 9_999, 0, id="used up"),
        pytest.param(timedelta(seconds=1), 0, 8, id="180 runs, one every 5 minutes"),
    ],
)
def test_query_budget_is_shared_among_the_remaining_runs_of_the_day(
    since_last_reading: timedelta | None, queries_made: int, budget: int
) -> None:
    read_at = None if since_last_reading is None else NOW - since_last_reading
    roster = SenderRoster(read_at=read_at, queries_made=queries_made)
    assert query_budget(roster, 1_500, NOW) == budget


@given(
    st.dictionaries(
        st.builds(
            Scope,
            identity=st.none() | st.text(min_size=1),
            tenant=st.none() | st.text(min_size=1),
            isp=st.none() | st.text(min_size=1),
        ),
        st.builds(
            SenderRecord,
            read_at=st.none() | st.just(NOW),
            tried_at=st.none() | st.just(NOW),
            volume=st.integers(0, 10**12),
            drilled_down_at=st.dictionaries(st.text(), st.just(NOW - HOUR)),
            rejected_at=st.none() | st.just(NOW),
        ),
    ),
    st.dictionaries(st.sampled_from(Dimension), st.just(NOW)),
)
def test_roster_survives_encoding_and_decoding(records: Any, listed_at: Any) -> None:
    part = UnfinishedList("page 2", ("acme", "shop"))
    roster = SenderRoster(records, listed_at, NOW, 7, 3, TODAY, part, tuple(records))
    assert decode_roster(encode_roster(roster)) == roster
    assert decode_roster(encode_roster(SenderRoster())) == SenderRoster()
    encoded = encode_roster(roster)
    document = "".join(roster_json(roster))
    assert json.loads(document) == json.loads(json.dumps(encoded))
    assert roster_from_json(document) == roster
    for cut in (document[:-1], document[:-2], document[: len(document) // 2], "{}"):
        with pytest.raises(UnreadableRecordError):
            roster_from_json(cut)
    older = {key: value for key, value in encoded.items() if key not in {"list", "notable"}}
    assert decode_roster(older) == replace(roster, unfinished_list=None, notable=())


@pytest.mark.parametrize(
    "damaged",
    [
        {"schema": 2},
        {"schema": 1},
        {**encode_roster(SenderRoster()), "entries": [[{"ISLE": "x"}, 1]]},
        {**encode_roster(SenderRoster()), "swept": "2026-03-12T09:00:00"},
    ],
)
def test_damaged_roster_is_reported_as_unreadable(damaged: Any) -> None:
    with pytest.raises(UnreadableRecordError, match="roster"):
        decode_roster(damaged)
