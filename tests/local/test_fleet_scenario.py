"""Fleet scenarios: which targets they have, and the errors in them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.fleet import Topic
from vdm_local.endpoints import HOME, WITHOUT_VDM, Endpoints
from vdm_local.fleet_scenario import (
    FLEET_REASONS,
    FleetScenario,
    load_fleet_scenario,
    load_scenarios,
)
from vdm_local.scenario import InvalidScenarioError, Scenario

SHOP = """
begins = 2026-03-01
ses_bounce_rate = "2%x7"
[[emails]]
identity = "shop.example.com"
isp = "Gmail"
send = "1000x7"
"""
FLEET = """
[[targets]]
account = "222222222222"
region = "us-east-1"
scenario = "shop.toml"

[[targets]]
account = "333333333333"
region = "eu-west-1"
scenario = "shop.toml"

[[run]]
at = 2026-03-05T09:00:00Z
expects = ["SUMMARY"]
story = "All is well."

[[run]]
at = 2026-03-06T09:00:00Z
denied = ["333333333333"]
weekly_summary = true
"""
SHOP_TARGET = Target("222222222222", "us-east-1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.toml").write_text(SHOP)
    (tmp_path / "fleet.toml").write_text(FLEET)
    return tmp_path


def errors_of(folder: Path, text: str) -> list[str]:
    path = folder / "fleet.toml"
    path.write_text(text)
    with pytest.raises(InvalidScenarioError) as error:
        load_fleet_scenario(path)
    return [line.strip() for line in str(error.value).splitlines()[1:]]


def test_fleet_scenario_has_a_scenario_for_each_target(folder: Path) -> None:
    scenario = load_fleet_scenario(folder / "fleet.toml")
    assert [*scenario.scenarios] == [SHOP_TARGET, Target("333333333333", "eu-west-1")]
    assert scenario.scenarios[SHOP_TARGET].identities == ["shop.example.com"]


def test_fleet_scenario_has_the_runs_of_the_hub(folder: Path) -> None:
    first, second = load_fleet_scenario(folder / "fleet.toml").runs
    assert (first.expected_reasons, first.story, first.denied) == (("SUMMARY",), "All is well.", ())
    assert first.event == {"now": "2026-03-05T09:00:00+00:00"}
    assert second.denied == ("333333333333",)
    assert second.event == {"now": "2026-03-06T09:00:00+00:00", "weeklySummary": True}


def test_every_topic_of_a_notification_can_be_expected() -> None:
    assert {topic.name for topic in Topic} <= FLEET_REASONS.keys()


def test_file_is_a_fleet_scenario_when_it_has_targets(folder: Path) -> None:
    assert isinstance(load_scenarios(folder / "fleet.toml"), FleetScenario)
    assert isinstance(load_scenarios(folder / "shop.toml"), Scenario)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "targets  is missing. Add a table with the heading [[targets]] for each account in a"),
        (FLEET.replace("3" * 12, "12", 1), 'targets[1].account  "12" is not an account ID.'),
        (FLEET.replace("us-east-1", "Paris"), 'targets[0].region  "Paris" is not a Region.'),
        (
            FLEET.replace("denied", "denies"),
            'run[1].denies  is not a key of run[1]. Did you mean "',
        ),
        (
            FLEET.replace('["333333333333"]', '["444444444444"]'),
            'run[1].denied[0]  "444444444444" is not an account of a target.',
        ),
        (
            FLEET.replace("2" * 12, "3" * 12).replace("us-east-1", "eu-west-1"),
            "targets[1]  is the same target as targets[0]. Delete one of them.",
        ),
        (
            FLEET.replace("03-05T", "03-07T"),
            "run[1].at  2026-03-06T09:00:00+00:00 is earlier than ",
        ),
    ],
)
def test_error_names_its_place(folder: Path, text: str, error: str) -> None:
    assert any(line.startswith(error) for line in errors_of(folder, text))


def test_error_in_the_scenario_of_a_target_names_its_file(folder: Path) -> None:
    (folder / "shop.toml").write_text("begins = 3")
    with pytest.raises(InvalidScenarioError, match=r"shop\.toml: 1 error\n  begins"):
        load_fleet_scenario(folder / "fleet.toml")


def test_scenario_serves_every_target() -> None:
    endpoints = Endpoints(WITHOUT_VDM)
    assert [*endpoints] == [endpoints.home]
    assert endpoints.of(SHOP_TARGET) is endpoints.home


def test_fleet_scenario_serves_each_target_its_own(folder: Path) -> None:
    endpoints = Endpoints(load_scenarios(folder / "fleet.toml"))
    shop = endpoints.of(SHOP_TARGET)
    assert shop.scenario.identities == ["shop.example.com"]
    assert shop is endpoints.of(Target(SHOP_TARGET.account, SHOP_TARGET.region, alias="shop"))
    assert shop.quota is not endpoints.of(Target("333333333333", "eu-west-1")).quota


def test_vdm_is_off_where_a_fleet_scenario_has_no_target(folder: Path) -> None:
    endpoints = Endpoints(load_scenarios(folder / "fleet.toml"))
    assert endpoints.home is endpoints.of(HOME)
    assert not endpoints.home.scenario.vdm_enabled
    for endpoint in endpoints:
        endpoint.now = datetime(2026, 3, 7, tzinfo=UTC)
    assert endpoints.home.clock == endpoints.of(SHOP_TARGET).clock
