"""The entry point of `vdm-alerts` and of `python -m vdm_alerts_cli`."""

from vdm_alerts_cli.command_line import vdm_alerts


def main() -> None:
    """Run the command that the arguments name, and exit with its status."""
    vdm_alerts(prog_name="vdm-alerts")  # The variable for shell completion depends on this name.


if __name__ == "__main__":
    main()
