"""The language of rules: its keys, and the type of each, of which other documents have some too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, TypeVar, get_origin

from cattrs import Converter
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.gen import make_dict_structure_fn

from vdm_alerts.core.model.metrics import Dimension, Window
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules import field_types
from vdm_alerts.core.rules.field_types import (
    INDICATORS,
    KINDS,
    MISSING_DATA,
    Above,
    Below,
    Count,
    Glob,
    IspGlob,
    KindName,
    Reminders,
    Share,
    Words,
)
from vdm_alerts.core.rules.patterns import ScopeMatcher, ScopePatterns
from vdm_alerts.core.rules.quoting import shown
from vdm_alerts.core.rules.rule import Confidence, MissingData
from vdm_alerts.core.statistics.arrival import ArrivalCurve

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How a rate is judged: what a rule says for all, and an override for some."""

    warning: Share | None = None
    critical: Share | None = None
    confidence: Confidence | None = None
    min_volume: Count | None = None
    min_events: Count | None = None
    above_baseline: Above | None = None
    drop_below: Below | None = None
    hold: timedelta | None = None
    clear_after: timedelta | None = None
    missing_data: MissingData | None = None


@dataclass(frozen=True, kw_only=True)
class MatcherFields:
    """Whose names match, all that are given."""

    identity: Glob | None = None
    configuration_set: Glob | None = None
    tenant: Glob | None = None
    isp: IspGlob | None = None

    @property
    def matcher(self) -> ScopeMatcher:
        """The patterns, by what they are names of."""
        return ScopeMatcher(_by_dimension(self))


@dataclass(frozen=True, kw_only=True)
class Override(MatcherFields, Policy):
    """What is different for some."""


@dataclass(frozen=True, slots=True)
class PatternLists:
    """Patterns of names, by what they are names of."""

    identity: tuple[Glob, ...] = ()
    configuration_set: tuple[Glob, ...] = ()
    tenant: tuple[Glob, ...] = ()
    isp: tuple[IspGlob, ...] = ()

    @property
    def patterns(self) -> ScopePatterns:
        """The patterns, as rules have them."""
        return ScopePatterns(_by_dimension(self))


@dataclass(frozen=True, kw_only=True)
class RuleTarget:
    """What a rule is about."""

    indicator: Indicator
    scopes: tuple[KindName, ...]
    windows: tuple[Window, ...] = tuple(Window(days) for days in (1, 2, 3, 5, 7))


@dataclass(frozen=True, kw_only=True)
class RuleDocument(Policy, RuleTarget):
    """A rule as it is written down."""

    include: PatternLists = PatternLists()
    exclude: PatternLists = PatternLists()
    top: Count | None = None
    feedback: ArrivalCurve | None = None
    representative_volume: Count | None = None
    remind_after: Reminders | None = None
    overrides: tuple[Override, ...] = ()


def _by_dimension(named: MatcherFields | PatternLists) -> dict[Dimension, Any]:
    """Return what *named* says of each dimension, of those that it names."""
    said = {each: getattr(named, each.key) for each in Dimension}
    return {dimension: each for dimension, each in said.items() if each}


def effective_policy(document: RuleDocument, override: Override | None = None) -> Policy:
    """Return how *document* judges, where *override*, if any, says otherwise."""
    keys = [field.name for field in fields(Policy)]
    said = {key: getattr(document, key) for key in keys}
    other = {key: getattr(override, key) for key in keys} if override else {}
    return Policy(**{**said, **{key: each for key, each in other.items() if each is not None}})


def read_rule_document(table: Mapping[str, Any]) -> RuleDocument:
    """Return what *table* says. Raises ClassValidationError, with every problem in it."""
    return read_document(RuleDocument, table)


def read_document(kind: type[T], table: Mapping[str, Any]) -> T:
    """Return what *table* says as a document of *kind*, a dataclass. Raises as `read` does."""
    return _converter.structure(table, kind)


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


def _table(type_: Any, converter: Converter) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    structure = make_dict_structure_fn(type_, converter, _cattrs_forbid_extra_keys=True)

    def checked(value: object, type_: Any) -> Any:  # noqa: ANN401 - cattrs calls it for any type
        if not isinstance(value, dict):
            message = f"{shown(value)} is no table; write {_TABLES[type_]}"
            raise ValueError(message)  # noqa: TRY004 - as every problem of a text is
        return structure(value, type_)

    return checked


_TABLES = {
    PatternLists: "identity = [...] and the like",
    Override: '[[overrides]], and under it identity = "..." and what is different',
}
_converter = Converter(forbid_extra_keys=True)
_converter.register_structure_hook_factory(lambda type_: type_ in _TABLES, _table)
_converter.register_structure_hook_factory(_is_tuple, _list)
_converter.register_structure_hook(Indicator, field_types.one_of(INDICATORS))
_converter.register_structure_hook(KindName, field_types.one_of(KINDS))
_converter.register_structure_hook(MissingData, field_types.one_of(MISSING_DATA))
_converter.register_structure_hook_func(
    lambda type_: type_ == Confidence | None, lambda value, _: field_types.confidence(value)
)
_converter.register_structure_hook(Share, lambda value, _: field_types.share(value))
_converter.register_structure_hook(Above, lambda value, _: field_types.above(value))
_converter.register_structure_hook(Below, lambda value, _: field_types.below(value))
_converter.register_structure_hook(Reminders, lambda value, _: field_types.reminders(value))
_converter.register_structure_hook(timedelta, lambda value, _: field_types.duration(value))
_converter.register_structure_hook(ArrivalCurve, lambda value, _: field_types.feedback(value))
_converter.register_structure_hook(Window, lambda value, _: field_types.window(value))
_converter.register_structure_hook(Count, lambda value, _: field_types.count(value))
_converter.register_structure_hook(Glob, lambda value, _: field_types.glob(value))
_converter.register_structure_hook(IspGlob, lambda value, _: field_types.isp_glob(value))
_converter.register_structure_hook(datetime, lambda value, _: field_types.instant(value))
_converter.register_structure_hook(Words, lambda value, _: field_types.words(value))
