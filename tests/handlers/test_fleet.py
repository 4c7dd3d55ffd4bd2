"""Executions of a fleet: its three functions, from the fleet file to the message."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import HOUR, NOW
from fake_sts import denial, sts_error
from fakes import World
from fleet_functions import BLOG, CONTEXT, HUB, SHOP, FleetFunctions, fleet_functions, s3_error

from vdm_alerts.adapters.aws.spoke_session import BlindTargetError
from vdm_alerts.app.notify import NotificationsUnsentError
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.fleet.answers import FAILED, NO_ANSWER
from vdm_alerts.core.fleet.document import InvalidFleetError
from vdm_alerts.core.fleet.fleet import OrganizationScope
from vdm_alerts.core.fleet.targets import OrganizationAccount
from vdm_alerts.core.model.errors import LeaseHeldError, StaleStateError
from vdm_alerts.core.model.findings import OperationFailedError, UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.model.target import Target
from vdm_alerts.handlers import deliver, evaluate, evaluate_target, events, list_targets
from vdm_alerts.handlers.invocation import Sweep
from vdm_alerts.handlers.invocation_time import LONGEST_SWEEP
from vdm_alerts.settings import InvalidSettingsError

ROLE = "arn:aws:iam::222222222222:role/vdm-alerts-reader"


NO_NAMES: list[Any] = ["", "a/b", "é", "x" * 81, 7, []]
NO_PAST_TIMES: list[Any] = [
    *(None, "", 7, {}, "now", "2026-03-12", "2026-03-12T09:00:00", "2999-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"),
]


@pytest.fixture
def fleet() -> Iterator[FleetFunctions]:
    with fleet_functions() as fleet:
        fleet.end_first_summaries(HUB, SHOP, BLOG)
        yield fleet


def bounce(world: World) -> None:
    world.set_bounces(ACCOUNT, 2_000)


def the_target(fleet: FleetFunctions, step: Any, target: Target) -> Any:
    """Return the item of *target* in the list of the execution."""
    items = json.loads(fleet.s3.objects[f"bucket/{step['targets']['key']}"])
    (item,) = [
        each
        for each in items
        if (each["account"], each["region"]) == (target.account, target.region)
    ]
    return item


def evaluate_one(fleet: FleetFunctions, target: Target, event: Any = None) -> Any:
    step = fleet.list_targets(fleet.begin(event))
    return fleet.evaluate(step, the_target(fleet, step, target))


def test_execution_sends_what_is_due_and_reports_its_figures(fleet: FleetFunctions) -> None:
    bounce(fleet.world(SHOP))
    assert fleet.execute() == {
        "targets": 3,
        "evaluated": 3,
        "blind": [],
        "notifications_due": 1,
        "messages_sent": 1,
        "unsent": 0,
    }
    [message] = fleet.take_messages()
    assert (message["account"], message["alias"]) == ("222222222222", "shop")
    assert message["kind"] == "incident"
    fleet.execute()
    assert fleet.take_messages() == []


def test_first_step_returns_its_event_with_the_place_of_the_list(fleet: FleetFunctions) -> None:
    step = fleet.begin({"weeklySummary": True})
    listed = fleet.list_targets(step)
    place = {"bucket": "bucket", "key": "executions/execution-1/targets.json", "count": 3}
    assert listed == {**step, "targets": place}
    assert the_target(fleet, listed, SHOP) == {
        "account": "222222222222",
        "region": "eu-west-1",
        "alias": "shop",
        "tags": {"team": "growth"},
        "roleArn": ROLE,
        "externalId": "9f1c7c1e",
    }


def test_answer_has_the_published_keys(fleet: FleetFunctions) -> None:
    bounce(fleet.world(SHOP))
    answer = evaluate_one(fleet, SHOP)
    report = answer.pop("report")
    assert answer == {
        "account": "222222222222",
        "region": "eu-west-1",
        "status": "evaluated",
        "reason": None,
        "details": None,
        "continue": False,
        "due": 1,
    }
    assert report["series_evaluated"] > 0
    assert fleet.take_messages() == []
    assert len(fleet.files.get(SHOP).notifications) == 1


def test_role_is_assumed_with_the_external_id_and_not_in_the_account_of_the_hub(
    fleet: FleetFunctions,
) -> None:
    fleet.execute()
    assert sorted(request["RoleArn"] for request in fleet.sts.requests) == [
        ROLE,
        "arn:aws:iam::333333333333:role/vdm-alerts-reader",
    ]
    assert {request["ExternalId"] for request in fleet.sts.requests} == {"9f1c7c1e"}


def test_role_that_cannot_be_assumed_is_blind_and_tried_again(fleet: FleetFunctions) -> None:
    fleet.sts.error = denial()
    assert evaluate_one(fleet, SHOP) == {
        "account": "222222222222",
        "region": "eu-west-1",
        "status": "blind",
        "reason": f"the hub cannot assume the role {ROLE}: it does not exist, or its trust "
        "policy does not allow the hub",
        "details": "An error occurred (AccessDenied) when calling the AssumeRole operation: is not "
        "authorized to perform: sts:AssumeRole",
        "continue": False,
        "due": 0,
        "report": None,
    }
    fleet.sts.error = None
    assert evaluate_one(fleet, SHOP)["status"] == "evaluated"


def test_outage_of_sts_is_tried_again_and_blind_only_after_that(fleet: FleetFunctions) -> None:
    fleet.sts.error = sts_error("Throttling")
    with pytest.raises(UnavailableError, match="sts:AssumeRole failed"):
        evaluate_one(fleet, SHOP)
    fleet.execute()
    text = json.dumps(fleet.take_messages())
    assert f"222222222222 (shop), eu-west-1 is not monitored: {FAILED}" in text
    assert "sts:AssumeRole failed: " in text
    fleet.sts.error = None
    assert evaluate_one(fleet, SHOP)["status"] == "evaluated"


def test_blind_targets_are_one_message_and_hide_no_other(fleet: FleetFunctions) -> None:
    bounce(fleet.world(HUB))
    fleet.sts.error = denial()
    report = fleet.execute()
    assert report["blind"] == ["222222222222 eu-west-1", "333333333333 us-east-1"]
    messages = fleet.take_messages()
    assert sorted(message["kind"] for message in messages) == ["incident", "service"]
    (service,) = [message for message in messages if message["kind"] == "service"]
    assert len(service["findings"]) == 2
    assert ROLE in json.dumps(service)
    fleet.execute()
    assert fleet.take_messages() == []


def test_role_that_is_deleted_is_blind_in_a_warm_function(fleet: FleetFunctions) -> None:
    fleet.sts.now = datetime.now(UTC) - timedelta(minutes=55)  # So they expire in 5 minutes.
    assert evaluate_one(fleet, SHOP)["status"] == "evaluated"
    fleet.sts.error = denial()
    assert evaluate_one(fleet, SHOP)["status"] == "blind"


def test_warm_function_keeps_credentials_by_account_region_and_external_id(
    fleet: FleetFunctions,
) -> None:
    def roles() -> list[str]:
        return [request["RoleArn"] for request in fleet.sts.requests]

    step = fleet.list_targets(fleet.begin())
    item = the_target(fleet, step, SHOP)
    for _ in range(3):
        fleet.evaluate(step, item)
    assert roles() == [ROLE]
    fleet.evaluate(step, {**item, "region": "us-east-1"})
    assert roles() == [ROLE, ROLE]
    fleet.evaluate(step, {**item, "externalId": "another"})
    assert [request["ExternalId"] for request in fleet.sts.requests][2:] == ["another"]
    fleet.evaluate(step, {**item, "roleArn": f"{ROLE}-2"})
    assert roles()[3:] == [f"{ROLE}-2"]
    fleet.evaluate(step, {**item, "alias": "another"})
    assert len(roles()) == 4


def test_warm_function_keeps_few_targets(fleet: FleetFunctions) -> None:
    step = fleet.list_targets(fleet.begin())
    item = the_target(fleet, step, SHOP)
    for number in range(evaluate_target.MAX_CACHED_TARGETS + 5):
        account = f"{number:012}"
        role = f"arn:aws:iam::{account}:role/vdm-alerts-reader"
        fleet.evaluate(step, {**item, "account": account, "roleArn": role})
    assert evaluate_target._connection.cache_info().currsize == evaluate_target.MAX_CACHED_TARGETS


def test_region_without_ses_is_blind_and_tried_again(
    fleet: FleetFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def no_endpoint(*_: object) -> None:
            raise BlindTargetError("Amazon SES has no endpoint in the Region", "unknown name")

        patch.setattr(evaluate_target, "build_target_ports", no_endpoint)
        answer = evaluate_one(fleet, BLOG)
        assert (answer["status"], answer["details"]) == ("blind", "unknown name")
    assert evaluate_one(fleet, BLOG)["status"] == "evaluated"


def test_target_whose_region_is_turned_off_has_a_problem_and_is_not_blind(
    fleet: FleetFunctions,
) -> None:
    reason = "UnrecognizedClientException: The security token is invalid"
    for call in ("read account status", "list identities", "read metrics"):
        error = UnavailableError("ses:GetAccount", reason, transient=False)
        fleet.world(SHOP).fail(call, error)
    assert fleet.execute()["blind"] == []
    [message] = fleet.take_messages()
    assert (message["kind"], message["account"]) == ("service", SHOP.account)
    assert reason in json.dumps(message)


def test_run_that_fails_makes_its_target_blind_and_hides_no_other(fleet: FleetFunctions) -> None:
    bounce(fleet.world(SHOP))
    store, later = fleet.shared.store, StoredState(summary_sent=True, last_run=NOW + HOUR)
    store.save(BLOG, later, store.load(BLOG))
    report = fleet.execute()
    assert report["blind"] == ["333333333333 us-east-1"]
    messages = fleet.take_messages()
    texts = json.dumps(messages)
    assert FAILED in texts
    assert "ClockWentBackError: now: 2026-03-12T09:00:00+00:00 is earlier" in texts
    assert "stackTrace" not in texts
    assert "incident" in {message["kind"] for message in messages}


def test_busy_target_is_skipped_and_not_blind(fleet: FleetFunctions) -> None:
    now = datetime.now(UTC)
    with fleet.shared.store.lease(SHOP, now + timedelta(minutes=5), now, "another"):
        answer = evaluate_one(fleet, SHOP)
        assert (answer["status"], answer["reason"]) == ("skipped", "another run is active")
        assert fleet.execute()["blind"] == []
    assert not fleet.shared.store.take_request(SHOP)


def test_retry_of_a_run_that_died_takes_over_its_lease(fleet: FleetFunctions) -> None:
    step = fleet.list_targets(fleet.begin())
    item, now = the_target(fleet, step, SHOP), datetime.now(UTC)
    store = fleet.shared.store
    with store.lease(SHOP, now + timedelta(minutes=5), now, f"evaluate:{fleet.execution}"):
        assert fleet.evaluate(step, item)["status"] == "evaluated"


def test_run_that_is_still_active_when_it_is_retried_saves_nothing(
    fleet: FleetFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounce(fleet.world(SHOP))
    step = fleet.list_targets(fleet.begin())
    item, series = the_target(fleet, step, SHOP), fleet.world(SHOP).series
    read, answers = series.read, []

    def read_while_a_retry_runs(*arguments: Any) -> Any:
        monkeypatch.setattr(series, "read", read)
        answers.append(fleet.evaluate(step, item))
        return read(*arguments)

    monkeypatch.setattr(series, "read", read_while_a_retry_runs)
    with pytest.raises(StaleStateError):
        fleet.evaluate(step, item)
    assert [(answer["status"], answer["due"]) for answer in answers] == [("evaluated", 1)]
    assert len(fleet.files.get(SHOP).notifications) == 1


@pytest.mark.parametrize(
    ("interval", "longest"),
    [
        (timedelta(minutes=10), timedelta(minutes=10)),
        (timedelta(hours=1), timedelta(hours=1)),
        (timedelta(days=1), LONGEST_SWEEP),
    ],
)
def test_sweep_ends_before_the_next_execution_and_before_its_own_ends(
    fleet: FleetFunctions, interval: timedelta, longest: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeps = []

    def keep(_: object, __: object, ___: object, sweep: Sweep) -> Any:
        sweeps.append(sweep)
        raise LeaseHeldError("another run is active")

    monkeypatch.setenv("VDM_ALERTS_FLEET_INTERVAL", str(int(interval.total_seconds())))
    monkeypatch.setattr(evaluate_target, "Invocation", keep)
    step = fleet.list_targets(fleet.begin())
    with pytest.raises(LeaseHeldError):
        fleet.evaluate(step, the_target(fleet, step, SHOP))
    (sweep,) = sweeps
    assert sweep.ends - datetime.fromisoformat(step["started"]) == longest


AN_SES_EVENT = {
    "version": "0",
    "source": "aws.ses",
    "detail-type": "Advisor Recommendation Status Open",
    "account": "222222222222",
    "region": "eu-west-1",
    "detail": {"data": "äöü"},
}


def test_execution_for_an_event_is_not_complete(fleet: FleetFunctions) -> None:
    fleet.execute(AN_SES_EVENT)
    fleet.execute()
    reports = fleet.metrics.fleet_reports
    assert [each.is_complete_and_delivered for each in reports] == [False, True]


def test_ses_event_evaluates_only_its_target(fleet: FleetFunctions) -> None:
    bounce(fleet.world(SHOP))
    bounce(fleet.world(BLOG))
    report = fleet.execute(AN_SES_EVENT)
    assert (report["targets"], report["messages_sent"]) == (1, 1)
    assert [message["account"] for message in fleet.take_messages()] == ["222222222222"]


@pytest.mark.parametrize("event", [AN_SES_EVENT, {"weeklySummary": True}], ids=["SES", "weekly"])
def test_news_about_a_busy_target_is_tried_again(
    fleet: FleetFunctions, event: dict[str, object]
) -> None:
    now = datetime.now(UTC)
    with (
        fleet.shared.store.lease(SHOP, now + timedelta(minutes=5), now, "another"),
        pytest.raises(LeaseHeldError),
    ):
        evaluate_one(fleet, SHOP, event)
    assert evaluate_one(fleet, SHOP, event)["status"] == "evaluated"


@pytest.mark.parametrize("event", [AN_SES_EVENT, {"weeklySummary": True}], ids=["SES", "weekly"])
def test_target_that_stays_busy_is_not_blind_and_its_summary_follows(
    fleet: FleetFunctions, event: dict[str, object]
) -> None:
    now = datetime.now(UTC)
    with fleet.shared.store.lease(SHOP, now + timedelta(minutes=5), now, "another"):
        report = fleet.execute(event)
    assert report["blind"] == []
    assert fleet.metrics.fleet_reports[-1].blind == ()
    fleet.take_messages()
    fleet.execute()
    weekly = [message["account"] for message in fleet.take_messages()]
    assert weekly == ([SHOP.account] if "weeklySummary" in event else [])


@pytest.mark.parametrize(
    "change",
    [{"account": "999999999999"}, {"region": "us-east-1"}, {"account": None}, {"region": []}],
)
def test_ses_event_about_another_account_evaluates_nothing(
    fleet: FleetFunctions, change: dict[str, object]
) -> None:
    bounce(fleet.world(SHOP))
    report = fleet.execute({**AN_SES_EVENT, **change})
    assert (report["targets"], report["evaluated"], report["blind"]) == (0, 0, [])
    assert fleet.take_messages() == []


ORGANIZATION_FILE = """
[[targets]]
account = "333333333333"
regions = ["us-east-1"]

