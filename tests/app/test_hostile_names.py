"""Names that try to forge a notification, a dimension or a command."""

import json
import shlex

import pytest
from builders import TARGET, a_rule
from fakes import World

from vdm_alerts.adapters.aws.cloudwatch_emf import MAX_DIMENSION_VALUE, EmbeddedMetrics
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.notifications.rendering.commands import pause_step

HOSTILE_NAMES = [
    "x\n\n[RESOLVED] All is well",
    "x\r\u2028y\x85z",
    "\x1b]0;owned\x07\x1b[31mx",
    "x\0y",
    "\u202egnp.exe\u2066\u200b",
    "\U000e0041x\U000f0000",
    "[click](https://evil.example)",
    "<!channel> <https://evil.example|x>",
    "x; rm -rf ~ #",
    "$(reboot)`reboot`'\"",
    "täglich",
    "é" * 5_000,
]


@pytest.fixture(params=HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def hostile_world(world: World, name: str) -> World:
    world.set_rules(a_rule(scopes=((), (Dimension.CONFIGURATION_SET,))))
    world.account.senders = [Scope(configuration_set=name)]
    for scope in (ACCOUNT, *world.account.senders):
        world.set_bounces(scope, 900)
    return world


def test_hostile_name_is_shown_on_one_line_of_every_form(hostile_world: World, name: str) -> None:
    hostile_world.run()
    (message,) = hostile_world.notifier.sent
    content = json.loads(message.amazon_q)["content"]
    shown = [
        *message.text.splitlines(),
        *content["description"].split("\n"),
        *(line for step in content["nextSteps"] for line in step.split("\n")),
        content["title"],
        message.subject,
        message.sms,
    ]
    assert all(line.isprintable() for line in shown)
    assert not any(line.startswith("[RESOLVED]") for line in shown)
    chat = json.dumps(content)
    assert not any(forgery in chat for forgery in ("](", "<!", "<http"))
    scopes = [affected["scope"] for affected in json.loads(message.payload)["affected"]]
    assert {"CONFIGURATION_SET": name} in scopes, "machines read the name itself"


def test_hostile_name_is_a_valid_dimension(
    hostile_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile_world.run()
    recorder = hostile_world.recorder
    EmbeddedMetrics("here").record(TARGET, recorder.reports[-1], recorder.samples)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (value,) = [line["configuration_set"] for line in lines if "configuration_set" in line]
    assert value.isascii()
    assert value.isprintable()
    assert len(value) <= MAX_DIMENSION_VALUE


def test_command_with_a_hostile_name_stays_one_command(name: str) -> None:
    step = pause_step(name, TARGET)
    command = shlex.split(step.command, comments=True)
    assert all(line.isprintable() for line in step.lines)
    assert command[-2:] == [str(Scope(configuration_set=name)), "--no-sending-enabled"]


def test_hostile_name_and_error_are_shown_on_one_line_of_a_finding(
    hostile_world: World, name: str
) -> None:
    hostile_world.series.answers = dict.fromkeys(hostile_world.series.answers, Gap.REJECTED)
    failure = UnavailableError("ses:GetAccount", name, transient=False)
    hostile_world.fail("read account status", failure)
    hostile_world.run()
    text = "\n".join(message.text for message in hostile_world.notifier.sent)
    assert all(line.isprintable() for line in text.splitlines())
    assert "SES rejects queries about these scopes" in text
    assert "ses:GetAccount failed" in text
