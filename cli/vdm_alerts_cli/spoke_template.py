"""The CloudFormation templates of an account of a fleet, with your values as defaults."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files

from vdm_alerts.core.fleet.field_types import (
    parse_account,
    parse_external_id,
    parse_organization_id,
    parse_prefix,
    parse_region,
    parse_role_name,
)
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.fleet_file import read_fleet


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the templates."""

    name: str
    parse: Callable[[object], str]
    """Returns a valid value. Raises ValueError."""


PARAMETERS: Mapping[str, Parameter] = {
    "--hub-account": Parameter("HubAccount", parse_account),
    "--hub-region": Parameter("HubRegion", parse_region),
    "--prefix": Parameter("Prefix", parse_prefix),
    "--role": Parameter("RoleName", parse_role_name),
    "--organization": Parameter("Organization", parse_organization_id),
    "--external-id": Parameter("ExternalId", parse_external_id),
}
"""The parameter that each option fills."""


def spoke_template(kind: str) -> str:
    """Return the template of *kind*: "role" or "events"."""
    return (files("vdm_alerts_cli") / "templates" / f"spoke-{kind}.yaml").read_text("utf-8")


def fill_parameters(template: str, values: Mapping[str, str]) -> str:
    """Return *template* with *values* as the defaults of its parameters.

    Values of parameters that it does not have are left out. No value contains quotes, backslashes
    or line breaks.
    """
    for name, value in values.items():
        parameter = rf"(^  {name}:\n    Type: String\n)(?:    Default: .*\n)?"
        template = re.sub(
            parameter, rf'\g<1>    Default: "{value}"\n', template, flags=re.MULTILINE
        )
    return template


def print_spoke_template(kind: str, options: Mapping[str, str], fleet_file: str | None) -> None:
    """Print the template of *kind* with the values of *options*, the keys of `PARAMETERS`.

    The fleet file supplies the others. Raises InvalidInputError and UnreadableFileError.
    """
    values = {**(_fleet_options(fleet_file) if fleet_file else {}), **options}
    filled: dict[str, str] = {}
    for option, value in values.items():
        if value is None:
            continue
        parameter = PARAMETERS[option]
        try:
            filled[parameter.name] = parameter.parse(value)
        except ValueError as error:
            raise InvalidInputError(f"{option}: {error}") from error
    print(fill_parameters(spoke_template(kind), filled), end="")


def _fleet_options(path: str) -> Mapping[str, str | None]:
    """Return the options that the fleet file at *path* supplies."""
    fleet = read_fleet(path)
    return {
        "--role": fleet.role,
        "--external-id": fleet.external_id,
        "--organization": fleet.organization.id if fleet.organization else None,
    }