[organization]
id = "o-abcdefghij"
regions = ["eu-west-1"]
exclude = ["444444444444"]
"""


@pytest.fixture
def listings(fleet: FleetFunctions, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make the fleet one of an organization, and return the IDs by which it is listed."""
    fleet.write_fleet_file(ORGANIZATION_FILE)
    listed: list[str] = []

    def accounts(_: object, scope: OrganizationScope) -> list[OrganizationAccount]:
        listed.append(scope.id)
        return [OrganizationAccount("111111111111"), OrganizationAccount("222222222222", "shop")]

    monkeypatch.setattr(list_targets, "organizations_client", lambda: None)
    monkeypatch.setattr(list_targets, "organization_accounts", accounts)
    return listed


@pytest.mark.parametrize("target", [SHOP, BLOG], ids=["organization", "list"])
def test_ses_event_about_a_known_target_lists_no_organization(
    fleet: FleetFunctions, listings: list[str], target: Target
) -> None:
    full = fleet.list_targets(fleet.begin())
    items = {each.target: each for each in fleet.files.read_targets()}
    fleet.deliver(fleet.evaluate_all(full))
    event = {**AN_SES_EVENT, "account": target.account, "region": target.region}
    assert fleet.list_targets(fleet.begin(event))["targets"]["count"] == 1
    assert [*fleet.files.read_targets()] == [items[target]]
    assert len(listings) == 1


