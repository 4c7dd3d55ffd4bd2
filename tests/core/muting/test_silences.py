import re
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from builders import HOUR, NEWS_IDENTITY, NOW
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.model.findings import DeleteParameter
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope
from vdm_alerts.core.muting.silences import (
    MATCHERS,
    MAX_EXPIRED,
    InvalidSilenceError,
    Silence,
    SilenceDocument,
    Silences,
    expired_findings,
    parse_silence,
)

SOURCE = "/vdm-alerts/silences/migration"
REQUIRED_KEYS = """
until = 2026-03-20T10:00:00+01:00
reason = "We move to another list"
author = "the mail team"
"""
INVALID_SILENCE = """
rules = "bounce-*"
identity = 3
isp = "Outlook"
until = 2026-03-20T09:00:00
reason = " "
"""
UNTIL = datetime(2026, 3, 20, 9, tzinfo=UTC)


def a_silence(matchers: str) -> Silence:
    return parse_silence("migration", matchers + REQUIRED_KEYS, SOURCE)


def test_silence_is_parsed_from_its_toml_text() -> None:
    parsed = a_silence('rule = "bounce-*"\nidentity = "news.example.com"\nisp = "Hotmail"')
    assert (parsed.name, parsed.source, parsed.rule_pattern) == ("migration", SOURCE, "bounce-*")
    assert parsed.matcher.patterns == {
        Dimension.IDENTITY: "news.example.com",
        Dimension.ISP: "Hotmail",
    }
    assert parsed.until == UNTIL
    assert parsed.until.tzinfo is UTC
    assert (parsed.reason, parsed.author) == ("We move to another list", "the mail team")


def test_silence_may_have_a_byte_order_mark_and_windows_line_ends() -> None:
    text = 'rule = "*"' + REQUIRED_KEYS
    saved = "\ufeff" + text.replace("\n", "\r\n")
    assert parse_silence("x", saved, SOURCE) == parse_silence("x", text, SOURCE)


def test_multiline_reason_becomes_one_line() -> None:
    text = 'rule = "*"' + REQUIRED_KEYS.replace('"We move', '"""\nWe move').replace(
        "list", 'list\n""'
    )
    assert parse_silence("x", text, SOURCE).reason == "We move to another list"


@pytest.mark.parametrize(
    ("matchers", "rule", "scope", "covers"),
    [
        ('rule = "*"', "bounce-rate", ACCOUNT, True),
        ('rule = "bounce-*"', "Bounce-rate", NEWS_IDENTITY, True),
        ('rule = "bounce-*"', "complaint-rate", NEWS_IDENTITY, False),
        ('identity = "news.example.com"', "any-rule", NEWS_IDENTITY, True),
        ('identity = "news.example.com"', "any-rule", NEWS_IDENTITY.at_provider("Hotmail"), True),
        ('identity = "news.example.com"', "any-rule", ACCOUNT, False),
        ('identity = "news.example.com"', "any-rule", Scope(identity="a@news.example.com"), False),
        ('identity = "*@news.example.com"', "r", Scope(identity="A@news.example.com"), True),
        ('identity = "*@news.example.com"', "any-rule", NEWS_IDENTITY, False),
        ('isp = "Hotmail"', "any-rule", NEWS_IDENTITY.at_provider("Hotmail"), True),
        ('isp = "Hotmail"', "any-rule", NEWS_IDENTITY, False),
        ('isp = "*"', "any-rule", NEWS_IDENTITY, False),
        ('tenant = "shop-?"', "any-rule", Scope(tenant="shop-1"), True),
        ('configuration_set = "x"', "any-rule", Scope(tenant="x"), False),
        ('rule = "a"\nidentity = "news.*"', "a", NEWS_IDENTITY, True),
        ('rule = "a"\nidentity = "news.*"', "b", NEWS_IDENTITY, False),
        (
            'identity = "news.*"\nisp = "Yahoo"',
            "any-rule",
            NEWS_IDENTITY.at_provider("Hotmail"),
            False,
        ),
    ],
)
def test_silence_covers_a_scope_only_when_every_matcher_matches(
    matchers: str, rule: str, scope: Scope, covers: bool
) -> None:
    assert a_silence(matchers).covers(rule, scope) == covers


def test_silence_expires_at_its_until_time() -> None:
    parsed = a_silence('rule = "*"')
    assert not parsed.has_expired(UNTIL - timedelta(microseconds=1))
    assert parsed.has_expired(UNTIL)


