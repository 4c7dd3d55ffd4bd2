"""Tests of the evidence that a run stores with each transition."""

from builders import HOUR, NEWS_IDENTITY, NOW, TARGET
from fakes import World
from rule_texts import BOUNCE_RULE

from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.evaluation.verdict_record import NoRecord, VerdictRecord, verify
from vdm_alerts.core.model.metrics import ACCOUNT

OVERRIDE = '[[overrides]]\nidentity = "news.*"\nwarning = "1%"\ncritical = "2%"\n'


def a_world() -> World:
    """Return a world in which the rate of an identity is above its own threshold alone."""
    world = World().write_rules({"bounce-rate": BOUNCE_RULE + OVERRIDE})
    world.account.senders = [NEWS_IDENTITY]
    world.set_bounces(ACCOUNT, 100)
    world.set_bounces(NEWS_IDENTITY, 150)
    world.run()
    return world


def transitions_of(world: World) -> list[Transition]:
    recent = world.store.transitions_since(TARGET, NOW, with_evidence=True)
    return [change for change in recent.items if change.key.scope == NEWS_IDENTITY]


def test_run_stores_the_evidence_of_a_verdict() -> None:
    (fired,) = transitions_of(a_world())
    record = fired.record
    assert isinstance(record, VerdictRecord)
    assert [threshold.share for threshold in record.rule.thresholds] == [0.01, 0.02]
    assert len(record.rule_fingerprint) == 16
    assert verify(record) == []


def test_alert_that_is_closed_has_no_verdict() -> None:
    world = a_world()
    world.write_rules({"other": BOUNCE_RULE, "bounce-rate": ""})
    world.run(hours=1)
    closed = next(each for each in transitions_of(world) if each.after == "Ok")
    assert (closed.time, closed.key.rule, closed.after) == (NOW + HOUR, "bounce-rate", "Ok")
    assert closed.record is NoRecord.NO_VERDICT
