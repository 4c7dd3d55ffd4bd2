"""The faults that a scenario asks for, and which call or query each of them hits.

Nothing is done here. A fault is a value, and whether it hits follows from the scenario's seed, the
kind of the fault and the number of the call, and from nothing else: what went wrong in one run
goes wrong in the same way in the next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import TypeAlias

from vdm_local.validation import Query

PATIENCE = 30.0
"""Seconds that SES sits on an answer unless the scenario says how many; no client waits as long."""


class CallKind(StrEnum):
    """What goes wrong with a whole call."""

    THROTTLED = "throttled"
    SERVER_ERROR = "server-error"
    UNAVAILABLE = "unavailable"
    DENIED = "denied"
    REFUSED = "refused"
    TIME_OUT = "time-out"
    DROPPED = "dropped"
    CUT_OFF = "cut-off"
    GARBLED = "garbled"


class QueryKind(StrEnum):
    """What goes wrong with one query, while the rest of the call is answered."""

    FAILURE = "query-failure"
    DENIED = "query-denied"
    MISSING = "query-missing"


@dataclass(frozen=True, slots=True)
class Reach:
    """Which calls, or queries, a fault hits: a *share* of those with *value*, among *calls*."""

    share: float = 1
    value: str | None = None
    calls: tuple[int, int] | None = None

    def covers(self, seed: int, kind: str, place: Sequence[int], queries: Sequence[Query]) -> bool:
        """Say whether *queries* are hit that stand at *place*: a call's number, and one's in it."""
        return (
            (self.calls is None or self.calls[0] <= place[0] <= self.calls[1])
            and (self.value is None or any(_names(query, self.value) for query in queries))
            and draw(seed, kind, *place) < self.share
        )


@dataclass(frozen=True, slots=True)
class CallFault:
    """A fault of whole calls; *seconds* are those of a time-out, and *form* a garbled answer's."""

    kind: CallKind
    reach: Reach = Reach()
    seconds: float = PATIENCE
    form: str | None = None


@dataclass(frozen=True, slots=True)
class QueryFault:
    """A fault of single queries."""

    kind: QueryKind
    reach: Reach = Reach()


Fault: TypeAlias = CallFault | QueryFault


def of_call(
    faults: Sequence[Fault], seed: int, call: int, queries: Sequence[Query]
) -> CallFault | None:
    """Return the first of *faults* that hits the whole *call*, which asks *queries*."""
    for fault in faults:
        if isinstance(fault, CallFault) and fault.reach.covers(seed, fault.kind, [call], queries):
            return fault
    return None


def of_query(
    faults: Sequence[Fault], seed: int, call: int, position: int, query: Query
) -> QueryFault | None:
    """Return the first of *faults* that hits *query*, at that *position* of the *call*."""
    place = (call, position)
    for fault in faults:
        if isinstance(fault, QueryFault) and fault.reach.covers(seed, fault.kind, place, [query]):
            return fault
    return None


def draw(*of: object) -> float:
    """Return a number from 0 to just below 1, by chance, but for the same *of* always the same."""
    digest = blake2b("/".join(map(str, of)).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def _names(query: Query, value: str) -> bool:
    dimensions: Mapping[str, str] = query.get("Dimensions", {})
    return value.lower() in (each.lower() for each in dimensions.values())
