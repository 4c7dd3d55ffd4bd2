"""Checks of a rule that concern more than one of its keys.

The checks skip values that are invalid alone, because parsing reports those.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Dimension, Kind
from vdm_alerts.core.model.rates import SES_INDICATORS, Indicator
from vdm_alerts.core.rules.field_types import (
    INDICATORS,
    KINDS,
    MAX_NAME_LENGTH,
    NO_CONFIDENCE,
    Share,
    parse_share,
    parse_window,
)
from vdm_alerts.core.rules.patterns import ScopeMatcher
from vdm_alerts.core.rules.rule import BASELINE_WINDOW
from vdm_alerts.core.rules.target_patterns import ANY, TARGET_KEYS, TargetMatcher
from vdm_alerts.core.rules.toml_document import InvalidField, Table

MAX_WINDOW_WITH_BASELINE = LONGEST_WINDOW.days - BASELINE_WINDOW.days
"""The longest window in days, if the days of a baseline precede it."""
_ACCOUNT_ONLY = "account"
_BASELINE_KEYS = ("above_baseline", "drop_below")
_DIMENSION_OF_KEY: Mapping[str, Dimension] = {dimension.key: dimension for dimension in Dimension}
_MATCHERS = (*_DIMENSION_OF_KEY, *TARGET_KEYS)
"""The keys of an override that select scopes and targets."""
_KEYS_OF_COUNTS = frozenset(
    {
        "windows",
        "confidence",
        "min_volume",
        "min_events",
        "above_baseline",
        "drop_below",
        "missing_data",
        "top",
        "feedback",
        "representative_volume",
    }
)
"""The keys that say how counts are compared, or whose counts."""


class CrossFieldCheck(StrEnum):
    """The codes of errors that concern more than one key."""

    THRESHOLD_MISSING = "threshold missing"
    THRESHOLD_ALWAYS_REACHED = "threshold always reached"
    THRESHOLD_ORDER = "threshold order"
    BASELINE_DIRECTION = "baseline direction"
    BASELINE_CONFIDENCE = "baseline confidence"
    BASELINE_WINDOW = "baseline window"
    MATCHER_MISSING = "matcher missing"
    MATCHER_OUT_OF_SCOPE = "matcher out of scope"
    OVERRIDES_AMBIGUOUS = "overrides ambiguous"
    SES_SCOPE = "scope of an SES rate"
    SES_KEY = "key of an SES rate"


@dataclass(frozen=True, slots=True)
class _Matcher:
    """The scopes and the targets of an override."""

    scopes: ScopeMatcher
    targets: TargetMatcher
    is_empty: bool
    """Whether the override has no pattern."""

    def is_within(self, wider: "_Matcher") -> bool:
        """Return whether *wider* matches every scope of every target that this matcher matches."""
        return self.scopes.is_within(wider.scopes) and self.targets.is_within(wider.targets)

    def may_overlap(self, other: "_Matcher") -> bool:
        """Return whether both matchers can match a scope of a target."""
        return self.scopes.may_overlap(other.scopes) and self.targets.may_overlap(other.targets)


def cross_field_errors(table: Table) -> Iterator[InvalidField]:
    """Yield the contradictions among the keys of a rule's *table*."""
    if _is_from_ses(table):
        yield from _ses_errors(table)
        return
    rule_errors = list(_policy_errors(table))
    yield from rule_errors
    overrides = _overrides(table)
    kinds = _kinds(table)
    for path, override in overrides.items():
        for error in _policy_errors(_with_override(table, override)):
            if error not in rule_errors:
                yield replace(error, path=f"{path}.{error.path}")
        yield from _matcher_errors(path, override, kinds)
    yield from _ambiguity_errors(overrides, kinds)


def _is_from_ses(table: Table) -> bool:
    indicator = table.get("indicator")
    return isinstance(indicator, str) and indicator in {each.key for each in SES_INDICATORS}


