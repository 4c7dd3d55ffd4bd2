"""The errors of rules and silences: what `vdm-alerts validate` prints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vdm_alerts.adapters.aws.ssm_parameters import parse_parameter, texts_under
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.muting.silences import Silence, parse_silence
from vdm_alerts.core.rules.default_rules import custom_rule_path
from vdm_alerts.core.rules.parser import parse_rule
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.rules.toml_document import InvalidDocumentError, InvalidField
from vdm_alerts_cli.advice import advice_on_rule, advice_on_rules, advice_on_silence
from vdm_alerts_cli.clock import current_time
from vdm_alerts_cli.connection import connect
from vdm_alerts_cli.deployment import require_deployment
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.files import STDIN, read_document
from vdm_alerts_cli.options import AccountOptions, Format, OutputOptions
from vdm_alerts_cli.output import Row, print_rows, say, terminal
from vdm_local.text_file import UnreadableFileError

RULE, SILENCE = "rule", "silence"
_SILENCE_KEYS = ("until", "author", "reason")
"""Keys that only a silence has."""


@dataclass(frozen=True, slots=True)
class Document:
    """A rule or a silence as text."""

    source: str
    """The path of the file or of the SSM parameter."""
    name: str
    text: str | None
    """The text; None for a parameter of a type that has none."""
    kind: str


def run_validate(
    paths: Sequence[str],
    account: AccountOptions | None,
    output: OutputOptions,
    *,
    strict: bool,
) -> ExitStatus:
    """Check the documents at *paths*, or in SSM if *account* is given; print what is wrong."""
    problems, documents = _stored(account) if account else _files(paths)
    now, rules = current_time(), []
    for document in documents:
        result = _parse(document)
        if isinstance(result, InvalidDocumentError):
            problems += [_row(document, "error", error) for error in result.errors]
            continue
        if strict:
            problems += [_row(document, "advice", each) for each in _advice(result, now)]
        if isinstance(result, Rule):
            rules.append(result)
    if strict:
        in_effect = _in_effect(rules)
        by_source = {document.source: document for document in documents}
        problems += [
            _row(by_source[rule.source], "advice", each)
            for rule, each in advice_on_rules(in_effect)
        ]
    _print(problems, len(documents), output)
    has_error = any(row["severity"] == "error" for row in problems)
    return ExitStatus.of(invalid=has_error, found=bool(problems))


def _in_effect(rules: Sequence[Rule]) -> Sequence[Rule]:
    """Return *rules* without the default rules that a custom rule replaces."""
    replaced = {rule.name for rule in rules if custom_rule_path(rule.source) is None}
    return [
        rule for rule in rules if custom_rule_path(rule.source) is None or rule.name not in replaced
    ]


def _advice(document: Rule | Silence, now: datetime) -> Iterator[InvalidField]:
    if isinstance(document, Rule):
        return advice_on_rule(document)
    return advice_on_silence(document, now)


def _parse(document: Document) -> Rule | Silence | InvalidDocumentError:
    parse: Any = parse_rule if document.kind == RULE else parse_silence
    result: Rule | Silence | InvalidDocumentError = parse_parameter(
        parse, document.name, document.text, document.source
    )
    return result


def _files(paths: Sequence[str]) -> tuple[list[Row], list[Document]]:
    """Return the documents at *paths*, and a row for each that cannot be read."""
    problems: list[Row] = []
    documents: list[Document] = []
    for path in _expanded(paths):
        try:
            text = read_document(path)
        except UnreadableFileError as error:
            unread = Document(path, path, None, RULE)
            what = str(error).removeprefix(f"{path}: ")
            problems.append(_row(unread, "error", InvalidField("", what)))
            continue
        name = "standard input" if path == STDIN else path
        documents.append(Document(name, Path(path).stem, text, _kind_of(text)))
    return problems, documents


def _expanded(paths: Sequence[str]) -> Iterator[str]:
    """Yield each file of *paths*: of a folder, those whose names end in .toml."""
    for path in paths:
        if path != STDIN and Path(path).is_dir():
            files = sorted(Path(path).rglob("*.toml"))
            if not files:
                raise InvalidInputError(
                    f"{path}: has no rule and no silence. Use a folder with .toml files."
                )
            yield from map(str, files)
        else:
            yield path


def _kind_of(text: str) -> str:
    """Return whether *text*, which need not be valid TOML, is a rule or a silence."""
    keys = [line.partition("=")[0].strip() for line in text.splitlines()]
    return SILENCE if any(key in keys for key in _SILENCE_KEYS) else RULE


def _stored(account: AccountOptions) -> tuple[list[Row], list[Document]]:
    """Return the rules and silences of the deployment. Raises OperationFailedError."""
    connection = connect(account)
    settings = require_deployment(connection, account.prefix).settings
    ssm, deadline = connection.client("ssm"), NoDeadline()
    documents = [
        Document(f"{path}/{name}", name.rpartition("/")[2], text, kind)
        for path, kind in ((settings.rules_path, RULE), (settings.silences_path, SILENCE))
        for name, text in sorted(texts_under(ssm, path, deadline).items())
    ]
    return [], documents


def _row(document: Document, severity: str, field: InvalidField) -> Row:
    return {
        "id": document.source,
        "severity": severity,
        "kind": document.kind,
        "key": field.path,
        "what": field.what,
    }


def _print(problems: Sequence[Row], count: int, output: OutputOptions) -> None:
    """Print a line for each problem, below the document that it is in."""
    if output.format is not Format.TABLE:
        print_rows(problems, (), output)
        return
    console = terminal(output)
    for source, rows in groupby(problems, lambda row: row["id"]):
        console.print(Text(source, "bold"), soft_wrap=True)
        lines = Table.grid(padding=(0, 1))
        for row in rows:
            style = "red" if row["severity"] == "error" else "yellow"
            what = Text.assemble(
                (row["key"], "bold"), f" {row['what']}" if row["key"] else row["what"]
            )
            lines.add_row(Text(row["severity"], style), what)
        console.print(Padding(lines, (0, 0, 0, 2)))
    documents = f"{count:,} {'document' if count == 1 else 'documents'}"
    if problems:
        say(f"Checked {documents}.", output)
    elif not output.quiet:
        console.print(f"{documents.capitalize()} checked, without a problem.")
