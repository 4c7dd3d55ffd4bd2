from datetime import timedelta
from typing import Any

import pytest
from builders import HOTMAIL, HOUR, NEWS, NOW, TODAY, a_series, an_entry
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.adapters.aws.codec import UnreadableRecord, decode_roster, encode_roster
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import Entry, Reading, Roster, allowance

DAY = timedelta(days=1)
SHOP = Scope(identity="shop.example.com")
SENT = Query(Metric.SEND, NEWS)


def after(
    roster: Roster,
    found: Any,
    asked: int = 1,
    hours: int = 0,
    drilled: dict[Scope, set[str]] | None = None,
) -> Roster:
    reading = Reading(found, Window(4), TODAY, asked, drilled or {}, unclaimed=3)
    return roster.after(reading, NOW + hours * HOUR)


def test_a_list_holds_as_long_as_one_may_rest() -> None:
    roster = Roster().with_listed(Dimension.IDENTITY, [NEWS], NOW)
    assert roster.is_listed(Dimension.IDENTITY, NOW + 23 * HOUR, rest=DAY)
    assert not roster.is_listed(Dimension.IDENTITY, NOW + DAY, rest=DAY)
    assert not roster.is_listed(Dimension.CONFIGURATION_SET, NOW, rest=DAY)


def test_a_new_list_keeps_what_is_known_of_those_who_stay_and_forgets_the_others() -> None:
    known = an_entry(7)
    elsewhere = Scope(configuration_set="set")
    roster = Roster({NEWS: known, SHOP: Entry(), elsewhere: known})
    assert roster.with_listed(Dimension.IDENTITY, [NEWS], NOW).entries == {
        NEWS: known,
        elsewhere: known,
    }


def test_a_list_in_which_somebody_is_missing_is_made_again_after_an_hour_at_the_earliest() -> None:
    roster = Roster().with_listed(Dimension.IDENTITY, [NEWS], NOW)
    early = roster.unlisted(Dimension.IDENTITY, NOW + HOUR / 2)
    assert early.is_listed(Dimension.IDENTITY, NOW + HOUR / 2, rest=DAY)
    late = roster.unlisted(Dimension.IDENTITY, NOW + HOUR)
    assert not late.is_listed(Dimension.IDENTITY, NOW + HOUR, rest=DAY)


def test_a_reading_leaves_how_much_was_sent_and_when_that_was_read() -> None:
    roster = after(Roster({NEWS: Entry(), SHOP: Entry()}), {SENT: a_series(900, 1, 2, 3, 4)})
    assert roster.entries == {NEWS: an_entry(10), SHOP: Entry()}
    assert (roster.swept, roster.unclaimed) == (NOW, 3)


def test_a_provider_has_an_entry_from_the_first_reading_on_and_so_has_the_account() -> None:
    found = {Query(Metric.SEND, HOTMAIL): a_series(9), Query(Metric.SEND, ACCOUNT): a_series(7)}
    assert after(Roster(), found).entries == {HOTMAIL: an_entry(9), ACCOUNT: an_entry(7)}
    part = {Query(Metric.SEND, NEWS.at("Hotmail")): a_series(9)}
    assert after(Roster(), part).entries == {}


def test_who_could_not_be_read_to_the_end_is_tried_and_not_read() -> None:
    bounced = Query(Metric.PERMANENT_BOUNCE, NEWS)
    before = Roster({NEWS: an_entry(5, NOW - HOUR)})
    for found, volume, failing in (
        ({SENT: a_series(9), bounced: Gap.UNAVAILABLE}, 9, NOW),
        ({SENT: Gap.UNAVAILABLE}, 5, NOW),
        ({SENT: Gap.ACCESS_DENIED}, 5, None),
    ):
        entry = Entry(NOW - HOUR, NOW, volume, failing=failing)
        assert after(before, found).entries[NEWS] == entry


def test_since_when_somebody_cannot_be_read_is_remembered_until_it_can_be() -> None:
    roster = Roster({NEWS: Entry()})
    for hours in range(3):
        roster = after(roster, {SENT: Gap.UNAVAILABLE}, hours=hours)
        assert roster.entries[NEWS].failing == NOW
    assert after(roster, {SENT: Gap.CUT}, hours=3).entries[NEWS].failing == NOW
    assert after(roster, {SENT: a_series(1)}, hours=3).entries[NEWS].failing is None


