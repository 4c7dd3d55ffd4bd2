"""The exit status of a command, and how the status and the message of an error follow from it."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import click

from vdm_alerts_cli.errors import InvalidInputError, NotReadError, UnexpectedResultError
from vdm_alerts_cli.escaping import escape_lines
from vdm_alerts_cli.signals import end_process


class ExitStatus(IntEnum):
    """What a command reports to the shell."""

    WELL = 0
    FOUND = 1
    """The command found something that needs attention, or a result that was not expected."""
    INVALID = 2
    """An option, an argument or a document is invalid."""
    NOT_READ = 3
    """Something could not be read or written, so nothing is known to be well."""

    @classmethod
    def of(
        cls, *, invalid: bool = False, found: bool = False, unread: bool = False
    ) -> "ExitStatus":
        """Return the status of a command: INVALID before FOUND before NOT_READ before WELL."""
        if invalid:
            return cls.INVALID
        if found:
            return cls.FOUND
        return cls.NOT_READ if unread else cls.WELL


class ErrorReportingGroup(click.Group):
    """A command group that reports expected errors without a traceback.

    Each of its commands returns an `ExitStatus`, or None for success.
    """

    def make_context(self, *args: Any, **extra: Any) -> click.Context:  # noqa: ANN401 - click's signature
        """Parse the arguments, and print the help text if they ask for it.

        Raises ClickException and Exit.
        """
        with _reported_errors():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Invoke the command, and exit with the status that it returns.

        Raises ClickException and Exit.
        """
        with _reported_errors():
            status = super().invoke(ctx)
            sys.stdout.flush()  # Otherwise, an error of writing would occur after the end.
        ctx.exit(int(status or ExitStatus.WELL))


@contextmanager
def _reported_errors() -> Iterator[None]:
    """Raise the expected errors of the block as errors that click prints."""
    try:
        yield
    except click.UsageError as error:
        message = error.format_message().expandtabs(4)
        if (escaped := escape_lines(message)) == message:
            raise
        raise click.UsageError(escaped, error.ctx) from error  # It quotes an argument.
    except BrokenPipeError:  # Nobody reads the output any more, as in `vdm-alerts cost | head -1`.
        end_process(signal.SIGPIPE)
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception as error:
        if (status := _status_of(error)) is None:
            raise
        click.echo(f"vdm-alerts: {escape_lines(_message_of(error))}", err=True)
        raise click.exceptions.Exit(status) from error


def _message_of(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = error.filename or "cannot write"  # An error in writing names no file.
        return f"{where}: {error.strerror}"
    return str(error)


def _status_of(error: Exception) -> ExitStatus | None:
    """Return the exit status of *error*; None if it is a fault of VDM Alerts."""
    # These imports take most of a second, which only a command that fails spends.
    from botocore.exceptions import (  # noqa: PLC0415
        BotoCoreError,
        ClientError,
        NoRegionError,
        ProfileNotFound,
    )

    from vdm_alerts.core.model.errors import VdmAlertsError  # noqa: PLC0415
    from vdm_local.cdk import CdkError  # noqa: PLC0415
    from vdm_local.deployment import DeliveryError, InvocationFailedError  # noqa: PLC0415
    from vdm_local.fleet_deployment import (  # noqa: PLC0415
        ExecutionFailedError,
        StackFailedError,
    )
    from vdm_local.launcher import LocalAwsStartError  # noqa: PLC0415
    from vdm_local.scenario import InvalidScenarioError  # noqa: PLC0415
    from vdm_local.text_file import UnreadableFileError  # noqa: PLC0415

    match error:
        case InvalidInputError() | UnreadableFileError() | InvalidScenarioError():
            return ExitStatus.INVALID
        case ProfileNotFound() | NoRegionError():
            return ExitStatus.INVALID
        case UnexpectedResultError():
            return ExitStatus.FOUND
        case NotReadError() | VdmAlertsError() | BotoCoreError() | ClientError() | OSError():
            return ExitStatus.NOT_READ
        case (
            LocalAwsStartError()
            | CdkError()
            | StackFailedError()
            | DeliveryError()
            | InvocationFailedError()
            | ExecutionFailedError()
        ):
            return ExitStatus.NOT_READ
        case _:
            return None
