from datetime import timedelta
from typing import Any

import pytest
from builders import HOTMAIL, HOUR, NEWS, NOW, TODAY, a_series, an_entry
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.adapters.aws.codec import UnreadableRecordError, decode_roster, encode_roster
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import ReadOutcome, SenderRecord, SenderRoster, query_budget

DAY = timedelta(days=1)
SHOP = Scope(identity="shop.example.com")
SENT = Query(Metric.SEND, NEWS)


def after(
    roster: SenderRoster,
    found: Any,
    asked: int = 1,
    hours: int = 0,
    drilled: dict[Scope, set[str]] | None = None,
) -> SenderRoster:
    reading = ReadOutcome(found, Window(4), TODAY, asked, drilled or {}, unattributed=3)
    return roster.after_reading(reading, NOW + hours * HOUR)


def test_roster_listing_expires_after_the_rest_period() -> None:
    roster = SenderRoster().with_listed(Dimension.IDENTITY, [NEWS], NOW)
    assert roster.is_listed(Dimension.IDENTITY, NOW + 23 * HOUR, max_age=DAY)
    assert not roster.is_listed(Dimension.IDENTITY, NOW + DAY, max_age=DAY)
    assert not roster.is_listed(Dimension.CONFIGURATION_SET, NOW, max_age=DAY)


def test_new_listing_keeps_the_records_of_listed_senders_and_drops_unlisted_ones() -> None:
    known = an_entry(7)
    elsewhere = Scope(configuration_set="set")
    roster = SenderRoster({NEWS: known, SHOP: SenderRecord(), elsewhere: known})
    assert roster.with_listed(Dimension.IDENTITY, [NEWS], NOW).records == {
        NEWS: known,
        elsewhere: known,
    }


def test_incomplete_listing_is_discarded_after_an_hour_at_the_earliest() -> None:
    roster = SenderRoster().with_listed(Dimension.IDENTITY, [NEWS], NOW)
    early = roster.without_list(Dimension.IDENTITY, NOW + HOUR / 2)
    assert early.is_listed(Dimension.IDENTITY, NOW + HOUR / 2, max_age=DAY)
    late = roster.without_list(Dimension.IDENTITY, NOW + HOUR)
    assert not late.is_listed(Dimension.IDENTITY, NOW + HOUR, max_age=DAY)


def test_reading_records_the_volume_and_the_read_time_of_a_sender() -> None:
    roster = after(
        SenderRoster({NEWS: SenderRecord(), SHOP: SenderRecord()}),
        {SENT: a_series(900, 1, 2, 3, 4)},
    )
    assert roster.records == {NEWS: an_entry(10), SHOP: SenderRecord()}
    assert (roster.read_at, roster.unattributed) == (NOW, 3)


def test_first_reading_adds_records_for_providers_and_the_account_but_not_for_parts() -> None:
    found = {Query(Metric.SEND, HOTMAIL): a_series(9), Query(Metric.SEND, ACCOUNT): a_series(7)}
    assert after(SenderRoster(), found).records == {HOTMAIL: an_entry(9), ACCOUNT: an_entry(7)}
    part = {Query(Metric.SEND, NEWS.at("Hotmail")): a_series(9)}
    assert after(SenderRoster(), part).records == {}


def test_failed_reading_updates_the_tried_time_but_not_the_read_time() -> None:
    bounced = Query(Metric.PERMANENT_BOUNCE, NEWS)
    before = SenderRoster({NEWS: an_entry(5, NOW - HOUR)})
    for found, volume, failing in (
        ({SENT: a_series(9), bounced: Gap.UNAVAILABLE}, 9, NOW),
        ({SENT: Gap.UNAVAILABLE}, 5, NOW),
        ({SENT: Gap.ACCESS_DENIED}, 5, None),
    ):
        entry = SenderRecord(NOW - HOUR, NOW, volume, failing_since=failing)
        assert after(before, found).records[NEWS] == entry


