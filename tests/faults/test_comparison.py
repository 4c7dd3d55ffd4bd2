"""What the comparison of received with expected notifications finds."""

from typing import Any

from faults.comparison import Comparison, Document, compare


def notification(
    reason: str = "FIRING", at: int = 9, severity: str = "CRITICAL", **changes: Any
) -> Document:
    affected = {"rule": "bounce-rate", "scope": {}, "severity": severity, "reason": reason}
    return {
        "rule": "bounce-rate",
        "reason": reason,
        "severity": severity,
        "at": f"2026-03-10T{at:02}:00:00+00:00",
        "id": "bounce-rate-20260310T0900Z",
        "sequence": 1,
        "history_available": True,
        "affected": [affected],
        **changes,
    }


FIRING = notification()
RESOLVED = notification("RESOLVED", 20, "OK", sequence=2)


def comparison(*received: Document, later: tuple[Document, ...] = (RESOLVED,)) -> Comparison:
    return compare([FIRING], [RESOLVED], received, later, 1)


def test_expected_notifications_keep_the_guarantees() -> None:
    result = comparison(FIRING)
    assert result.keeps_guarantees
    assert (result.expected, result.received, result.repeated) == (2, 2, 0)


def test_notification_is_lost_if_it_is_missing_or_late() -> None:
    key = ("bounce-rate", "FIRING", "CRITICAL")
    for result in (comparison(), comparison(later=(FIRING, RESOLVED))):
        assert result.lost == [key]
        assert not result.keeps_guarantees
    assert comparison(FIRING, later=()).lost == [("bounce-rate", "RESOLVED", "OK")]


def test_same_notification_may_be_repeated_once() -> None:
    assert comparison(FIRING, FIRING).keeps_guarantees
    assert comparison(FIRING, FIRING).repeated == 1
    assert comparison(FIRING, FIRING, FIRING).unexpected == [
        "('bounce-rate', 'FIRING', 'CRITICAL'): 2 repeats"
    ]


def test_repeat_with_another_number_is_unexpected() -> None:
    (unexpected,) = comparison(FIRING, notification(sequence=2)).unexpected
    assert "another ID, number or content" in unexpected


def test_reminder_is_allowed_only_while_no_rate_is_readable() -> None:
    scope = {"rule": "bounce-rate", "scope": {}, "severity": "CRITICAL", "reason": "REPEAT"}
    unreadable, measured = ({**scope, "rate": rate} for rate in (None, 0.06))
    result = comparison(FIRING, notification("REPEAT", 12, affected=[unreadable]))
    assert result.keeps_guarantees
    assert result.reminders == 1
    for affected in ([measured], [unreadable, measured]):
        result = comparison(FIRING, notification("REPEAT", 12, affected=affected))
        assert result.unexpected == ["('bounce-rate', 'REPEAT', 'CRITICAL'): not due"]


def test_next_notification_is_an_update_if_it_has_another_alert() -> None:
    new = {
        "rule": "bounce-rate",
        "scope": {"ISP": "Hotmail"},
        "severity": "CRITICAL",
        "reason": "FIRING",
    }
    update = notification(sequence=2, affected=[*FIRING["affected"], new])
    result = comparison(FIRING, update)
    assert result.keeps_guarantees
    assert (result.updated, result.repeated) == (1, 0)
    assert comparison(FIRING, {**update, "sequence": 1}).unexpected
    assert comparison(FIRING, {**update, "id": "other"}).unexpected


def test_end_before_its_time_is_wrong() -> None:
    early = notification("RESOLVED", 10, "OK", sequence=2)
    assert comparison(FIRING, early).wrongly_resolved
    assert comparison(FIRING, notification("CLOSED", 10, "OK")).wrongly_resolved


def test_notification_without_history_is_counted_apart() -> None:
    marked = notification(history_available=False, id="bounce-rate-unknown")
    result = comparison(marked, FIRING)
    assert result.keeps_guarantees
    assert (result.without_history, result.repeated) == (1, 0)


def test_notification_that_is_not_due_is_unexpected() -> None:
    (unexpected,) = comparison(FIRING, notification("ESCALATED")).unexpected
    assert "not due" in unexpected


def test_incidents_of_a_digest_are_compared_each() -> None:
    digest = {"at": FIRING["at"], "incidents": [FIRING]}
    assert comparison(digest).keeps_guarantees
