"""Collecting the inputs of a run: silences."""

from dataclasses import replace

import pytest
from builders import HOUR, NEWS_IDENTITY, NOW, TARGET
from fakes import World

from vdm_alerts.app import collect as collecting
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.account import AccountStatus
from vdm_alerts.core.model.findings import (
    AccessDeniedError,
    Finding,
    FindingSource,
    UnavailableError,
)
from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS
from vdm_alerts.core.model.metrics import Dimension
from vdm_alerts.core.muting.silences import Silence, Silences
from vdm_alerts.core.observations.evaluation import evaluate
from vdm_alerts.core.observations.metric_reading import UNLIMITED
from vdm_alerts.core.observations.no_email import NO_EMAIL_AFTER
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.rules.patterns import ScopeMatcher
from vdm_alerts.core.rules.target_patterns import TargetMatcher

MONITORED_RATES = 2 + len(KNOWN_ISPS) + 1
"""The account, an identity, each provider, and all others together."""
INVALID = Finding(
    "/vdm-alerts/silences/bad", "Silence s is invalid", "Edit it", blocks_monitoring=False
)


def a_silence(name: str, hours: int) -> Silence:
    """A silence of the identity NEWS that expires in so many hours."""
    source = f"/vdm-alerts/silences/{name}"
    names = ScopeMatcher({Dimension.IDENTITY: str(NEWS_IDENTITY)})
    return Silence(name, source, "*", names, NOW + hours * HOUR, "It moves", "the mail team")


def collect(world: World) -> Observation:
    return collecting.collect(world.ports, TARGET, StoredState(), NOW, UNLIMITED, NO_EMAIL_AFTER)


def test_observation_has_active_silences_and_findings_about_others(world: World) -> None:
    active, expired = a_silence("active", 1), a_silence("expired", -1)
    world.silences.current = Silences([active, expired], [INVALID])

    observation = collect(world)

    assert observation.silences == [active]
    assert [finding.key for finding in observation.findings] == [INVALID.key, expired.source]
    assert len(evaluate(observation).verdicts) == MONITORED_RATES


def test_silence_for_another_target_is_neither_in_effect_nor_reported(world: World) -> None:
    elsewhere = TargetMatcher(account="333333333333")
    here = replace(a_silence("here", 1), target_matcher=TargetMatcher(region="eu-*"))
    others = [replace(a_silence("x", hours), target_matcher=elsewhere) for hours in (1, -1)]
    world.silences.current = Silences([*others, here], [INVALID])

    observation = collect(world)

    assert observation.silences == [here]
    assert [finding.key for finding in observation.findings] == [INVALID.key]


@pytest.mark.parametrize(
    "error",
    [
        AccessDeniedError("ssm:GetParametersByPath"),
        UnavailableError("ssm:GetParametersByPath", "busy"),
    ],
)
def test_unreadable_silences_are_a_finding_and_mute_nothing(
    world: World, error: AccessDeniedError | UnavailableError
) -> None:
    world.fail("read silences", error)

    observation = collect(world)

    assert (observation.silences, observation.findings) == ([], [error.finding])
    assert len(evaluate(observation).verdicts) == MONITORED_RATES


@pytest.mark.parametrize(
    ("effect", "action"),
    [
        ("list paused tenants", "ses:ListTenants"),
        ("read the advisor", "ses:ListRecommendations"),
    ],
)
def test_advice_that_may_not_be_read_is_a_finding_and_stops_nothing(
    world: World, effect: str, action: str
) -> None:
    world.fail(effect, AccessDeniedError(action))

    observation = collect(world)

    (finding,) = observation.findings
    assert f"not allowed to call {action}" in finding.what
    assert len(evaluate(observation).verdicts) == MONITORED_RATES


def test_advisor_is_not_asked_while_vdm_is_off(world: World) -> None:
    world.account.current_status = AccountStatus(vdm_enabled=False)
    world.fail("read the advisor", AccessDeniedError("ses:ListRecommendations"))

    observation = collect(world)

    assert observation.recommendations is None
    assert observation.findings == []
    assert FindingSource.ADVISOR in observation.unreadable_sources, "no advice counts as followed"


def test_observation_has_silences_when_the_rules_are_unreadable(world: World) -> None:
    silence = a_silence("one", 1)
    world.silences.current = Silences([silence])
    world.fail("read rules", AccessDeniedError("ssm:GetParametersByPath"))

    assert collect(world).silences == [silence]
