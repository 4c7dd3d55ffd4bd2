"""Tests of the days without email after which a notification is due."""

import pytest

from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.observations.no_email import parse_no_email_after


def test_text_is_a_number_of_days_or_never() -> None:
    assert parse_no_email_after("3d") == Window(3)
    assert parse_no_email_after("never") is None


@pytest.mark.parametrize("text", ["", "3", "0d", "61d", "2h", "none"])
def test_other_texts_are_errors(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a window\. Use whole days"):
        parse_no_email_after(text)