def test_who_was_cut_off_keeps_the_time_of_the_reading_before() -> None:
    bounced = Query(Metric.PERMANENT_BOUNCE, NEWS)
    before = Roster({NEWS: an_entry(5, NOW - HOUR)})
    assert after(before, {SENT: a_series(9), bounced: Gap.CUT}).entries == before.entries
    assert after(before, {SENT: Gap.CUT}).entries == before.entries


def test_a_refused_name_is_remembered_for_a_week_and_not_longer() -> None:
    roster = after(Roster({NEWS: Entry()}), {SENT: Gap.REFUSED})
    for hours in range(1, 24 * 7):
        assert roster.is_refused(NEWS, NOW + hours * HOUR)
        roster = after(roster, {SENT: Gap.REFUSED}, hours=hours)
    assert not roster.is_refused(NEWS, NOW + 7 * DAY)
    answered = after(roster, {SENT: a_series(1)}, hours=24 * 7)
    assert answered.entries[NEWS].refused is None


def test_only_a_refused_name_is_remembered_and_not_a_refused_metric() -> None:
    nameless = after(Roster(), {Query(Metric.SEND, ACCOUNT): Gap.REFUSED})
    assert not nameless.is_refused(ACCOUNT, NOW)
    found = {SENT: a_series(9), Query(Metric.OPEN, NEWS): Gap.REFUSED}
    assert not after(Roster({NEWS: Entry()}), found).is_refused(NEWS, NOW)


def test_for_which_rules_somebody_was_looked_at_by_provider_is_remembered() -> None:
    before = Roster({NEWS: an_entry(9, drilled=("a",))})
    roster = after(before, {SENT: a_series(9)}, hours=1, drilled={NEWS: {"b"}})
    assert roster.entries[NEWS].drilled == {"a": NOW, "b": NOW + HOUR}


def test_queries_are_counted_by_the_day() -> None:
    roster = after(after(Roster(), {}, asked=5), {}, asked=7, hours=1)
    assert roster.asked_on(TODAY) == 12
    assert roster.asked_on(TODAY + DAY) == 0
    assert after(roster, {}, asked=3, hours=24).asked == 3


def test_that_today_is_refused_is_remembered_for_a_week() -> None:
    roster = Roster(today_refused=TODAY)
    assert not roster.serves_today(TODAY + 6 * DAY)
    assert roster.serves_today(TODAY + 7 * DAY)
    assert Roster().serves_today(TODAY)


def test_without_a_limit_any_number_of_queries_may_be_made() -> None:
    assert allowance(Roster(), None, NOW) is None


def test_what_is_left_of_a_day_is_shared_among_its_runs() -> None:
    """At nine, an hourly run has fifteen left: its own, and one at each hour until 23 o'clock."""
    assert allowance(Roster(), 1_500, NOW) == 100
    used = Roster(swept=NOW - HOUR, asked=750)
    assert allowance(used, 1_500, NOW) == 50
    assert allowance(Roster(swept=NOW - DAY, asked=750), 1_500, NOW) == 1_500, "one run a day"
    assert allowance(Roster(swept=NOW - HOUR, asked=9_999), 1_500, NOW) == 0
    hasty = Roster(swept=NOW - timedelta(seconds=1))
    assert allowance(hasty, 1_800, NOW) == 10, "as if a run came every five minutes"


@given(
    st.dictionaries(
        st.builds(
            Scope,
            identity=st.none() | st.text(min_size=1),
            tenant=st.none() | st.text(min_size=1),
            isp=st.none() | st.text(min_size=1),
        ),
        st.builds(
            Entry,
            read=st.none() | st.just(NOW),
            tried=st.none() | st.just(NOW),
            volume=st.integers(0, 10**12),
            drilled=st.dictionaries(st.text(), st.just(NOW - HOUR)),
            refused=st.none() | st.just(NOW),
        ),
    ),
    st.dictionaries(st.sampled_from(Dimension), st.just(NOW)),
)
def test_what_is_kept_of_a_roster_is_the_roster(entries: Any, listed: Any) -> None:
    roster = Roster(entries, listed, NOW, 7, 3, TODAY)
    assert decode_roster(encode_roster(roster)) == roster
    assert decode_roster(encode_roster(Roster())) == Roster()


@pytest.mark.parametrize(
    "damaged",
    [
        {"schema": 2},
        {"schema": 1},
        {**encode_roster(Roster()), "entries": [[{"ISLE": "x"}, 1]]},
        {**encode_roster(Roster()), "swept": "2026-03-12T09:00:00"},
    ],
)
def test_a_roster_that_cannot_be_read_says_so(damaged: Any) -> None:
    with pytest.raises(UnreadableRecord, match="roster"):
        decode_roster(damaged)
