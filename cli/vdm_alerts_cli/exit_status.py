"""How the exit status and the message of an error follow from its exception."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any
from urllib.error import URLError

import click
from botocore.exceptions import BotoCoreError, ClientError

from vdm_alerts_cli.demo import KeptAwsError, UnexpectedNotificationsError
from vdm_alerts_cli.signals import end_process
from vdm_alerts_cli.simulate import SimulationInputError
from vdm_alerts_cli.terminal import escape_lines
from vdm_local.cdk import CdkError
from vdm_local.deployment import DeliveryError, InvocationFailedError
from vdm_local.launcher import LocalAwsStartError
from vdm_local.scenario import InvalidScenarioError
from vdm_local.text_file import UnreadableFileError

_INPUT_ERRORS = (UnreadableFileError, InvalidScenarioError, SimulationInputError)
_FAILURES = (
    LocalAwsStartError,
    CdkError,
    DeliveryError,
    InvocationFailedError,
    UnexpectedNotificationsError,
    KeptAwsError,
    BotoCoreError,  # The local AWS ended, or failed.
    ClientError,
    URLError,
    ConnectionError,
    TimeoutError,
)


class CommandFailedError(click.ClickException):
    """A failure, reported on stderr."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message."""
        message = escape_lines(self.format_message())
        click.echo(f"vdm-alerts: {message}", file=file, err=file is None)


class InvalidInputError(CommandFailedError):
    """An invalid or missing input file, reported on stderr with a line for each error."""

    exit_code = 2


class ErrorReportingGroup(click.Group):
    """A command group that reports expected errors without a traceback."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:  # noqa: ANN401 - click's signature
        """Parse the arguments, and print the help text if they ask for it.

        Raises CommandFailedError and UsageError.
        """
        with _reported_errors():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Invoke the command.

        Raises CommandFailedError, InvalidInputError and UsageError.
        """
        with _reported_errors():
            return super().invoke(ctx)


@contextmanager
def _reported_errors() -> Iterator[None]:
    """Raise the expected errors of the block as errors that click prints."""
    try:
        yield
    except click.UsageError as error:
        message = error.format_message()
        if (escaped := escape_lines(message)) == message:
            raise
        raise click.UsageError(escaped, error.ctx) from error  # It quotes an argument.
    except _INPUT_ERRORS as error:
        raise InvalidInputError(str(error)) from error
    except BrokenPipeError:  # Nobody reads the output any more, as in `vdm-alerts cost | head -1`.
        end_process(signal.SIGPIPE)
    except _FAILURES as error:
        raise CommandFailedError(str(error)) from error
    except OSError as error:
        where = error.filename or "cannot write"  # An error in writing names no file.
        raise CommandFailedError(f"{where}: {error.strerror}") from error
