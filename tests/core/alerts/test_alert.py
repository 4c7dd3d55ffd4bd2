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

from vdm_alerts.core.alerts.alert import (
    FLAP_COOLDOWN,
    FLAP_COUNT,
    FLAP_WINDOW,
    Alert,
    Firing,
    Ok,
    Pending,
    State,
)
from vdm_alerts.core.alerts.lifecycle import advance, close, prune
from vdm_alerts.core.evaluation.prior_state import PriorState
from vdm_alerts.core.evaluation.verdicts import Evidence, Healthy, NoEmail, Verdict
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


def test_alert_fires_at_the_time_of_the_first_breached_verdict() -> None:
    assert after(breached()) == Firing(WARNING, NOW, threshold_share=0.05)


def test_firing_alert_keeps_its_start_when_the_severity_changes() -> None:
    assert after(breached(), breached(severity=CRITICAL)) == Firing(
        CRITICAL, NOW, threshold_share=0.1
    )


def test_no_email_verdict_fires_like_a_breach() -> None:
    assert after(NoEmail(OF, CRITICAL, Window(3))) == Firing(CRITICAL, NOW, no_email=True)


@pytest.mark.parametrize("end", [healthy(), no_mail()])
def test_firing_alert_resolves_on_a_healthy_verdict_with_or_without_emails(end: Verdict) -> None:
    assert after(breached(), end) == Ok(LATER, threshold_share=0.05)


def test_alert_that_fires_again_has_a_new_start() -> None:
    assert after(breached(), healthy(), breached()) == Firing(
        WARNING, LATER + HOUR, threshold_share=0.05
    )


@pytest.mark.parametrize(
    "state", [Ok(NOW), Pending(WARNING, NOW, NOW), Firing(WARNING, NOW), Firing(WARNING, NOW, NOW)]
)
@pytest.mark.parametrize("gap", list(Gap))
def test_unknown_verdict_keeps_state_and_hold_timer(state: State, gap: Gap) -> None:
    assert after(unknown(gap), alert=replace(ANEW, state=state), hold=HOUR) == state


def test_inconclusive_verdict_keeps_the_state() -> None:
    assert after(unsure()) == Ok()
    assert after(breached(), unsure()) == Firing(WARNING, NOW, threshold_share=0.05)
    assert after(breached(), unsure(), hold=2 * HOUR) == Pending(WARNING, NOW)


def test_pending_alert_fires_after_the_hold_time() -> None:
    assert after(breached(), breached(), hold=2 * HOUR) == Pending(WARNING, NOW)
    assert after(*[breached()] * 3, hold=2 * HOUR) == Firing(WARNING, NOW, threshold_share=0.05)
    assert after(breached(), unknown(), breached(), hold=2 * HOUR) == Firing(
        WARNING, NOW, threshold_share=0.05
    )


def test_hold_is_measured_in_time_and_not_in_verdicts() -> None:
    alert = ANEW
    for minute in range(30):
        now = NOW + timedelta(minutes=minute)
        alert = advance(alert, breached(), a_sure_rule(hold=HOUR), now)
    assert alert.state == Pending(WARNING, NOW)


def test_healthy_verdict_restarts_the_hold_timer() -> None:
    held = after(breached(), healthy(), breached(), breached(), hold=2 * HOUR)
    assert held == Pending(WARNING, NOW + 2 * HOUR)


def test_pending_alert_keeps_the_time_since_it_is_healthy() -> None:
    waiting = after(breached(), alert=replace(ANEW, state=Ok(NOW - HOUR)), hold=HOUR)
    assert waiting == Pending(WARNING, NOW, NOW - HOUR)
    assert replace(ANEW, state=waiting).prior_state(a_sure_rule()) == PriorState(
        NOW - HOUR, is_pending=True
    )
    over = after(unknown(), healthy(), alert=replace(ANEW, state=waiting), hold=HOUR)
    assert over == Ok(NOW - HOUR)


def test_recovering_alert_resolves_after_the_clear_after_time() -> None:
    mending = after(breached(), healthy(), healthy(), clear_after=2 * HOUR)
    assert mending == Firing(WARNING, NOW, LATER, 0.05)
    over = after(breached(), *[healthy()] * 3, clear_after=2 * HOUR)
    assert over == Ok(NOW + 3 * HOUR, threshold_share=0.05)


