from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import (
    HOUR,
    NEWS,
    NOW,
    OF,
    a_rule,
    a_sure_rule,
    breached,
    firing,
    healthy,
    no_mail,
    unknown,
    unsure,
)
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.alerts.alert import FLAPPING, LATELY, STEADY, Alert, Firing, Ok, Pending, State
from vdm_alerts.core.alerts.lifecycle import advance, aged, unwatched
from vdm_alerts.core.evaluation.context import Phase
from vdm_alerts.core.evaluation.verdicts import Evidence, Healthy, Silent, Verdict
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.model.rates import Gap, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Threshold

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
LATER = NOW + HOUR
ANEW = Alert("r", NEWS)


def after(*verdicts: Verdict, alert: Alert = ANEW, **rule: Any) -> State:
    """The state after one verdict an hour, the first of them now, by a rule that has more."""
    for hours, verdict in enumerate(verdicts):
        alert = advance(alert, verdict, a_sure_rule(**rule), NOW + hours * HOUR)
    return alert.state


def test_a_breach_begins_an_episode_at_the_instant_it_is_seen() -> None:
    assert after(breached()) == Firing(WARNING, NOW, line=0.05)


def test_an_episode_that_goes_on_keeps_its_beginning() -> None:
    assert after(breached(), breached(severity=CRITICAL)) == Firing(CRITICAL, NOW, line=0.1)


def test_no_mail_where_a_rule_wants_some_is_a_breach_like_any_other() -> None:
    assert after(Silent(OF, CRITICAL, Window(3))) == Firing(CRITICAL, NOW, silent=True)


@pytest.mark.parametrize("end", [healthy(), no_mail()])
def test_an_episode_ends_once_nothing_is_wrong_any_longer(end: Verdict) -> None:
    assert after(breached(), end) == Ok(LATER, line=0.05)


def test_a_new_episode_has_a_beginning_of_its_own() -> None:
    assert after(breached(), healthy(), breached()) == Firing(WARNING, LATER + HOUR, line=0.05)


@pytest.mark.parametrize(
    "state", [Ok(NOW), Pending(WARNING, NOW, NOW), Firing(WARNING, NOW), Firing(WARNING, NOW, NOW)]
)
@pytest.mark.parametrize("gap", list(Gap))
def test_not_knowing_changes_nothing_nor_begins_a_wait_anew(state: State, gap: Gap) -> None:
    assert after(unknown(gap), alert=replace(ANEW, state=state), hold=HOUR) == state


def test_where_nothing_is_proven_what_is_going_on_goes_on() -> None:
    assert after(unsure()) == Ok()
    assert after(breached(), unsure()) == Firing(WARNING, NOW, line=0.05)
    assert after(breached(), unsure(), hold=2 * HOUR) == Pending(WARNING, NOW)


def test_what_is_held_fires_once_it_has_been_broken_for_long_enough() -> None:
    assert after(breached(), breached(), hold=2 * HOUR) == Pending(WARNING, NOW)
    assert after(*[breached()] * 3, hold=2 * HOUR) == Firing(WARNING, NOW, line=0.05)
    assert after(breached(), unknown(), breached(), hold=2 * HOUR) == Firing(
        WARNING, NOW, line=0.05
    )


def test_the_wait_is_of_time_and_not_of_readings() -> None:
    alert = ANEW
    for minute in range(30):
        now = NOW + timedelta(minutes=minute)
        alert = advance(alert, breached(), a_sure_rule(hold=HOUR), now)
    assert alert.state == Pending(WARNING, NOW)


def test_what_is_well_in_between_begins_the_wait_anew() -> None:
    held = after(breached(), healthy(), breached(), breached(), hold=2 * HOUR)
    assert held == Pending(WARNING, NOW + 2 * HOUR)


def test_what_waits_still_knows_since_when_all_was_well() -> None:
    waiting = after(breached(), alert=replace(ANEW, state=Ok(NOW - HOUR)), hold=HOUR)
    assert waiting == Pending(WARNING, NOW, NOW - HOUR)
    assert replace(ANEW, state=waiting).phase(a_sure_rule()) == Phase(NOW - HOUR, is_pending=True)
    over = after(unknown(), healthy(), alert=replace(ANEW, state=waiting), hold=HOUR)
    assert over == Ok(NOW - HOUR)


def test_an_episode_ends_once_it_has_been_over_for_long_enough() -> None:
    mending = after(breached(), healthy(), healthy(), clear_after=2 * HOUR)
    assert mending == Firing(WARNING, NOW, LATER, 0.05)
    over = after(breached(), *[healthy()] * 3, clear_after=2 * HOUR)
    assert over == Ok(NOW + 3 * HOUR, line=0.05)


