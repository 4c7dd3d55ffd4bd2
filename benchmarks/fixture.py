"""What several benchmarks measure with: Lambda's runtime, and an account of any size."""

import contextlib
import json
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from vdm_alerts.core.model.metrics import Metric, Window
from vdm_alerts.core.rules.parser import parse_rule
from vdm_alerts.core.rules.rule import Rule

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "build" / "runtime" / "newest" / "bin" / "python"
"""Lambda's Python as the tests have it: boto3 and nothing else."""

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAYS = Window(60)
METRICS = (Metric.SEND, Metric.PERMANENT_BOUNCE, Metric.COMPLAINT, Metric.DELIVERY_COMPLAINT)
"""What is read of everybody, of so many days until *NOW*, the last two months of the account."""

Shown = dict[str, object]
"""What a reader has to show for it."""


def account_of(identities: int, *rows: str) -> str:
    """Return a scenario in which so many identities send for two months.

    *rows* are what the mail of each has beside its identity, its provider and 10,000 sends a day.
    """
    common = ('isp = "Yahoo"', 'send = "10000x60"', *rows)
    mail = (
        "\n".join(["[[mail]]", f'identity = "{number}.example.com"', *common])
        for number in range(identities)
    )
    return "\n".join(["begins = 2026-01-01", *mail])


def shipped() -> Sequence[Rule]:
    """Return the rules that ship."""
    files = sorted((ROOT / "rules").glob("*.toml"))
    return [parse_rule(file.stem, file.read_text(), file.name) for file in files]


def usage(url: str) -> Mapping[str, int]:
    """Return what the local VDM at *url*, on the loopback interface, has counted."""
    with contextlib.closing(urllib.request.urlopen(f"{url}/_vdm/usage")) as answer:  # noqa: S310
        counted: Mapping[str, int] = json.load(answer)
    return counted