def test_failing_since_time_is_kept_until_the_sender_is_read() -> None:
    roster = SenderRoster({NEWS: SenderRecord()})
    for hours in range(3):
        roster = after(roster, {SENT: Gap.UNAVAILABLE}, hours=hours)
        assert roster.records[NEWS].failing_since == NOW
    assert after(roster, {SENT: Gap.CUT_OFF}, hours=3).records[NEWS].failing_since == NOW
    assert after(roster, {SENT: a_series(1)}, hours=3).records[NEWS].failing_since is None


def test_cut_off_sender_keeps_the_record_of_the_reading_before() -> None:
    bounced = Query(Metric.PERMANENT_BOUNCE, NEWS)
    before = SenderRoster({NEWS: an_entry(5, NOW - HOUR)})
    assert after(before, {SENT: a_series(9), bounced: Gap.CUT_OFF}).records == before.records
    assert after(before, {SENT: Gap.CUT_OFF}).records == before.records


def test_rejected_name_expires_after_one_week_even_when_it_is_rejected_again() -> None:
    roster = after(SenderRoster({NEWS: SenderRecord()}), {SENT: Gap.REJECTED})
    for hours in range(1, 24 * 7):
        assert roster.is_rejected(NEWS, NOW + hours * HOUR)
        roster = after(roster, {SENT: Gap.REJECTED}, hours=hours)
    assert not roster.is_rejected(NEWS, NOW + 7 * DAY)
    answered = after(roster, {SENT: a_series(1)}, hours=24 * 7)
    assert answered.records[NEWS].rejected_at is None


def test_rejection_is_not_remembered_for_the_account_or_for_a_single_metric() -> None:
    nameless = after(SenderRoster(), {Query(Metric.SEND, ACCOUNT): Gap.REJECTED})
    assert not nameless.is_rejected(ACCOUNT, NOW)
    found = {SENT: a_series(9), Query(Metric.OPEN, NEWS): Gap.REJECTED}
    assert not after(SenderRoster({NEWS: SenderRecord()}), found).is_rejected(NEWS, NOW)


def test_reading_records_the_drilldown_time_of_each_rule() -> None:
    before = SenderRoster({NEWS: an_entry(9, drilled=("a",))})
    roster = after(before, {SENT: a_series(9)}, hours=1, drilled={NEWS: {"b"}})
    assert roster.records[NEWS].drilled_down_at == {"a": NOW, "b": NOW + HOUR}


def test_query_count_restarts_each_utc_day() -> None:
    roster = after(after(SenderRoster(), {}, asked=5), {}, asked=7, hours=1)
    assert roster.queries_made_on(TODAY) == 12
    assert roster.queries_made_on(TODAY + DAY) == 0
    assert after(roster, {}, asked=3, hours=24).queries_made == 3


def test_rejection_of_today_is_remembered_for_one_week() -> None:
    roster = SenderRoster(today_rejected_on=TODAY)
    assert not roster.serves_today(TODAY + 6 * DAY)
    assert roster.serves_today(TODAY + 7 * DAY)
    assert SenderRoster().serves_today(TODAY)


def test_query_allowance_is_unlimited_when_no_daily_limit_is_set() -> None:
    assert query_budget(SenderRoster(), None, NOW) is None


def test_query_allowance_is_shared_among_the_remaining_runs_of_the_day() -> None:
    """At nine, an hourly run has fifteen left: its own, and one at each hour until 23 o'clock."""
    assert query_budget(SenderRoster(), 1_500, NOW) == 100
    used = SenderRoster(read_at=NOW - HOUR, queries_made=750)
    assert query_budget(used, 1_500, NOW) == 50
    assert query_budget(SenderRoster(read_at=NOW - DAY, queries_made=750), 1_500, NOW) == 1_500, (
        "one run a day"
    )
    assert query_budget(SenderRoster(read_at=NOW - HOUR, queries_made=9_999), 1_500, NOW) == 0
    hasty = SenderRoster(read_at=NOW - timedelta(seconds=1))
    assert query_budget(hasty, 1_800, NOW) == 10, "as if a run came every five minutes"


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
def test_roster_survives_encoding_and_decoding(entries: Any, listed: Any) -> None:
    roster = SenderRoster(entries, listed, NOW, 7, 3, TODAY)
    assert decode_roster(encode_roster(roster)) == roster
    assert decode_roster(encode_roster(SenderRoster())) == SenderRoster()


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