def _ses_errors(table: Table) -> Iterator[InvalidField]:
    """Yield the errors of a rule about a rate that SES itself calculates."""
    scopes = table.get("scopes")
    if isinstance(scopes, list) and scopes != [_ACCOUNT_ONLY]:
        yield InvalidField(
            "scopes",
            f'has other scopes than "{_ACCOUNT_ONLY}", and SES calculates {table["indicator"]} for '
            f'the account only. Use ["{_ACCOUNT_ONLY}"].',
            CrossFieldCheck.SES_SCOPE,
        )
    overrides = _overrides(table)
    for path in _paths_of_counts(table, overrides):
        yield InvalidField(
            path,
            f"does not apply to {table['indicator']}, which SES reports without counts. Delete "
            "this key.",
            CrossFieldCheck.SES_KEY,
        )
    rule_errors = list(_threshold_errors(table, low_is_bad=False))
    yield from rule_errors
    for path, override in overrides.items():
        for error in _threshold_errors(_with_override(table, override), low_is_bad=False):
            if error not in rule_errors:
                yield replace(error, path=f"{path}.{error.path}")
        if not override.keys() & set(_MATCHERS):
            yield _matches_nothing(path, TARGET_KEYS)
    yield from _ambiguity_errors(overrides, [()])


def _paths_of_counts(table: Table, overrides: Mapping[str, Table]) -> Iterator[str]:
    """Yield the path of each key that says how counts are compared, or that selects senders."""
    yield from (key for key in table if key in _KEYS_OF_COUNTS)
    lists = {key: table.get(key) for key in ("include", "exclude")}
    for path, part in {**lists, **overrides}.items():
        if isinstance(part, dict):
            keys = _KEYS_OF_COUNTS | _DIMENSION_OF_KEY.keys()
            yield from (f"{path}.{key}" for key in part if key in keys)


def _policy_errors(table: Table) -> Iterator[InvalidField]:
    """Yield the contradictions among the keys that an override can change."""
    key = table.get("indicator")
    indicator = INDICATORS.get(key) if isinstance(key, str) else None
    low_is_bad = indicator is not None and indicator.low_is_bad
    yield from _threshold_errors(table, low_is_bad=low_is_bad)
    for baseline_key in _BASELINE_KEYS:
        if baseline_key in table:
            yield from _baseline_errors(table, baseline_key, indicator)


def _threshold_errors(table: Table, *, low_is_bad: bool) -> Iterator[InvalidField]:
    """Yield the errors of the keys `warning` and `critical`."""
    warning, critical = table.get("warning"), table.get("critical")
    if warning is None and critical is None:
        yield InvalidField(
            "warning",
            'is missing, and so is critical. Add at least one of them, for example warning = "5%".',
            CrossFieldCheck.THRESHOLD_MISSING,
        )
    warning_share, critical_share = _valid_share(warning), _valid_share(critical)
    for key, share in (("warning", warning_share), ("critical", critical_share)):
        if low_is_bad and share is not None and share >= 1:
            yield InvalidField(
                key,
                "is at or above every rate, and this rate is bad if it is low. Use a percentage "
                'below "100%".',
                CrossFieldCheck.THRESHOLD_ALWAYS_REACHED,
            )
    if warning_share is None or critical_share is None:
        return
    is_worse = critical_share < warning_share if low_is_bad else critical_share > warning_share
    if not is_worse:
        side, other = ("below", "lower") if low_is_bad else ("above", "higher")
        yield InvalidField(
            "critical",
            f'"{critical}" is not {side} warning "{warning}". Use a {other} percentage.',
            CrossFieldCheck.THRESHOLD_ORDER,
        )


def _valid_share(value: object) -> Share | None:
    """Return the share that *value* stands for, or None if it is invalid."""
    try:
        return parse_share(value)
    except ValueError:
        return None


def _baseline_errors(table: Table, key: str, indicator: Indicator | None) -> Iterator[InvalidField]:
    """Yield the errors of *key*, one of `_BASELINE_KEYS`."""
    if indicator:
        right_key = "drop_below" if indicator.low_is_bad else "above_baseline"
        if key != right_key:
            bad_side = "low" if indicator.low_is_bad else "high"
            yield InvalidField(
                key,
                f"does not apply to {indicator.key}, which is bad if it is {bad_side}. Use "
                f"{right_key}.",
                CrossFieldCheck.BASELINE_DIRECTION,
            )
    if table.get("confidence") == NO_CONFIDENCE:
        yield InvalidField(
            key,
            f'needs a confidence, but confidence is "{NO_CONFIDENCE}". Use a confidence, for '
            'example "98%", or delete this key.',
            CrossFieldCheck.BASELINE_CONFIDENCE,
        )
    if _longest_window_days(table) > MAX_WINDOW_WITH_BASELINE:
        yield InvalidField(
            key,
            "needs 28 days of history, and VDM has 60 days, so windows can be at most "
            f"{MAX_WINDOW_WITH_BASELINE}d. Use shorter windows, or delete this key.",
            CrossFieldCheck.BASELINE_WINDOW,
        )


