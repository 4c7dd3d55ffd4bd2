"""Rules that are invalid or cannot be read."""

from builders import NEWS_IDENTITY, a_rule
from fakes import World
from rule_texts import INVALID_RULE

from vdm_alerts.core.model.findings import AccessDeniedError, Finding, UnavailableError
from vdm_alerts.core.rules.rule_set import RuleSet

INVALID = Finding("rule", "Rule r is invalid", "Edit it")


def test_invalid_rule_is_reported_and_other_rules_apply(world: World) -> None:
    world.rules.rule_set = RuleSet({"bounce-rate": a_rule()}, {"bad": INVALID})
    world.set_bounces(NEWS_IDENTITY, 600)

    world.run()

    assert world.subjects == [
        "[WARNING] Bounce rate 6% (above 5%): news.example.com",
        "[WARNING] Rule r is invalid",
    ]


def test_alert_is_kept_when_its_rule_becomes_invalid(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    before = world.state.alerts
    world.rules.rule_set = RuleSet({}, {"bounce-rate": INVALID})

    world.run(hours=1)

    assert [key.scope for key in before] == [NEWS_IDENTITY]
    assert world.state.alerts == before


def test_alert_is_kept_when_the_rules_are_unreadable(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    world.fail("read rules", AccessDeniedError("ssm:GetParametersByPath"))

    world.run(hours=1)

    assert len(world.state.alerts) == 1


def test_invalid_rule_is_counted_in_every_run(world: World) -> None:
    """It is notified once. The alarm stays on until it is fixed."""
    world.rules.rule_set = RuleSet({}, {"bounce-rate": INVALID})

    assert [world.run(hours).unreadable for hours in range(3)] == [1, 1, 1]


def test_outage_is_counted_without_a_notification_when_the_rules_are_unavailable(
    world: World,
) -> None:
    """The alarm reports an outage that lasts: nothing is evaluated, and nothing is sent."""
    world.fail("read rules", UnavailableError("ssm:GetParametersByPath", "down"))

    summary = world.run()

    assert (summary.series_evaluated, summary.series_unknown, summary.unreadable) == (0, 0, 1)
    assert world.notifier.sent == []


def test_invalid_rule_that_never_was_valid_does_not_hide_later_problems(world: World) -> None:
    world.write_rules({"never": INVALID_RULE})
    denied = AccessDeniedError("ses:BatchGetMetricData")

    world.run()
    world.fail("read metrics", denied)
    world.run(hours=1)
    world.repair("read metrics")
    world.run(hours=2)
    world.fail("read metrics", denied)
    world.run(hours=3)

    assert [subject.partition("]")[0] for subject in world.subjects] == [
        "[WARNING",
        "[WARNING",
        "[WARNING",
        "[WARNING",
    ]
    assert world.subjects[3] == world.subjects[1]
