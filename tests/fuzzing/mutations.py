"""Changes of inputs, from a flipped bit to a thousand nested brackets."""

import re
from collections.abc import Iterator, Sequence
from copy import copy
from random import Random
from typing import Any

CHARACTERS: tuple[str, ...] = (
    *"\0\t\n\r\x1b\x7f\x85\"'\\#=[]{}(),.:;@*?%-+/ 0aZ",
    *"\u00a0\u00ad\u200b\u202e\u2028\u2066\ufeff\ufffd\u0130\u0660",
    *"é\U0001f600\U000e0041\U0010ffff\ud800\udfff",
)
"""Characters that parsers, terminals or encodings treat in a special way."""
NUMBERS = (
    *("0", "-0", "-1", "1.5", "1e400", "-1e-400", "nan", "inf", "-inf", "1_0", "0x7f", "0o7"),
    *("9" * 16, "9" * 19, "9" * 309, "9" * 4_301, "2147483648", "9223372036854775808"),
)
TOKENS = (
    *("true", "false", "null", "''", '""', "[]", "{}", "[[x]]", "[x]", "x.y", '"""', "'''"),
    *("1979-05-27", "07:32:00", "1979-05-27T07:32:00", "0001-01-01T00:00:00+14:00"),
    *("9999-12-31T23:59:59-14:00", "2026-03-20T09:00:00Z", "2026-02-30", "2026-03-20 09:00:00Z"),
    *('"5%"', '"0.0001%"', '"99.9999%"', '"100%"', '"1d"', '"60d"', '"1440h"', '"never"', '"none"'),
    *("1x9999999", "1x999999999", "5@+9h/7@+99999999999h", "\\u0000", "\\ud800", "\\U0010FFFF"),
    *(
        "anna@example.com",
        '"anna b"@example.com',
        "a@b@c",
        "xn--mnchen-3ya.example",
        "*",
        "**",
        "?",
    ),
    *("UTC", "../../etc/passwd", "Europe/Berlin", "$(x)", "{0}", "%s", "${x}", "<!channel>"),
)
"""Parts of documents, values of other types, and values at the limits."""
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53, 2**53 + 1, 2**63, 10**400, 0.5, -0.0, 1e308),
    *(float("nan"), float("inf"), "", " ", "0", "x", "\0", "\ud800", "\u202e", "x" * 5_000),
    *([], {}, [[]], [{}], {"": None}, "2026-03-12", "2026-03-12T09:00:00", "2026-03-12T09:00:00Z"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "true", "null", "5%", "é" * 500),
)
"""Values of every type, and values at the limits of the type."""
DEPTHS = (2, 20, 200, 400, 900, 960)
"""Depths of nesting. Python 3.11 reads no JSON of a depth of 1,000."""
LENGTHS = (2, 20, 200, 2_000)
HARMLESS = 0.5
"""The probability of a change after which most texts are still valid."""
ENOUGH = 0.7
"""The probability that an input is not changed once more."""
RARE_FACTOR = 50
"""How much larger one of a thousand inputs is than the others."""
MAX_LENGTH = 30_000
"""Characters of a text that is changed further."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_WORD = re.compile(r"[\w@.*-]+")


def mutate_text(random: Random, text: str, other: str) -> str:
    """Return *text* after one or more changes. Parts of *other* may be put into it.

    After half of the changes, most valid texts are still valid.
    """
    if random.random() < HARMLESS:
        return random.choice(_HARMLESS_CHANGES)(random, text, other)
    while True:
        text = random.choice(_TEXT_CHANGES)(random, text, other)
        if random.random() < ENOUGH or len(text) > MAX_LENGTH:
            return text


def _span(random: Random, text: str) -> tuple[int, int]:
    start = random.randrange(len(text) + 1)
    return start, min(len(text), start + random.choice((0, 1, 1, 4, 20, 200)))


def _insert_character(random: Random, text: str, _: str) -> str:
    start, end = _span(random, text)
    return (
        text[:start] + random.choice(CHARACTERS) + text[start if random.random() < 0.5 else end :]
    )


def _flip_bit(random: Random, text: str, _: str) -> str:
    if not text:
        return random.choice(CHARACTERS)
    index = random.randrange(len(text))
    flipped = chr((ord(text[index]) ^ (1 << random.randrange(8))) % 0x110000)
    return text[:index] + flipped + text[index + 1 :]


def _insert_token(random: Random, text: str, _: str) -> str:
    start, end = _span(random, text)
    return text[:start] + random.choice((*TOKENS, *NUMBERS)) + text[end:]


def _delete(random: Random, text: str, _: str) -> str:
    start, end = _span(random, text)
    return text[:start] + text[end:]


def _repeat(random: Random, text: str, _: str) -> str:
    start, end = _span(random, text)
    times = min(size(random, LENGTHS), 2 * MAX_LENGTH // max(1, end - start))
    return text[:start] + text[start:end] * times + text[end:]


def _splice(random: Random, text: str, other: str) -> str:
    (start, end), (first, last) = _span(random, text), _span(random, other)
    return text[:start] + other[first : last if random.random() < 0.5 else None] + text[end:]


def _replace_match(random: Random, text: str, pattern: re.Pattern[str], new: str) -> str:
    matches = list(pattern.finditer(text))
    if not matches:
        return text + new
    match = random.choice(matches)
    return text[: match.start()] + new + text[match.end() :]


def _change_number(random: Random, text: str, _: str) -> str:
    return _replace_match(random, text, _NUMBER, random.choice(NUMBERS))


def _change_word(random: Random, text: str, other: str) -> str:
    words = _WORD.findall(other) or [""]
    return _replace_match(random, text, _WORD, random.choice((random.choice(words), *TOKENS)))


def _nest(random: Random, text: str, _: str) -> str:
    depth, (start, end) = size(random, DEPTHS), _span(random, text)
    opening, closing = random.choice(("[]", "{}", "()", ('{"a":', "}"), ("[[", "]]"), ("a.", "")))
    return text[:start] + opening * depth + text[start:end] + closing * depth + text[end:]


def _change_lines(random: Random, text: str, other: str) -> str:
    lines, others = text.split("\n"), other.split("\n")
    index = random.randrange(len(lines))
    match random.randrange(5):
        case 0:
            lines.insert(index, random.choice(others))
        case 1:
            lines[index] = random.choice(others)
        case 2:
            del lines[index]
        case 3:
            lines.insert(random.randrange(len(lines)), lines[index])
        case _:
            key, equals, _ = lines[index].partition("=")
            value = random.choice((*TOKENS, *NUMBERS, random.choice(others).partition("=")[2]))
            lines[index] = f"{key}{equals}{value}"
    return "\n".join(lines)


def _change_number_slightly(random: Random, text: str, _: str) -> str:
    return _replace_match(
        random, text, _NUMBER, str(random.choice((0, 1, 2, 3, 7, 12, 30, 60, 99)))
    )


def _take_value(random: Random, text: str, other: str) -> str:
    """Give a line of *text* the value that its key has in *other*, or a whole line of *other*."""
    line = random.choice(other.split("\n"))
    key, equals, _ = line.partition("=")
    lines = text.split("\n")
    same = [index for index, each in enumerate(lines) if equals and each.startswith(key + equals)]
    if same:
        lines[random.choice(same)] = line
    else:
        lines.insert(random.randrange(len(lines) + 1), line)
    return "\n".join(lines)


def _delete_line(random: Random, text: str, _: str) -> str:
    lines = text.split("\n")
    del lines[random.randrange(len(lines))]
    return "\n".join(lines)


def _take_word(random: Random, text: str, other: str) -> str:
    words = _WORD.findall(other) or ["a"]
    return _replace_match(random, text, _WORD, random.choice(words))


_HARMLESS_CHANGES = (_change_number_slightly, _take_value, _take_value, _delete_line, _take_word)
_TEXT_CHANGES = (
    *(_insert_character, _flip_bit, _insert_token, _delete, _repeat, _splice, _change_number),
    *(_change_word, _change_word, _nest, _change_lines, _change_lines, _change_lines),
)


def size(random: Random, sizes: Sequence[int]) -> int:
    """Return one of *sizes*; in one of a thousand cases a much larger one."""
    return random.choice(sizes) * (RARE_FACTOR if random.random() < 0.001 else 1)


def mutate_value(random: Random, value: Any, other: Any, values: Sequence[Any] = VALUES) -> Any:
    """Return *value*, of JSON, after one or more changes.

    Parts of *other* may be put into it, and so may each of *values*. The result shares parts with
    its arguments.
    """
    while True:
        value = mutate_once(random, value, other, values)
        if random.random() < ENOUGH:
            return value


def mutate_once(random: Random, value: Any, other: Any, values: Sequence[Any] = VALUES) -> Any:
    """Return *value* after one change, which may repeat a part of it thousands of times."""
    path = random.choice(list(paths(value)))
    if not path:
        return mutated_part(random, value, other, values)
    value = parent = copy(value)
    for step in path[:-1]:
        parent[step] = copy(parent[step])
        parent = parent[step]
    step = path[-1]
    match random.randrange(8):
        case 0:
            del parent[step]
        case 1 if isinstance(parent, dict):
            parent[mutate_text(random, str(step), str(step))] = parent[step]
        case 1:
            parent.insert(step, parent[step])
        case _:
            parent[step] = mutated_part(random, parent[step], other, values)
    return value


def mutated_part(random: Random, part: Any, other: Any, values: Sequence[Any]) -> Any:
    """Return a replacement of *part*, a value somewhere in an input."""
    choice = random.randrange(8)
    if choice == 0:
        return nested(random, part)
    if choice == 1:
        return value_at(other, random.choice(list(paths(other))))
    if choice <= 4:
        return _changed_part(random, part, other, values)
    return random.choice(values)


def _changed_part(random: Random, part: Any, other: Any, values: Sequence[Any]) -> Any:
    """Return another value of the type of *part*."""
    match part:
        case str():
            return mutate_text(random, part, other if isinstance(other, str) else part)
        case int() if not isinstance(part, bool):
            return part + random.choice((-1, 1, 10**6, -(10**6)))
        case [_, *_]:
            return part * min(size(random, LENGTHS), 2_000 // len(part) + 1)
        case dict():
            return {**part, random.choice(TOKENS): random.choice(values)}
        case _:
            return random.choice(values)


def nested(random: Random, value: Any) -> Any:
    """Return *value* in many lists or maps, but not deeper than JSON can be read."""
    inner, depth, is_list = value, 0, random.random() < 0.5
    while isinstance(inner, dict | list) and inner:
        inner = next(iter(inner.values() if isinstance(inner, dict) else inner))
        depth += 1
    for _ in range(min(random.choice(DEPTHS), DEPTHS[-1] - depth)):
        value = [value] if is_list else {"a": value}
    return value


def value_at(value: Any, path: Sequence[Any]) -> Any:
    """Return the value at *path* of *value*."""
    for step in path:
        value = value[step]
    return value


def paths(value: Any, path: tuple[Any, ...] = (), depth: int = 12) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value in *value*, to a *depth*, beginning with *value* itself."""
    yield path
    if depth and isinstance(value, dict | list):
        steps = value if isinstance(value, dict) else range(min(len(value), 50))
        for step in steps:
            yield from paths(value[step], (*path, step), depth - 1)
