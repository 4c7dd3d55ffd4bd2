"""Faults of the deployed function: a few of those that `make faults` runs."""

from collections.abc import Sequence

import pytest
from deployed_stack import DeployedStack
from faults.cases import FIRING, LASTING, RESOLVING, Case, all_cases
from faults.comparison import Comparison
from faults.story import Story, StoryError

from vdm_local.faults import METRIC_DATA


@pytest.fixture(scope="module")
def recorded(_shared_stack: DeployedStack) -> Story:
    story = Story(_shared_stack)
    story.record()
    return story


def comparison(story: Story, case: Case) -> Comparison:
    result = story.play(case).comparison
    assert result.keeps_guarantees, result
    assert result.expected == (2 if case.step == RESOLVING else 2 * (case.step == FIRING) + 2)
    return result


def kill(step: int, operation: str, kind: str, number: int = 1) -> Case:
    return Case("killed", step, operation, kind, number=number)


def test_run_without_a_fault_calls_every_service(recorded: Story) -> None:
    services = {each.split(":")[0] for each in recorded.steps[FIRING].operations}
    assert services == {"cloudwatch", "dynamodb", "ses", "sns", "ssm"}


@pytest.mark.parametrize(
    ("case", "repeats"),
    [
        (kill(FIRING, "dynamodb:TransactWriteItems", "killed-after"), 0),
        (kill(FIRING, "sns:Publish", "killed-before", 2), 1),
        (kill(RESOLVING, "sns:Publish", "killed-after", 2), 2),
        (Case("lost", FIRING, "sns:Publish", "dropped", number=1), 1),
    ],
)
def test_only_notifications_of_unknown_delivery_are_repeated(
    recorded: Story, case: Case, repeats: int
) -> None:
    """If the second publish is killed, the first is repeated: its delivery was not saved yet."""
    result = comparison(recorded, case)
    assert (result.repeated, result.without_history) == (repeats, 0)


def test_refused_notifications_are_sent_by_the_next_run(recorded: Story) -> None:
    outcome = recorded.play(Case("SNS refuses", FIRING, "sns:Publish", "denied"))
    assert outcome.has_failed
    assert outcome.comparison.keeps_guarantees
    assert outcome.comparison.repeated == 0


def test_notifications_are_marked_while_the_table_is_throttled(recorded: Story) -> None:
    result = comparison(recorded, Case("throttled", FIRING, "dynamodb:Query", "throttled"))
    assert (result.repeated, result.without_history) == (0, 2)


def test_slow_parameters_delay_no_notification(recorded: Story) -> None:
    result = comparison(recorded, Case("SSM slow", FIRING, "ssm:*", "time-out", "seconds = 0.5"))
    assert result.received == result.expected


@pytest.mark.parametrize("step", [FIRING, LASTING])
def test_invalid_counts_neither_resolve_nor_lose_an_alert(recorded: Story, step: int) -> None:
    """Alerts whose counts are unknown fire later than the others, in an update."""
    result = comparison(recorded, Case("VDM lies", step, METRIC_DATA, "garbled", 'form = "null"'))
    assert result.received == result.expected + result.updated
    assert result.updated == 0 or step == FIRING


def test_case_without_effect_is_an_error(recorded: Story) -> None:
    with pytest.raises(StoryError, match="had no effect"):
        recorded.play(kill(LASTING, "sns:Publish", "killed-after"))


def test_cases_include_every_call_of_the_run_in_which_alerts_fire(recorded: Story) -> None:
    operations: Sequence[str] = recorded.steps[FIRING].operations
    cases = [*all_cases([step.operations for step in recorded.steps])]
    for kind in ("killed-before", "killed-after", "dropped"):
        failed = [each for each in cases if (each.kind, each.step) == (kind, FIRING)]
        assert sorted(each.operation for each in failed if each.number) == sorted(operations)
