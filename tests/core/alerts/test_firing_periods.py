from dataclasses import replace
from datetime import timedelta

from builders import HOTMAIL, HOUR, NEWS_IDENTITY, NOW, firing

from vdm_alerts.core.alerts.alert import Alert, AlertKey
from vdm_alerts.core.alerts.firing_periods import FiringPeriod, firing_periods
from vdm_alerts.core.alerts.history import Transition, firing_severity, state_name
from vdm_alerts.core.model.severity import Severity

KEY = firing().key
WARNING, CRITICAL = "Firing WARNING", "Firing CRITICAL"


def change(hours: int, before: str, after: str, key: AlertKey = KEY) -> Transition:
    return Transition(key, NOW + hours * HOUR, before, after, "")


def test_period_has_its_worst_severity_from_its_start_to_its_end() -> None:
    changes = [
        change(0, "Ok", "Pending"),
        change(1, "Pending", WARNING),
        change(2, WARNING, CRITICAL),
        change(3, CRITICAL, WARNING),
        change(9, WARNING, "Ok"),
    ]

    assert firing_periods(changes, {}) == [
        FiringPeriod(KEY, Severity.CRITICAL, NOW + HOUR, NOW + 9 * HOUR)
    ]


def test_alert_that_fires_twice_has_two_periods() -> None:
    changes = [change(0, "Ok", WARNING), change(1, WARNING, "Ok"), change(5, "Ok", CRITICAL)]
    changes += [change(6, CRITICAL, "Ok")]

    assert [period.severity for period in firing_periods(changes, {})] == [
        Severity.CRITICAL,
        Severity.WARNING,
    ]


def test_start_before_the_first_transition_is_unknown() -> None:
    (period,) = firing_periods([change(1, CRITICAL, "Ok")], {})

    assert period == FiringPeriod(KEY, Severity.CRITICAL, None, NOW + HOUR)


def test_open_alert_has_its_own_start_with_and_without_transitions() -> None:
    alert = firing(since=NOW - timedelta(days=20))
    other = firing(HOTMAIL, since=NOW)
    alerts = {each.key: each for each in (alert, other)}

    periods = firing_periods([change(0, "Ok", WARNING, other.key)], alerts)

    assert periods == [
        FiringPeriod(KEY, Severity.WARNING, NOW - timedelta(days=20), None, is_open=True),
        FiringPeriod(other.key, Severity.WARNING, NOW, None, is_open=True),
    ]


def test_period_without_a_known_end_is_not_open_when_the_alert_is_not() -> None:
    """The item of the alert was damaged after the transition."""
    (period,) = firing_periods([change(0, "Ok", WARNING)], {})

    assert (period.end, period.is_open) == (None, False)


def test_pending_alert_has_no_period() -> None:
    changes = [change(0, "Ok", "Pending"), change(1, "Pending", "Ok")]

    assert firing_periods(changes, {KEY: Alert(*KEY)}) == []


def test_severity_is_read_from_the_name_of_each_state() -> None:
    warning, critical = firing(), firing(NEWS_IDENTITY, Severity.CRITICAL)

    assert firing_severity(state_name(warning)) is Severity.WARNING
    assert firing_severity(state_name(critical)) is Severity.CRITICAL
    assert firing_severity(state_name(replace(warning, state=Alert(*KEY).state))) is None
