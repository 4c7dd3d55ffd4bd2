"""Runs with very many problems: the state fits into the table, and nothing is repeated."""

from builders import NEWS_IDENTITY, a_rule
from fakes import World

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.muting.silences import Silences
from vdm_alerts.core.rules.rule_set import RuleSet

IDENTITIES = [Scope(identity=f"{number}.example.com") for number in range(60)]


def broken(number: int) -> Finding:
    return Finding(
        f"/vdm-alerts/silences/{number}", "A silence cannot be used", "Edit it", "x" * 3_000
    )


def test_5_000_broken_silences_are_counted_and_notified_once(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.silences.current = Silences(findings=[broken(number) for number in range(5_000)])

    world.run()
    world.run(hours=1)

    _, service = world.documents
    assert "4,951 more" in str(service["findings"])
    assert [document["kind"] for document in world.documents] == ["incident", "service"]


def test_new_problem_beyond_the_limit_is_notified_by_its_count(world: World) -> None:
    world.silences.current = Silences(findings=[broken(number) for number in range(60)])
    world.run()

    world.silences.current = Silences(findings=[broken(number) for number in range(61)])
    world.run(hours=1)
    world.silences.current = Silences(findings=[broken(number) for number in range(1)])
    world.run(hours=2)

    more, fixed = world.documents[1:]
    assert "12 more" in str(more["findings"])
    assert len(fixed["fixed"]) == 48
    world.run(hours=3)
    assert len(world.documents) == 3


def test_critical_problem_is_listed_beyond_the_limit(world: World) -> None:
    many = [broken(number) for number in range(60)]
    world.silences.current = Silences(findings=many)
    world.run()

    paused = Finding("account", "Sending is paused", "Ask AWS", severity=Severity.CRITICAL)
    world.silences.current = Silences(findings=[*many[1:], paused])
    world.run(hours=1)

    assert world.documents[1]["findings"][0]["headline"] == "Sending is paused"


def test_130_rules_with_60_breached_identities_each_are_saved(world: World) -> None:
    kinds = frozenset({(Dimension.IDENTITY,)})
    rules = [a_rule(f"{'r' * 120}{number}", scopes=kinds) for number in range(130)]
    world.rules.rule_set = RuleSet({rule.name: rule for rule in rules})
    world.account.senders = IDENTITIES
    world.set_bounces(ACCOUNT, 100)
    for identity in IDENTITIES:
        world.set_bounces(identity, 600)

    world.run()
    sent = len(world.documents)
    world.run(hours=1)

    assert len(world.state.alerts) == 7_800
    assert len(world.documents) == sent
    incidents = [document for document in world.documents if "affected" in document]
    assert all(document["history_available"] for document in incidents)
