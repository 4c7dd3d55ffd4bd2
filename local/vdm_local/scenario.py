"""A scenario: who sends what in an account, day by day, and when each count becomes known.

A scenario is a TOML file. `begins` is the first day. Each `[[mail]]` is a stream of messages
that have an identity, a configuration set (or none) and a mailbox provider in common, with a row
of daily counts for every metric that is not derived. Rows are written in run-length notation:

    send             = "2000x14"             fourteen days of 2,000
    permanent_bounce = "20x7 150 300@+30h"   seven days of 20, one of 150, and one of 300 that
                                             is known 30 hours after its day began
    complaint        = "0 5@+12h/9@+36h"     a day of none, then one seen as 5 at noon, and as 9
                                             from noon of the next day on

What says nothing else is known as its day ends. Each `[[run]]` is an instant at which VDM Alerts
looks, with the reasons of the messages that it should send, for those who play the scenario.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from vdm_local.traffic import Day, Stream, key_of

METRICS = (
    "SEND",
    "COMPLAINT",
    "PERMANENT_BOUNCE",
    "TRANSIENT_BOUNCE",
    "OPEN",
    "CLICK",
    "DELIVERY",
    "DELIVERY_OPEN",
    "DELIVERY_CLICK",
    "DELIVERY_COMPLAINT",
)
"""Every VDM metric.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BatchGetMetricDataQuery.html
"""

ENFORCEMENTS = ("HEALTHY", "PROBATION", "SHUTDOWN")
"""How SES may hold an account.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html
"""

_TOKEN = re.compile(r"(?P<views>\d+(?:@\+\d+h)?(?:/\d+@\+\d+h)*)(?:x(?P<times>\d+))?")
_VIEW = re.compile(r"(\d+)(?:@\+(\d+)h)?")


class BadScenario(Exception):
    """A scenario file says something that it cannot say; the message says where."""


@dataclass(frozen=True, slots=True)
class Run:
    """An instant at which VDM Alerts looks, the messages due then, and what to say of it."""

    at: datetime
    tells: tuple[str, ...]
    story: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """An account with SES: what is switched on, who is in it, and what they send."""

    begins: date
    streams: Sequence[Stream] = ()
    runs: Sequence[Run] = ()
    vdm_enabled: bool = True
    sending_enabled: bool = True
    enforcement: str = "HEALTHY"
    idle_identities: Sequence[str] = field(default=())
    _found: Mapping[tuple[str, str], Sequence[Stream]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Look every stream up once, so that an account may have ten thousand of them."""
        found: dict[tuple[str, str], list[Stream]] = {}
        for stream in self.streams:
            for key in stream.keys:
                found.setdefault(key, []).append(stream)
        object.__setattr__(self, "_found", found)

    @property
    def identities(self) -> Sequence[str]:
        """Every identity, those that send nothing too."""
        return sorted({*self.idle_identities, *(stream.identity for stream in self.streams)})

    @property
    def configuration_sets(self) -> Sequence[str]:
        """Every configuration set that mail is sent with."""
        return sorted({one.configuration_set for one in self.streams if one.configuration_set})

    def counts(
        self, metric: str, dimensions: Mapping[str, str], days: Sequence[date], now: datetime
    ) -> Mapping[date, int]:
        """Return what VDM would answer at *now*: days that count something, and no others."""
        candidates = [self._found.get(key_of(*each), ()) for each in dimensions.items()]
        fewest = min(candidates, key=len, default=self.streams)
        streams = [stream for stream in fewest if stream.belongs(dimensions)]
        totals = (
            (day, sum(stream.count(metric, day, self.begins, now) for stream in streams))
            for day in days
        )
        return {day: total for day, total in totals if total}


def load_scenario(path: Path) -> Scenario:
    """Return the scenario in the file at *path*. Raises BadScenario."""
    return parse_scenario(path.read_text(encoding="utf-8"), str(path))


def parse_scenario(text: str, source: str) -> Scenario:
    """Return the scenario that is written in *text*. Raises BadScenario, naming *source*."""
    try:
        table = tomllib.loads(text)
        scenario = Scenario(
            begins=_a_day(table.pop("begins")),
            streams=[_stream(entry) for entry in _entries(table, "mail")],
            runs=[_run(entry) for entry in _entries(table, "run")],
            vdm_enabled=table.pop("vdm_enabled", True),
            sending_enabled=table.pop("sending_enabled", True),
            enforcement=_one_of(ENFORCEMENTS, table.pop("enforcement", "HEALTHY")),
            idle_identities=tuple(table.pop("idle_identities", ())),
        )
    except KeyError as error:
        raise BadScenario(f"{source}: {error} is missing") from error
    except (ValueError, TypeError) as error:
        raise BadScenario(f"{source}: {error}") from error
    if table:
        raise BadScenario(f"{source}: not known in a scenario: {', '.join(sorted(table))}")
    return scenario


def _entries(table: dict[str, Any], name: str) -> list[dict[str, Any]]:
    entries = table.pop(name, [])
    if not isinstance(entries, list):
        raise TypeError(f"{name} must be a list: write [[{name}]]")
    return entries


def _stream(entry: dict[str, Any]) -> Stream:
    identity, isp = entry.pop("identity"), entry.pop("isp")
    configuration_set = entry.pop("configuration_set", None)
    rows = {name.upper(): tuple(_days(row)) for name, row in entry.items()}
    if unknown := rows.keys() - set(METRICS):
        raise ValueError(f"the mail of {identity} has no metric {', '.join(sorted(unknown))}")
    return Stream(identity, isp, configuration_set, rows)


def _a_day(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError("begins must be a date, without quotes: 2026-03-02")
    return value


def _one_of(choices: Sequence[str], value: str) -> str:
    if value not in choices:
        raise ValueError(f'"{value}" is none of {", ".join(choices)}')
    return value


def _days(row: str) -> Iterator[Day]:
    if not isinstance(row, str):
        raise TypeError(f'the row {row} is no text; write "20x7 30", in quotes')
    for token in row.split():
        match = _TOKEN.fullmatch(token)
        if not match:
            raise ValueError(f'"{token}" in the row "{row}" is no count; write 20, 20x7 or 5@+12h')
        views = _VIEW.findall(match["views"])
        day = Day(tuple(sorted((int(hours or 24), int(count)) for count, hours in views)))
        yield from [day] * int(match["times"] or 1)


def _run(entry: dict[str, Any]) -> Run:
    at = entry.pop("at")
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise TypeError("a run's at must be an instant, without quotes: 2026-03-10T09:00:00Z")
    run = Run(at.astimezone(UTC), tuple(entry.pop("tells", ())), entry.pop("story", ""))
    if entry:
        raise ValueError(f"not known in a run: {', '.join(sorted(entry))}")
    return run
