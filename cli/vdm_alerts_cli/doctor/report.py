"""The report of the doctor: problems first, worst first, and a short count of what is well."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, assert_never

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vdm_alerts.core.model.wording import number_of
from vdm_alerts_cli.doctor.check import (
    Answer,
    Check,
    NotApplicable,
    NotRead,
    Problem,
    Result,
    Severity,
    Well,
)
from vdm_alerts_cli.options import Format, OutputOptions
from vdm_alerts_cli.output import print_json, terminal, warn
from vdm_alerts_cli.terminal import Terminal

DOCS = "docs/doctor.md"
_MAX_NAMES = 8
"""The affected resources that the table lists. JSON has all of them."""
_COLORS = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold"}
_MARKS: Mapping[bool | None, tuple[str, str]] = {
    True: ("as assumed", "green"),
    False: ("differs", "bold yellow"),
    None: ("answer", "dim"),
}
_ORDER = list(Severity)
_COUNTED = ("not-read", "well", "not-applicable")
"""The other results that are counted, in this order."""
_MARK_ORDER = [False, True, None]
"""An answer that differs from an assumption is the most interesting one."""


def print_report(results: Sequence[Result], heading: str, output: OutputOptions) -> None:
    """Print *results* in the format of *output*, and to standard error what was not read."""
    problems = sorted(_problems(results), key=lambda pair: _ORDER.index(pair[0].severity))
    match output.format:
        case Format.JSON:
            print_json([_document(result) for result in results], output)
        case Format.IDS:
            for check_id in dict.fromkeys(check.id for check, _ in problems):
                print(check_id)
        case _:
            _print_table(results, problems, heading, terminal(output))
    for result in results:
        if isinstance(result.outcome, NotRead):
            warn(f"not read: {result.check.id}: {result.outcome.reason}.")


def _print_table(
    results: Sequence[Result],
    problems: Sequence[tuple[Check, Problem]],
    heading: str,
    console: Terminal,
) -> None:
    console.print(Text(heading, "bold"))
    for check, problem in problems:
        console.print()
        _print_problem(check, problem, console)
    if answers := sorted(_answers(results), key=lambda pair: _MARK_ORDER.index(pair[1].as_assumed)):
        console.print("\nWhat AWS does in this account", style="bold")
        console.print(_answer_table(answers))
    console.print()
    for line in _summary(results):
        console.print(line)


def _print_problem(check: Check, problem: Problem, console: Terminal) -> None:
    heading = Text.assemble((check.severity.upper(), _COLORS[check.severity]), f"  {check.id}")
    console.print(heading)
    console.print(_indented(Text(f"{problem.text}.")))
    for name in problem.names[:_MAX_NAMES]:
        console.print(_indented(Text(f"- {name}", overflow="fold"), 4))
    if (more := len(problem.names) - _MAX_NAMES) > 0:
        console.print(_indented(Text(f"- and {more:,} more. All are in -o json."), 4))
    console.print(_indented(Text.assemble(("Fix: ", "bold"), f"{problem.fix}.")))
    if problem.command:  # Unbroken, so that it can be copied.
        console.print(Text(f"    {problem.command}", "cyan"), soft_wrap=True)
    console.print(_indented(Text(f"{DOCS}#{check.id}", "dim")))


def _indented(text: Text, columns: int = 2) -> Padding:
    return Padding(text, (0, 0, 0, columns), expand=False)


def _answer_table(answers: Sequence[tuple[Check, Answer]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check, answer in answers:
        mark, style = _MARKS[answer.as_assumed]
        text = Text.assemble(f"{answer.text}. ", (f"({check.id})", "dim"))
        table.add_row(Text(f"  {mark}", style), text)
    return table


def _summary(results: Sequence[Result]) -> Iterator[Text]:
    """Yield how many checks ended how."""
    counts = Counter(_status(result) for result in results)
    problems = [number_of(kind, counts[kind]) for kind in ("error", "warning") if counts[kind]]
    others = [f"{counts[kind]} {kind.replace('-', ' ')}" for kind in _COUNTED if counts[kind]]
    is_well = not (problems or counts["not-read"])
    yield Text(
        ", ".join([*(problems or ["No problem"]), *others]), "bold green" if is_well else "bold"
    )
    if any(answer.as_assumed is False for _, answer in _answers(results)):
        yield Text(
            "An answer differs from what VDM Alerts assumes. Please report it: docs/assumptions.md",
            "dim",
        )


def _answers(results: Sequence[Result]) -> Iterator[tuple[Check, Answer]]:
    for result in results:
        if isinstance(result.outcome, Answer):
            yield result.check, result.outcome


def _problems(results: Sequence[Result]) -> Iterator[tuple[Check, Problem]]:
    for result in results:
        if isinstance(result.outcome, Problem):
            yield result.check, result.outcome


def _status(result: Result) -> str:
    match result.outcome:
        case Problem():
            return result.check.severity
        case NotRead():
            return "not-read"
        case Answer():
            return "answer"
        case Well():
            return "well"
        case NotApplicable():
            return "not-applicable"
        case _:
            assert_never(result.outcome)


def _document(result: Result) -> Mapping[str, Any]:
    """Return *result* as JSON. Every result has every key."""
    outcome = result.outcome
    problem = outcome if isinstance(outcome, Problem) else None
    return {
        "id": result.check.id,
        "topic": str(result.check.topic),
        "status": _status(result),
        "text": outcome.reason if isinstance(outcome, NotRead | NotApplicable) else outcome.text,
        "fix": problem.fix if problem else None,
        "command": (problem.command or None) if problem else None,
        "names": list(problem.names) if problem else [],
        "as_assumed": outcome.as_assumed if isinstance(outcome, Answer) else None,
        "docs": f"{DOCS}#{result.check.id}",
    }
