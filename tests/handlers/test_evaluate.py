"""Where Lambda comes in, with everything behind it in memory."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import NOW, a_rule, a_series
from fakes import World

from vdm_alerts import bootstrap
from vdm_alerts.core.model.errors import Busy
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.handlers import evaluate
from vdm_alerts.ports import Ports
from vdm_alerts.settings import VARIABLES, BadSettings, environment_of, read_settings

REMAINING = timedelta(minutes=15)


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return int(REMAINING.total_seconds() * 1000)


ENVIRONMENT = {
    "VDM_ALERTS_ACCOUNT": "111122223333",
    "VDM_ALERTS_REGION": "eu-west-1",
    "VDM_ALERTS_TABLE": "memory",
    "VDM_ALERTS_TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:alerts",
    "VDM_ALERTS_RULES_PATH": "/vdm-alerts/rules",
    "VDM_ALERTS_SILENCES_PATH": "/vdm-alerts/silences",
    "VDM_ALERTS_SHIPPED_RULES": "bounce-rate=0123456789ab",
    "VDM_ALERTS_SERVICE": "vdm-alerts",
    "VDM_ALERTS_QUOTA_SHARE": "0.97",
    "VDM_ALERTS_QUERIES_A_DAY": "unlimited",
    "VDM_ALERTS_INCLUDE_TODAY": "true",
    "VDM_ALERTS_MASK_ADDRESSES": "true",
    "VDM_ALERTS_QUIET_HOURS": "none",
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World().knows(a_rule())
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)

    def wire(_: object) -> Ports:
        return world.ports

    monkeypatch.setattr(evaluate, "wire", wire)
    evaluate._wired.cache_clear()
    yield world
    evaluate._wired.cache_clear()


def invoke(event: dict[str, Any]) -> dict[str, Any]:
    return evaluate.lambda_handler(event, Context())  # type: ignore[arg-type]


def test_the_answer_is_the_summary(world: World) -> None:
    answer = invoke({})
    assert answer["series_judged"] == world.recorder.summaries[-1].series_judged


def test_a_run_is_as_of_the_wall_clock_unless_it_is_told_otherwise(world: World) -> None:
    invoke({"now": "2026-03-12T10:00:00+01:00"})
    assert world.store.memory.last_run == datetime(2026, 3, 12, 9, tzinfo=UTC)
    invoke({"time": "2026-03-13T00:00:00Z"})
    assert world.store.memory.last_run is not None
    assert abs(datetime.now(UTC) - world.store.memory.last_run) < timedelta(minutes=1)


@pytest.mark.parametrize("now", ["yesterday", "2026-03-12T09:00:00", 7, "", "2999-01-01T00:00:00Z"])
def test_an_instant_that_is_none_or_yet_to_come_is_refused(world: World, now: object) -> None:
    with pytest.raises(evaluate.BadEvent):
        invoke({"now": now})
    assert world.store.saves == 0


def test_a_lease_outlasts_the_function(world: World) -> None:
    leases = []
    lease = world.store.lease

    def watched(target: Target, until: datetime, now: datetime) -> Any:
        leases.append(until - now)
        return lease(target, until, now)

    world.store.lease = watched  # type: ignore[method-assign]
    invoke({})
    assert leases[0] > REMAINING


def test_an_error_is_logged_in_words_and_left_to_lambda(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.store.held_until = datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(Busy):
        invoke({})
    assert "the run failed: another run is acting" in caplog.text


@pytest.fixture
def _fresh_log() -> Iterator[None]:
    """The log as in a new sandbox, on what pytest takes for standard output now."""
    known = vars(logging.getLogger("vdm_alerts"))
    before = known.copy()
    known["handlers"] = []
    for mark in ("init", "powertools_handler"):
        known.pop(mark, None)  # Powertools leaves a log alone that it has set up before.
    evaluate._logger.cache_clear()
    yield
    known |= before
    evaluate._logger.cache_clear()


@pytest.mark.usefixtures("_fresh_log")
@pytest.mark.parametrize("mask", ["true", "false"])
def test_an_address_is_in_the_message_and_in_the_log_only_where_one_wants_it(
    world: World,
    mask: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VDM_ALERTS_MASK_ADDRESSES", mask)
    anna = Scope(identity="anna@example.com")
    world.account.senders = [anna]
    for scope in (anna, ACCOUNT):
        world.series.answers[Query(Metric.SEND, scope)] = a_series(10_000)
        world.series.answers[Query(Metric.PERMANENT_BOUNCE, scope)] = a_series(900)
    invoke({"now": NOW.isoformat()})
    said = capsys.readouterr().out
    assert "anna@example.com" in world.notifier.sent[0].text
    assert "bounce-rate of a***" in said if mask == "true" else "anna@example.com" in said
    assert ("anna" in said) == (mask == "false")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VDM_ALERTS_QUOTA_SHARE", "much"),
        ("VDM_ALERTS_QUERIES_A_DAY", "many"),
        ("VDM_ALERTS_INCLUDE_TODAY", "yes"),
        ("VDM_ALERTS_QUIET_HOURS", "22:00-07:00 Berlin"),
    ],
)
def test_a_variable_that_cannot_be_read_is_named(variable: str, value: str) -> None:
    with pytest.raises(BadSettings, match=f'{variable} is "{value}"'):
        read_settings({**ENVIRONMENT, variable: value})


def test_settings_are_read_back_from_the_environment_that_is_made_of_them() -> None:
    for queries, hours in (("unlimited", "none"), ("5000", "22:00-07:00 Europe/Berlin")):
        chosen = {"VDM_ALERTS_QUERIES_A_DAY": queries, "VDM_ALERTS_QUIET_HOURS": hours}
        environment = {**ENVIRONMENT, **chosen}
        assert environment_of(read_settings(environment)) == environment


def test_every_variable_that_is_not_set_is_named() -> None:
    assert set(ENVIRONMENT) == set(VARIABLES.values())
    with pytest.raises(BadSettings) as caught:
        read_settings({"VDM_ALERTS_TABLE": "memory", "VDM_ALERTS_SERVICE": ""})
    for name in set(ENVIRONMENT) - {"VDM_ALERTS_TABLE"}:
        assert name in str(caught.value)
    assert "VDM_ALERTS_TABLE" not in str(caught.value)


def test_settings_name_the_target() -> None:
    assert str(read_settings(ENVIRONMENT).target) == "Account 111122223333 in eu-west-1"


def test_waiting_for_a_service_that_does_not_answer_takes_no_more_than_a_minute() -> None:
    patience: Any = bootstrap._PATIENCE
    tries = patience.retries["total_max_attempts"]
    assert tries * (patience.connect_timeout + patience.read_timeout) <= 60


def test_a_message_whose_answer_was_lost_is_sent_again_once_at_most() -> None:
    telling: Any = bootstrap._TELLING
    assert telling.retries["total_max_attempts"] == 2
    assert telling.read_timeout <= 10
