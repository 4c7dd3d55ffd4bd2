"""Runs with very many problems: the state fits into the table, and nothing is repeated."""

import json
from dataclasses import dataclass, replace

import pytest
from builders import NEWS_IDENTITY, NOW, TARGET, a_rule, firing
from fakes import World
from hypothesis import given, settings
from hypothesis import strategies as st

from vdm_alerts.adapters.aws.sns_notifier import forms_of
from vdm_alerts.adapters.memory import MemoryState
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.findings import Finding, UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.muting.silences import Silences
from vdm_alerts.core.rules.rule_set import RuleSet

MAX_MESSAGE_SIZE = 256 * 1_024
"""Maximum bytes of a message. Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
IDENTITIES = [Scope(identity=f"{number}.example.com") for number in range(60)]


def broken_with(name: str, details: str) -> Finding:
    return Finding(f"/vdm-alerts/{name}", "A parameter cannot be used", "Edit it", details)


def broken(number: int) -> Finding:
    return broken_with(f"silences/{number}", "x" * 3_000)


def test_5_000_broken_silences_are_counted_and_notified_once(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.silences.current = Silences(findings=[broken(number) for number in range(5_000)])

    world.run()
    world.run(hours=1)

    _, service = world.documents
    assert service["findings_total"] == 5_000
    assert [document["kind"] for document in world.documents] == ["incident", "service"]


def test_new_problem_beyond_the_limit_is_notified_by_its_count(world: World) -> None:
    world.silences.current = Silences(findings=[broken(number) for number in range(60)])
    world.run()

    world.silences.current = Silences(findings=[broken(number) for number in range(61)])
    world.run(hours=1)
    world.silences.current = Silences(findings=[broken(number) for number in range(1)])
    world.run(hours=2)

    more, fixed = world.documents[1:]
    assert more["findings_total"] == 61
    assert len(fixed["fixed"]) == 48
    world.run(hours=3)
    assert len(world.documents) == 3


def test_another_number_of_problems_beyond_the_limit_gets_the_next_number(world: World) -> None:
    world.silences.current = Silences(findings=[broken(number) for number in range(60)])
    world.fail("save state", UnavailableError("dynamodb:PutItem", "no answer"), only=2)
    with pytest.raises(UnavailableError):
        world.run()

    world.silences.current = Silences(findings=[broken(number) for number in range(61)])
    world.run(hours=1)

    numbers = [(each["sequence"], each["findings_total"]) for each in world.documents]
    assert numbers == [(1, 60), (2, 61)]


def test_critical_problem_is_listed_beyond_the_limit(world: World) -> None:
    many = [broken(number) for number in range(60)]
    world.silences.current = Silences(findings=many)
    world.run()

    paused = Finding("account", "Sending is paused", "Ask AWS", severity=Severity.CRITICAL)
    world.silences.current = Silences(findings=[*many[1:], paused])
    world.run(hours=1)

    assert world.documents[1]["findings"][0]["headline"] == "Sending is paused"


def test_ended_subscription_is_listed_beyond_the_limit(world: World) -> None:
    world.notifier.confirmed = 2
    world.silences.current = Silences(findings=[broken(number) for number in range(60)])
    world.run()

    world.notifier.confirmed = 1
    world.run(hours=1)
    world.run(hours=2)

    _, ended = world.documents
    about = [finding["key"] for finding in ended["findings"]]
    assert about[:2] == ["subscriptions", "findings"]


def test_listed_problem_that_changes_beyond_the_limit_stays_listed(world: World) -> None:
    many = [broken(number) for number in range(60)]
    world.silences.current = Silences(findings=many)
    world.run()

    changed = replace(many[7], details="It has another error now")
    world.silences.current = Silences(findings=[*many[:7], *many[8:], changed])
    world.run(hours=1)
    world.silences.current = Silences(findings=[*many[:7], *many[8:]])
    world.run(hours=2)

    _, news, fixed = world.documents
    assert news["findings"][0]["key"] == changed.key
    assert [finding["key"] for finding in fixed["fixed"]] == [changed.key]


def test_listed_problem_that_changes_when_a_subscription_ends_stays_listed(world: World) -> None:
    """The end of a subscription is always listed. It takes no place of another problem."""
    world.notifier.confirmed = 2
    many = [broken(number) for number in range(60)]
    world.silences.current = Silences(findings=many)
    world.run()

    world.notifier.confirmed = 1
    changed = replace(many[7], details="It has another error now")
    world.silences.current = Silences(findings=[*many[:7], *many[8:], changed])
    world.run(hours=1)
    world.silences.current = Silences(findings=[*many[:7], *many[8:]])
    world.run(hours=2)

    _, news, fixed = world.documents
    assert [finding["key"] for finding in news["findings"][:2]] == ["subscriptions", changed.key]
    assert [finding["key"] for finding in fixed["fixed"]] == [changed.key]


def test_incident_of_many_identities_with_long_names_fits_into_messages(world: World) -> None:
    identities = [Scope(identity=f"{number}.{'x' * 10_000}.example.com") for number in range(40)]
    world.set_rules(a_rule(scopes=frozenset({(), (Dimension.IDENTITY,)})))
    world.account.senders = identities
    for scope in (ACCOUNT, *identities):
        world.set_bounces(scope, 600)

    world.run()
    world.rules.rule_set = RuleSet({})
    world.run(hours=1)

    sizes = [
        len(json.dumps(forms_of(message), ensure_ascii=False).encode())
        for message in world.notifier.sent
    ]
    assert len(sizes) == 2
    assert max(sizes) < MAX_MESSAGE_SIZE
    assert all(document["affected_total"] == 41 for document in world.documents)


@pytest.mark.parametrize(("rule_count", "identity_count"), [(130, 60), (1_300, 6)])
def test_rules_with_many_breached_identities_are_saved(
    world: World, rule_count: int, identity_count: int
) -> None:
    identities = IDENTITIES[:identity_count]
    kinds = frozenset({(Dimension.IDENTITY,)})
    rules = [a_rule(f"{'r' * 120}{number}", scopes=kinds) for number in range(rule_count)]
    world.rules.rule_set = RuleSet({rule.name: rule for rule in rules})
    world.account.senders = identities
    world.set_bounces(ACCOUNT, 100)
    for identity in identities:
        world.set_bounces(identity, 600)

    world.run()
    sent = len(world.documents)
    world.run(hours=1)

    assert len(world.state.alerts) == 7_800
    assert len(world.documents) == sent
    assert all(
        document["history_available"]
        for document in world.documents
        if "history_available" in document
    )


def test_state_of_1_300_rules_with_60_alerts_each_is_saved_and_loaded() -> None:
    """Every save obeys the limits of DynamoDB, which the memory enforces."""
    alerts = [
        replace(firing(scope), rule=f"{'r' * 120}{number}", incident=f"{number}-{index}")
        for number in range(1_300)
        for index, scope in enumerate(IDENTITIES)
    ]
    state = StoredState({alert.key: alert for alert in alerts}, last_run=NOW, summary_sent=True)
    store = MemoryState()

    saved = store.save(TARGET, state, store.load(TARGET))

    assert len(saved.alerts) == 78_000
    assert store.load(TARGET) == saved


def test_750_broken_rules_of_3_kb_repeat_no_alert_of_another_rule(world: World) -> None:
    broken_rules = {f"{'r' * 120}{number}": broken(number) for number in range(750)}
    world.set_bounces(NEWS_IDENTITY, 600)
    world.account.senders = [NEWS_IDENTITY]
    world.rules.rule_set = RuleSet({"bounce-rate": a_rule()}, invalid=broken_rules)

    world.run()
    world.run(hours=1)

    assert [document["kind"] for document in world.documents] == ["incident", "service"]
    assert world.documents[1]["findings_total"] == 750


@dataclass(frozen=True)
class Sizes:
    """How much there is of everything that a run stores or counts."""

    rules: int
    identities: int
    invalid_rules: int
    silences: int
    rule_length: int
    identity_length: int
    text_length: int
    letter: str
    """The letter of the long names and texts."""


SIZES = st.builds(
    Sizes,
    rules=st.integers(1, 20),
    identities=st.integers(1, 40),
    invalid_rules=st.integers(0, 150),
    silences=st.integers(0, 150),
    rule_length=st.integers(1, 124),
    identity_length=st.integers(1, 10_000),
    text_length=st.integers(0, 4_000),
    letter=st.sampled_from("aé😀"),
)


@settings(max_examples=10, deadline=None)
@given(SIZES)
def test_state_of_any_size_is_saved_and_repeats_nothing(size: Sizes) -> None:
    long_text = size.letter * size.text_length
    world = World()
    scopes = [
        Scope(identity=f"{size.letter * size.identity_length}{n}") for n in range(size.identities)
    ]
    names = [f"{size.letter * size.rule_length}{n}" for n in range(size.rules)]
    good = {name: a_rule(name, scopes=frozenset({(Dimension.IDENTITY,)})) for name in names}
    bad = {f"bad{n}": broken_with(f"rule {n}", long_text) for n in range(size.invalid_rules)}
    findings = [broken_with(f"silence {n}", long_text) for n in range(size.silences)]
    world.account.senders = scopes
    world.set_bounces(ACCOUNT, 100)
    for scope in scopes:
        world.set_bounces(scope, 600)
    world.rules.rule_set = RuleSet(good, invalid=bad)
    world.silences.current = Silences(findings=findings)

    world.run()

    assert len(world.state.alerts) == size.rules * size.identities
    assert all(document.get("history_available", True) for document in world.documents)
    problems = size.invalid_rules + size.silences
    services = [document for document in world.documents if document["kind"] == "service"]
    assert len(services) == bool(problems)
    assert all(service["findings_total"] == problems for service in services)

    sent = len(world.documents)
    world.run(hours=1)
    assert len(world.documents) == sent

    world.rules.rule_set = RuleSet(good, invalid={**bad, "another": broken_with("another", "x")})
    world.run(hours=2)
    assert [document["kind"] for document in world.documents[sent:]] == ["service"]
