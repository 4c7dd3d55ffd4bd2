"""The CDK command line, run against a local AWS only."""

import os
import subprocess
from pathlib import Path

from vdm_local.account import ACCOUNT, REGION
from vdm_local.launcher import LocalAws

ROOT = Path(__file__).parents[2]

_CDK = ROOT / ".venv" / "bin" / "cdk"


class CdkError(Exception):
    """A CDK command failed; the message contains its output."""


def bootstrap(aws: LocalAws) -> None:
    """Run `cdk bootstrap`.

    Raises CdkError.
    """
    cdk(
        aws, "bootstrap", f"aws://{ACCOUNT}/{REGION}", folder=aws.folder
    )  # Bootstrapping needs no app.


def cdk(aws: LocalAws, *arguments: str, folder: Path = ROOT) -> str:
    """Run the CDK in *folder* against *aws* and return its output.

    Raises CdkError.
    """
    if not _CDK.exists():
        raise CdkError(f"{_CDK} is missing. Fix: run `make setup`.")
    done = subprocess.run(
        [_CDK, *arguments, *local_options(aws)],
        cwd=folder,
        env=cdk_environment(aws),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise CdkError(f"cdk {arguments[0]} failed:\n{done.stdout}")
    return done.stdout


def cdk_environment(aws: LocalAws) -> dict[str, str]:
    """Return the environment in which the CDK knows *aws* alone."""
    return {
        **aws.environment,
        "HOME": str(aws.folder),  # Ignore the user's CDK context and AWS profiles.
        "TMPDIR": str(aws.folder),  # Deleted together with the local AWS.
        "PATH": f"{_CDK.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "CDK_HOME": str(aws.folder),  # Its cache of account ids must not outlive this account.
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "1",
    }


def local_options(aws: LocalAws) -> tuple[str, ...]:
    """Return the options with which the CDK writes into the folder of *aws* alone."""
    return (f"--output={aws.folder / 'cdk.out'}", "--no-notices")
