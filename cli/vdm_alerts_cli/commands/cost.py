"""`vdm-alerts cost`."""

from collections.abc import Callable

import click

from vdm_alerts.core.rules.quoting import quote
from vdm_alerts_cli.aws_environment import LocalCommand


class _Number(click.ParamType[float]):
    """A number from 0 to a maximum."""

    name = "number"

    def __init__(self, parse: Callable[[str], float], maximum: float, form: str) -> None:
        """Read numbers with *parse*. Error messages describe their *form* and give an example."""
        self._parse, self._maximum, self._form = parse, maximum, form

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return *value* as a number. It is already one if it is the default."""
        try:
            number = self._parse(value)
        except ValueError:
            number = -1
        if not 0 <= number <= self._maximum:  # No comparison with "nan" is true.
            self.fail(f"{quote(str(value))} is not {self._form}.", param, ctx)
        return number


_COUNT = _Number(int, 50_000, "a whole number from 0 to 50,000. Use one, for example 100")
"""A number of objects: five times the default quota of identities, which takes half a minute."""
_PRICE = _Number(float, 1_000, "a price from 0 to 1,000 dollars. Use a number, for example 0.001")
"""A price in US dollars."""


@click.command(cls=LocalCommand)
@click.option(
    "--identities",
    type=_COUNT,
    metavar="NUMBER",
    default=100,
    show_default=True,
    help="Number of SES identities.",
)
@click.option(
    "--configuration-sets",
    type=_COUNT,
    metavar="NUMBER",
    default=1,
    show_default=True,
    help="Number of SES configuration sets.",
)
@click.option(
    "--firing",
    type=_COUNT,
    metavar="NUMBER",
    default=0,
    show_default=True,
    help="Number of scopes above a threshold at the same time.",
)
@click.option(
    "--query-price",
    type=_PRICE,
    metavar="DOLLARS",
    default=0.0,
    help="Price of one VDM query in US dollars, from your bill.",
)
@click.option("--dashboard", is_flag=True, help="Include the dashboard (-c dashboard=true).")
@click.option("--encrypt", is_flag=True, help="Include the KMS key (-c encrypt=true).")
@click.option(
    "--fleet",
    "fleet_file",
    metavar="FILE",
    help="Compare a fleet with one stack for each of its targets. The other options are about each "
    "target.",
)
@click.option(
    "--accounts",
    type=_COUNT,
    metavar="NUMBER",
    help="Number of accounts of the organization in the fleet file, without those in its list.",
)
def cost(
    *,
    identities: int,
    configuration_sets: int,
    firing: int,
    query_price: float,
    dashboard: bool,
    encrypt: bool,
    fleet_file: str | None,
    accounts: int | None,
) -> None:
    """Estimate what VDM Alerts costs per month.

    The estimate is for one run per hour, at list prices of us-east-1. docs/cost.md explains it.
    """
    from vdm_alerts_cli.cost import Workload, print_costs
    from vdm_alerts_cli.errors import InvalidInputError

    workload = Workload(
        identities=identities,
        configuration_sets=configuration_sets,
        firing=firing,
        query_price=query_price,
        dashboard=dashboard,
        encrypt=encrypt,
    )
    if fleet_file is None:
        if accounts is not None:
            raise InvalidInputError("--accounts: has no effect without --fleet FILE.")
        print_costs(workload)
        return

    from vdm_alerts_cli.fleet_cost import fleet_size, print_fleet_costs
    from vdm_alerts_cli.fleet_file import read_fleet

    print_fleet_costs(workload, fleet_size(read_fleet(fleet_file), accounts))