def test_what_is_not_over_after_all_begins_that_wait_anew() -> None:
    state = after(breached(), healthy(), breached(), healthy(), clear_after=2 * HOUR)
    assert state == Firing(WARNING, NOW, NOW + 3 * HOUR, 0.05)
    unproven = after(breached(), healthy(), unsure(), healthy(), clear_after=2 * HOUR)
    assert unproven == Ok(NOW + 3 * HOUR, line=0.05)


def test_that_it_is_over_is_remembered_for_as_long_as_a_window_reaches_back_to_it() -> None:
    ended = replace(ANEW, state=Ok(NOW))
    for days, state in ((7, Ok(NOW)), (8, Ok())):
        assert aged(ended, a_sure_rule(), NOW + timedelta(days=days)).state == state
    assert aged(firing(), a_sure_rule(), NOW + timedelta(days=99)) == firing()
    assert not ended.is_open
    assert not ended.is_at_rest


def test_where_rates_are_compared_it_need_not_be_remembered_that_it_is_over() -> None:
    assert advance(firing(), healthy(), a_rule(), LATER).state == Ok()


@given(st.sampled_from([ANEW, firing(), firing(told=WARNING)]))
def test_not_knowing_neither_fires_nor_resolves(alert: Alert) -> None:
    for gap in Gap:
        assert advance(alert, unknown(gap), a_rule(), LATER) == alert


def test_an_alert_is_at_rest_once_nothing_is_wrong_and_nobody_is_owed_a_word() -> None:
    assert ANEW.is_at_rest
    assert not firing().is_at_rest
    assert not advance(firing(told=WARNING), healthy(), a_rule(), LATER).is_at_rest


def test_an_alert_says_what_is_going_on_for_the_next_judgement() -> None:
    rule = a_sure_rule()
    assert ANEW.phase(rule) == Phase()
    assert firing(severity=CRITICAL).phase(rule) == Phase(NOW, CRITICAL)
    assert replace(ANEW, state=Ok(NOW)).phase(rule) == Phase(NOW)


def test_what_fires_by_a_threshold_that_was_edited_is_judged_as_if_for_the_first_time() -> None:
    alert = advance(ANEW, breached(), a_sure_rule(), NOW)
    assert alert.phase(a_sure_rule()) == Phase(NOW, WARNING)
    edited = a_sure_rule(warning="6%")
    assert alert.phase(edited) == Phase(is_pending=True)
    assert advance(alert, healthy(), edited, LATER).state == Ok(), "by the former it is not over"


# An end, and how it came about.


def ended(hours: int, **rule: Any) -> Alert:
    """An alert that has begun and ended so many times, an hour each."""
    alert = ANEW
    for hour in range(hours):
        for verdict in (breached(), healthy()):
            alert = advance(alert, verdict, a_sure_rule(**rule), NOW + hour * HOUR)
    return alert


def test_each_end_is_remembered_for_a_while() -> None:
    alert = ended(2)
    assert alert.ends == (NOW, NOW + HOUR)
    assert not alert.is_at_rest
    assert aged(alert, a_sure_rule(), NOW + LATELY).ends == (NOW + HOUR,)
    assert aged(alert, a_sure_rule(), NOW + LATELY + HOUR).is_at_rest


def test_what_comes_and_goes_is_over_only_once_it_has_been_so_for_days() -> None:
    alert = advance(ended(FLAPPING), breached(), a_sure_rule(), NOW + 5 * HOUR)
    assert alert.comes_and_goes
    mending = advance(alert, healthy(), a_sure_rule(), NOW + 6 * HOUR)
    assert isinstance(mending.state, Firing)
    almost = advance(mending, healthy(), a_sure_rule(), NOW + 5 * HOUR + STEADY)
    assert isinstance(almost.state, Firing)
    over = advance(almost, healthy(), a_sure_rule(), NOW + 6 * HOUR + STEADY)
    assert over.state == Ok(NOW + 6 * HOUR + STEADY, line=0.05)
    again = advance(almost, breached(), a_sure_rule(), NOW + 5 * HOUR + STEADY)
    assert again.state == Firing(WARNING, NOW + 5 * HOUR, line=0.05)


