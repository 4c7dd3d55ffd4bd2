import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.shipped import is_edited, sealed

OWN = "/vdm-alerts/rules/bounce-rate"
TEXT = '# Why.\nwarning = "5%"\n'


@given(st.text().map(lambda text: text.replace("\r", "")))
def test_what_ships_is_not_edited(text: str) -> None:
    assert not is_edited(sealed(text, OWN))


def test_what_ships_says_where_to_put_ones_own_and_means_the_same() -> None:
    assert OWN in sealed(TEXT, OWN)
    assert tomllib.loads(sealed(TEXT, OWN)) == tomllib.loads(TEXT)


@pytest.mark.parametrize(
    "edited",
    [
        sealed(TEXT, OWN).replace("5%", "4%"),
        sealed(TEXT, OWN) + "critical = '9%'",
        sealed(TEXT, OWN).replace("# Why.\n", ""),
        TEXT,
        "",
    ],
)
def test_any_edit_breaks_the_seal(edited: str) -> None:
    assert is_edited(edited)


def test_how_lines_end_is_no_edit() -> None:
    """A console or an editor may write the same text with other line ends."""
    assert not is_edited(sealed(TEXT, OWN).replace("\n", "\r\n"))
    assert not is_edited(sealed(TEXT, OWN).rstrip())
