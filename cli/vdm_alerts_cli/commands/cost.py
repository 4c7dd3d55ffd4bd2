"""`vdm-alerts cost`."""

import math

import click

from vdm_alerts_cli.aws_environment import LocalCommand
from vdm_alerts_cli.cost import Workload, print_costs

_COUNT = click.IntRange(0, 50_000)
"""A number of objects: five times the default quota of identities, which takes half a minute."""


class _Price(click.FloatRange):
    """A price in US dollars. The range alone would accept "nan"."""

    def convert(
        self, value: float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return *value* as a number of dollars."""
        price: float = super().convert(value, param, ctx)
        if math.isnan(price):
            self.fail(f"{value!r} is not a price; write dollars, for example 0.001", param, ctx)
        return price


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
    type=_Price(0, 1_000),
    metavar="DOLLARS",
    default=0.0,
    help="Price of one VDM query in US dollars, from your bill.",
)
@click.option("--dashboard", is_flag=True, help="Include the dashboard (-c dashboard=true).")
@click.option("--encrypt", is_flag=True, help="Include the KMS key (-c encrypt=true).")
def cost(
    *,
    identities: int,
    configuration_sets: int,
    firing: int,
    query_price: float,
    dashboard: bool,
    encrypt: bool,
) -> None:
    """Estimate what VDM Alerts costs per month.

    The estimate is for one run per hour, at list prices of us-east-1. docs/cost.md explains it.
    """
    print_costs(
        Workload(
            identities=identities,
            configuration_sets=configuration_sets,
            firing=firing,
            query_price=query_price,
            dashboard=dashboard,
            encrypt=encrypt,
        )
    )
