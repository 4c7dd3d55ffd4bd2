"""docs/alerts.md shows the weekly summary as it is."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
GOLDEN = (ROOT / "tests/core/notifications/rendering/golden/weekly-good.txt").read_text()
PAGE = (ROOT / "docs" / "alerts.md").read_text()


def test_weekly_summary_on_the_page_is_the_start_of_an_example_of_the_tests() -> None:
    (shown,) = re.findall(r"```text\nSubject: (\[OK\] Weekly .*?)\[\.\.\.\]\n```", PAGE, re.DOTALL)
    subject, text = shown.split("\n\n", 1)
    assert f"==== Subject\n{subject}\n" in GOLDEN
    assert f"==== Email\n{text}" in GOLDEN
