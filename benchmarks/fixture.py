"""Shared fixtures: Lambda's runtime, and an account of any size."""

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
"""The Python of Lambda's runtime, with boto3 and no other package."""

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAYS = Window(60)
METRICS = (Metric.SEND, Metric.PERMANENT_BOUNCE, Metric.COMPLAINT, Metric.DELIVERY_COMPLAINT)
"""The metrics that are read for each sender."""

Measurements = dict[str, object]
"""What a reader measured, by name."""


def account_of(identities: int, *rows: str) -> str:
    """Return a scenario in which *identities* send for two months.

    Each has 10,000 emails a day at one provider. *rows* are additional rows of its emails.
    """
    common = ('isp = "Yahoo"', 'send = "10000x60"', *rows)
    streams = (
        "\n".join(["[[emails]]", f'identity = "{number}.example.com"', *common])
        for number in range(identities)
    )
    return "\n".join(["begins = 2026-01-01", *streams])


def default_rules() -> Sequence[Rule]:
    """Return the default rules about counts of VDM."""
    files = sorted((ROOT / "rules").glob("*.toml"))
    rules = [parse_rule(file.stem, file.read_text(), file.name) for file in files]
    return [rule for rule in rules if not rule.indicator.is_from_ses]


def read_usage(url: str) -> Mapping[str, int]:
    """Return the counters of the local VDM at *url*."""
    with contextlib.closing(urllib.request.urlopen(f"{url}/_vdm/usage")) as answer:  # noqa: S310
        counts: Mapping[str, int] = json.load(answer)
    return counts
