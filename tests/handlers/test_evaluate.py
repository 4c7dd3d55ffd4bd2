"""The Lambda handler with all ports in memory, and the settings of the function."""

import logging
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import NOW, TARGET, a_rule
from fake_sts import Sts
from fakes import World
from function_environment import ENVIRONMENT

from vdm_alerts import bootstrap
from vdm_alerts.adapters.aws.ses_metrics import MAX_CONCURRENCY
from vdm_alerts.adapters.aws.spoke_session import spoke_session
from vdm_alerts.adapters.aws.time_limit import TimeLimitedSession
from vdm_alerts.adapters.memory import MemoryState, MemoryTable
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.model.errors import ClockWentBackError
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.target import Target
from vdm_alerts.handlers import evaluate, events
from vdm_alerts.ports import Ports
from vdm_alerts.settings import (
    VARIABLES,
    DeliverySettings,
    InvalidSettingsError,
    environment_of,
    read_settings,
)

REMAINING = timedelta(minutes=15)


class Context:
    """The context of an invocation, of which REMAINING is left."""

    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def get_remaining_time_in_millis(self) -> int:
        return int(REMAINING.total_seconds() * 1000)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World().set_rules(a_rule())
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)

    def build(*_: object) -> Ports:
        return world.ports

    monkeypatch.setattr(evaluate, "build_ports", build)
    evaluate._settings_and_ports.cache_clear()
    yield world
    evaluate._settings_and_ports.cache_clear()


def invoke(event: dict[str, Any]) -> dict[str, Any]:
    return evaluate.lambda_handler(event, Context())  # type: ignore[arg-type]


def test_handler_returns_the_summary_of_the_run(world: World) -> None:
    response = invoke({})

    assert response["series_evaluated"] == world.recorder.reports[-1].series_evaluated > 0


def test_run_is_as_of_the_time_in_the_event(world: World) -> None:
    invoke({"now": "2026-03-12T10:00:00+01:00"})

    assert world.state.last_run == datetime(2026, 3, 12, 9, tzinfo=UTC)


def test_run_is_as_of_the_clock_when_the_event_has_no_time(world: World) -> None:
    invoke({"time": "2026-03-13T00:00:00Z"})

    assert world.state.last_run is not None
    assert abs(datetime.now(UTC) - world.state.last_run) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "now",
    [
        "yesterday",
        "2026-03-12T09:00:00",
        7,
        "",
        [],
        {},
        "2999-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "0001-01-02T00:00:00Z",
        "x" * 80_000,
    ],
    ids=lambda now: str(now)[:30],
)
def test_event_is_rejected_when_its_time_is_invalid_or_in_the_future(
    world: World, now: object
) -> None:
    before = world.state

    with pytest.raises(events.InvalidEventError):
        invoke({"now": now})

    assert world.state == before


@pytest.mark.parametrize("event", [None, [], "now", 7, 0.5, True])
def test_event_is_rejected_when_it_is_no_object(
    world: World, event: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(events.InvalidEventError, match="Use a JSON object"):
        invoke(event)

    assert world.recorder.reports == []
    assert "run failed: event: " in caplog.text


class TableWithLeaseDurations(MemoryTable):
    """A table that records the duration of each lease."""

    durations: tuple[timedelta, ...] = ()

    def take_lease(self, target: Target, owner: object, until: datetime, now: datetime) -> None:
        self.durations = (*self.durations, until - now)
        super().take_lease(target, owner, until, now)


def test_lease_lasts_longer_than_the_function(world: World) -> None:
    table = TableWithLeaseDurations()
    world.store = MemoryState(table)

    invoke({})

    (duration,) = table.durations
    assert duration > REMAINING


@pytest.mark.usefixtures("world")
def test_error_is_logged_and_raised(caplog: pytest.LogCaptureFixture) -> None:
    invoke({})

    with pytest.raises(ClockWentBackError):
        invoke({"now": "2026-03-12T09:00:00Z"})

    assert "run failed: now: 2026-03-12" in caplog.text


@pytest.mark.parametrize("event", [{}, {"source": "aws.ses"}])
def test_invocation_ends_quietly_while_another_run_acts(
    world: World, event: dict[str, Any]
) -> None:
    now = datetime.now(UTC)

    with world.store.lease(TARGET, now + timedelta(minutes=15), now):
        assert invoke(event) == {"skipped": "another run is active"}

    assert world.store.take_request(TARGET) is bool(event)
    assert world.recorder.reports == []


def test_retry_of_a_run_that_died_takes_over_its_lease(world: World) -> None:
    now = datetime.now(UTC)

    with world.store.lease(TARGET, now + timedelta(minutes=15), now, Context.aws_request_id):
        assert "skipped" not in invoke({})


@pytest.fixture
def _fresh_log() -> Iterator[None]:
    """Reset the logger as at a cold start, to write to the standard output that pytest captures."""
    attributes = vars(logging.getLogger("vdm_alerts"))
    before = attributes.copy()
    attributes["handlers"] = []
    for name in ("init", "powertools_handler"):
        attributes.pop(name, None)  # Powertools would keep the handlers of an earlier setup.
    evaluate._logger.cache_clear()
    yield
    attributes |= before
    evaluate._logger.cache_clear()


@pytest.mark.usefixtures("_fresh_log")
@pytest.mark.parametrize(
    ("mask", "logged"), [("true", "rule bounce-rate, a***"), ("false", "anna@example.com")]
)
def test_address_is_in_the_message_and_masked_in_the_log_if_the_settings_say_so(
    world: World,
    mask: str,
    logged: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VDM_ALERTS_MASK_ADDRESSES", mask)
    anna = Scope(identity="anna@example.com")
    world.account.senders = [anna]
    for scope in (anna, ACCOUNT):
        world.set_bounces(scope, 900)

    invoke({"now": NOW.isoformat()})

    log = capsys.readouterr().out
    assert "anna@example.com" in world.notifier.sent[0].text
    assert logged in log
    assert ("anna" in log) is (mask == "false")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VDM_ALERTS_QUOTA_SHARE", "much"),
        ("VDM_ALERTS_QUERIES_PER_DAY", "many"),
        ("VDM_ALERTS_INCLUDE_TODAY", "yes"),
        ("VDM_ALERTS_QUIET_HOURS", "22:00-07:00 Berlin"),
        ("VDM_ALERTS_NO_EMAIL_AFTER", "soon"),
    ],
)
def test_settings_name_the_variable_that_is_invalid(variable: str, value: str) -> None:
    with pytest.raises(InvalidSettingsError, match=f'{variable}: "{value}" is not a valid'):
        read_settings({**ENVIRONMENT, variable: value})