def _longest_window_days(table: Table) -> int:
    """Return the days of the longest valid window, or 0 without a valid one."""
    windows = table.get("windows")
    longest = 0
    for window in windows if isinstance(windows, list) else []:
        try:
            longest = max(longest, parse_window(window).days)
        except ValueError:
            continue
    return longest


def _overrides(table: Table) -> dict[str, Table]:
    """Return the overrides of a rule, by their paths."""
    overrides = table.get("overrides")
    return {
        f"overrides[{index}]": override
        for index, override in enumerate(overrides if isinstance(overrides, list) else [])
        if isinstance(override, dict)
    }


def _with_override(table: Table, override: Table) -> Table:
    """Return the keys of the rule that apply to the scopes of *override*.

    An override without a confidence switches the baseline keys of the rule off.
    """
    changed = {key: value for key, value in override.items() if key not in _MATCHERS}
    is_plain = changed.get("confidence") == NO_CONFIDENCE
    kept = {key: value for key, value in table.items() if not (is_plain and key in _BASELINE_KEYS)}
    return {**kept, **changed}


def _matcher_errors(path: str, override: Table, kinds: list[Kind]) -> Iterator[InvalidField]:
    """Yield an error if *override* can match no scope of these *kinds*."""
    matcher = _matcher(override)
    dimensions = matcher.scopes.patterns.keys()
    if matcher.is_empty:
        yield _matches_nothing(path, _MATCHERS)
    elif kinds and not any(dimensions <= set(kind) for kind in kinds):
        yield InvalidField(
            path,
            "matches no scope of this rule. Use keys that one of the scopes has, or add a scope.",
            CrossFieldCheck.MATCHER_OUT_OF_SCOPE,
        )


def _matches_nothing(path: str, keys: Iterable[str]) -> InvalidField:
    return InvalidField(
        path,
        f"matches nothing. Add at least one of {', '.join(keys)}.",
        CrossFieldCheck.MATCHER_MISSING,
    )


def _ambiguity_errors(overrides: Mapping[str, Table], kinds: list[Kind]) -> Iterator[InvalidField]:
    """Yield an error for each pair of overrides that is ambiguous.

    A scope of a target can match both overrides of such a pair, and neither is more specific.
    """
    matchers = {path: _matcher(override) for path, override in overrides.items()}
    for (path, matcher), (other_path, other) in combinations(matchers.items(), 2):
        dimensions = matcher.scopes.patterns.keys() | other.scopes.patterns.keys()
        if (
            not matcher.is_empty
            and not other.is_empty
            and (not kinds or any(dimensions <= set(kind) for kind in kinds))
            and matcher.may_overlap(other)
            and matcher.is_within(other) == other.is_within(matcher)
        ):
            yield InvalidField(
                other_path,
                f"can match the same names as {path}, and neither is more specific. Change one, so "
                "that it is more specific than the other, or delete one.",
                CrossFieldCheck.OVERRIDES_AMBIGUOUS,
            )


def _matcher(override: Table) -> _Matcher:
    """Return the patterns of an override that are texts, and not longer than any name."""
    patterns = {
        key: pattern
        for key in _MATCHERS
        if isinstance(pattern := override.get(key), str) and len(pattern) <= MAX_NAME_LENGTH
    }
    dimensions = _DIMENSION_OF_KEY.items()
    return _Matcher(
        ScopeMatcher({each: patterns[key] for key, each in dimensions if key in patterns}),
        TargetMatcher(patterns.get("account", ANY), patterns.get("region", ANY)),
        is_empty=not patterns,
    )


def _kinds(table: Table) -> list[Kind]:
    """Return the kinds that the valid names in the key `scopes` stand for."""
    scopes = table.get("scopes")
    names = scopes if isinstance(scopes, list) else []
    return [KINDS[name] for name in names if isinstance(name, str) and name in KINDS]
