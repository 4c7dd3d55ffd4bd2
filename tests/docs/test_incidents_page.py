"""docs/incidents.md shows the notifications and queries that its benchmark measures."""

import re
from pathlib import Path

import pytest

from benchmarks import refusing_provider

PAGE = (Path(__file__).parents[2] / "docs" / "incidents.md").read_text()
ROWS = {
    int(senders): {
        "messages": int(messages),
        "subject": subject,
        "queries": int(queries),
        "queries_if_accepted": int(accepted),
    }
    for senders, messages, subject, queries, accepted in re.findall(
        r"^\| (\d+) \| (\d+) \| `(.+?)` \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE
    )
}


def test_page_has_a_row_for_each_size_of_the_benchmark() -> None:
    assert list(ROWS) == list(refusing_provider.SIZES)
    assert all(row["messages"] == 1 and "Hotmail" in str(row["subject"]) for row in ROWS.values())


@pytest.mark.parametrize("senders", [30, 300])
def test_row_has_the_figures_of_the_benchmark(senders: int) -> None:
    """3,000 senders take a minute. They have the same code."""
    refused = next(row for row in refusing_provider.measure(senders) if row["run"] == "refused")
    assert {name: refused[name] for name in ROWS[senders]} == ROWS[senders]
