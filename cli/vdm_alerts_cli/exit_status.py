"""How the exit status and the message of an error follow from its exception."""

from typing import IO, Any

import click

from vdm_alerts_cli.demo import UnexpectedNotificationsError
from vdm_alerts_cli.simulate import SimulationInputError
from vdm_local.cdk import CdkError
from vdm_local.deployment import DeliveryError, InvocationFailedError
from vdm_local.launcher import LocalAwsStartError
from vdm_local.scenario import InvalidScenarioError

INTERRUPTED = 130
"""The exit status that shells report for a process that SIGINT stopped."""

_INPUT_ERRORS = (OSError, InvalidScenarioError, SimulationInputError)
_FAILURES = (
    LocalAwsStartError,
    CdkError,
    DeliveryError,
    InvocationFailedError,
    UnexpectedNotificationsError,
)


class CommandFailedError(click.ClickException):
    """A failure, reported on stderr."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message."""
        click.echo(f"vdm-alerts: {self.format_message()}", file=file, err=file is None)


class InvalidInputError(CommandFailedError):
    """An invalid or missing input file, reported on stderr with a line for each error."""

    exit_code = 2


class ErrorReportingGroup(click.Group):
    """A command group that reports expected errors without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Invoke the command.

        Raises CommandFailedError, InvalidInputError, and Exit if interrupted.
        """
        try:
            return super().invoke(ctx)
        except _INPUT_ERRORS as error:
            raise InvalidInputError(str(error)) from error
        except _FAILURES as error:
            raise CommandFailedError(str(error)) from error
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
