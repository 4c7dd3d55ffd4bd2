"""Files that commands read and write."""

import errno
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vdm_local.text_file import MAX_LENGTH, UnreadableFileError, read_text_file

STDIN = "-"
"""The path that stands for standard input."""


def read_document(path: str) -> str:
    """Return the text of the file at *path*, or of standard input if that is `STDIN`.

    Raises UnreadableFileError.
    """
    if path != STDIN:
        return read_text_file(Path(path))
    try:
        text = sys.stdin.buffer.read(MAX_LENGTH + 1).decode()
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"{STDIN}: is not encoded in UTF-8: {error}") from error
    if len(text) > MAX_LENGTH:
        raise UnreadableFileError(f"{STDIN}: is longer than {MAX_LENGTH:,} characters")
    return text


def require_folder(path: Path) -> None:
    """Raise OSError if the folder of *path* does not exist, before what takes long is done."""
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def write_file(path: Path, text: str) -> None:
    """Write *text* to the file at *path*, completely or not at all.

    An earlier file keeps its content until all of *text* is on the disk. Raises OSError with the
    name of *path*.
    """
    try:
        if path.exists() and not path.is_file():  # A device or a pipe has no earlier content.
            path.write_text(text, "utf-8")
            return
        with _no_interrupt():
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


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Delay an interrupt until the block has ended, because it would leave a temporary file."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
