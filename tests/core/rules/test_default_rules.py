import pytest

from vdm_alerts.core.rules.default_rules import digest

TEXT = '# Why.\nwarning = "5%"\n'


@pytest.mark.parametrize("edited", [TEXT.replace("5%", "4%"), TEXT + "x = 1", TEXT[1:], ""])
def test_any_edit_shows(edited: str) -> None:
    assert digest(edited) != digest(TEXT)


@pytest.mark.parametrize("same", [TEXT.replace("\n", "\r\n"), TEXT.rstrip(), TEXT + "\n\n"])
def test_how_lines_end_is_no_edit(same: str) -> None:
    """A console or an editor may write the same text with other line ends."""
    assert digest(same) == digest(TEXT)
