"""The glossary names code that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "glossary.md").read_text()
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]
CODE_NAMES = sorted({name for row in ROWS for name in re.findall(r"`([\w.]+)`", row.split("|")[4])})
SOURCES = "\n".join(
    path.read_text()
    for folder in ("lambda/vdm_alerts", "infra", "cli/vdm_alerts_cli", "local/vdm_local")
    for path in sorted((ROOT / folder).rglob("*.py"))
)


def test_glossary_names_code_for_most_terms() -> None:
    assert len(CODE_NAMES) > 60


def test_glossary_has_each_term_once_in_a_table() -> None:
    terms = [row.split("|")[1].strip() for row in ROWS if not row.startswith("| term |")]
    assert len(terms) == len({*terms})
    assert "|\n\n|" not in PAGE


@pytest.mark.parametrize("name", CODE_NAMES)
def test_code_name_of_the_glossary_exists(name: str) -> None:
    assert re.search(rf"\b{re.escape(name.rsplit('.', 1)[-1])}\b", SOURCES)
