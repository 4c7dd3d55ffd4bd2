"""A scenario: who sends what in an account, day by day, and when each count becomes known.

A scenario is a TOML file. `begins` is the first day. Each `[[mail]]` is a stream of messages
that have an identity, a configuration set (or none) and a mailbox provider in common, with a row
of daily counts for every metric that is not derived. Rows are written in run-length notation:

    send             = "2000x14"             fourteen days of 2,000
    permanent_bounce = "20x7 150 300@+30h"   seven days of 20, one of 150, and one of 300 that
                                             is known 30 hours after its day began
    complaint        = "0 5@+12h/9@+36h"     a day of none, then one seen as 5 at noon, and as 9
                                             from noon of the next day on

What says nothing else is known as its day ends. The other keys of `[[mail]]`:

    identity          = "news.example.com"   or an address; mail of an address is its domain's too
    isp               = "Hotmail"
    configuration_set = "newsletter"         none by default
    tenant            = "acme"               none by default

At the top level, with what holds by default:

    vdm_enabled       = true
    sending_enabled   = true
    enforcement       = "HEALTHY"            or "PROBATION", or "SHUTDOWN"
    idle_identities   = []                   identities that send nothing
    today             = "served"             or "refused": no query may reach into the current day
    quiet_hours       = "none"               or "22:00-07:00 Europe/Berlin", of who is told
    seed              = 0                    what chance follows: the order of results, and faults

Each `[[fault]]` is something that goes wrong with BatchGetMetricData; the first that hits counts:

    kind    = "throttled"         see below
    share   = 0.2                 of the calls, or queries, that it may hit; 1 by default
    value   = "news.example.com"  only those that name this as the value of a dimension, any case
    calls   = [1, 5]              only the first to the fifth call since the scenario was set
    seconds = 30                  of a "time-out" alone: how long the answer is held back
    form    = "negative"          of "garbled" alone: one of vdm_local.garbled's; by chance if not

    throttled, server-error, unavailable, denied   an error 429, 500, 503 or 403 for the whole call
    refused                                        a 400; with a value, as SES refuses a bad name
    time-out, dropped, cut-off                     an answer that is late, none, or half of one
    garbled                                        a 200 that makes no sense, so that one can see it
    query-failure, query-denied                    an entry in Errors in place of the result
    query-missing                                  neither a result nor an error

Each `[[run]]` is an instant at which VDM Alerts looks, for those who play the scenario:

    at         = 2026-03-10T09:00:00Z
    tells      = ["FIRING"]           the reasons of the messages that it should send, or none;
                                      "SERVICE" for one about the service itself
    story      = "They pass 5%."      what to say of it
    rules      = { mine = "..." }     texts of rules that are there from then on; "" for none
    silences   = { move = "..." }     the same of silences
    gone       = ["a.example.com"]    identities that are not in the account then
    unreadable = ["b.example.com"]    whose counts VDM fails to answer for then
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from vdm_local.fault_notation import parse_fault
from vdm_local.faults import Fault, QueryFault, QueryKind, Reach
from vdm_local.rows import DAY, Row, parse_row, total
from vdm_local.runs import Run, parse_run
from vdm_local.traffic import METRICS, Stream, key_of

ENFORCEMENTS = ("HEALTHY", "PROBATION", "SHUTDOWN")
"""How SES may hold an account.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html
"""

MANY = 100
"""Streams whose sum is kept: to sum up so many again takes a tenth of a millisecond."""

_Sum: TypeAlias = tuple[str, frozenset[tuple[str, str]]]


class BadScenario(Exception):
    """A scenario file says something that it cannot say; the message says where."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """An account with SES: what is switched on, who is in it, and what they send."""

    begins: date
    streams: Sequence[Stream] = ()
    runs: Sequence[Run] = ()
    vdm_enabled: bool = True
    sending_enabled: bool = True
    enforcement: str = "HEALTHY"
    idle_identities: Sequence[str] = ()
    today: str = "served"
    seed: int = 0
    faults: Sequence[Fault] = ()
    gone: Sequence[str] = ()
    quiet_hours: str = "none"
    _found: Mapping[tuple[str, str], Sequence[Stream]] = field(
        init=False, repr=False, compare=False
    )
    _sums: dict[_Sum, Row] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Look every stream up once, so that an account may have ten thousand of them."""
        found: dict[tuple[str, str], list[Stream]] = {}
        for stream in self.streams:
            for key in stream.keys:
                found.setdefault(key, []).append(stream)
        object.__setattr__(self, "_found", found)

    @property
    def identities(self) -> Sequence[str]:
        """Every identity that is not gone, those that send nothing too."""
        senders = (stream.identity for stream in self.streams)
        return sorted({*self.idle_identities, *senders} - {*self.gone})

    def at(self, run: Run) -> "Scenario":
        """Return the scenario as it is at *run*."""
        failing = [QueryFault(QueryKind.FAILURE, Reach(value=name)) for name in run.unreadable]
        return replace(self, faults=[*self.faults, *failing], gone=run.gone)

    @property
    def configuration_sets(self) -> Sequence[str]:
        """Every configuration set that mail is sent with."""
        return sorted({one.configuration_set for one in self.streams if one.configuration_set})

    @property
    def tenants(self) -> Sequence[str]:
        """Every tenant that mail is sent with."""
        return sorted({one.tenant for one in self.streams if one.tenant})

    def counts(
        self, metric: str, dimensions: Mapping[str, str], days: Sequence[date], now: datetime
    ) -> Mapping[date, int]:
        """Return what VDM would answer at *now*: days that count something, and no others."""
        row = self._row(metric, dimensions)
        age = (now - datetime.combine(self.begins, time(), UTC)) // timedelta(hours=1)
        totals = (
            (day, row.at(number, age - number * DAY))
            for day, number in ((day, (day - self.begins).days) for day in days)
        )
        return {day: count for day, count in totals if count}

    def _row(self, metric: str, dimensions: Mapping[str, str]) -> Row:
        """Return the sum of the streams with all *dimensions*, which is kept if they are many."""
        keys = frozenset(key_of(*each) for each in dimensions.items())
        if kept := self._sums.get((metric, keys)):
            return kept
        fewest = min((self._found.get(key, ()) for key in keys), key=len, default=self.streams)
        row = total([stream.row(metric) for stream in fewest if keys <= stream.keys])
        if len(fewest) > MANY:
            self._sums[metric, keys] = row
        return row