def test_breached_verdict_restarts_the_clear_after_timer_and_inconclusive_does_not() -> None:
    state = after(breached(), healthy(), breached(), healthy(), clear_after=2 * HOUR)
    assert state == Firing(WARNING, NOW, NOW + 3 * HOUR, 0.05)
    unproven = after(breached(), healthy(), unsure(), healthy(), clear_after=2 * HOUR)
    assert unproven == Ok(NOW + 3 * HOUR, threshold_share=0.05)


def test_resolution_time_is_kept_while_a_window_reaches_back_to_it() -> None:
    ended = replace(ANEW, state=Ok(NOW))
    for days, state in ((7, Ok(NOW)), (8, Ok())):
        assert prune(ended, a_sure_rule(), NOW + timedelta(days=days)).state == state
    assert prune(firing(), a_sure_rule(), NOW + timedelta(days=99)) == firing()
    assert not ended.is_open
    assert not ended.is_inactive


def test_resolution_time_is_not_kept_when_the_rule_has_no_confidence() -> None:
    assert advance(firing(), healthy(), a_rule(), LATER).state == Ok()


@given(st.sampled_from([ANEW, firing(), firing(told=WARNING)]))
def test_unknown_verdict_neither_fires_nor_resolves_an_alert(alert: Alert) -> None:
    for gap in Gap:
        assert advance(alert, unknown(gap), a_rule(), LATER) == alert


def test_alert_is_at_rest_only_when_it_is_ok_and_no_notification_is_due() -> None:
    assert ANEW.is_inactive
    assert not firing().is_inactive
    assert not advance(firing(told=WARNING), healthy(), a_rule(), LATER).is_inactive


def test_alert_context_states_start_and_severity_for_the_next_evaluation() -> None:
    rule = a_sure_rule()
    assert ANEW.prior_state(rule) == PriorState()
    assert firing(severity=CRITICAL).prior_state(rule) == PriorState(NOW, CRITICAL)
    assert replace(ANEW, state=Ok(NOW)).prior_state(rule) == PriorState(NOW)


def test_firing_alert_is_evaluated_as_new_when_its_threshold_was_edited() -> None:
    alert = advance(ANEW, breached(), a_sure_rule(), NOW)
    assert alert.prior_state(a_sure_rule()) == PriorState(NOW, WARNING)
    edited = a_sure_rule(warning="6%")
    assert alert.prior_state(edited) == PriorState(is_pending=True)
    assert advance(alert, healthy(), edited, LATER).state == Ok(), "by the former it is not over"


# An end, and how it came about.


def ended(hours: int, **rule: Any) -> Alert:
    """An alert that has begun and ended so many times, an hour each."""
    alert = ANEW
    for hour in range(hours):
        for verdict in (breached(), healthy()):
            alert = advance(alert, verdict, a_sure_rule(**rule), NOW + hour * HOUR)
    return alert


def test_resolution_times_are_kept_for_the_flap_window() -> None:
    alert = ended(2)
    assert alert.resolved_at == (NOW, NOW + HOUR)
    assert not alert.is_inactive
    assert prune(alert, a_sure_rule(), NOW + FLAP_WINDOW).resolved_at == (NOW + HOUR,)
    assert prune(alert, a_sure_rule(), NOW + FLAP_WINDOW + HOUR).is_inactive


def test_flapping_alert_resolves_only_after_the_flap_cooldown() -> None:
    alert = advance(ended(FLAP_COUNT), breached(), a_sure_rule(), NOW + 5 * HOUR)
    assert alert.is_flapping
    mending = advance(alert, healthy(), a_sure_rule(), NOW + 6 * HOUR)
    assert isinstance(mending.state, Firing)
    almost = advance(mending, healthy(), a_sure_rule(), NOW + 5 * HOUR + FLAP_COOLDOWN)
    assert isinstance(almost.state, Firing)
    over = advance(almost, healthy(), a_sure_rule(), NOW + 6 * HOUR + FLAP_COOLDOWN)
    assert over.state == Ok(NOW + 6 * HOUR + FLAP_COOLDOWN, threshold_share=0.05)
    again = advance(almost, breached(), a_sure_rule(), NOW + 5 * HOUR + FLAP_COOLDOWN)
    assert again.state == Firing(WARNING, NOW + 5 * HOUR, threshold_share=0.05)


