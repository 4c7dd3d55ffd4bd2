"""From the text of a rule to a `Rule`, or to every problem in it, each with its path."""

import contextlib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, get_origin

from cattrs import ClassValidationError, Converter, IterableValidationError
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.errors import ForbiddenExtraKeysError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn

from vdm_alerts.core.errors import VdmAlertsError
from vdm_alerts.core.metrics import Dimension, Window
from vdm_alerts.core.rates import Indicator
from vdm_alerts.core.rules import Globs, Rule, Severity, Threshold
from vdm_alerts.core.values import (
    INDICATORS,
    KINDS,
    Count,
    Glob,
    IspGlob,
    KindName,
    Share,
    count,
    glob,
    isp_glob,
    one_of,
    share,
    shown,
    suggestion,
    window,
)


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
class _Names:
    """Patterns of names, by what they are names of."""

    identity: tuple[Glob, ...] = ()
    configuration_set: tuple[Glob, ...] = ()
    tenant: tuple[Glob, ...] = ()
    isp: tuple[IspGlob, ...] = ()

    @property
    def globs(self) -> Globs:
        """The patterns, as rules have them."""
        patterns = (self.identity, self.configuration_set, self.tenant, self.isp)
        return Globs({key: each for key, each in zip(Dimension, patterns, strict=True) if each})


_ONE = Count(1)


@dataclass(frozen=True, slots=True)
class _Document:
    """A rule as it is written down: the keys of the language and the type of each."""

    indicator: Indicator
    scopes: tuple[KindName, ...]
    windows: tuple[Window, ...]
    warning: Share | None = None
    critical: Share | None = None
    min_volume: Count = _ONE
    min_events: Count = _ONE
    include: _Names = _Names()
    exclude: _Names = _Names()
    top: Count | None = None


def parse_rule(name: str, text: str, source: str) -> Rule:
    """Return the rule *name* that is written in *text*, a TOML document.

    Raises BadRule, naming *source*, with every problem of the text at once.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # The former for a number of thousands of digits.
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
        include=document.include.globs,
        exclude=document.exclude.globs,
        top=document.top,
    )


def _contradictions(table: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong between keys, as far as each of them alone can be read."""
    warning, critical = table.get("warning"), table.get("critical")
    if warning is None and critical is None:
        yield Problem("warning", 'is missing, and so is critical: write at least one, like "5%"')
    indicator = INDICATORS.get(str(table.get("indicator")))
    low_is_bad = indicator is not None and indicator.low_is_bad
    for key in ("warning", "critical"):
        with contextlib.suppress(ValueError):
            if low_is_bad and float(share(table.get(key))) >= 1:
                yield Problem(key, "is reached by every rate: this one is bad where it is low")
    try:
        first, second = share(warning), share(critical)
    except ValueError:
        return
    if second >= first if low_is_bad else second <= first:
        side, other = ("below", "lower") if low_is_bad else ("above", "higher")
        what = f'"{critical}" is not {side} warning "{warning}": critical must be the {other} one'
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
    for each in bare:
        if isinstance(each, ForbiddenExtraKeysError):
            known = [field.name for field in fields(each.cl)]
            for key in sorted(each.extra_fields):
                where = f"{path}.{key}".lstrip(".")
                yield Problem(where, f"is not a key of {path or 'a rule'}{suggestion(key, known)}")
        else:
            yield Problem(path, str(each))


_HINTS: Mapping[str, str] = {
    "indicator": f"write one of {', '.join(INDICATORS)}",
    "scopes": f"write a list of {', '.join(KINDS)}",
    "windows": 'write a list of days, like ["3d"]',
}


def _is_tuple(type_: Any) -> bool:  # noqa: ANN401 - cattrs asks of any type
    origin: object = get_origin(type_)
    return origin is tuple


def _list(type_: Any, converter: Converter) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    structure = homogenous_tuple_structure_factory(type_, converter)

    def checked(value: object, type_: Any) -> Any:  # noqa: ANN401 - cattrs calls it for any type
        if not isinstance(value, list) or not value:
            message = f"{shown(value)} is not a list of at least one, in square brackets"
            raise ValueError(message)
        return structure(value, type_)

    return checked


def _names(type_: Any, converter: Converter) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    structure = make_dict_structure_fn(type_, converter, _cattrs_forbid_extra_keys=True)

    def checked(value: object, type_: Any) -> Any:  # noqa: ANN401 - cattrs calls it for any type
        if not isinstance(value, dict):
            message = f"{shown(value)} is no table of lists; write identity = [...] and the like"
            raise ValueError(message)  # noqa: TRY004 - as every problem of a text is
        return structure(value, type_)

    return checked


_converter = Converter(forbid_extra_keys=True)
_converter.register_structure_hook_factory(lambda type_: type_ is _Names, _names)
_converter.register_structure_hook_factory(_is_tuple, _list)
_converter.register_structure_hook(Indicator, one_of(INDICATORS))
_converter.register_structure_hook(KindName, one_of(KINDS))
_converter.register_structure_hook(Share, lambda value, _: share(value))
_converter.register_structure_hook(Window, lambda value, _: window(value))
_converter.register_structure_hook(Count, lambda value, _: count(value))
_converter.register_structure_hook(Glob, lambda value, _: glob(value))
_converter.register_structure_hook(IspGlob, lambda value, _: isp_glob(value))
