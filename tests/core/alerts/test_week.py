from datetime import timedelta

from builders import HOUR, NOW

from vdm_alerts.core.alerts.week import MAX_UNKNOWN_SCOPES, WeekFigures

NEW = WeekFigures()


def test_first_run_begins_the_week_and_has_no_duration() -> None:
    week = NEW.after_run(NOW, None, 40, ["account"], ["news.example.com"])

    assert week == WeekFigures(since=NOW, runs=1, queries=40)


def test_unreadable_source_and_scope_are_unknown_since_the_last_run() -> None:
    week = NEW.after_run(NOW, NOW - HOUR, 40, ["account"], ["a.example.com"])
    week = week.after_run(NOW + 2 * HOUR, NOW, 2, ["account"], [])

    assert week.unreadable_sources == {"account": 3 * 3_600}
    assert week.unknown_scopes == {"a.example.com": 3_600}
    assert (week.runs, week.queries, week.longest_gap) == (2, 42, 2 * 3_600)
    assert week.since == NOW


def test_outage_of_days_counts_as_unknown_for_a_day_and_as_a_gap() -> None:
    week = NEW.after_run(NOW, NOW - timedelta(days=3), 0, ["account"], [])

    assert week.unreadable_sources == {"account": 86_400}
    assert week.longest_gap == 3 * 86_400


def test_scopes_beyond_the_limit_share_their_unknown_time() -> None:
    names = [f"{number:02}.example.com" for number in range(MAX_UNKNOWN_SCOPES + 5)]
    week = NEW.after_run(NOW, NOW - HOUR, 0, [], names)
    week = week.after_run(NOW + HOUR, NOW, 0, [], names[:1])

    assert [*week.unknown_scopes] == names[:MAX_UNKNOWN_SCOPES]
    assert week.unknown_scopes[names[0]] == 7_200
    assert week.other_scopes == 3_600
