"""Damage of the stored state: times in the future, and alerts without history."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import HOTMAIL, HOUR, NOW, a_rule, breached, firing, healthy, unknown

from vdm_alerts.core.alerts.alert import Alert, Ok, Pending
from vdm_alerts.core.alerts.damage import MAX_CLOCK_ERROR, without_future_times
from vdm_alerts.core.alerts.lifecycle import advance, close
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.severity import Severity

FUTURE = NOW + MAX_CLOCK_ERROR + HOUR
NOTIFIED = firing(notified=Severity.WARNING)
LOST = Alert(*NOTIFIED.key, history_lost=True)


@pytest.mark.parametrize(
    "alert",
    [
        firing(since=FUTURE),
        firing(notified=Severity.WARNING, since=FUTURE),
        replace(firing(), state=Pending(Severity.WARNING, FUTURE)),
        replace(NOTIFIED, state=Ok(FUTURE)),
        replace(NOTIFIED, resolved_at=(NOW, FUTURE)),
    ],
)
def test_alert_with_a_time_in_the_future_has_no_history(alert: Alert) -> None:
    other = firing(HOTMAIL)

    state = without_future_times(StoredState({alert.key: alert, other.key: other}), NOW)

    assert state.alerts == {alert.key: LOST, other.key: other}
    assert len(state.damage) == 1


@pytest.mark.parametrize("ahead", [timedelta(), HOUR, MAX_CLOCK_ERROR])
def test_last_run_is_kept_when_the_clock_may_have_been_set_back(ahead: timedelta) -> None:
    state = StoredState({NOTIFIED.key: NOTIFIED}, last_run=NOW + ahead)

    assert without_future_times(state, NOW) == state


def test_last_run_far_in_the_future_is_forgotten() -> None:
    state = without_future_times(StoredState(last_run=NOW + MAX_CLOCK_ERROR + HOUR), NOW)

    assert state.last_run is None
    assert [finding.key for finding in state.damage] == ["item run"]


def test_lost_history_is_forgotten_when_the_rate_is_healthy() -> None:
    assert advance(LOST, healthy(), a_rule(), NOW).is_inactive


def test_lost_history_stays_while_the_rate_is_unknown() -> None:
    assert advance(LOST, unknown(), a_rule(), NOW) == LOST


def test_lost_history_is_known_when_the_alert_fires() -> None:
    assert advance(LOST, breached(), a_rule(), NOW).history_lost


def test_lost_history_is_dropped_when_the_alert_is_closed() -> None:
    assert close(LOST, "The rule was deleted").is_inactive
