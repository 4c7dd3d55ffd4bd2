"""The fields of a silence: as options of a command, as JSON, and as the text of a parameter."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from vdm_alerts.core.muting.silences import ANY_RULE, MATCHERS, Silence
from vdm_alerts.core.rules.quoting import quote
from vdm_alerts_cli.clock import parse_time
from vdm_alerts_cli.errors import InvalidInputError

TEXTS = (*MATCHERS, "reason", "author")
"""The fields that are texts."""
ROW_KEYS = ("id", *TEXTS, "until", "state", "version")
"""The keys of a silence in JSON."""


def fields_of(silence: Silence) -> dict[str, Any]:
    """Return the fields of *silence*, without those that it does not have."""
    patterns = {**silence.patterns, **silence.target_matcher.patterns}
    if patterns["rule"] == ANY_RULE and len(patterns) > 1:
        del patterns["rule"]
    return {
        **patterns,
        "until": silence.until,
        "reason": silence.reason,
        "author": silence.author,
    }


def text_of(fields: Mapping[str, Any]) -> str:
    """Return the TOML text of a silence with *fields*, those that are not None."""
    lines = [f"{key} = {_quoted(fields[key])}" for key in MATCHERS if fields.get(key) is not None]
    lines.append(f"until = {_time_text(fields['until'])}")
    lines += [f"{key} = {_quoted(fields[key])}" for key in ("reason", "author")]
    return "".join(f"{line}\n" for line in lines)


def read_rows(text: str, where: str) -> list[dict[str, Any]]:
    """Return the silences in *text*, JSON as `silence list -o json` prints it.

    Raises InvalidInputError, which names *where* the text stands.
    """
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{where}: is not JSON: {str(error)[:100]}") from error
    if not isinstance(rows, list):
        raise InvalidInputError(f"{where}: is not a list of silences.")
    return [_row(row, f"{where}[{number}]") for number, row in enumerate(rows)]


def _row(row: object, where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise InvalidInputError(f"{where}: is not an object.")
    if unknown := sorted(row.keys() - set(ROW_KEYS)):
        raise InvalidInputError(f"{where}: {quote(unknown[0])} is not a key of a silence.")
    for key in ("id", "until", "reason", "author"):
        if row.get(key) is None:
            raise InvalidInputError(f"{where}.{key}: is missing.")
    for key in ("id", "until", *TEXTS):
        if not isinstance(row.get(key), str | None):
            raise InvalidInputError(f"{where}.{key}: {quote(row[key])} is not a text.")
    version = row.get("version")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise InvalidInputError(f"{where}.version: {quote(version)} is not a whole number.")
    return {**row, "until": parse_time(row["until"], f"{where}.until")}


def _quoted(text: str) -> str:
    """Return *text* as a string of TOML, which has the escapes of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _time_text(time: datetime) -> str:
    """Return *time*, in UTC, to the second."""
    return f"{time:%Y-%m-%dT%H:%M:%S}Z"
