"""Text files that users name."""

import stat
from pathlib import Path

MAX_LENGTH = 16 * 2**20
"""Largest number of characters. A scenario with ten thousand identities has 4 million."""


class UnreadableFileError(OSError):
    """A file cannot be read as text. The message names it and says why."""


def read_text_file(path: Path) -> str:
    """Return the text of the file at *path*, in UTF-8.

    Only a regular file is opened: a pipe without a writer would block, and a device may be endless.
    Raises UnreadableFileError.
    """
    try:
        is_regular = stat.S_ISREG(path.stat().st_mode)
        text = _read_start(path) if is_regular else ""
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            f"{path}: is not encoded in UTF-8. Save it in UTF-8: {error}"
        ) from error
    if not is_regular:
        raise UnreadableFileError(f"{path}: is a folder, a device, or a pipe. Use a regular file.")
    if len(text) > MAX_LENGTH:
        raise UnreadableFileError(f"{path}: is longer than {MAX_LENGTH:,} characters")
    return text


def _read_start(path: Path) -> str:
    """Return the text of the file at *path*, or a part that is longer than `MAX_LENGTH`."""
    with path.open(encoding="utf-8") as file:
        return file.read(MAX_LENGTH + 1)
