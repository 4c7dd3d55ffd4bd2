"""Commented documents to start from: what `vdm-alerts init` prints."""

from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

from vdm_alerts_cli.clock import current_time
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.files import write_file

_UNTIL = "2030-01-31T09:00:00Z"
"""The end of the silence in its template, which becomes `SILENCE_DURATION` from now."""
SILENCE_DURATION = timedelta(days=2)


def template(kind: str, now: datetime) -> str:
    """Return the commented document of *kind*: "rule", "silence" or "scenario"."""
    text = (files("vdm_alerts_cli") / "templates" / f"{kind}.toml").read_text("utf-8")
    return text.replace(_UNTIL, f"{now + SILENCE_DURATION:%Y-%m-%dT%H:00:00Z}")


def run_init(kind: str, path: Path | None) -> None:
    """Print the template of *kind*, or write it to a new file at *path*.

    Raises InvalidInputError if *path* exists.
    """
    text = template(kind, current_time())
    if path is None:
        print(text, end="")
        return
    if path.exists():
        raise InvalidInputError(f"{path}: exists. Use another name, or delete the file first.")
    write_file(path, text)
