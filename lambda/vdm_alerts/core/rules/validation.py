"""What is wrong between the keys of a rule, as far as each of them alone can be read."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Dimension, Kind
from vdm_alerts.core.rules import field_types
from vdm_alerts.core.rules.field_types import INDICATORS, KINDS, NO_CONFIDENCE
from vdm_alerts.core.rules.patterns import ScopeMatcher
from vdm_alerts.core.rules.rule import BASELINE_WINDOW
from vdm_alerts.core.rules.toml_document import Table

MAX_WINDOW_WITH_BASELINE = LONGEST_WINDOW.days - BASELINE_WINDOW.days
_BASELINE_KEYS = ("above_baseline", "drop_below")
_KEYS: Mapping[str, Dimension] = {each.key: each for each in Dimension}


def cross_field_errors(table: Table) -> Iterator[tuple[str, str]]:
    """Yield the path and the words of whatever contradicts itself in *table*, a rule's."""
    own = list(_between(table))
    yield from own
    overrides = table.get("overrides")
    tables = overrides if isinstance(overrides, list) else []
    named = [
        (f"overrides[{place}]", each) for place, each in enumerate(tables) if isinstance(each, dict)
    ]
    kinds = _kinds(table)
    for path, each in named:
        said = {key: value for key, value in each.items() if key not in _KEYS}
        for key, what in _between(_merged(table, said)):
            if (key, what) not in own:
                yield f"{path}.{key}", what
        dimensions = _names(each).patterns.keys()
        if not dimensions:
            yield path, f"is of nobody: write one of {', '.join(_KEYS)}"
        elif kinds and not any(dimensions <= set(kind) for kind in kinds):
            yield path, "is of no scope of this rule; scopes says which there are"
    yield from _ties(named, kinds)


def _merged(table: Table, said: Table) -> Table:
    """Return what holds where an override has *said* so; what is usual goes with confidence."""
    is_plain = said.get("confidence") == NO_CONFIDENCE
    kept = {key: value for key, value in table.items() if not (is_plain and key in _BASELINE_KEYS)}
    return {**kept, **said}


def _between(table: Table) -> Iterator[tuple[str, str]]:
    """Yield the key, and what is wrong with it beside the others."""
    warning, critical = table.get("warning"), table.get("critical")
    if warning is None and critical is None:
        yield "warning", 'is missing, and so is critical: write at least one, like "5%"'
    key = table.get("indicator")
    indicator = INDICATORS.get(key) if isinstance(key, str) else None
    low_is_bad = indicator is not None and indicator.low_is_bad
    for key in ("warning", "critical"):
        with contextlib.suppress(ValueError):
            if low_is_bad and float(field_types.share(table.get(key))) >= 1:
                yield key, "is reached by every rate: this one is bad where it is low"
    with contextlib.suppress(ValueError):
        first, second = field_types.share(warning), field_types.share(critical)
        if second >= first if low_is_bad else second <= first:
            side, other = ("below", "lower") if low_is_bad else ("above", "higher")
            yield (
                "critical",
                f'"{critical}" is not {side} warning "{warning}": critical must be the {other} one',
            )
    for key, fits, instead in (
        ("above_baseline", not low_is_bad, "drop_below"),
        ("drop_below", low_is_bad, "above_baseline"),
    ):
        if key in table and indicator and not fits:
            is_bad = "low" if low_is_bad else "high"
            yield (
                key,
                f"is not for {indicator.key}, which is bad where it is {is_bad}: {instead} is",
            )
        if key in table and table.get("confidence") == NO_CONFIDENCE:
            yield key, f'takes a confidence, and this one is "{NO_CONFIDENCE}"'
        if key in table and _longest(table) > MAX_WINDOW_WITH_BASELINE:
            yield (
                key,
                (
                    "takes the 28 days before, of 60: windows go up to "
                    f"{MAX_WINDOW_WITH_BASELINE}d beside it"
                ),
            )


def _longest(table: Table) -> int:
    """Return the days of the longest window, as far as they can be read."""
    longest = 0
    windows = table.get("windows")
    for each in windows if isinstance(windows, list) else []:
        with contextlib.suppress(ValueError):
            longest = max(longest, field_types.window(each).days)
    return longest


def _ties(named: Sequence[tuple[str, Table]], kinds: list[Kind]) -> Iterator[tuple[str, str]]:
    """Yield the overrides that may be of the same scope, and neither the more specific."""
    for (first, one), (second, other) in combinations(named, 2):
        mine, its = _names(one), _names(other)
        both = mine.patterns.keys() | its.patterns.keys()
        is_possible = not kinds or any(both <= set(kind) for kind in kinds)
        if (
            mine.patterns
            and its.patterns
            and is_possible
            and mine.may_overlap(its)
            and mine.is_within(its) == its.is_within(mine)
        ):
            yield second, f"may be of the same names as {first}, and neither is the more specific"


def _names(table: Table) -> ScopeMatcher:
    given = {key: table.get(key) for key in _KEYS}
    return ScopeMatcher({_KEYS[key]: name for key, name in given.items() if isinstance(name, str)})


def _kinds(table: Table) -> list[Kind]:
    scopes = table.get("scopes")
    known = scopes if isinstance(scopes, list) else []
    return [KINDS[each] for each in known if isinstance(each, str) and each in KINDS]
