"""The state machine of an alert."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from builders import (
    HOUR,
    NEWS_BOUNCE_RATE,
    NEWS_IDENTITY,
    NOW,
    TODAY,
    a_confidence_rule,
    a_rule,
    an_open_alert,
    breached,
    evidence,
    firing,
    healthy,
    healthy_without_emails,
    inconclusive,
    unknown,
)

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
from vdm_alerts.core.alerts.lifecycle import advance, advance_all, close, prune
from vdm_alerts.core.evaluation.prior_state import PriorState
from vdm_alerts.core.evaluation.verdicts import Evidence, Healthy, NoEmail, Verdict
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.model.rates import Gap, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Baseline, Threshold

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
LATER = NOW + HOUR
NEW_ALERT = Alert("r", NEWS_IDENTITY)


def state_after(*verdicts: Verdict, alert: Alert = NEW_ALERT, **rule_options: Any) -> State:
    """The state after one verdict per hour, starting at NOW, by a rule with *rule_options*."""
    for hours, verdict in enumerate(verdicts):
        alert = advance(alert, verdict, a_confidence_rule(**rule_options), NOW + hours * HOUR)
    return alert.state


def fired(severity: Severity = WARNING, since: datetime = NOW, **fields: Any) -> Firing:
    """The state after the verdict `breached()`, with other *fields*."""
    defaults = {"threshold_share": 0.05, "opened_from": TODAY - timedelta(days=2)}
    return Firing(severity, since, **{**defaults, **fields})


def test_alert_fires_at_the_time_of_the_first_breached_verdict() -> None:
    assert state_after(breached()) == fired()


def test_firing_alert_keeps_its_start_when_the_severity_changes() -> None:
    assert state_after(breached(), breached(severity=CRITICAL)) == fired(
        CRITICAL, threshold_share=0.1, severity_since=LATER
    )


def test_severity_falls_only_when_newer_email_limits_it() -> None:
    critical = breached(severity=CRITICAL)
    assert state_after(critical, breached()) == fired(CRITICAL, threshold_share=0.1)
    limited = replace(breached(), severity_limit=WARNING)
    assert state_after(critical, limited) == fired(severity_since=LATER)
    in_doubt = replace(inconclusive(), severity_limit=WARNING)
    assert state_after(critical, in_doubt) == fired(threshold_share=0.1, severity_since=LATER)


def test_rate_of_today_resolves_an_alert_only_after_an_hour() -> None:
    by_today = replace(healthy(), evidence=replace(evidence("1%"), confidence=0.9))
    assert state_after(breached(), by_today) == fired(recovering_since=LATER)
    assert state_after(breached(), by_today, by_today) == Ok(LATER + HOUR, threshold_share=0.05)


def test_baseline_stays_with_the_alert_it_opened_until_its_factor_changes() -> None:
    baseline = Threshold(WARNING, 0.015, Baseline(Rate(50, 10_000), Window(28), 3.0))
    alert = advance(NEW_ALERT, replace(breached(), threshold=baseline), a_confidence_rule(), NOW)
    prior = alert.prior_state(a_confidence_rule(baseline_factor=3.0))
    assert prior.open_alert
    assert prior.open_alert.baseline == baseline
    assert alert.prior_state(a_confidence_rule(baseline_factor=4.0)) == PriorState(is_pending=True)


def test_no_email_verdict_fires_like_a_breach() -> None:
    assert state_after(NoEmail(NEWS_BOUNCE_RATE, CRITICAL, Window(3))) == Firing(
        CRITICAL, NOW, no_email=True
    )


@pytest.mark.parametrize("end", [healthy(), healthy_without_emails()])
def test_firing_alert_resolves_on_a_healthy_verdict_with_or_without_emails(end: Verdict) -> None:
    assert state_after(breached(), end) == Ok(LATER, threshold_share=0.05)


def test_alert_that_fires_again_has_a_new_start() -> None:
    assert state_after(breached(), healthy(), breached()) == fired(
        since=LATER + HOUR, healthy_since=LATER
    )


@pytest.mark.parametrize(
    "state", [Ok(NOW), Pending(WARNING, NOW, NOW), Firing(WARNING, NOW), Firing(WARNING, NOW, NOW)]
)
@pytest.mark.parametrize("gap", list(Gap))
def test_unknown_verdict_keeps_state_and_hold_timer(state: State, gap: Gap) -> None:
    assert state_after(unknown(gap), alert=replace(NEW_ALERT, state=state), hold=HOUR) == state


def test_inconclusive_verdict_keeps_the_state() -> None:
    assert state_after(inconclusive()) == Ok()
    assert state_after(breached(), inconclusive()) == fired()
    assert state_after(breached(), inconclusive(), hold=2 * HOUR) == Pending(WARNING, NOW)


def test_pending_alert_fires_after_the_hold_time() -> None:
    assert state_after(breached(), breached(), hold=2 * HOUR) == Pending(WARNING, NOW)
    assert state_after(*[breached()] * 3, hold=2 * HOUR) == fired()
    assert state_after(breached(), unknown(), breached(), hold=2 * HOUR) == fired()


def test_hold_is_measured_in_time_and_not_in_verdicts() -> None:
    alert = NEW_ALERT
    for minute in range(30):
        now = NOW + timedelta(minutes=minute)
        alert = advance(alert, breached(), a_confidence_rule(hold=HOUR), now)
    assert alert.state == Pending(WARNING, NOW)


def test_healthy_verdict_restarts_the_hold_timer() -> None:
    pending = state_after(breached(), healthy(), breached(), breached(), hold=2 * HOUR)
    assert pending == Pending(WARNING, NOW + 2 * HOUR)


def test_pending_alert_keeps_the_time_since_it_is_healthy() -> None:
    pending = state_after(breached(), alert=replace(NEW_ALERT, state=Ok(NOW - HOUR)), hold=HOUR)
    assert pending == Pending(WARNING, NOW, NOW - HOUR)
    assert replace(NEW_ALERT, state=pending).prior_state(a_confidence_rule()) == PriorState(
        NOW - HOUR, is_pending=True
    )
    resolved = state_after(unknown(), healthy(), alert=replace(NEW_ALERT, state=pending), hold=HOUR)
    assert resolved == Ok(NOW - HOUR)


def test_recovering_alert_resolves_after_the_clear_after_time() -> None:
    recovering = state_after(breached(), healthy(), healthy(), clear_after=2 * HOUR)
    assert recovering == fired(recovering_since=LATER)
    resolved = state_after(breached(), *[healthy()] * 3, clear_after=2 * HOUR)
    assert resolved == Ok(NOW + 3 * HOUR, threshold_share=0.05)


def test_breached_verdict_restarts_the_clear_after_timer_and_inconclusive_does_not() -> None:
    state = state_after(breached(), healthy(), breached(), healthy(), clear_after=2 * HOUR)
    assert state == fired(recovering_since=NOW + 3 * HOUR)
    unproven = state_after(breached(), healthy(), inconclusive(), healthy(), clear_after=2 * HOUR)
    assert unproven == Ok(NOW + 3 * HOUR, threshold_share=0.05)


def test_resolution_time_is_kept_while_a_window_reaches_back_to_it() -> None:
    resolved = replace(NEW_ALERT, state=Ok(NOW))
    for days, state in ((14, Ok(NOW)), (15, Ok())):
        assert prune(resolved, a_confidence_rule(), NOW + timedelta(days=days)).state == state
    assert prune(firing(), a_confidence_rule(), NOW + timedelta(days=99)) == firing()
    assert not resolved.is_active
    assert not resolved.is_inactive


def test_resolution_time_is_not_kept_when_the_rule_has_no_confidence() -> None:
    assert advance(firing(), healthy(), a_rule(), LATER).state == Ok()


@pytest.mark.parametrize("alert", [NEW_ALERT, firing(), firing(notified=WARNING)])
@pytest.mark.parametrize("gap", list(Gap))
def test_unknown_verdict_neither_fires_nor_resolves_an_alert(alert: Alert, gap: Gap) -> None:
    assert advance(alert, unknown(gap), a_rule(), LATER) == alert


def test_alert_is_inactive_only_when_it_is_ok_and_no_notification_is_due() -> None:
    assert NEW_ALERT.is_inactive
    assert not firing().is_inactive
    assert not advance(firing(notified=WARNING), healthy(), a_rule(), LATER).is_inactive


def test_prior_state_has_the_start_and_severity_for_the_next_evaluation() -> None:
    rule = a_confidence_rule()
    assert NEW_ALERT.prior_state(rule) == PriorState()
    assert firing(severity=CRITICAL).prior_state(rule) == an_open_alert(
        NOW, CRITICAL, opened_from=TODAY - timedelta(days=2)
    )
    assert replace(NEW_ALERT, state=Ok(NOW)).prior_state(rule) == PriorState(NOW)


def test_firing_alert_is_evaluated_as_new_when_its_threshold_was_edited() -> None:
    alert = advance(NEW_ALERT, breached(), a_confidence_rule(), NOW)
    opened_from = TODAY - timedelta(days=2)
    assert alert.prior_state(a_confidence_rule()) == an_open_alert(NOW, opened_from=opened_from)
    edited = a_confidence_rule(warning="6%")
    assert alert.prior_state(edited) == PriorState(is_pending=True)
    assert advance(alert, healthy(), edited, LATER).state == Ok(), (
        "the alert is not resolved by the former threshold"
    )


# Resolutions, and what caused them.


def alert_resolved_times(times: int) -> Alert:
    """An alert that fired and was resolved *times* times, once per hour."""
    alert = NEW_ALERT
    for hour in range(times):
        for verdict in (breached(), healthy()):
            alert = advance(alert, verdict, a_confidence_rule(), NOW + hour * HOUR)
    return alert


def test_resolution_times_are_kept_for_the_flap_window() -> None:
    alert = alert_resolved_times(2)
    assert alert.resolved_at == (NOW, NOW + HOUR)
    assert not alert.is_inactive
    assert prune(alert, a_confidence_rule(), NOW + FLAP_WINDOW).resolved_at == (NOW + HOUR,)
    assert prune(alert, a_confidence_rule(), NOW + FLAP_WINDOW + timedelta(days=2)).is_inactive


def test_flapping_alert_resolves_only_after_the_flap_cooldown() -> None:
    alert = advance(
        alert_resolved_times(FLAP_COUNT), breached(), a_confidence_rule(), NOW + 5 * HOUR
    )
    assert alert.is_flapping
    recovering = advance(alert, healthy(), a_confidence_rule(), NOW + 6 * HOUR)
    assert isinstance(recovering.state, Firing)
    almost = advance(recovering, healthy(), a_confidence_rule(), NOW + 5 * HOUR + FLAP_COOLDOWN)
    assert isinstance(almost.state, Firing)
    resolved = advance(almost, healthy(), a_confidence_rule(), NOW + 6 * HOUR + FLAP_COOLDOWN)
    assert resolved.state == Ok(NOW + 6 * HOUR + FLAP_COOLDOWN, threshold_share=0.05)
    again = advance(almost, breached(), a_confidence_rule(), NOW + 5 * HOUR + FLAP_COOLDOWN)
    assert again.state == fired(since=NOW + 5 * HOUR, healthy_since=LATER)


def test_alert_resolves_with_the_revised_rate_when_later_counts_are_lower() -> None:
    threshold, days = Threshold(WARNING, 0.05), Window(1)
    recounted = Evidence(Rate(410, 10_000), days, last_day=NOW.date())
    withdrawn = Healthy(
        NEWS_BOUNCE_RATE, threshold, days, recounted, withdrawn_rate=Rate(520, 10_000)
    )
    alert = advance(firing(notified=WARNING), withdrawn, a_confidence_rule(), LATER)
    assert alert.state == Ok(revised=Rate(410, 10_000))


def test_closed_alert_keeps_its_reason_only_when_it_was_notified() -> None:
    closed = close(firing(notified=WARNING), "Rule bounce-rate was deleted")
    assert closed.state == Ok(closed_because="Rule bounce-rate was deleted", interrupted_since=NOW)
    assert close(closed, "It is gone").state == Ok(
        closed_because="It is gone", interrupted_since=NOW
    )
    assert close(firing(), "Rule bounce-rate was deleted").is_inactive


def test_closed_alert_drops_its_reason_when_it_is_monitored_again_and_healthy() -> None:
    closed = close(firing(notified=WARNING), "Rule bounce-rate was deleted")
    assert advance(closed, unknown(), a_rule(), LATER) == closed
    assert advance(closed, healthy(), a_rule(), LATER).state == Ok()


def test_reopened_alert_keeps_its_start_unless_it_had_resolved_before_it_was_closed() -> None:
    closed = close(firing(notified=WARNING), "Rule bounce-rate was deleted")
    assert closed.state == Ok(closed_because="Rule bounce-rate was deleted", interrupted_since=NOW)
    assert advance(closed, breached(), a_rule(), LATER).state == firing().state
    pending = advance(closed, breached(), a_rule(hold=2 * HOUR), LATER)
    assert pending.state == Pending(WARNING, NOW)
    assert advance(close(pending, "It is gone"), breached(), a_rule(), LATER).state == replace(
        firing().state, since=NOW
    )
    resolved = close(advance(firing(notified=WARNING), healthy(), a_rule(), LATER), "It is gone")
    fired_again = advance(resolved, breached(), a_rule(), LATER)
    assert fired_again.state == fired(since=LATER), "the alert was resolved in between"
    again = advance(close(fired_again, "It is gone"), breached(), a_rule(), LATER + HOUR)
    assert again.state == fired_again.state, "the start is not that of the notified breach"


def test_recovering_alert_that_is_closed_is_ok_since_the_recovery_began() -> None:
    recovering = advance(firing(notified=WARNING), healthy(), a_rule(clear_after=4 * HOUR), LATER)
    closed = close(recovering, "It is gone")
    assert closed.state == Ok(LATER, closed_because="It is gone")
    assert not closed.resolved_at, "closing is not a resolution that counts for flapping"
    reopened = advance(closed, healthy(), a_rule(clear_after=4 * HOUR), LATER + HOUR)
    assert reopened.state == Ok(LATER)


def test_resolved_alert_has_no_interruption_time_when_it_is_closed() -> None:
    resolved = advance(firing(notified=WARNING), healthy(), a_rule(), LATER)
    closed = close(resolved, "Rule bounce-rate was deleted")
    assert closed.state == Ok(closed_because="Rule bounce-rate was deleted")
    assert advance(closed, healthy(), a_rule(), LATER) == resolved, "the scope is monitored again"
    notified_resolution = replace(resolved, last_notified=None)
    assert close(notified_resolution, "Rule bounce-rate was deleted").is_inactive


def test_resolution_time_is_ignored_when_the_threshold_becomes_stricter() -> None:
    resolved = advance(firing(), healthy(), a_confidence_rule(), LATER)
    pending = advance(resolved, breached(), a_confidence_rule(hold=HOUR), LATER + HOUR)
    for alert, is_pending in ((resolved, False), (pending, True)):
        for warning in ("5%", "6%"):
            prior = alert.prior_state(a_confidence_rule(warning=warning))
            assert prior == PriorState(LATER, is_pending=is_pending)
        assert alert.prior_state(a_confidence_rule(warning="1%")) == PriorState(
            is_pending=is_pending
        )
    assert advance(pending, healthy(), a_confidence_rule(), LATER).state == resolved.state


def test_breach_skips_the_hold_time_when_waits_is_false() -> None:
    rule = a_confidence_rule(hold=HOUR)
    assert isinstance(advance(NEW_ALERT, breached(), rule, NOW).state, Pending)
    assert isinstance(advance(NEW_ALERT, breached(), rule, NOW, applies_hold=False).state, Firing)


def test_advancing_all_alerts_leaves_out_those_that_are_inactive() -> None:
    alert = firing()
    rules = {alert.rule: a_rule()}
    healthy_alerts = advance_all({}, {alert.key: healthy()}, rules, {}, NOW, applies_hold=True)
    breached_alerts = advance_all({}, {alert.key: breached()}, rules, {}, NOW, applies_hold=True)
    assert (list(healthy_alerts), list(breached_alerts)) == ([], [alert.key])