def load_scenario(path: Path) -> Scenario:
    """Return the scenario in the file at *path*. Raises BadScenario."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadScenario(f"{path}: is no text in UTF-8: {error}") from error
    return parse_scenario(text, str(path))


def parse_scenario(text: str, source: str) -> Scenario:
    """Return the scenario that is written in *text*. Raises BadScenario, naming *source*."""
    try:
        table = tomllib.loads(text)
        scenario = Scenario(
            begins=_a_day(table.pop("begins")),
            streams=[_stream(entry) for entry in _entries(table, "mail")],
            runs=[parse_run(entry) for entry in _entries(table, "run")],
            vdm_enabled=table.pop("vdm_enabled", True),
            sending_enabled=table.pop("sending_enabled", True),
            enforcement=_one_of(ENFORCEMENTS, table.pop("enforcement", "HEALTHY")),
            idle_identities=tuple(table.pop("idle_identities", ())),
            today=_one_of(("served", "refused"), table.pop("today", "served")),
            quiet_hours=table.pop("quiet_hours", "none"),
            seed=_a_seed(table.pop("seed", 0)),
            faults=[parse_fault(*each) for each in enumerate(_entries(table, "fault"), 1)],
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
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise TypeError(f"{name} must be a list: write [[{name}]]")
    return entries


def _stream(entry: dict[str, Any]) -> Stream:
    identity, isp = entry.pop("identity"), entry.pop("isp")
    configuration_set, tenant = entry.pop("configuration_set", None), entry.pop("tenant", None)
    rows = {name.upper(): parse_row(row) for name, row in entry.items()}
    if unknown := rows.keys() - set(METRICS):
        raise ValueError(f"the mail of {identity} has no metric {', '.join(sorted(unknown))}")
    return Stream(identity, isp, configuration_set, rows, tenant)


def _a_day(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError("begins must be a date, without quotes: 2026-03-02")
    return value


def _one_of(choices: Sequence[str], value: str) -> str:
    if value not in choices:
        raise ValueError(f'"{value}" is none of {", ".join(choices)}')
    return value


def _a_seed(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("seed must be a whole number: 7")
    return value
