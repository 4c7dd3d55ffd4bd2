"""Tests of the fields of a silence."""

from datetime import timedelta

from builders import NOW
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.muting.silences import parse_silence
from vdm_alerts_cli.silence_fields import fields_of, text_of

TEXTS = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="[]"), min_size=1, max_size=30
)


@given(TEXTS, TEXTS, st.timedeltas(timedelta(), timedelta(days=365)))
def test_every_valid_silence_survives_its_text(reason: str, rule: str, length: timedelta) -> None:
    fields = {
        "rule": rule,
        "reason": reason,
        "author": '"\\x',
        "until": (NOW + length).replace(microsecond=0),
    }
    text = text_of(fields)
    silence = parse_silence("a", text, "a")
    assert text_of(fields_of(silence)) == text
