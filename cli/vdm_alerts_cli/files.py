"""Files that commands write."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_file(path: Path, text: str) -> None:
    """Write *text* to the file at *path*, completely or not at all.

    An earlier file keeps its content until all of *text* is on the disk. Raises OSError with the
    name of *path*.
    """
    try:
        if path.exists() and not path.is_file():  # A device or a pipe has no earlier content.
            path.write_text(text, "utf-8")
            return
        _replace(path, text)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
