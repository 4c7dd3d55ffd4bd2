"""`vdm-alerts spoke-template`."""

import click

from vdm_alerts_cli.aws_environment import LocalCommand

KINDS = ("role", "events")


@click.command(cls=LocalCommand)
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--hub-account", metavar="ID", help="ID of the account of the hub: 12 digits.")
@click.option("--hub-region", metavar="REGION", help="Region of the hub, for example eu-west-1.")
@click.option(
    "--prefix",
    metavar="NAME",
    help="Name of the stack of the hub, if you deployed it with -c prefix=NAME.",
)
@click.option(
    "--fleet",
    "fleet_file",
    metavar="FILE",
    help="Fleet file that has the role, the external ID, and the organization.",
)
@click.option("--role", metavar="NAME", help="Name of the role that the hub assumes.")
@click.option("--organization", metavar="ID", help="ID of the AWS organization of the hub.")
@click.option("--external-id", metavar="ID", help="External ID that the hub passes.")
def spoke_template(*, kind: str, fleet_file: str | None, **values: str | None) -> None:
    """Print a CloudFormation template for the accounts of a fleet.

    `role` has the roles of an account: deploy it once in each account, in one Region. `events`
    forwards the events of SES: deploy it after that, in each Region. The options become the
    defaults of the parameters. docs/fleet.md explains the deployment.
    """
    from vdm_alerts_cli.spoke_template import print_spoke_template

    options = {f"--{name.replace('_', '-')}": value for name, value in values.items()}
    given = {option: value for option, value in options.items() if value is not None}
    print_spoke_template(kind, given, fleet_file)
