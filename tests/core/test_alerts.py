from builders import HOUR, NEWS, NOW, breached, firing, healthy
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.alerts import Alert, Firing, Ok, advance
from vdm_alerts.core.rates import Gap
from vdm_alerts.core.rules import Severity
from vdm_alerts.core.verdicts import Healthy, Unknown

LATER = NOW + HOUR


def test_a_breach_begins_an_episode_at_the_instant_it_is_seen() -> None:
    assert advance(Alert("r", NEWS), breached(), NOW).state == Firing(Severity.WARNING, NOW)


def test_an_episode_that_goes_on_keeps_its_beginning() -> None:
    alert = advance(firing(), breached(severity=Severity.CRITICAL), LATER)
    assert alert.state == Firing(Severity.CRITICAL, NOW)


def test_a_healthy_verdict_ends_the_episode() -> None:
    assert advance(firing(), healthy(), LATER).state == Ok()


def test_a_new_episode_has_a_beginning_of_its_own() -> None:
    ended = advance(firing(), healthy(), LATER)
    assert advance(ended, breached(), LATER + HOUR).state == Firing(Severity.WARNING, LATER + HOUR)


def test_no_mail_at_all_ends_the_episode_because_nothing_is_wrong_any_longer() -> None:
    assert advance(firing(), Healthy(None), LATER).state == Ok()


@given(st.sampled_from([Alert("r", NEWS), firing(), firing(told=Severity.WARNING)]))
def test_not_knowing_neither_fires_nor_resolves(alert: Alert) -> None:
    for gap in Gap:
        assert advance(alert, Unknown(gap), LATER) == alert


def test_an_alert_is_at_rest_once_nothing_is_wrong_and_nobody_is_owed_a_word() -> None:
    assert Alert("r", NEWS).is_at_rest
    assert not firing().is_at_rest
    assert not advance(firing(told=Severity.WARNING), healthy(), LATER).is_at_rest
