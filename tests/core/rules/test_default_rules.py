import pytest

from vdm_alerts.core.rules.default_rules import fingerprint

TEXT = '# Why.\nwarning = "5%"\n'


@pytest.mark.parametrize("edited", [TEXT.replace("5%", "4%"), TEXT + "x = 1", TEXT[1:], ""])
def test_fingerprint_changes_with_any_edit(edited: str) -> None:
    assert fingerprint(edited) != fingerprint(TEXT)


@pytest.mark.parametrize(
    "same",
    [
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        TEXT.rstrip(),
        TEXT + "\n\n",
        "\ufeff" + TEXT.replace("\n", "\r\n"),
    ],
)
def test_fingerprint_ignores_what_editors_change_when_they_save_a_text(same: str) -> None:
    assert fingerprint(same) == fingerprint(TEXT)
