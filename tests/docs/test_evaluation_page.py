"""The tables of docs/evaluation.md are computed from the code that ships."""

import re
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from builders import NOW, TODAY, a_confidence_rule, a_series, fraction_of

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.verdicts import Breached
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.rates import Indicator

PAGE = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text()
END_OF_DAY = AsOf(datetime.combine(TODAY + timedelta(days=1), time(), NOW.tzinfo), TODAY)
DAYS_BEFORE = 28
SCOPE = Scope(identity="a.example.com")


def fewest_events(indicator: Indicator, threshold: str, emails: int, *, has_history: bool) -> int:
    """Return the fewest events of one day that breach a default rule of this *threshold*.

    With a history, the sender sent as many emails on each day before, at a tenth of the threshold.
    """
    rule = a_confidence_rule(indicator=indicator, warning=threshold, critical=None)
    usual = emails * fraction_of(threshold) / 10
    days = range(DAYS_BEFORE) if has_history else range(0)
    events_before = [int(usual * (day + 1)) - int(usual * day) for day in days]
    volume = a_series(*[emails] * len(events_before), emails)

    def breaches(events: int) -> bool:
        counts = a_series(*events_before, events), volume
        return isinstance(evaluate_series(rule, SCOPE, counts, END_OF_DAY), Breached)

    return next(events for events in range(1, emails) if breaches(events))


def table_rows(heading: str) -> dict[str, list[int]]:
    """Return the numbers of each row of the table below *heading*."""
    section = PAGE.split(heading)[1].split("\n\n|")[1].split("\n\n")[0]
    rows = re.findall(r"^\| (\w+ above [\d.]+%) \|(.+)\|$", section, re.MULTILINE)
    return {name: [int(cell.replace(",", "")) for cell in cells.split("|")] for name, cells in rows}


@pytest.mark.parametrize(
    ("heading", "has_history", "row_count"),
    [("without email before", False, 4), ("usually at a tenth of the threshold", True, 2)],
)
def test_table_of_fewest_events_is_computed_from_the_code(
    heading: str, has_history: bool, row_count: int
) -> None:
    rows = table_rows(heading)
    assert len(rows) == row_count
    for name, numbers in rows.items():
        indicator = Indicator.BOUNCE_RATE if "bounces" in name else Indicator.COMPLAINT_RATE
        expected = [
            fewest_events(indicator, name.rsplit(" ", 1)[1], emails, has_history=has_history)
            for emails in (50, 100, 500, 1_000, 10_000)
        ]
        assert numbers == expected, f"{name}: {expected}"
