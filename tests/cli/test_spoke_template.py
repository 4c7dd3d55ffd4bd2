"""`vdm-alerts spoke-template`: templates of the accounts of a fleet."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from vdm_alerts_cli.spoke_template import PARAMETERS, spoke_template

RunCommand = Callable[..., Result]


def defaults(template: str) -> dict[str, str | None]:
    """Return the default of each parameter, or None."""
    parameter = r'^  (\w+):\n    Type: String\n(    Default: "(.*)"\n)?'
    found = re.findall(parameter, template, re.MULTILINE)
    return {name: default if line else None for name, line, default in found}


def test_options_become_defaults_of_parameters(run_command: RunCommand) -> None:
    result = run_command(
        *("spoke-template", "role", "--hub-account", "111111111111", "--hub-region", "us-east-1"),
        *("--prefix", "team-a", "--role", "reader", "--organization", "o-abcdefghij"),
        *("--external-id", "9f1c7c1e"),
    )
    assert result.exit_code == 0
    assert defaults(result.stdout) == {
        "HubAccount": "111111111111",
        "HubRegion": "us-east-1",
        "Prefix": "team-a",
        "RoleName": "reader",
        "Organization": "o-abcdefghij",
        "ExternalId": "9f1c7c1e",
    }


def test_template_without_options_is_unchanged(run_command: RunCommand) -> None:
    for kind in ("role", "events"):
        assert run_command("spoke-template", kind).stdout == spoke_template(kind)
    assert defaults(spoke_template("role")) == {
        "HubAccount": None,
        "HubRegion": None,
        "Prefix": "vdm-alerts",
        "RoleName": "vdm-alerts-reader",
        "Organization": "",
        "ExternalId": "",
    }


def test_every_parameter_has_an_option() -> None:
    names = {parameter.name for parameter in PARAMETERS.values()}
    assert set(defaults(spoke_template("role"))) == names
    assert set(defaults(spoke_template("events"))) < names


def test_fleet_file_supplies_what_the_hub_passes(run_command: RunCommand, tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text(
        'role = "reader"\nexternal_id = "9f1c7c1e"\n[organization]\nid = "o-abcdefghij"\n'
        'regions = ["eu-west-1"]'
    )
    shared = ("spoke-template", "role", "--fleet", str(file))
    values = defaults(run_command(*shared).stdout)
    assert (values["RoleName"], values["ExternalId"]) == ("reader", "9f1c7c1e")
    assert values["Organization"] == "o-abcdefghij"
    assert defaults(run_command(*shared, "--role", "other").stdout)["RoleName"] == "other"
    assert run_command("spoke-template", "events", "--fleet", str(file)).stdout == spoke_template(
        "events"
    )


@pytest.mark.parametrize(
    ("option", "value", "error"),
    [
        ("--hub-account", "1111", '"1111" is not an account ID. Use 12 digits'),
        ("--hub-region", "eu", '"eu" is not a Region. Use a name such as "eu-west-1"'),
        ("--prefix", "A", '"A" is not a valid prefix. Use the name of the stack'),
        ("--prefix", "aws-alerts", '"aws-alerts" is not a valid prefix. Use the name of the stack'),
        ("--role", "a/b", '"a/b" is not the name of an IAM role'),
        ("--organization", "org", '"org" is not the ID of an AWS organization'),
        ("--external-id", 'a"b', "is not an external ID. Use 2 to 1224 characters"),
    ],
)
def test_invalid_option_is_an_error(
    run_command: RunCommand, option: str, value: str, error: str
) -> None:
    result = run_command("spoke-template", "role", option, value)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"vdm-alerts: {option}: ")
    assert error in result.stderr


def test_invalid_fleet_file_is_an_error(run_command: RunCommand, tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text("targets = []")
    result = run_command("spoke-template", "role", "--fleet", str(file))
    assert result.exit_code == 2
    assert "fleet.toml: 1 error" in result.stderr
    assert run_command("spoke-template", "role", "--fleet", str(tmp_path / "x")).exit_code == 2