@pytest.mark.parametrize(
    "change",
    [{"account": "444444444444"}, {"account": "999999999999"}, {"region": "us-east-1"}],
    ids=str,
)
def test_ses_event_about_an_unknown_target_lists_nothing(
    fleet: FleetFunctions, listings: list[str], change: dict[str, str]
) -> None:
    fleet.execute()
    step = fleet.list_targets(fleet.begin({**AN_SES_EVENT, **change}))
    assert (step["targets"]["count"], len(listings)) == (0, 1)


def test_ses_event_before_the_first_execution_lists_the_organization(
    fleet: FleetFunctions, listings: list[str]
) -> None:
    assert fleet.list_targets(fleet.begin(AN_SES_EVENT))["targets"]["count"] == 1
    assert len(listings) == 1


def test_target_that_is_excluded_since_the_last_execution_is_not_evaluated_for_an_event(
    fleet: FleetFunctions, listings: list[str]
) -> None:
    fleet.execute()
    fleet.write_fleet_file(ORGANIZATION_FILE.replace("444444444444", SHOP.account))
    step = fleet.list_targets(fleet.begin(AN_SES_EVENT))
    assert (step["targets"]["count"], len(listings)) == (0, 1)


def test_weekly_summaries_of_all_targets_are_sent_once(fleet: FleetFunctions) -> None:
    fleet.execute({"weeklySummary": True})
    [message] = fleet.take_messages()
    assert (message["kind"], message["parts_total"]) == ("fleet", 3)
    fleet.execute()
    assert fleet.take_messages() == []