def test_expired_silence_is_a_finding_with_the_command_to_delete_it() -> None:
    silences = Silences([a_silence('rule = "*"')])
    assert expired_findings(silences, NOW) == []
    assert silences.in_effect(NOW) == silences.silences
    assert silences.in_effect(UNTIL) == []
    (finding,) = expired_findings(silences, UNTIL)
    assert str(finding) == (
        "Silence migration (author: the mail team) expired on 2026-03-20 09:00 UTC. Effect: it "
        f"mutes nothing. Fix: Set a later until in SSM parameter {SOURCE}, or delete the parameter."
    )
    assert finding.fix == DeleteParameter(SOURCE)
    assert (finding.key, finding.blocks_monitoring, finding.transient) == (SOURCE, False, False)
    assert finding.one_shot
    assert expired_findings(silences, UNTIL + timedelta(days=9)) == [finding], (
        "the same finding as before"
    )


def test_expired_silences_are_reported_only_for_the_most_recent_ones() -> None:
    expired = [
        replace(
            a_silence('rule = "*"'),
            source=f"{SOURCE}-{number}",
            until=UNTIL - number * HOUR,
            author="team" * 99,
        )
        for number in range(700)
    ]
    findings = expired_findings(Silences(expired), UNTIL)
    assert [finding.key for finding in findings] == [
        f"{SOURCE}-{number}" for number in range(MAX_EXPIRED)
    ]
    assert max(len(finding.what) for finding in findings) < 200


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        (
            INVALID_SILENCE,
            [
                "identity  3 is not a name or a pattern",
                'isp       "Outlook" is not the name of a mailbox provider in SES. Use "Hotmail".',
                "until     2026-03-20T09:00:00 is not a timestamp with an offset. Add",
                'reason    " " is not a text with content. Use at least one word, in quotes.',
                "author    is missing. Add the person or team to ask, in quotes",
                'rules     is not a key of a silence. Did you mean "rule"?',
            ],
        ),
        (
            "",
            [
                "until   is missing. Add the end of the silence, for example until =",
                "reason  is missing. Add the reason, in quotes",
                "author  is missing. Add the person or team to ask, in quotes",
                "rule    is missing, and so are identity, configuration_set, tenant, isp, account",
            ],
        ),
        (
            'rule = "*"' + REQUIRED_KEYS.replace("2026-03-20T10:00:00+01:00", '"tomorrow"'),
            ['until  "tomorrow" is not a timestamp. Use a date, a time and an offset, without'],
        ),
        (
            'rule = "*"' + REQUIRED_KEYS.replace("T10:00:00+01:00", ""),
            ["until  2026-03-20 is not a timestamp. Use a date, a time and an offset, without"],
        ),
        (
            'rule = "*"' + REQUIRED_KEYS.replace("2026-03-20T10:00:00+", "9999-12-31T23:59:59-"),
            ["until  9999-12-31T23:59:59-01:00 is not a timestamp that VDM Alerts supports"],
        ),
        ('rule = "*"' + REQUIRED_KEYS.replace("2026", "year"), ["(the text)  is not valid TOML: "]),
        (
            'rule = "[ab]*"' + REQUIRED_KEYS,
            ['rule  "[ab]*" is not a name or a pattern. Use a text without'],
        ),
        (
            'rule = "bounce-\u200b*"\u00a0' + REQUIRED_KEYS,
            [
                "(the text)  contains U+00A0 (no-break space) outside of quotes (at line 1, column",
                'rule        "bounce-\\u200B*" contains U+200B (zero width space), which is not',
            ],
        ),
    ],
)
def test_invalid_silence_reports_every_error_at_once(text: str, errors: list[str]) -> None:
    with pytest.raises(InvalidSilenceError) as error_info:
        parse_silence("migration", text, SOURCE)
    heading, *lines = str(error_info.value).splitlines()
    count = f"{len(errors)} error{'' if len(errors) == 1 else 's'}"
    assert heading == f"{SOURCE}: {count}"
    for line, error in zip(lines, errors, strict=True):
        assert line.startswith(f"  {error}")


utc_offsets = st.integers(-23 * 60, 23 * 60).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)
timestamps = st.builds(
    lambda seconds, offset: (NOW + timedelta(seconds=seconds)).astimezone(offset),
    st.integers(-(10**9), 10**9),
    utc_offsets,
)


@given(timestamps)
def test_until_is_the_same_time_in_utc_whatever_its_offset(until: datetime) -> None:
    text = 'rule = "*"' + REQUIRED_KEYS.replace("2026-03-20T10:00:00+01:00", until.isoformat())
    parsed = parse_silence("x", text, SOURCE)
    assert (parsed.until, parsed.until.utcoffset()) == (until, timedelta())


def test_silence_reference_lists_exactly_the_keys(root: Path) -> None:
    page = (root / "docs" / "silences.md").read_text()
    first_cells = re.findall(r"^\| (`.+?) \|", page, re.MULTILINE)
    listed = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(listed) == sorted(field.name for field in fields(SilenceDocument))
    assert set(MATCHERS) < set(listed)
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert parse_silence("example", example, "here").covers("bounce-rate", NEWS_IDENTITY)
