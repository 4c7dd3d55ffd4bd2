"""The faults of a scenario, and which calls or queries they affect.

This module only decides. `vdm_local.fault_effects` applies faults of VDM, and
`vdm_local.fault_plug` those of other services, of the connection and of the caller. A decision
depends only on the scenario's seed, the kind of the fault and the number of the call, so that it
is the same in every run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import TypeAlias

from vdm_local.validation import BatchQuery

DEFAULT_DELAY_S = 30.0
"""Delay of a time-out in seconds, longer than any client waits."""
METRIC_DATA = "ses:BatchGetMetricData"
"""The operation whose calls a fault affects by default."""


class CallFaultKind(StrEnum):
    """What goes wrong with a whole call; the values are scenario keys."""

    THROTTLED = "throttled"
    SERVER_ERROR = "server-error"
    UNAVAILABLE = "unavailable"
    DENIED = "denied"
    REJECTED = "rejected"
    TIME_OUT = "time-out"
    DROPPED = "dropped"
    CUT_OFF = "cut-off"
    CORRUPTED = "garbled"
    KILLED_BEFORE = "killed-before"
    KILLED_AFTER = "killed-after"


class QueryFaultKind(StrEnum):
    """What goes wrong with one query of a call; the values are scenario keys."""

    FAILURE = "query-failure"
    DENIED = "query-denied"
    MISSING = "query-missing"


KILLS = (CallFaultKind.KILLED_BEFORE, CallFaultKind.KILLED_AFTER)
"""The kinds that end the process that makes the call."""
CONNECTION_FAULTS = (CallFaultKind.TIME_OUT, CallFaultKind.DROPPED, CallFaultKind.CUT_OFF)
"""The kinds in which the operation is done, and its response is late or incomplete."""


@dataclass(frozen=True, slots=True)
class FaultFilter:
    """Which calls or queries a fault affects."""

    share: float = 1
    """The share of the matching calls or queries, as a fraction."""
    value: str | None = None
    """A dimension value of the query, in any case; None for all queries."""
    calls: tuple[int, int] | None = None
    """The numbers of the first and the last call; None for all calls."""

    def matches(
        self, seed: int, kind: str, position: Sequence[int], queries: Sequence[BatchQuery]
    ) -> bool:
        """Return whether a fault of *kind* affects *queries*.

        *position* is the number of the call and, for a single query, its index in the call.
        """
        return (
            (self.calls is None or self.calls[0] <= position[0] <= self.calls[1])
            and (self.value is None or any(_has_value(query, self.value) for query in queries))
            and pseudorandom(seed, kind, *position) < self.share
        )


@dataclass(frozen=True, slots=True)
class CallFault:
    """A fault of whole calls."""

    kind: CallFaultKind
    filter: FaultFilter = FaultFilter()
    delay_s: float = DEFAULT_DELAY_S
    """The delay of a time-out."""
    form: str | None = None
    """The form of a corrupted response; None for a pseudorandom one."""
    operation: str = METRIC_DATA
    """The operation that is called, or a pattern such as "dynamodb:*"."""


@dataclass(frozen=True, slots=True)
class QueryFault:
    """A fault of single queries."""

    kind: QueryFaultKind
    filter: FaultFilter = FaultFilter()


Fault: TypeAlias = CallFault | QueryFault


def find_call_fault(
    faults: Sequence[Fault], seed: int, call: int, queries: Sequence[BatchQuery]
) -> CallFault | None:
    """Return the first of *faults* that affects the whole *call* of BatchGetMetricData, or None.

    A kill is not among them, because it affects the caller.
    """
    for fault in faults:
        if (
            isinstance(fault, CallFault)
            and fault.operation == METRIC_DATA
            and fault.kind not in KILLS
            and fault.filter.matches(seed, fault.kind, [call], queries)
        ):
            return fault
    return None


def find_function_fault(
    faults: Sequence[Fault], seed: int, operations: Sequence[str]
) -> CallFault | None:
    """Return the first of *faults* that affects the latest call of a function, or None.

    *operations* are those that the function has called, the latest last. A call has the number
    that it has among the calls of operations that the fault names. Faults that `find_call_fault`
    finds and that affect neither the caller nor the connection are not among them.
    """
    for fault in faults:
        if (
            isinstance(fault, CallFault)
            and (fault.operation != METRIC_DATA or fault.kind in (*KILLS, *CONNECTION_FAULTS))
            and fnmatchcase(operations[-1], fault.operation)
        ):
            number = sum(fnmatchcase(operation, fault.operation) for operation in operations)
            if fault.filter.matches(seed, fault.kind, [number], ()):
                return fault
    return None


def find_query_fault(
    faults: Sequence[Fault], seed: int, call: int, index: int, query: BatchQuery
) -> QueryFault | None:
    """Return the first of *faults* that affects *query*, or None.

    *index* is the position of the query in the *call*.
    """
    position = (call, index)
    for fault in faults:
        if isinstance(fault, QueryFault) and fault.filter.matches(
            seed, fault.kind, position, [query]
        ):
            return fault
    return None


def pseudorandom(*parts: object) -> float:
    """Return a number from 0 to below 1 that depends on *parts* only."""
    digest = blake2b("/".join(map(str, parts)).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def _has_value(query: BatchQuery, value: str) -> bool:
    dimensions: Mapping[str, str] = query.get("Dimensions", {})
    return value.lower() in (each.lower() for each in dimensions.values())