def test_weekly_summary_of_a_blind_target_is_sent_when_it_can_be_read(
    fleet: FleetFunctions,
) -> None:
    fleet.sts.error = denial()
    assert len(fleet.execute({"weeklySummary": True})["blind"]) == 2
    assert [message["kind"] for message in fleet.take_messages()] == ["service", "weekly"]
    fleet.sts.error = None
    fleet.execute()
    summaries = [message for message in fleet.take_messages() if message["kind"] == "fleet"]
    assert [message["parts_total"] for message in summaries] == [2]


def test_execution_is_as_of_the_time_in_its_input(fleet: FleetFunctions) -> None:
    fleet.execute({"now": "2026-03-12T10:00:00+01:00"})
    at = datetime(2026, 3, 12, 9, tzinfo=UTC)
    assert {fleet.shared.store.load(target).last_run for target in (HUB, SHOP, BLOG)} == {at}


def test_execution_without_a_time_is_as_of_the_clock(fleet: FleetFunctions) -> None:
    fleet.execute({"now": None})
    last_run = fleet.shared.store.load(SHOP).last_run
    assert last_run
    assert abs(datetime.now(UTC) - last_run) < timedelta(minutes=1)


def test_new_account_is_monitored_from_the_next_execution_on(fleet: FleetFunctions) -> None:
    fleet.write_fleet_file('[[targets]]\naccount = "444444444444"\nregions = ["eu-west-1"]')
    assert fleet.execute()["targets"] == 1
    [message] = fleet.take_messages()  # Its first summary.
    assert message["account"] == "444444444444"


