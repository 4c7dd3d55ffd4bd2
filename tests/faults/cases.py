"""The cases: which fault strikes at which moment of the story."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from vdm_local.corruption import CORRUPTION_FORMS
from vdm_local.faults import METRIC_DATA

FIRING, LASTING, RESOLVING = 1, 2, 3
"""The numbers of the runs of the story in which alerts fire, last, and are resolved."""


@dataclass(frozen=True, slots=True)
class Case:
    """A fault that strikes one run of the story."""

    group: str
    """What the fault is called in the table."""
    step: int
    """The number of the run."""
    operation: str
    """The operation that fails, or a pattern."""
    kind: str
    more: str = ""
    """More keys of the fault, in the notation of scenarios."""
    number: int | None = None
    """The number of the only call that fails; None if every call does."""
    repeats: int = 1
    """How often each incident may be repeated."""

    @property
    def is_kill(self) -> bool:
        """Whether the process of the function ends."""
        return self.kind.startswith("killed")

    @property
    def declaration(self) -> str:
        """The fault as a scenario declares it."""
        calls = f"calls = [{self.number}, {self.number}]\n" if self.number else ""
        declaration = f'[[fault]]\noperation = "{self.operation}"\nkind = "{self.kind}"\n'
        return f"{declaration}{self.more}\n{calls}"

    def strikes(self, operations: Sequence[str]) -> bool:
        """Return whether one of *operations* is affected."""
        count = sum(fnmatchcase(each, self.operation) for each in operations)
        return count >= (self.number or 1)


CALL_FAULTS = (
    ("killed before a call", "killed-before"),
    ("killed after a call", "killed-after"),
    ("response lost", "dropped"),
)
"""Faults of a single call. If a response is lost, the SDK tries again."""
WITH_EFFECT = {
    *("dynamodb:PutItem", "dynamodb:TransactWriteItems", "dynamodb:BatchWriteItem"),
    *("dynamodb:DeleteItem", "sns:Publish"),
}
"""The operations that change something. Runs differ in what these do."""
OUTAGES = (
    *(("SNS refuses", "sns:*", kind) for kind in ("denied", "throttled", "server-error")),
    *(
        ("DynamoDB throttled", f"dynamodb:{operation}", "throttled")
        for operation in (
            *("*", "Query", "PutItem", "TransactWriteItems", "BatchWriteItem", "DeleteItem"),
        )
    ),
    *(("SSM fails", "ssm:*", kind) for kind in ("throttled", "unavailable", "garbled")),
    *(("SES fails", "ses:*", kind) for kind in ("throttled", "unavailable")),
)
"""Faults of every call of some operations in one run."""
SLOW: tuple[tuple[str, int | None], ...] = (
    ("seconds = 3", None),
    ("", 1),
)
"""Each call to SSM takes 3 s; the first one has no response in time."""
LIES = (
    *(("garbled", f'form = "{form}"') for form in CORRUPTION_FORMS),
    *((kind, "") for kind in ("query-missing", "query-failure", "query-denied", "cut-off")),
)
"""Responses of VDM that are wrong in every way that the local VDM knows."""


def all_cases(operations: Sequence[Sequence[str]]) -> Iterator[Case]:
    """Yield every case. *operations* are those that each healthy run calls."""
    calls = {
        FIRING: tuple(_numbered(operations[FIRING])),
        RESOLVING: tuple(
            call for call in _numbered(operations[RESOLVING]) if call[0] in WITH_EFFECT
        ),
    }
    for step in (FIRING, RESOLVING):
        for operation, number in calls[step]:
            for group, kind in CALL_FAULTS:
                yield Case(group, step, operation, kind, number=number)
        for group, operation, kind in OUTAGES:
            yield Case(group, step, operation, kind)
        yield Case("every response of SNS lost", step, "sns:Publish", "dropped", repeats=2)
    for step in (FIRING, LASTING):
        for more, only_call in SLOW:
            yield Case("SSM slow", step, "ssm:*", "time-out", more, only_call)
        for kind, more in LIES:
            yield Case("VDM lies", step, METRIC_DATA, kind, more)


def _numbered(operations: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield each of *operations*, with the number of its call."""
    counts: Counter[str] = Counter()
    for operation in operations:
        counts[operation] += 1
        yield operation, counts[operation]
