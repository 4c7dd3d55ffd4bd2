"""The function's code as it is deployed: our package, its dependencies, nothing else.

Pure Python, so it is the same bytes on every machine and for either architecture. No Docker and
no network: `make setup` has fetched the dependencies, by their hashes, to where this finds them.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "lambda"
REQUIREMENTS = SOURCES / "requirements.txt"
DEPENDENCIES = ROOT / "build" / "lambda-dependencies"
PYTHON = "3.13"
"""The minor version that the function runs on."""


class MissingDependencies(Exception):
    """The function's dependencies have not been fetched, or are those of another version."""


def function_code() -> lambda_.Code:
    """Return the asset, under a hash of what it is made from. Raises MissingDependencies."""
    _check_dependencies()  # The CDK would wrap an error of the bundling in one of its own.
    return lambda_.Code.from_asset(
        str(SOURCES),
        asset_hash=asset_hash(),
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(
            image=DockerImage.from_registry("unused"),  # The CDK asks for one all the same.
            local=_Assembly(),
        ),
    )


def asset_hash() -> str:
    """Return a hash of all that the asset follows from.

    Those are the sources, the requirements, which carry the hashes of the rest, and this module.
    """
    digest = hashlib.sha256()
    for path in [*_sources(), REQUIREMENTS, Path(__file__)]:
        digest.update(path.name.encode() + b"\0" + path.parent.name.encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def assemble(target: Path) -> None:
    """Put the asset together in the directory *target*. Raises MissingDependencies."""
    _check_dependencies()
    shutil.copytree(
        DEPENDENCIES,
        target,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns(
            "bin", ".lock", "RECORD", "INSTALLER", "REQUESTED", "__pycache__", REQUIREMENTS.name
        ),
    )
    for path in _sources():
        copy = target / path.relative_to(SOURCES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    _compile(target)
    for path in target.rglob("*"):  # Lambda reads as another user, whatever the umask here is.
        path.chmod(0o755 if path.is_dir() else 0o644)


def _check_dependencies() -> None:
    fetched = DEPENDENCIES / REQUIREMENTS.name
    if not fetched.exists() or fetched.read_bytes() != REQUIREMENTS.read_bytes():
        raise MissingDependencies(f"{DEPENDENCIES} is missing or out of date: run `make setup`")


def _sources() -> list[Path]:
    return sorted((SOURCES / "vdm_alerts").rglob("*.py"))


def _compile(target: Path) -> None:
    """Add byte code where the function's Python is at hand, to spare a cold start compiling.

    It is unchecked, because the CDK stamps all files with 1980 and would make it look stale. The
    asset's hash does not depend on it: it holds the same program.
    """
    if python := compiler():
        in_lambda = ("-s", target, "-p", "/var/task")
        options = ("-q", "--invalidation-mode", "unchecked-hash", *in_lambda)
        subprocess.run([python, "-m", "compileall", *options, target], check=True)


def compiler() -> str | None:
    """Return a Python of the function's minor version, where one is at hand and runs."""
    python = shutil.which(f"python{PYTHON}")
    if python is None:
        return None
    # It may be a launcher of a version that is not installed.
    runs = subprocess.run([python, "-V"], capture_output=True, check=False).returncode == 0
    return python if runs else None


@jsii.implements(ILocalBundling)
class _Assembly:
    """What the CDK calls in place of Docker."""

    def try_bundle(self, output_dir: str, *_: object, **__: object) -> bool:
        """Assemble into *output_dir*."""
        assemble(Path(output_dir))
        return True
