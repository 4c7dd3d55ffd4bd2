"""Quiet hours: when of every day people would rather not be written to."""

import difflib
import re
from dataclasses import dataclass
from datetime import datetime, time
from importlib import resources
from zoneinfo import ZoneInfo

NO_QUIET_HOURS = "none"
"""What is written where there are no quiet hours."""

_FORM = re.compile(r"([0-9]{1,2}:[0-9]{2}) ?- ?([0-9]{1,2}:[0-9]{2}) +(\S+)")
_EXAMPLE = '"22:00-07:00 Europe/Berlin"'


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The hours from *begins* until before *ends*, past midnight where that is the earlier.

    They are those of the clock on a wall in *zone*, in summer and in winter. An hour that it shows
    twice is quiet twice; one that it skips is over when it is.
    """

    begins: time
    ends: time
    zone: ZoneInfo

    def include(self, now: datetime) -> bool:
        """Say whether it is quiet at *now*, an instant."""
        clock = now.astimezone(self.zone).time()
        if self.begins < self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M} {self.zone}"


def parse_quiet_hours(text: str) -> QuietHours | None:
    """Return the quiet hours in *text*, "22:00-07:00 Europe/Berlin"; None for "none" or nothing.

    Raises ValueError, saying what is wrong and what to write.
    """
    if text in {"", NO_QUIET_HOURS}:
        return None
    match = _FORM.fullmatch(text)
    if not match:
        message = f'"{text}" is not like {_EXAMPLE}'
        raise ValueError(message)
    begins, ends = (_time(each) for each in match.groups()[:2])
    if begins == ends:
        message = f'"{text}" begins when it ends; all day long takes a silence'
        raise ValueError(message)
    return QuietHours(begins, ends, _zone(match[3]))


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text.zfill(len("00:00")))
    except ValueError as error:
        message = f'"{text}" is not a time of day; those are "00:00" to "23:59"'
        raise ValueError(message) from error


def _zone(name: str) -> ZoneInfo:
    """Return the time zone *name*, of those that ship, which are the same on every machine."""
    known = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    if name not in known:
        places = [each for each in known if "/" in each]  # No EST for whoever writes CEST.
        near = difflib.get_close_matches(name, places, n=1, cutoff=0.75)
        hint = f'did you mean "{near[0]}"?' if near else 'write its IANA name, "Europe/Berlin"'
        message = f'"{name}" is no time zone; {hint}'
        raise ValueError(message)
    return ZoneInfo(name)
