"""Which commands use the AWS environment: credentials, profiles and endpoints of the user.

A command that works in an AWS account is an ordinary `click.Command`: boto3 reads its
configuration from the environment as always. Every other command is a `LocalCommand`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from vdm_local.account import NO_ACCOUNT


class LocalCommand(click.Command):
    """A command that ignores the AWS environment and never reaches a real account."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Invoke the command without the AWS environment."""
        with ignored_aws_environment():
            return super().invoke(ctx)


@contextmanager
def ignored_aws_environment() -> Iterator[None]:
    """Hide `AWS_*` variables and the files in ~/.aws from SDKs and from subprocesses.

    The environment is restored after the block.
    """
    hidden = _pop_aws_variables()
    os.environ.update(NO_ACCOUNT)
    try:
        yield
    finally:
        _pop_aws_variables()
        os.environ.update(hidden)


def _pop_aws_variables() -> dict[str, str]:
    names = [name for name in os.environ if name.startswith("AWS_")]
    return {name: os.environ.pop(name) for name in names}
