from datetime import date

import pytest
from builders import NEWS, TODAY, a_series

from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope, Series, Window


def test_a_window_of_one_day_is_today_alone() -> None:
    assert a_series(100, 20, 3).total(Window(1), TODAY) == 3


def test_a_window_takes_in_today_and_the_days_before_it() -> None:
    assert a_series(1000, 100, 20, 3).total(Window(3), TODAY) == 123


def test_a_day_that_ses_left_out_of_an_answer_had_no_messages() -> None:
    assert Series({date(2026, 3, 10): 7}).total(Window(3), date(2026, 3, 12)) == 7
    assert Series({}).total(Window(60), TODAY) == 0


def test_the_account_names_no_dimension() -> None:
    assert ACCOUNT.kind == ()
    assert not ACCOUNT.dimensions
    assert str(ACCOUNT) == "the account"


def test_a_scope_of_two_dimensions_is_what_both_have_in_common() -> None:
    scope = Scope(identity="news.example.com", isp="Hotmail")
    assert scope.kind == (Dimension.IDENTITY, Dimension.ISP)
    assert scope.dimensions == {"EMAIL_IDENTITY": "news.example.com", "ISP": "Hotmail"}
    assert str(scope) == "news.example.com at Hotmail"


def test_scopes_are_told_apart_by_what_they_name() -> None:
    assert Scope(identity="a") != Scope(configuration_set="a")
    assert len({NEWS, Scope(identity="news.example.com")}) == 1


@pytest.mark.parametrize(("days", "text"), [(1, "day"), (7, "7 days")])
def test_a_window_reads_as_people_say_it(days: int, text: str) -> None:
    assert str(Window(days)) == text
