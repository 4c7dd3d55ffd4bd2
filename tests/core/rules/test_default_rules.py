import pytest

from vdm_alerts.core.rules.default_rules import fingerprint

TEXT = '# Why.\nwarning = "5%"\n'


@pytest.mark.parametrize("edited", [TEXT.replace("5%", "4%"), TEXT + "x = 1", TEXT[1:], ""])
def test_fingerprint_changes_with_any_edit(edited: str) -> None:
    assert fingerprint(edited) != fingerprint(TEXT)


@pytest.mark.parametrize("same", [TEXT.replace("\n", "\r\n"), TEXT.rstrip(), TEXT + "\n\n"])
def test_fingerprint_ignores_line_endings_and_trailing_blank_lines(same: str) -> None:
    """Consoles and editors can change both when they save the same text."""
    assert fingerprint(same) == fingerprint(TEXT)
