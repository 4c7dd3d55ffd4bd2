"""The CDK's own command line, against a local AWS and no other."""

import os
import subprocess
from pathlib import Path

from vdm_local.account import ACCOUNT, REGION
from vdm_local.launcher import LocalAws

ROOT = Path(__file__).parents[2]

_CDK = ROOT / ".venv" / "bin" / "cdk"


class CannotDeploy(Exception):
    """The CDK said no; the message holds what it said."""


def bootstrap(aws: LocalAws) -> None:
    """Run `cdk bootstrap`. Raises CannotDeploy."""
    cdk(aws, "bootstrap", f"aws://{ACCOUNT}/{REGION}", folder=aws.folder)  # It needs no app.


def cdk(aws: LocalAws, *arguments: str, folder: Path = ROOT) -> str:
    """Run the CDK with *arguments* in *folder*, against *aws* alone; return what it said.

    Raises CannotDeploy.
    """
    if not _CDK.exists():
        raise CannotDeploy(f"{_CDK} is missing: run `make setup`")
    environment = {
        **aws.environment,
        "HOME": str(aws.folder),  # A context or a profile of the user's is not the demo's.
        "TMPDIR": str(aws.folder),  # What the CDK leaves there goes with the rest.
        "PATH": f"{_CDK.parent}{os.pathsep}{os.environ['PATH']}",
        "CDK_HOME": str(aws.folder),  # Its cache of account ids would outlive this account.
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "1",
    }
    output = f"--output={aws.folder / 'cdk.out'}"
    done = subprocess.run(
        [_CDK, *arguments, output, "--no-notices"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotDeploy(f"cdk {arguments[0]} failed:\n{done.stdout}")
    return done.stdout