def test_alert_resolves_with_the_revised_rate_when_later_counts_are_lower() -> None:
    line, days = Threshold(WARNING, 0.05), Window(1)
    recounted = Evidence(Rate(410, 10_000), days, last_day=NOW.date())
    withdrawn = Healthy(OF, line, days, recounted, withdraws=Rate(520, 10_000))
    alert = advance(firing(told=WARNING), withdrawn, a_sure_rule(), LATER)
    assert alert.state == Ok(revised=Rate(410, 10_000))
    assert str(withdrawn) == (
        "410 of 10,000 mails bounced permanently on 2026-03-12 (4.1%), by later counts, and not "
        "5.2% (520 of 10,000) as you were told."
    )


def test_closed_alert_keeps_its_reason_only_when_it_was_notified() -> None:
    gone = close(firing(told=WARNING), "The rule bounce-rate was deleted")
    assert gone.state == Ok(
        closed_because="The rule bounce-rate was deleted", interrupted_since=NOW
    )
    assert close(gone, "It is gone").state == Ok(closed_because="It is gone", interrupted_since=NOW)
    assert close(firing(), "The rule bounce-rate was deleted").is_inactive


def test_closed_alert_drops_its_reason_when_it_is_monitored_again_and_healthy() -> None:
    gone = close(firing(told=WARNING), "The rule bounce-rate was deleted")
    assert advance(gone, unknown(), a_rule(), LATER) == gone
    assert advance(gone, healthy(), a_rule(), LATER).state == Ok()


def test_reopened_alert_keeps_its_start_unless_it_had_resolved_before_it_was_closed() -> None:
    gone = close(firing(told=WARNING), "The rule bounce-rate was deleted")
    assert gone.state == Ok(
        closed_because="The rule bounce-rate was deleted", interrupted_since=NOW
    )
    assert advance(gone, breached(), a_rule(), LATER).state == firing().state
    waits = advance(gone, breached(), a_rule(hold=2 * HOUR), LATER)
    assert waits.state == Pending(WARNING, NOW)
    assert advance(close(waits, "It is gone"), breached(), a_rule(), LATER).state == replace(
        firing().state, since=NOW
    )
    over = close(advance(firing(told=WARNING), healthy(), a_rule(), LATER), "It is gone")
    anew = advance(over, breached(), a_rule(), LATER)
    assert anew.state == replace(firing().state, since=LATER), "it was over in between"
    again = advance(close(anew, "It is gone"), breached(), a_rule(), LATER + HOUR)
    assert again.state == anew.state, "and not since the episode that people were told of"


def test_recovering_alert_that_is_closed_is_ok_since_the_recovery_began() -> None:
    mending = advance(firing(told=WARNING), healthy(), a_rule(clear_after=4 * HOUR), LATER)
    gone = close(mending, "It is gone")
    assert gone.state == Ok(LATER, closed_because="It is gone")
    assert not gone.resolved_at, "that is no end that counts, as nobody waited for it"
    back = advance(gone, healthy(), a_rule(clear_after=4 * HOUR), LATER + HOUR)
    assert back.state == Ok(LATER)


def test_resolved_alert_has_no_interruption_time_when_it_is_closed() -> None:
    over = advance(firing(told=WARNING), healthy(), a_rule(), LATER)
    gone = close(over, "The rule bounce-rate was deleted")
    assert gone.state == Ok(closed_because="The rule bounce-rate was deleted")
    assert advance(gone, healthy(), a_rule(), LATER) == over, "it is watched again"
    heard = replace(over, last_notified=None)
    assert close(heard, "The rule bounce-rate was deleted").is_inactive


def test_resolution_time_is_ignored_when_the_threshold_becomes_stricter() -> None:
    over = advance(firing(), healthy(), a_sure_rule(), LATER)
    waiting = advance(over, breached(), a_sure_rule(hold=HOUR), LATER + HOUR)
    for alert, is_pending in ((over, False), (waiting, True)):
        for higher in ("5%", "6%"):
            held = alert.prior_state(a_sure_rule(warning=higher))
            assert held == PriorState(LATER, is_pending=is_pending)
        assert alert.prior_state(a_sure_rule(warning="1%")) == PriorState(is_pending=is_pending)
    assert advance(waiting, healthy(), a_sure_rule(), LATER).state == over.state


def test_breach_skips_the_hold_time_when_waits_is_false() -> None:
    rule = a_sure_rule(hold=HOUR)
    assert isinstance(advance(ANEW, breached(), rule, NOW).state, Pending)
    assert isinstance(advance(ANEW, breached(), rule, NOW, waits=False).state, Firing)
