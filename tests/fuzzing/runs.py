"""Whole runs, with hostile names, counts, rules, silences and quiet hours at the same time."""

import json
from contextlib import redirect_stdout, suppress
from io import StringIO
from random import Random
from typing import Any

from builders import HOUR, NOW, TARGET, a_series
from fakes import World

from fuzzing.documents import QUIET_HOURS, RULES, SILENCES, without_comments
from fuzzing.mutations import mutate_text, mutate_value
from fuzzing.target import Outcome, Target, accepted, rejected
from vdm_alerts.adapters.aws.cloudwatch_emf import EmbeddedMetrics
from vdm_alerts.adapters.aws.sns_notifier import forms_of
from vdm_alerts.adapters.aws.well_formed_text import well_formed
from vdm_alerts.app.evaluate import Lease, NotificationOptions, run
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope
from vdm_alerts.core.muting.quiet_hours import parse_quiet_hours
from vdm_alerts.core.muting.silences import Silences, parse_silence
from vdm_alerts.core.notifications.rendering.message import MAX_SMS, MAX_SUBJECT, Message
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.rules.toml_document import InvalidDocumentError

MAX_PUBLISH = 262_144
"""Bytes of an SNS message. Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
SEEDS: tuple[dict[str, Any], ...] = (
    {
        "rule": without_comments(RULES[0]),
        "silence": SILENCES[0],
        "quiet_hours": "none",
        "identities": ["news.example.com", "anna@shop.example.com"],
        "configuration_sets": ["newsletter"],
        "counts": [[10_000, 600], [9_000, 1_200], [0, 3]],
    },
    {
        "rule": without_comments(RULES[5]),
        "silence": SILENCES[1],
        "quiet_hours": QUIET_HOURS[0],
        "identities": ["mail.example.com"],
        "configuration_sets": [],
        "counts": [[800, 4, 400], [700, 9, 100]],
    },
    {
        "rule": "indicator = 7",
        "silence": "until = 5",
        "quiet_hours": "?",
        "identities": [],
        "configuration_sets": ["a b"],
        "counts": [[2**53, 2**53]],
    },
)


def mutate(random: Random, input_: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return *input_* with one changed part: a text, or a list of names or counts."""
    key = random.choice(("rule", "silence", "quiet_hours", "identities", "identities", "counts"))
    part, donor = input_[key], other[key]
    if isinstance(part, str):
        return {**input_, key: mutate_text(random, part, donor)}
    changed = mutate_value(random, part, donor)
    return {**input_, key: changed if isinstance(changed, list) else [changed]}


def check(input_: dict[str, Any]) -> Outcome:
    world = World().write_rules({"mine": well_formed(input_["rule"])})
    with suppress(InvalidDocumentError):
        silence = parse_silence("move", well_formed(input_["silence"]), "/silences/move")
        world.silences.current = Silences([silence])
    try:
        quiet_hours = parse_quiet_hours(input_["quiet_hours"])
    except ValueError:
        quiet_hours = None
    scopes = [Scope(identity=name) for name in _names(input_["identities"])]
    scopes += [Scope(configuration_set=name) for name in _names(input_["configuration_sets"])]
    world.account.senders = scopes
    for scope, counts in zip([ACCOUNT, *scopes], input_["counts"], strict=False):
        _set_counts(world, scope, counts)
    for hours in (0, 1):
        now = NOW + hours * HOUR
        lease = Lease(now, now + HOUR / 4)
        run(world.ports, TARGET, now, lease, options=NotificationOptions(quiet_hours))
    for message in world.notifier.sent:
        _check_message(message)
    lines = StringIO()
    with redirect_stdout(lines):
        EmbeddedMetrics("here").record(TARGET, world.recorder.reports[-1], world.recorder.samples)
    for line in lines.getvalue().splitlines():
        json.loads(line)
    reasons = {message.attributes.get("reason", "SERVICE") for message in world.notifier.sent}
    is_rule_valid = bool(world.rules.rule_set.rules)
    return (accepted if is_rule_valid else rejected)(
        *reasons, f"{len(world.state.alerts)} alerts", f"{len(world.notifier.sent)} messages"
    )


def _names(names: list[Any]) -> list[str]:
    """Return the texts in *names*, in the form in which SES's lists are read."""
    return [well_formed(name) for name in names if isinstance(name, str) and name][:60]


def _set_counts(world: World, scope: Scope, counts: Any) -> None:
    """Set as many of the counts of *scope* today as *counts* has valid ones."""
    numbers = counts if isinstance(counts, list) else [counts]
    valid = [each for each in numbers if type(each) is int and 0 <= each <= 2**53]
    metrics = (Metric.SEND, Metric.PERMANENT_BOUNCE, Metric.DELIVERY_COMPLAINT, Metric.COMPLAINT)
    for metric, number in zip(metrics, valid, strict=False):
        world.series.answers[Query(metric, scope)] = a_series(number)


def _check_message(message: Message) -> None:
    for line, limit in ((message.subject, MAX_SUBJECT), (message.sms, MAX_SMS)):
        assert line.isascii()
        assert line.isprintable()
        assert len(line) <= limit
    assert all(line.isprintable() for line in message.text.split("\n")), "forged lines"
    assert "error that it does not know" not in message.text
    assert len(json.dumps(forms_of(message), ensure_ascii=False).encode()) <= MAX_PUBLISH
    json.loads(message.payload)
    json.loads(message.amazon_q)
    assert all(value and value.encode() for value in message.attributes.values())


TARGETS = (Target("runs", 2_000, SEEDS, mutate, check),)
