"""Commands of the AWS CLI that fix a problem. The doctor prints them and runs none."""

import shlex

from vdm_alerts.core.model.invisible_characters import escape_invisible


def aws_command(region: str, service: str, operation: str, **options: str) -> str:
    """Return the command of *operation*, with *options* named in Python style.

    Each value is one word of the shell. Where it has escapes of invisible characters, the command
    names nothing that exists, and fails.
    """
    words = ["aws", service, operation, "--region", region]
    for name, value in options.items():
        words += [f"--{name.replace('_', '-')}", *([escape_invisible(value)] if value else [])]
    return shlex.join(words)
