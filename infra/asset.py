"""The Lambda asset: the package `vdm_alerts` and its dependencies.

The asset is pure Python, so its bytes are the same on every machine and for both architectures.
Building it needs neither Docker nor the network: `make setup` installs the dependencies, checked
against their hashes, into DEPENDENCIES.
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
"""Python minor version of the Lambda runtime."""


class MissingDependenciesError(Exception):
    """The function's dependencies are not installed or are out of date."""


def function_code() -> lambda_.Code:
    """Return the Lambda asset, identified by a hash of its inputs.

    Raises MissingDependenciesError.
    """
    _check_dependencies()  # Before bundling, because the CDK wraps errors raised there.
    return lambda_.Code.from_asset(
        str(SOURCES),
        asset_hash=asset_hash(),
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(
            image=DockerImage.from_registry("unused"),  # Required, although never pulled.
            local=_LocalBundling(),
        ),
    )


def asset_hash() -> str:
    """Return a hash of everything that determines the asset.

    That is the source files, the requirements with the hashes of the dependencies, and this module.
    """
    digest = hashlib.sha256()
    for path in [*_source_files(), REQUIREMENTS, Path(__file__)]:
        digest.update(path.name.encode() + b"\0" + path.parent.name.encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def assemble(target: Path) -> None:
    """Build the asset in the directory *target*.

    Raises MissingDependenciesError.
    """
    _check_dependencies()
    shutil.copytree(
        DEPENDENCIES,
        target,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns(
            "bin", ".lock", "RECORD", "INSTALLER", "REQUESTED", "__pycache__", REQUIREMENTS.name
        ),
    )
    for path in _source_files():
        copy = target / path.relative_to(SOURCES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    _add_bytecode(target)
    for path in target.rglob("*"):  # Lambda reads the files as another user.
        path.chmod(0o755 if path.is_dir() else 0o644)


def _check_dependencies() -> None:
    installed = DEPENDENCIES / REQUIREMENTS.name
    if not installed.exists() or installed.read_bytes() != REQUIREMENTS.read_bytes():
        raise MissingDependenciesError(
            f"{DEPENDENCIES} is missing or out of date. Fix: run `make setup`."
        )


def _source_files() -> list[Path]:
    return sorted((SOURCES / "vdm_alerts").rglob("*.py"))


def _add_bytecode(target: Path) -> None:
    """Compile the asset if the function's Python is installed here.

    Bytecode shortens the cold start. It uses unchecked hashes, because the CDK sets the date of
    every file to 1980, which makes timestamp-based bytecode look stale. The asset hash ignores
    bytecode.
    """
    if python := find_python():
        path_in_lambda = ("-s", target, "-p", "/var/task")
        options = ("-q", "--invalidation-mode", "unchecked-hash", *path_in_lambda)
        subprocess.run([python, "-m", "compileall", *options, target], check=True)


def find_python() -> str | None:
    """Return a working Python of the function's minor version, or None."""
    python = shutil.which(f"python{PYTHON}")
    if python is None:
        return None
    # A pyenv shim exists on the path even if its version is not installed.
    runs = subprocess.run([python, "-V"], capture_output=True, check=False).returncode == 0
    return python if runs else None


@jsii.implements(ILocalBundling)
class _LocalBundling:
    """Bundling without Docker, called by the CDK."""

    def try_bundle(self, output_dir: str, *_: object, **__: object) -> bool:
        """Build the asset in *output_dir* and return True."""
        assemble(Path(output_dir))
        return True