def test_settings_survive_the_environment_that_is_made_of_them() -> None:
    absent = {"QUERIES_PER_DAY": "unlimited", "QUIET_HOURS": "none", "NO_EMAIL_AFTER": "never"}
    present = {
        "QUERIES_PER_DAY": "5000",
        "QUIET_HOURS": "22:00-07:00 Europe/Berlin",
        "NO_EMAIL_AFTER": "3d",
    }
    for texts in (absent, present):
        changed = {f"VDM_ALERTS_{name}": text for name, text in texts.items()}
        environment = {**ENVIRONMENT, **changed}
        assert environment_of(read_settings(environment)) == environment


def test_settings_name_every_variable_that_is_missing() -> None:
    assert set(ENVIRONMENT) == set(VARIABLES.values())

    with pytest.raises(InvalidSettingsError) as caught:
        read_settings({"VDM_ALERTS_TABLE": "memory", "VDM_ALERTS_SERVICE": ""})

    for name in set(ENVIRONMENT) - {"VDM_ALERTS_TABLE"}:
        assert name in str(caught.value)
    assert "VDM_ALERTS_TABLE" not in str(caught.value)


def test_target_is_the_account_and_region_of_the_topic() -> None:
    assert str(read_settings(ENVIRONMENT).target) == "Account 111122223333, eu-west-1"


def test_call_takes_at_most_a_minute_when_a_service_does_not_respond() -> None:
    config: Any = bootstrap._BASE_CONFIG

    assert config.retries["total_max_attempts"] * bootstrap.REQUEST_TIME <= 60
    assert config.connect_timeout + config.read_timeout <= bootstrap.REQUEST_TIME


def test_every_client_limits_the_time_of_its_requests() -> None:
    ports: Any = bootstrap.build_ports(read_settings(ENVIRONMENT), time)

    sources = (ports.rules, ports.silences, ports.account, ports.series, ports.notifier)
    tables = (ports.rosters, ports.store)
    clients = [
        *(source._client for source in sources),
        *(store._table.meta.client for store in tables),
    ]
    for client in clients:
        assert isinstance(client._endpoint.http_session, TimeLimitedSession)


def clients_of(ports: Any) -> dict[str, Any]:
    """Return the clients of the sources and outputs in *ports*, by the field."""
    tables = {name: getattr(ports, name)._table.meta for name in ("rosters", "store")}
    names = ("rules", "silences", "account", "series", "reputation", "notifier")
    return {name: part._client for name, part in vars_of(ports, names).items()} | {
        name: table.client for name, table in tables.items()
    }


def vars_of(ports: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(ports, name) for name in names}


