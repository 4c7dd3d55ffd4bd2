"""The keys of rules, and how cattrs reads their values.

Silences share some of the keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, TypeVar

from vdm_alerts.core.model.metrics import Dimension, Window
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.document_converter import document_converter
from vdm_alerts.core.rules.field_types import (
    INDICATORS,
    KINDS,
    MISSING_DATA,
    AccountGlob,
    Count,
    DropFactor,
    Glob,
    IdentityGlob,
    IncreaseFactor,
    IspGlob,
    KindName,
    RegionGlob,
    Reminders,
    Share,
    SingleLine,
    choice_parser,
    parse_account_glob,
    parse_arrival_curve,
    parse_confidence,
    parse_count,
    parse_drop_factor,
    parse_duration,
    parse_glob,
    parse_identity_glob,
    parse_increase_factor,
    parse_isp_glob,
    parse_region_glob,
    parse_reminders,
    parse_share,
    parse_single_line,
    parse_timestamp,
    parse_window,
)
from vdm_alerts.core.rules.patterns import ScopeMatcher, ScopePatterns
from vdm_alerts.core.rules.rule import Confidence, MissingData
from vdm_alerts.core.rules.target_patterns import (
    ANY,
    TargetMatcher,
    TargetPatterns,
    TargetSelection,
)
from vdm_alerts.core.statistics.arrival import ArrivalCurve

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The keys that an override can change. None means that the key is absent.

    The fields of `Rule` explain the keys.
    """

    warning: Share | None = None
    """The threshold of severity WARNING."""
    critical: Share | None = None
    """The threshold of severity CRITICAL. A rule needs this key, or `warning`, or both."""
    confidence: Confidence | None = None
    min_volume: Count | None = None
    min_events: Count | None = None
    above_baseline: IncreaseFactor | None = None
    """`Rule.baseline_factor` if high rates are bad."""
    drop_below: DropFactor | None = None
    """`Rule.baseline_factor` if low rates are bad."""
    hold: timedelta | None = None
    clear_after: timedelta | None = None
    missing_data: MissingData | None = None


@dataclass(frozen=True, kw_only=True)
class MatcherFields:
    """The keys that select targets and scopes. All that are present must match."""

    identity: IdentityGlob | None = None
    configuration_set: Glob | None = None
    tenant: Glob | None = None
    isp: IspGlob | None = None
    account: AccountGlob | None = None
    region: RegionGlob | None = None

    @property
    def matcher(self) -> ScopeMatcher:
        """The patterns of names as a matcher."""
        return ScopeMatcher(_by_dimension(self))

    @property
    def target_matcher(self) -> TargetMatcher:
        """The patterns of targets as a matcher."""
        return TargetMatcher(self.account or ANY, self.region or ANY)


@dataclass(frozen=True, kw_only=True)
class OverrideDocument(MatcherFields, Policy):
    """The keys of an override: which scopes, and what differs for them."""


@dataclass(frozen=True, slots=True)
class PatternLists:
    """The keys of `include` and `exclude`."""

    identity: tuple[IdentityGlob, ...] = ()
    configuration_set: tuple[Glob, ...] = ()
    tenant: tuple[Glob, ...] = ()
    isp: tuple[IspGlob, ...] = ()
    account: tuple[AccountGlob, ...] = ()
    region: tuple[RegionGlob, ...] = ()

    @property
    def patterns(self) -> ScopePatterns:
        """The patterns of names, by dimension."""
        return ScopePatterns(_by_dimension(self))

    @property
    def target_patterns(self) -> TargetPatterns:
        """The patterns of targets."""
        return TargetPatterns(self.account, self.region)


@dataclass(frozen=True, kw_only=True)
class RuleTarget:
    """The keys that say what a rule monitors."""

    indicator: Indicator
    scopes: tuple[KindName, ...]
    windows: tuple[Window, ...] = tuple(Window(days) for days in (1, 2, 4, 7))