def test_invalid_fleet_file_fails_the_execution_with_every_error(
    fleet: FleetFunctions, caplog: pytest.LogCaptureFixture
) -> None:
    fleet.write_fleet_file('[[targets]]\naccount = "4"\nregions = ["nowhere"]')
    with pytest.raises(InvalidFleetError):
        fleet.execute()
    assert "targets not listed: the fleet file: 2 errors" in caplog.text


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (None, "event: None is not a JSON object"),
        ([], "event: .* is not a JSON object"),
        ({}, "event: None is not a JSON object"),
        ({"event": "now", "execution": "a"}, "event: .now. is not a JSON object"),
        ({"event": {"now": "tomorrow"}, "execution": "a"}, "now: "),
        ({"event": {"weeklySummary": "yes"}, "execution": "a"}, "weeklySummary: "),
        ({"event": {}}, "execution: None is not a name"),
        *(({"event": {}, "execution": name}, "execution: ") for name in NO_NAMES),
    ],
    ids=str,
)
@pytest.mark.parametrize("function", ["list", "deliver"])
def test_step_with_an_invalid_input_names_what_is_wrong(
    fleet: FleetFunctions, step: Any, message: str, function: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(events.InvalidEventError, match=message):
        {"list": fleet.list_targets, "deliver": fleet.deliver}[function](step)
    assert {"list": "targets not listed: ", "deliver": "delivery failed: "}[function] in caplog.text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"target": None}, "is not a target of a fleet"),
        ({"target": {"account": "222222222222"}}, "is not a target of a fleet"),
        ({"execution": "../other"}, "execution: "),
        ({"execution": None}, "execution: "),
        *(({"started": value}, "started: ") for value in NO_PAST_TIMES),
        ({"event": None}, "event: "),
        ({"event": [1]}, "event: "),
        ({"event": {"now": 7}}, "now: "),
        ({"event": {"weeklySummary": 1}}, "weeklySummary: "),
    ],
    ids=str,
)
def test_evaluation_with_an_invalid_input_names_what_is_wrong_and_changes_nothing(
    fleet: FleetFunctions, change: dict[str, Any], error: str, caplog: pytest.LogCaptureFixture
) -> None:
    step = fleet.list_targets(fleet.begin())
    before = fleet.shared.store.load(SHOP)
    item = change.get("target", the_target(fleet, step, SHOP))
    with pytest.raises(Exception, match=error):
        fleet.evaluate({**step, **change}, item)
    assert "run failed: " in caplog.text
    assert "unexpected" not in caplog.text
    assert fleet.shared.store.load(SHOP) == before
    assert fleet.sts.requests == []