def test_target_of_a_fleet_has_its_own_sources_and_the_other_ports_of_the_hub(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [])
    settings = read_settings({**ENVIRONMENT, "VDM_ALERTS_QUOTA_SHARE": "0.5"})
    hub = bootstrap.build_ports(settings, time)
    session = spoke_session(Sts(), FleetTarget(Target("222222222222", "us-east-1")))  # type: ignore[arg-type]
    ports = bootstrap.build_target_ports(hub, session, settings, time)
    own = ("account", "series", "reputation")
    for name, client in clients_of(ports).items():
        assert isinstance(client._endpoint.http_session, TimeLimitedSession)
        assert client.meta.region_name == ("us-east-1" if name in own else "eu-west-1")
    others = ("rules", "silences", "rosters", "store", "notifier")
    assert vars_of(ports, others) == vars_of(hub, others)
    series: Any = ports.series
    assert series._client.meta.config.max_pool_connections == MAX_CONCURRENCY
    assert series._rate_limiter._rate == 8
    recorders: list[Any] = [hub.recorder, ports.recorder]
    assert [recorder._by_target for recorder in recorders] == [False, True]


def test_clients_of_a_fleet_limit_the_time_of_their_requests() -> None:
    clients = [bootstrap.s3_client(), bootstrap.sts_client(), bootstrap.organizations_client()]
    settings = DeliverySettings(
        *("111111111111", "eu-west-1", "table", "topic", "vdm-alerts"),
        mask_addresses=True,
        quiet_hours=None,
        runbook_url=None,
        fleet_bucket="bucket",
        fleet_interval=timedelta(hours=1),
    )
    files = bootstrap.execution_files("bucket", "an-execution")
    ports: Any = bootstrap.build_fleet_ports(settings, files)
    clients += [ports.notifier._client, ports.store._table.meta.client, ports.handovers._client]
    for client in clients:
        assert isinstance(client._endpoint.http_session, TimeLimitedSession)


def test_publish_is_retried_at_most_once() -> None:
    config: Any = bootstrap._PUBLISH_CONFIG

    assert config.retries["total_max_attempts"] == 2
    assert config.read_timeout <= 10


@pytest.mark.parametrize("key", [events.WEEKLY_SUMMARY, events.TEST_ALERT])
@pytest.mark.parametrize("value", ["true", "", 1, 0, [], {"x": 1}, "x" * 80_000], ids=str)
def test_event_is_rejected_when_a_request_is_no_boolean(
    world: World, key: str, value: object
) -> None:
    with pytest.raises(events.InvalidEventError, match=f"{key}: "):
        invoke({key: value})

    assert world.state.weekly_requests == frozenset()
    assert world.recorder.reports == []
    assert world.notifier.sent == []


def test_test_alert_is_published_and_changes_nothing(world: World) -> None:
    before = dict(world.store.table.items)
    response = invoke({events.TEST_ALERT: True, "now": "2026-03-12T09:00:00Z"})

    assert response == {"test": "test-20260312T090000Z"}
    (document,) = world.documents
    assert (document["kind"], document["reason"], document["severity"]) == ("test", "TEST", "OK")
    assert document["id"] == "test-20260312T090000Z"
    assert (world.store.table.items, world.recorder.reports) == (before, [])
    assert world.series.asked == []


def test_test_alert_is_published_while_a_run_is_active(world: World) -> None:
    now = datetime.now(UTC)
    with world.store.lease(TARGET, now + timedelta(minutes=5), now):
        invoke({events.TEST_ALERT: True})

    assert len(world.notifier.sent) == 1
    assert not world.store.take_request(TARGET)


def test_test_alert_that_cannot_be_published_fails(world: World) -> None:
    world.fail("publish", UnavailableError("sns:Publish", "timeout"))
    with pytest.raises(UnavailableError):
        invoke({events.TEST_ALERT: True})


@pytest.mark.parametrize("value", [None, False])
def test_event_without_a_request_sends_no_weekly_summary(world: World, value: object) -> None:
    invoke({events.WEEKLY_SUMMARY: value})

    assert weekly_ids(world) == []


def test_event_requests_the_weekly_summary_of_its_day(world: World) -> None:
    invoke({events.WEEKLY_SUMMARY: True, "now": "2026-03-16T08:00:00Z"})

    assert weekly_ids(world) == ["weekly-2026-03-16"]


def test_weekly_summary_is_requested_while_another_run_is_active(world: World) -> None:
    now = datetime.now(UTC)
    with world.store.lease(TARGET, now + timedelta(minutes=5), now):
        response = invoke({events.WEEKLY_SUMMARY: True})

        assert response == {"skipped": "another run is active"}
        assert world.state.weekly_requests == frozenset({now.date()})
        assert world.store.take_request(TARGET)
    invoke({})

    assert weekly_ids(world) == [f"weekly-{now.date()}"]


def weekly_ids(world: World) -> list[str]:
    """Return the id of each weekly summary that was sent."""
    return [document["id"] for document in world.documents if document["kind"] == "weekly"]
