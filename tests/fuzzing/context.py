"""The deployment context, of the command line (text) or of cdk.json (any JSON)."""

import json
from datetime import timedelta
from random import Random
from typing import Any

from fuzzing.documents import QUIET_HOURS, ROOT
from fuzzing.mutations import mutate_text, mutate_value
from fuzzing.target import Outcome, Target, accepted, rejected
from infra.settings import CONTEXT_KEYS, InvalidContextError, read_context

DEFAULTS: dict[str, Any] = {
    key: value
    for key, value in json.loads((ROOT / "cdk.json").read_text())["context"].items()
    if key in CONTEXT_KEYS
}
SEEDS = (
    DEFAULTS,
    DEFAULTS
    | {
        "email": "ops@example.com, dev@example.com",
        "watchdogEmail": ["anna@example.com"],
        "slackWorkspaceId": "T0123ABCD",
        "slackChannelId": "C0123ABCD",
        "schedule": "cron(0/15 8-18,22 * * ? *)",
        "prefix": "team-a",
        "queriesPerDay": "5000",
        "quotaShare": "50%",
        "quietHours": QUIET_HOURS[0],
        "noEmailAfter": "3d",
        "encrypt": True,
    },
    DEFAULTS
    | {"email": '["ops@example.com"]', "schedule": "rate(6 hours)", "noEmailAfter": "never"},
)

MAX_LINE = 800
"""Characters of an error: what is quoted of the value, and what to write instead."""


def mutate(random: Random, context: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return *context* with one or two changed options, as text or as any JSON."""
    changed = dict(context)
    for _ in range(random.choice((1, 1, 2))):
        key = random.choice(tuple(CONTEXT_KEYS))
        value, donor = changed.get(key, ""), other.get(key, "")
        if random.random() < 0.05:
            key = mutate_text(random, key, "watchdogEmail")
        if random.random() < 0.6:
            changed[key] = mutate_text(random, str(value), str(donor))
        else:
            changed[key] = mutate_value(random, value, donor)
    return changed


def check(context: dict[str, Any]) -> Outcome:
    try:
        settings = read_context(context)
    except InvalidContextError as error:
        return _check_error(str(error))
    assert timedelta(minutes=5) <= settings.cadence <= timedelta(days=1)
    assert 0 < settings.quota_share <= 1
    assert settings.queries_per_day is None or settings.queries_per_day >= 100
    for address in (*settings.emails, *settings.watchdog_emails):
        assert "@" in address[1:-1]
        assert address.isprintable()
        assert " " not in address
    return accepted(
        f"{settings.cadence}", f"{len(settings.emails)} addresses", str(bool(settings.quiet_hours))
    )


def _check_error(text: str) -> Outcome:
    """Check that each line of *text* names a key, and is short and visible."""
    heading, *lines, effect = text.split("\n")
    assert heading.startswith("Invalid CDK context: ")
    assert effect.startswith("Effect: the stack is unchanged.")
    assert all(line.isprintable() for line in lines), "forged lines"
    assert all(len(line) < MAX_LINE for line in lines)
    keys = [line.partition(": ")[0] for line in lines]
    assert all(
        key in CONTEXT_KEYS or "is not a context key" in line
        for key, line in zip(keys, lines, strict=True)
    )
    return rejected(*(key for key in keys if key in CONTEXT_KEYS))


TARGETS = (Target("context", 50_000, SEEDS, mutate, check),)