def test_stack_without_a_fleet_rejects_a_target(
    fleet: FleetFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = fleet.list_targets(fleet.begin())
    item = the_target(fleet, step, SHOP)
    for name in ("BUCKET", "INTERVAL"):
        monkeypatch.delenv(f"VDM_ALERTS_FLEET_{name}")
    with pytest.raises(events.InvalidEventError, match="this stack monitors no fleet"):
        fleet.evaluate(step, item)


@pytest.mark.parametrize("event", [{}, {"weeklySummary": True}, {"testAlert": False}], ids=str)
def test_evaluation_in_a_fleet_without_a_target_is_an_error(
    fleet: FleetFunctions, event: dict[str, object]
) -> None:
    bounce(fleet.world(HUB))
    before = fleet.shared.store.load(HUB)
    with pytest.raises(events.InvalidEventError, match="Fix: start the state machine instead"):
        evaluate.lambda_handler(event, CONTEXT)
    assert fleet.shared.store.load(HUB) == before
    assert not fleet.shared.store.take_request(HUB)


def test_test_notification_of_a_fleet_needs_no_target(fleet: FleetFunctions) -> None:
    evaluate.lambda_handler({"testAlert": True}, CONTEXT)
    [message] = fleet.take_messages()
    assert message["kind"] == "test"


@pytest.mark.parametrize("function", ["list", "deliver"])
def test_function_without_its_settings_names_them(
    fleet: FleetFunctions, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    step = fleet.begin()
    monkeypatch.delenv("VDM_ALERTS_FLEET_BUCKET")
    with pytest.raises(InvalidSettingsError, match="VDM_ALERTS_FLEET_BUCKET not set"):
        {"list": fleet.list_targets, "deliver": fleet.deliver}[function](step)


def test_failed_map_makes_every_target_blind_with_its_cause(fleet: FleetFunctions) -> None:
    step = fleet.list_targets(fleet.begin())
    failure = {"Error": "States.ItemReaderFailed", "Cause": "the list cannot be read"}
    report = fleet.deliver({**step, "failure": failure})
    assert len(report["blind"]) == 3
    text = json.dumps(fleet.take_messages())
    assert NO_ANSWER in text
    assert "States.ItemReaderFailed: the list cannot be read" in text


def test_delivery_without_results_is_an_error_and_not_a_blind_fleet(fleet: FleetFunctions) -> None:
    step = fleet.list_targets(fleet.begin())
    for results in ({}, {"results": None}, {"results": {"ResultWriterDetails": {"Key": 7}}}):
        with pytest.raises(events.InvalidEventError, match="results: there is no result"):
            fleet.deliver({**step, **results})
    assert fleet.take_messages() == []


def test_missing_manifest_fails_the_delivery_and_everything_stays_due(
    fleet: FleetFunctions,
) -> None:
    bounce(fleet.world(SHOP))
    step = fleet.evaluate_all(fleet.list_targets(fleet.begin()))
    missing = {"ResultWriterDetails": {"Key": "executions/execution-1/results/2/manifest.json"}}
    with pytest.raises(UnavailableError, match="NoSuchKey"):
        fleet.deliver({**step, "results": missing})
    assert fleet.take_messages() == []
    fleet.deliver(step)
    assert len(fleet.take_messages()) == 1


def test_repeated_delivery_sends_nothing_twice(fleet: FleetFunctions) -> None:
    bounce(fleet.world(SHOP))
    step = fleet.evaluate_all(fleet.list_targets(fleet.begin()))
    fleet.deliver(step)
    fleet.deliver(step)
    assert len(fleet.take_messages()) == 1


def test_handover_that_cannot_be_stored_stays_due(fleet: FleetFunctions) -> None:
    bounce(fleet.world(SHOP))
    step = fleet.list_targets(fleet.begin())
    item = the_target(fleet, step, SHOP)
    fleet.s3.error = s3_error("AccessDenied", 403)
    with pytest.raises(NotificationsUnsentError):
        fleet.evaluate(step, item)
    fleet.s3.error = None
    fleet.execute()
    assert len(fleet.take_messages()) == 1


@pytest.mark.parametrize("function", ["list", "deliver"])
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            s3_error("AccessDenied", 403),
            "Access denied: .* call s3:GetObject",
        ),
        (s3_error("SlowDown", 503), "s3:GetObject failed: "),
    ],
    ids=["denied", "down"],
)
def test_step_without_its_files_fails(
    fleet: FleetFunctions, function: str, error: Exception, text: str
) -> None:
    step = fleet.evaluate_all(fleet.list_targets(fleet.begin()))
    fleet.s3.error = error
    with pytest.raises(OperationFailedError, match=text):
        {"list": fleet.list_targets, "deliver": fleet.deliver}[function](step)
    assert fleet.take_messages() == []


@pytest.mark.parametrize("function", ["list", "deliver"])
def test_unexpected_error_is_logged_with_its_place(
    fleet: FleetFunctions,
    function: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(list_targets, "execution_files", fail)
    monkeypatch.setattr(deliver, "execution_files", fail)
    with pytest.raises(KeyError):
        {"list": fleet.list_targets, "deliver": fleet.deliver}[function](fleet.begin())
    assert "to VDM Alerts." in caplog.text
    assert "Traceback" in caplog.text


def test_logs_of_an_execution_have_no_credentials(
    fleet: FleetFunctions, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fleet.execute()
    assert len(fleet.sts.requests) == 2
    for secret in ("secret of", "token of"):
        assert secret not in caplog.text
