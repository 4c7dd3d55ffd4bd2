"""Texts with byte order marks, foreign line ends and invisible characters."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.rules.parser import InvalidRuleError, parse_rule
from vdm_alerts.core.rules.toml_text import normalize_text, replace_invisible

RULE = """indicator = "bounce_rate"
scopes = ["account", "identity"] # a comment
warning = "5%"
include.identity = [
  "*.example.com",
  'shop.example.org',
]
"""


def errors_of(text: str) -> list[str]:
    with pytest.raises(InvalidRuleError) as error_info:
        parse_rule("x", text, "here")
    return [f"{error.path} {error.what}" for error in error_info.value.errors]


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeff{RULE}",
        f"\u00ef\u00bb\u00bf{RULE}",
        RULE.replace("\n", "\r\n"),
        RULE.replace("\n", "\r"),
        "\ufeff" + RULE.replace("\n", "\r\n"),
        RULE.replace("\n", "\r\n", 2),
        RULE.replace("a comment", "a\u00a0comment\u200b"),
    ],
    ids=["mark", "mark read as cp1252", "CRLF", "CR", "mark and CRLF", "mixed", "comment"],
)
def test_rule_is_the_same_however_an_editor_saves_it(text: str) -> None:
    assert parse_rule("x", text, "here") == parse_rule("x", RULE, "here")


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("warning =", "warning\u00a0=", "U+00A0 (no-break space) {}3, column 8). Use a plain"),
        ('= "5%"', '=\u202f"5%"', "U+202F (narrow no-break space) {}3, column 10). Use a"),
        ('"5%"', '"5%"\u2007', "U+2007 (figure space) {}3, column 15). Use a plain space."),
        ("warning", "\u3000\u3000warning", "U+3000 (ideographic space) {}3, column 1). Use a"),
        ("warning", "warn\u200bing", "U+200B (zero width space) {}3, column 5). Delete it."),
        ("warning", "\ufeffwarning", "U+FEFF (zero width no-break space) {}3, column 1). Delete"),
        ("  '", "\u00a0\u00a0'", "U+00A0 (no-break space) {}6, column 1). Use a plain space."),
        ('y"]', 'y"\u200e]', "U+200E (left-to-right mark) {}2, column 32). Delete it."),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_invisible_character_outside_of_quotes_is_reported_with_its_position(
    old: str, new: str, error: str, line_end: str
) -> None:
    text = RULE.replace(old, new).replace("\n", line_end)
    (what,) = errors_of(f"\ufeff{text}")
    assert what.startswith(f"(the text) contains {error.format('outside of quotes (at line ')}")


def test_every_other_error_is_reported_beside_invisible_characters() -> None:
    text = RULE.replace("=", "=\u00a0", 2).replace('"5%"', '"500%"').replace("account", "acount")
    assert [what.split(". ")[0] for what in errors_of(text)] == [
        "(the text) contains U+00A0 (no-break space) outside of quotes (at line 1, column 12)",
        "(the text) contains U+00A0 (no-break space) outside of quotes (at line 2, column 9)",
        'scopes[0] "acount" is not a kind of scope',
        'warning "500%" is not a percentage',
    ]
    unfinished = RULE.replace("warning =", "warning =\u00a0").replace("]\n", "", 1)
    first, second = errors_of(unfinished)
    assert first.startswith("(the text) contains U+00A0 (no-break space)")
    assert second.startswith("(the text) is not valid TOML: ")


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("*.ex", "*.\u200bex", r"include.identity[0] {}\u200B{} U+200B (zero width space)"),
        ("*.ex", "*.\u00a0ex", r"include.identity[0] {}\u00A0{} U+00A0 (no-break space)"),
        ("*.ex", "*.\ufeffex", r"include.identity[0] {}\uFEFF{} U+FEFF (zero width no-break"),
    ],
)
def test_invisible_character_in_a_name_pattern_is_an_error_of_its_field(
    old: str, new: str, error: str
) -> None:
    (what,) = errors_of(RULE.replace(old, new))
    assert what.startswith(error.format('"*.', 'example.com" contains'))
    assert what.endswith("which is not valid in a name. Delete it.")


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ('exclude.tenant = ["ac\\u00A0me"]', "exclude.tenant[0]"),
        ('include.isp = ["Hotmail", "Hot\u00admail"]', "include.isp[1]"),
        ('[[overrides]]\nisp = "other\u00a0providers"\nwarning = "6%"', "overrides[0].isp"),
    ],
)
def test_invisible_character_is_an_error_in_every_kind_of_name(key: str, path: str) -> None:
    (what,) = errors_of(RULE.replace('"identity"', '"identity", "tenant", "isp"') + key)
    assert what.startswith(f"{path} ")
    assert " contains U+00A" in what


def test_error_shows_the_invisible_character_of_any_value_and_key() -> None:
    (error,) = errors_of(RULE.replace("5%", "5\u00a0%"))
    assert error.startswith('warning "5\\u00A0%" is not a percentage. Use "0.0001%" to "100%"')
    with pytest.raises(
        InvalidRuleError, match=r'  "warning\\u200B"  is not a key of a rule. Did you'
    ):
        parse_rule("x", RULE + '"warning\u200b" = "5%"', "here")


@pytest.mark.parametrize(
    "text",
    [
        'a = "\u00a0"',
        "a = '\u00a0'",
        'a = "\\"\u00a0"',
        "a = 'C:\\' # \u00a0",
        'a = """\u00a0\n"\u00a0""\n\u00a0"""',
        'a = """\u00a0"""""\nb = "\u00a0"',
        'a = """\\""" \u00a0"""',
        "a = '''\u00a0\n'\u00a0''\n\u00a0'''''\nb = 1",
        'a = "" # "\nb = "\u00a0"',
        "\"\u00a0\" = 1\n'\u200b' = 2",
        "# \u00a0",
    ],
)
def test_strings_and_comments_keep_their_invisible_characters(text: str) -> None:
    tomllib.loads(text)
    assert replace_invisible(text) == (text, [])


@pytest.mark.parametrize(
    "text", ['a = "\u00a0\nb = 1', "a = '\u00a0\nb = 1", 'a = """\u00a0\nb = 1']
)
def test_unclosed_string_is_the_only_error(text: str) -> None:
    assert replace_invisible(text) == (text, [])


@given(st.text(alphabet="a=1 \"'\\\n#[]\u00a0\u200b", max_size=30))
def test_valid_text_has_no_errors_and_stays_as_it_is(text: str) -> None:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert replace_invisible(text) == (text, [])
    assert tomllib.loads(normalize_text(text)) == table
