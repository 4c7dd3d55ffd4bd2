import pytest
from builders import HOUR, NEWS, NOW, ORIGIN
from fakes import World

from vdm_alerts.app.collect import collect
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.model.findings import AccessDenied, Finding, Unavailable
from vdm_alerts.core.model.metrics import Dimension
from vdm_alerts.core.muting.silences import Silence, Silences
from vdm_alerts.core.observations.metric_reading import UNLIMITED
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.rules.patterns import Names

BAD = Finding("/vdm-alerts/silences/bad", "A silence cannot be used", "Edit it", hinders=False)


def a_silence(name: str, hours: int) -> Silence:
    """A silence of the newsletter that ends in so many hours."""
    source = f"/vdm-alerts/silences/{name}"
    names = Names({Dimension.IDENTITY: str(NEWS)})
    return Silence(name, source, "*", names, NOW + hours * HOUR, "It moves", "the mail team")


def gathered(world: World) -> Observation:
    return collect(world.ports, ORIGIN, Memory(), NOW, UNLIMITED)


def test_a_run_knows_the_silences_that_last_and_tells_of_the_others(world: World) -> None:
    lasting, over = a_silence("lasting", 1), a_silence("over", -1)
    world.silences.kept = Silences([lasting, over], [BAD])
    seen = gathered(world)
    assert seen.silences == [lasting]
    assert [each.about for each in seen.findings] == [BAD.about, over.source]
    assert seen.reading, "and what it reads is as it is without them"


@pytest.mark.parametrize(
    "hindrance",
    [AccessDenied("ssm:GetParametersByPath"), Unavailable("ssm:GetParametersByPath", "busy")],
)
def test_silences_that_cannot_be_read_silence_nothing_and_stop_nothing(
    world: World, hindrance: AccessDenied | Unavailable
) -> None:
    world.silences.kept = hindrance
    seen = gathered(world)
    assert (seen.silences, seen.findings) == ([], [hindrance.finding])
    assert seen.reading


def test_silences_are_known_where_the_rules_are_not(world: World) -> None:
    world.rules.book = AccessDenied("ssm:GetParametersByPath")
    world.silences.kept = Silences([one := a_silence("one", 1)])
    assert gathered(world).silences == [one]
