"""Tests that everything a person reads uses plain English."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

from vdm_alerts_cli.command_line import vdm_alerts

ROOT = Path(__file__).parents[2]
CODE = ("lambda/vdm_alerts", "cli/vdm_alerts_cli", "infra", "local/vdm_local", "benchmarks")
"""The folders whose string literals are checked, without docstrings."""
DOCUMENTS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**/*.md")
"""The documents whose prose is checked, without code and addresses of links."""
TEXTS = ("rules/*.toml", "**/scenarios/*.toml", "tests/**/golden/**/*", "Makefile")
"""The other files that are checked as a whole."""

BANNED: Mapping[str, str] = {
    r"mails?(?! server)|e-mails?": "email",
    r"told|tells|telling|tell (?:you|people)": "notify, send, or say",
    r"mend(?:s|ed|ing)?": "fix",
    r"whoever|nobody|somebody|everybody": "you, VDM Alerts, or the subject",
    r"culprits?": "main contributor",
    r"(?:un)?sure|surest": "confidence, or confirmed",
    r"; it takes|cannot be one": "use",
    r"is no (?:text|table|list|number|share|time|id)": "is not a ...",
    r"for good": "permanently, or after all retries",
    r"by now": "so far",
    r"at once": "immediately, or at the same time",
    r"goes (?:on|with)|go on|going on": "is open, continues, is deleted with, or belongs to",
    r"cannot be used|unusable": "is invalid",
    r"watch(?:es|ed|ing)?": "monitor",
    r"\[ended\]|alerts? (?:has |have )?ended": "closed, or resolved",
    r"(?:nothing|anything|something) (?:is )?said": "notification",
    r"hears? of|heard of": "a notification, or feedback that arrives",
    r"wake-ups?|woken": "trigger, or invocation",
    r"rulebook|shipped rules?": "rules, or default rule",
    r"amiss|in good order|all is well": "a state or a rate",
}
"""Each banned expression, which matches whole words, and what to write instead."""

REQUIRED: Mapping[str, str] = {
    r"\[\[mail\]\]|\bmail\[\d": "the key of emails in scenarios",
    r"^tells(?= = \[)": "the key of expected reasons in scenarios of schema 1",
    r"--mails\b": "the earlier name of an option, which is still accepted",
    r"\breach(?:es)? nobody\b": "an alarm without a subscription; `nobody` is the exact word",
    r"Apple Mail\b": "a name",
}
"""Expressions that are correct, and why. They are removed before the check."""

_FENCED_CODE = re.compile(r"^ *(```|~~~).*?^ *\1", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"`[^`]+`")
_ADDRESS = re.compile(r"\]\([^)]*\)|<?https?://\S+")


def files(patterns: tuple[str, ...]) -> list[Path]:
    found = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
    return sorted(path for path in found if ".venv" not in path.parts)


def banned_in(text: str) -> list[str]:
    """Return each banned expression in *text*, with what to write instead."""
    for expression in REQUIRED:
        text = re.sub(expression, "", text, flags=re.IGNORECASE | re.MULTILINE)
    return [
        f"{' '.join(text[max(0, match.start() - 40) : match.end() + 20].split())!r}: {instead}"
        for expression, instead in BANNED.items()
        for match in re.finditer(
            rf"(?<![\w@.-])(?:{expression})(?![\w@-]|\.\w)", text, re.IGNORECASE
        )
    ]


def prose_of(document: str) -> str:
    """Return a Markdown *document* without code and addresses."""
    for pattern in (_FENCED_CODE, _INLINE_CODE, _ADDRESS):
        document = pattern.sub(" ", document)
    return document


def literals_in(source: str) -> Iterator[str]:
    """Yield the string literals in *source* that a person can read: those of several words."""
    tree = ast.parse(source)
    statements = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {
        value
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for value in node.values
        if isinstance(value, ast.Constant)
    }
    for node in ast.walk(tree):
        text = ""
        if isinstance(node, ast.JoinedStr):
            values = [getattr(value, "value", "") for value in node.values]
            text = "".join(value if isinstance(value, str) else "0" for value in values)
        elif isinstance(node, ast.Constant) and node not in statements | parts:
            text = node.value if isinstance(node.value, str) else ""
        if " " in text.strip():
            yield text


@pytest.mark.parametrize(
    "path",
    [path for folder in CODE for path in files((f"{folder}/**/*.py",))],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_code_contains_no_banned_word(path: Path) -> None:
    literals = literals_in(path.read_text("utf-8"))
    assert [word for text in literals for word in banned_in(text)] == []


@pytest.mark.parametrize("path", files(DOCUMENTS), ids=lambda path: str(path.relative_to(ROOT)))
def test_document_contains_no_banned_word(path: Path) -> None:
    assert banned_in(prose_of(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("path", files(TEXTS), ids=lambda path: str(path.relative_to(ROOT)))
def test_text_file_contains_no_banned_word(path: Path) -> None:
    assert banned_in(path.read_text("utf-8")) == []


def test_descriptions_of_the_rule_schema_contain_no_banned_word() -> None:
    descriptions: list[str] = []

    def keep_description(table: dict[str, object]) -> dict[str, object]:
        if isinstance(description := table.get("description"), str):
            descriptions.append(description)
        return table

    json.loads((ROOT / "docs/rule.schema.json").read_text("utf-8"), object_hook=keep_description)
    assert descriptions
    assert [word for text in descriptions for word in banned_in(text)] == []


def test_help_texts_contain_no_banned_word() -> None:
    context = click.Context(vdm_alerts)
    texts = [command.get_help(context) for command in (vdm_alerts, *vdm_alerts.commands.values())]
    assert [word for text in texts for word in banned_in(text)] == []


def test_banned_word_is_found_in_a_literal_and_in_prose() -> None:
    source = '"""Mails in a docstring."""\nx = f"{count} mails were told" + "mail"\n'
    assert [len(banned_in(text)) for text in literals_in(source)] == [2]
    document = "Mails.\n\n```sh\nmake mails\n```\n\nSee `mail` in [it](https://mail.example).\n"
    assert len(banned_in(prose_of(document))) == 1


@pytest.mark.parametrize(
    "text",
    ["a mailbox provider", "the mailing list", "CloudWatch", "a@mail.example.com", "[[emails]]"],
)
def test_term_that_contains_a_banned_word_is_accepted(text: str) -> None:
    assert banned_in(text) == []
