"""Quiet hours: the time of each day in which notifications are muted."""

import difflib
import re
from dataclasses import dataclass
from datetime import datetime, time
from importlib import resources
from zoneinfo import ZoneInfo

from vdm_alerts.core.rules.quoting import quote

NO_QUIET_HOURS = "none"
"""The text that stands for no quiet hours."""

_FORM = re.compile(r"([0-9]{1,2}:[0-9]{2}) ?- ?([0-9]{1,2}:[0-9]{2}) +(\S+)")
_EXAMPLE = '"22:00-07:00 Europe/Berlin"'


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The daily quiet hours, in the local time of a time zone.

    When summer time ends, local times repeat, and the quiet hours among them apply twice. When
    summer time begins, skipped local times do not occur, so the quiet hours are shorter.
    """

    start: time
    """The local time of the first quiet minute."""
    end: time
    """The local time of the first minute after the quiet hours.

    The quiet hours cross midnight if this time is earlier than `start`.
    """
    zone: ZoneInfo
    """The time zone of the local times."""

    def include(self, now: datetime) -> bool:
        """Return whether *now*, an aware timestamp, is in the quiet hours."""
        local_time = now.astimezone(self.zone).time()
        if self.start < self.end:
            return self.start <= local_time < self.end
        return local_time >= self.start or local_time < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M} {self.zone}"


def parse_quiet_hours(text: str) -> QuietHours | None:
    """Return the quiet hours in *text*, or None for "none" or no text.

    The form is "22:00-07:00 Europe/Berlin". Raises ValueError, with the expected form.
    """
    if text in {"", NO_QUIET_HOURS}:
        return None
    match = _FORM.fullmatch(text)
    if not match:
        message = (
            f'{quote(text)} is not a period of quiet hours. Use a form like {_EXAMPLE}, or "none".'
        )
        raise ValueError(message)
    start, end = _parse_time(match[1]), _parse_time(match[2])
    if start == end:
        message = (
            f"{quote(text)} starts and ends at the same time. Use two different times. To mute "
            "alerts all day, create a silence."
        )
        raise ValueError(message)
    return QuietHours(start, end, parse_zone(match[3]))


def _parse_time(text: str) -> time:
    try:
        return time.fromisoformat(text.zfill(len("00:00")))
    except ValueError as error:
        message = f'"{text}" is not a time of day. Use "00:00" to "23:59".'
        raise ValueError(message) from error


def parse_zone(name: str) -> ZoneInfo:
    """Return the time zone *name* from the package tzdata.

    The zones of that package are the same on every machine. Raises ValueError.
    """
    zones = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    if name not in zones:
        # Only names with a place are suggested: "EST" is a wrong suggestion for "CEST".
        places = [zone for zone in zones if "/" in zone]
        similar = difflib.get_close_matches(name, places, n=1, cutoff=0.75)
        hint = (
            f'Did you mean "{similar[0]}"?'
            if similar
            else 'Use an IANA name, for example "Europe/Berlin".'
        )
        message = f"{quote(name)} is not a time zone. {hint}"
        raise ValueError(message)
    return ZoneInfo(name)
