"""The entry point of `vdm-alerts` and of `python -m vdm_alerts_cli`."""

import io
import os
import signal
import sys
from pathlib import Path


def main() -> None:
    """Run the command that the arguments name, and exit with its status.

    An interrupt ends the process immediately, for which shells report the status 130. A process
    that ignores interrupts, such as one that a script started in the background, continues to do
    so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    _prepare_output()
    # The imports take most of a second, in which an interrupt prints no traceback either.
    from vdm_alerts_cli.command_line import vdm_alerts  # noqa: PLC0415

    vdm_alerts(prog_name="vdm-alerts")  # The variable for shell completion depends on this name.


def _prepare_output() -> None:
    """Escape what the encoding of the terminal lacks, and exit if standard output is closed."""
    if sys.stderr is None:  # Closed. Otherwise click would print errors to standard output.
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
    if sys.stdout is None:
        print("vdm-alerts: cannot write: standard output is closed", file=sys.stderr)
        sys.exit(3)  # As `ExitStatus.NOT_READ`, which is not imported yet.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
