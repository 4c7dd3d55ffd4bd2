from dataclasses import fields
from datetime import timedelta

import pytest
from function_environment import ENVIRONMENT

from vdm_alerts.core.model.target import Target
from vdm_alerts.settings import (
    FLEET_VARIABLES,
    VARIABLES,
    DeliverySettings,
    FleetSettings,
    InvalidSettingsError,
    TargetListSettings,
    environment_of,
    read_delivery_settings,
    read_fleet_settings,
    read_target_list_settings,
)

HUB = Target("111111111111", "eu-west-1")
FLEET = FleetSettings("bucket", timedelta(hours=1))
LIST = TargetListSettings(HUB.account, HUB.region, "bucket", "assets", "fleet.toml")
DELIVERY = DeliverySettings(
    account=HUB.account,
    region=HUB.region,
    table="table",
    topic_arn="topic",
    service="vdm-alerts",
    mask_addresses=True,
    quiet_hours=None,
    runbook_url=None,
    fleet_bucket="bucket",
    fleet_interval=timedelta(minutes=10),
)


def test_function_of_a_single_account_has_no_fleet_settings() -> None:
    assert read_fleet_settings(ENVIRONMENT) is None


def test_fleet_settings_survive_the_environment_that_is_made_of_them() -> None:
    assert read_fleet_settings({**ENVIRONMENT, **environment_of(FLEET)}) == FLEET
    assert read_target_list_settings(environment_of(LIST)) == LIST
    assert read_delivery_settings(environment_of(DELIVERY)) == DELIVERY
    assert LIST.hub == DELIVERY.hub == HUB


def test_half_of_the_fleet_settings_is_an_error() -> None:
    with pytest.raises(InvalidSettingsError, match="VDM_ALERTS_FLEET_INTERVAL not set"):
        read_fleet_settings({"VDM_ALERTS_FLEET_BUCKET": "bucket"})


def test_invalid_interval_is_an_error() -> None:
    with pytest.raises(InvalidSettingsError, match='VDM_ALERTS_FLEET_INTERVAL: "1h" is not a val'):
        read_fleet_settings(
            {"VDM_ALERTS_FLEET_BUCKET": "bucket", "VDM_ALERTS_FLEET_INTERVAL": "1h"}
        )


def test_each_fleet_setting_has_an_environment_variable() -> None:
    keys = {
        field.name
        for settings_class in (FleetSettings, TargetListSettings, DeliverySettings)
        for field in fields(settings_class)
    }
    assert keys - set(VARIABLES) == set(FLEET_VARIABLES)
