"""From the text of a rule to a `Rule`, or to every problem in it, each with its path."""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, NewType, get_origin

from cattrs import ClassValidationError, Converter, IterableValidationError
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.errors import ForbiddenExtraKeysError, IterableValidationNote

from vdm_alerts.core.errors import VdmAlertsError
from vdm_alerts.core.metrics import Dimension, Kind, Window
from vdm_alerts.core.rates import Indicator
from vdm_alerts.core.rules import Rule, Severity, Threshold

INDICATORS: Mapping[str, Indicator] = {indicator.key: indicator for indicator in Indicator}
KINDS: Mapping[str, Kind] = {
    "account": (),
    "identity": (Dimension.IDENTITY,),
    "configuration_set": (Dimension.CONFIGURATION_SET,),
    "isp": (Dimension.ISP,),
}
LONGEST_WINDOW = Window(60)
"""VDM keeps and answers at most 60 days.

Source: https://docs.aws.amazon.com/ses/latest/dg/vdm-dashboard.html
"""

_KindName = NewType("_KindName", tuple)  # type: ignore[type-arg]  # a Kind; cattrs needs a name
_Share = NewType("_Share", float)
_Count = NewType("_Count", int)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at *path* of a rule, with what should stand there instead."""

    path: str
    what: str


class BadRule(VdmAlertsError):
    """A rule's text cannot be used; *problems* are all that is wrong with it."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        """Say of the rule at *source* everything that is wrong with it."""
        self.source = source
        self.problems = tuple(problems)
        count = len(self.problems)
        width = max(len(problem.path) for problem in self.problems)
        lines = [f"  {problem.path:{width}}  {problem.what}" for problem in self.problems]
        heading = f"{source}: {count} {'problem' if count == 1 else 'problems'}"
        super().__init__("\n".join([heading, *lines]))


@dataclass(frozen=True, slots=True)
class _Document:
    """A rule as it is written down: the keys of the language and the type of each."""

    indicator: Indicator
    scopes: tuple[_KindName, ...]
    windows: tuple[Window, ...]
    warning: _Share | None = None
    critical: _Share | None = None
    min_volume: _Count = _Count(1)
    min_events: _Count = _Count(1)


def parse_rule(name: str, text: str, source: str) -> Rule:
    """Return the rule *name* that is written in *text*, a TOML document.

    Raises BadRule, naming *source*, with every problem of the text at once.
    """
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadRule(source, [Problem("(the text)", f"is not TOML: {error}")]) from error
    problems = list(_contradictions(table))
    try:
        document = _converter.structure(table, _Document)
    except ClassValidationError as error:
        raise BadRule(source, [*_problems(error), *problems]) from error
    if problems:
        raise BadRule(source, problems)
    lines = ((Severity.WARNING, document.warning), (Severity.CRITICAL, document.critical))
    return Rule(
        name=name,
        source=source,
        indicator=document.indicator,
        scopes=frozenset(document.scopes),
        windows=tuple(sorted(set(document.windows))),
        thresholds=tuple(Threshold(severity, at) for severity, at in lines if at is not None),
        min_volume=document.min_volume,
        min_events=document.min_events,
    )


def _contradictions(table: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong between keys, as far as each of them alone can be read."""
    warning, critical = table.get("warning"), table.get("critical")
    if warning is None and critical is None:
        yield Problem("warning", 'is missing, and so is critical: write at least one, like "5%"')
    try:
        upside_down = _share(critical) <= _share(warning)
    except ValueError:
        return
    if upside_down:
        what = f'"{critical}" is not above warning "{warning}": critical must be the higher one'
        yield Problem("critical", what)


def _problems(
    error: ClassValidationError | IterableValidationError, path: str = ""
) -> Iterator[Problem]:
    """Yield every problem that *error* holds, from the outside in."""
    noted, bare = error.group_exceptions()
    for each, note in noted:
        if isinstance(note, IterableValidationNote):
            where = f"{path}[{note.index}]"
        else:
            where = f"{path}.{note.name}".lstrip(".")
        if isinstance(each, ClassValidationError | IterableValidationError):
            yield from _problems(each, where)
        elif isinstance(each, KeyError):
            yield Problem(where, f"is missing; {_HINTS[where]}")
        else:
            yield Problem(where, str(each))
    known = [field.name for field in fields(_Document)]
    for each in bare:
        if isinstance(each, ForbiddenExtraKeysError):
            for key in sorted(each.extra_fields):
                yield Problem(key, f"is not a key of a rule{_suggestion(key, known)}")


_HINTS: Mapping[str, str] = {
    "indicator": f"write one of {', '.join(INDICATORS)}",
    "scopes": f"write a list of {', '.join(KINDS)}",
    "windows": 'write a list of days, like ["3d"]',
}


def _suggestion(word: object, known: Iterable[str]) -> str:
    """Return the ending of a sentence that offers what was probably meant."""
    names = list(known)
    near = difflib.get_close_matches(str(word).lower(), names, n=1)
    return f'; did you mean "{near[0]}"?' if near else f"; it takes {', '.join(names)}"


def _one_of(choices: Mapping[str, Any]) -> Callable[[Any, Any], Any]:
    def structure(value: object, _: Any) -> Any:  # noqa: ANN401 - cattrs calls it for any type
        if not isinstance(value, str) or value not in choices:
            message = f"{_shown(value)} is not known here{_suggestion(value, choices)}"
            raise ValueError(message)
        return choices[value]

    return structure


def _share(value: object) -> _Share:
    """Return a fraction from a percentage such as "0.1%"."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?%", value) if isinstance(value, str) else None
    if not match or not 0 < float(match[1]) <= 100:  # noqa: PLR2004 - per cent
        message = f'{_shown(value)} is not a percentage; write it like "5%" or "0.1%"'
        raise ValueError(message)
    return _Share(float(match[1]) / 100)


def _window(value: object) -> Window:
    match = re.fullmatch(r"(\d+)d", value) if isinstance(value, str) else None
    if not match or not 1 <= int(match[1]) <= LONGEST_WINDOW.days:
        message = f'{_shown(value)} is not a window; write whole days, "1d" to "60d"'
        raise ValueError(message)
    return Window(int(match[1]))


def _count(value: object) -> _Count:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        message = f"{_shown(value)} is not a count; write a whole number from 1 up"
        raise ValueError(message)
    return _Count(value)


def _shown(value: object) -> str:
    """Return *value* as a person wrote it, near enough, and never long."""
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"  # noqa: PLR2004 - as much as helps


def _is_tuple(type_: Any) -> bool:  # noqa: ANN401 - cattrs asks of any type
    origin: object = get_origin(type_)
    return origin is tuple


def _list(type_: Any, converter: Converter) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    structure = homogenous_tuple_structure_factory(type_, converter)

    def checked(value: object, type_: Any) -> Any:  # noqa: ANN401 - cattrs calls it for any type
        if not isinstance(value, list) or not value:
            message = f"{_shown(value)} is not a list of at least one, in square brackets"
            raise ValueError(message)
        return structure(value, type_)

    return checked


_converter = Converter(forbid_extra_keys=True)
_converter.register_structure_hook_factory(_is_tuple, _list)
_converter.register_structure_hook(Indicator, _one_of(INDICATORS))
_converter.register_structure_hook(_KindName, _one_of(KINDS))
_converter.register_structure_hook(_Share, lambda value, _: _share(value))
_converter.register_structure_hook(Window, lambda value, _: _window(value))
_converter.register_structure_hook(_Count, lambda value, _: _count(value))