def test_where_later_counts_withdraw_what_was_told_the_end_says_so() -> None:
    line, days = Threshold(WARNING, 0.05), Window(1)
    recounted = Evidence(Rate(410, 10_000), days, until=NOW.date())
    withdrawn = Healthy(OF, line, days, recounted, withdraws=Rate(520, 10_000))
    alert = advance(firing(told=WARNING), withdrawn, a_sure_rule(), LATER)
    assert alert.state == Ok(revised=Rate(410, 10_000))
    assert str(withdrawn) == (
        "410 of 10,000 mails bounced permanently on 2026-03-12 (4.1%), by later counts, and not "
        "5.2% (520 of 10,000) as you were told."
    )


def test_what_is_watched_no_longer_ends_with_a_word_where_people_know_of_it() -> None:
    gone = unwatched(firing(told=WARNING), "The rule bounce-rate was deleted")
    assert gone.state == Ok(unwatched="The rule bounce-rate was deleted", cut=NOW)
    assert unwatched(gone, "It is gone").state == Ok(unwatched="It is gone", cut=NOW)
    assert unwatched(firing(), "The rule bounce-rate was deleted").is_at_rest


def test_what_ended_for_want_of_watching_is_not_said_to_once_it_is_watched_and_well() -> None:
    gone = unwatched(firing(told=WARNING), "The rule bounce-rate was deleted")
    assert advance(gone, unknown(), a_rule(), LATER) == gone
    assert advance(gone, healthy(), a_rule(), LATER).state == Ok()


def test_what_goes_on_where_nobody_looked_for_a_while_began_when_it_began() -> None:
    gone = unwatched(firing(told=WARNING), "The rule bounce-rate was deleted")
    assert gone.state == Ok(unwatched="The rule bounce-rate was deleted", cut=NOW)
    assert advance(gone, breached(), a_rule(), LATER).state == firing().state
    waits = advance(gone, breached(), a_rule(hold=2 * HOUR), LATER)
    assert waits.state == Pending(WARNING, NOW)
    assert advance(unwatched(waits, "It is gone"), breached(), a_rule(), LATER).state == replace(
        firing().state, since=NOW
    )
    over = unwatched(advance(firing(told=WARNING), healthy(), a_rule(), LATER), "It is gone")
    anew = advance(over, breached(), a_rule(), LATER)
    assert anew.state == replace(firing().state, since=LATER), "it was over in between"
    again = advance(unwatched(anew, "It is gone"), breached(), a_rule(), LATER + HOUR)
    assert again.state == anew.state, "and not since the episode that people were told of"


def test_what_is_mending_when_nobody_looks_any_more_was_over_as_far_as_anybody_saw() -> None:
    mending = advance(firing(told=WARNING), healthy(), a_rule(clear_after=4 * HOUR), LATER)
    gone = unwatched(mending, "It is gone")
    assert gone.state == Ok(LATER, unwatched="It is gone")
    assert not gone.ends, "that is no end that counts, as nobody waited for it"
    back = advance(gone, healthy(), a_rule(clear_after=4 * HOUR), LATER + HOUR)
    assert back.state == Ok(LATER)


def test_what_was_over_before_nobody_looked_any_more_is_said_to_be_over() -> None:
    over = advance(firing(told=WARNING), healthy(), a_rule(), LATER)
    gone = unwatched(over, "The rule bounce-rate was deleted")
    assert gone.state == Ok(unwatched="The rule bounce-rate was deleted")
    assert advance(gone, healthy(), a_rule(), LATER) == over, "it is watched again"
    heard = replace(over, told=None)
    assert unwatched(heard, "The rule bounce-rate was deleted").is_at_rest


def test_by_stricter_thresholds_what_was_before_an_end_is_judged_anew_too() -> None:
    over = advance(firing(), healthy(), a_sure_rule(), LATER)
    waiting = advance(over, breached(), a_sure_rule(hold=HOUR), LATER + HOUR)
    for alert, is_pending in ((over, False), (waiting, True)):
        for higher in ("5%", "6%"):
            held = alert.phase(a_sure_rule(warning=higher))
            assert held == Phase(LATER, is_pending=is_pending)
        assert alert.phase(a_sure_rule(warning="1%")) == Phase(is_pending=is_pending)
    assert advance(waiting, healthy(), a_sure_rule(), LATER).state == over.state


def test_what_is_found_at_first_sight_does_not_wait() -> None:
    rule = a_sure_rule(hold=HOUR)
    assert isinstance(advance(ANEW, breached(), rule, NOW).state, Pending)
    assert isinstance(advance(ANEW, breached(), rule, NOW, waits=False).state, Firing)
