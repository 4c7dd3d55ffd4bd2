from datetime import date

import pytest
from builders import NEWS_IDENTITY, TODAY, a_series

from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope, Series, Window


def test_one_day_window_counts_only_today() -> None:
    assert a_series(100, 20, 3).total(Window(1), TODAY) == 3


def test_window_counts_today_and_the_days_before_it() -> None:
    assert a_series(1000, 100, 20, 3).total(Window(3), TODAY) == 123


def test_series_counts_zero_for_days_missing_from_the_ses_response() -> None:
    assert Series({date(2026, 3, 10): 7}).total(Window(3), date(2026, 3, 12)) == 7
    assert Series({}).total(Window(60), TODAY) == 0


def test_account_scope_has_no_dimensions() -> None:
    assert ACCOUNT.kind == ()
    assert not ACCOUNT.dimensions
    assert str(ACCOUNT) == "the account"


def test_scope_with_two_dimensions_has_both_in_kind_dimensions_and_text() -> None:
    scope = Scope(identity="news.example.com", isp="Hotmail")
    assert scope.kind == (Dimension.IDENTITY, Dimension.ISP)
    assert scope.dimensions == {"EMAIL_IDENTITY": "news.example.com", "ISP": "Hotmail"}
    assert str(scope) == "news.example.com at Hotmail"


def test_scopes_are_equal_only_when_dimension_and_name_match() -> None:
    assert Scope(identity="a") != Scope(configuration_set="a")
    assert len({NEWS_IDENTITY, Scope(identity="news.example.com")}) == 1


@pytest.mark.parametrize(("days", "text"), [(1, "day"), (7, "7 days")])
def test_window_text_is_day_or_a_number_of_days(days: int, text: str) -> None:
    assert str(Window(days)) == text