@dataclass(frozen=True, kw_only=True)
class RuleDocument(Policy, RuleTarget):
    """The keys of a rule. The fields of `Rule` explain them."""

    include: PatternLists = PatternLists()
    exclude: PatternLists = PatternLists()
    top: Count | None = None
    feedback: ArrivalCurve | None = None
    """`Rule.arrival_curve`."""
    representative_volume: Count | None = None
    remind_after: Reminders | None = None
    overrides: tuple[OverrideDocument, ...] = ()

    @property
    def targets(self) -> TargetSelection:
        """The targets that the rule monitors."""
        return TargetSelection(self.include.target_patterns, self.exclude.target_patterns)


def effective_policy(document: RuleDocument, override: OverrideDocument | None = None) -> Policy:
    """Return the policy of *document*, with the keys that *override* changes."""
    keys = [field.name for field in fields(Policy)]
    policy = {key: getattr(document, key) for key in keys}
    if override:
        changes = {key: getattr(override, key) for key in keys}
        policy |= {key: value for key, value in changes.items() if value is not None}
    return Policy(**policy)


def read_rule_document(table: Mapping[str, Any]) -> RuleDocument:
    """Return the keys of a rule from *table*. Raises like `read_document`."""
    return read_document(RuleDocument, table)


def read_document(document_class: type[T], table: Mapping[str, Any]) -> T:
    """Return *table* as an instance of *document_class*, a dataclass of keys.

    Raises ClassValidationError with the errors of all values and all unknown keys.
    """
    return _converter.structure(table, document_class)


def _by_dimension(document: MatcherFields | PatternLists) -> dict[Dimension, Any]:
    """Return the values of *document* that are not empty, by dimension."""
    values = {dimension: getattr(document, dimension.key) for dimension in Dimension}
    return {dimension: value for dimension, value in values.items() if value}


_TABLE_EXAMPLES = {
    PatternLists: 'a table of lists, for example { identity = ["*.example.com"] }',
    OverrideDocument: "tables, each with the heading [[overrides]] and keys below it, for example "
    'identity = "news.example.com"',
}
_converter = document_converter(_TABLE_EXAMPLES, min_items=1)
_converter.register_structure_hook(Indicator, choice_parser("an indicator", INDICATORS))
_converter.register_structure_hook(KindName, choice_parser("a kind of scope", KINDS))
_converter.register_structure_hook(
    MissingData, choice_parser("a treatment of missing data", MISSING_DATA)
)
_converter.register_structure_hook_func(
    lambda type_: type_ == Confidence | None, lambda value, _: parse_confidence(value)
)
_converter.register_structure_hook(Share, lambda value, _: parse_share(value))
_converter.register_structure_hook(IncreaseFactor, lambda value, _: parse_increase_factor(value))
_converter.register_structure_hook(DropFactor, lambda value, _: parse_drop_factor(value))
_converter.register_structure_hook(Reminders, lambda value, _: parse_reminders(value))
_converter.register_structure_hook(timedelta, lambda value, _: parse_duration(value))
_converter.register_structure_hook(ArrivalCurve, lambda value, _: parse_arrival_curve(value))
_converter.register_structure_hook(Window, lambda value, _: parse_window(value))
_converter.register_structure_hook(Count, lambda value, _: parse_count(value))
_converter.register_structure_hook(Glob, lambda value, _: parse_glob(value))
_converter.register_structure_hook(IdentityGlob, lambda value, _: parse_identity_glob(value))
_converter.register_structure_hook(IspGlob, lambda value, _: parse_isp_glob(value))
_converter.register_structure_hook(AccountGlob, lambda value, _: parse_account_glob(value))
_converter.register_structure_hook(RegionGlob, lambda value, _: parse_region_glob(value))
_converter.register_structure_hook(datetime, lambda value, _: parse_timestamp(value))
_converter.register_structure_hook(SingleLine, lambda value, _: parse_single_line(value))
