"""Which scopes one reading reads: always, because their turn has come, or not yet."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.planning.rule_scopes import RuleScopes
from vdm_alerts.core.rules.rule import Rule

_IDENTITY = (Dimension.IDENTITY,)


@dataclass(frozen=True, slots=True)
class ScopeSelection:
    """The scopes of one reading. No scope is in two of these."""

    always_read: Collection[Scope]
    """Scopes whose every metric is read, whatever they send: the account, and open alerts."""
    due: Collection[Scope]
    """Scopes whose turn has come: longest wait first, then providers, then the largest senders."""
    deferred: Collection[Scope]
    """Scopes whose turn has not come yet."""
    rejected: Collection[Scope]
    """Scopes whose name SES rejected recently; they are not queried."""

    @property
    def all_scopes(self) -> Sequence[Scope]:
        """Every scope of this reading, whether its turn has come or not."""
        return [*self.always_read, *self.due, *self.deferred, *self.rejected]


def reread_interval(rules: Iterable[Rule]) -> timedelta:
    """Return how long after a reading a scope without email, or without a problem, waits.

    A day, less what a schedule may be early. If a rule has a one-day window, four hours: a breach
    of that window can be outside of it one day later.
    """
    shortest = min(window.days for rule in rules for window in rule.windows)
    return timedelta(hours=4) if shortest == 1 else timedelta(hours=23, minutes=30)


def select_scopes(
    rules: Sequence[Rule],
    roster: SenderRoster,
    isps: Sequence[str],
    rule_scopes: RuleScopes,
    open_scopes: Collection[Scope],
    now: datetime,
) -> ScopeSelection:
    """Return the scopes to read at *now*.

    *isps* are the providers that can be queried, and *open_scopes* those with an open alert.
    """
    rejected = {scope for scope in roster.records if roster.is_rejected(scope, now)}
    with_open_alert = sorted(set(open_scopes) - rejected, key=str)
    always_read = dict.fromkeys([ACCOUNT, *with_open_alert])
    counts_identities = any(_IDENTITY in rule.scopes for rule in rules)
    providers = (ACCOUNT.at(isp) for isp in (*isps, OTHER_ISPS))
    # An identity that no rule covers is counted all the same, to attribute the account's email.
    others = [
        scope
        for scope in dict.fromkeys([*providers, *roster.records])
        if scope not in always_read
        and scope not in rejected
        and (rule_scopes.covers(scope) or (counts_identities and scope.kind == _IDENTITY))
    ]
    interval = reread_interval(rules)
    due = sorted(
        (scope for scope in others if _is_due(scope, roster, rule_scopes, now, interval)),
        key=lambda scope: _turn(scope, roster),
    )
    chosen = set(due)
    deferred = [scope for scope in others if scope not in chosen]
    return ScopeSelection(
        always_read, dict.fromkeys(due), dict.fromkeys(deferred), dict.fromkeys(rejected)
    )


def _is_due(
    scope: Scope, roster: SenderRoster, rule_scopes: RuleScopes, now: datetime, interval: timedelta
) -> bool:
    if scope.isp:
        return True
    entry = roster.record(scope)
    rules = rule_scopes.rules_for(scope)
    is_small = bool(rules) and not any(rule_scopes.is_in_top(rule, scope) for rule in rules)
    if entry.volume and not is_small:
        return True
    return entry.read_at is None or now - entry.read_at >= interval


def _turn(scope: Scope, roster: SenderRoster) -> tuple[float, bool, bool, int, str]:
    """Return the sort key of *scope*: the lowest is read first."""
    entry = roster.record(scope)
    # "Other providers" has no record of its own; its turn comes after that of the named ones.
    tried = roster.read_at if scope.is_derived else entry.tried_at
    waiting_since = tried.timestamp() if tried else 0
    return waiting_since, scope.isp is None, scope.is_derived, -entry.volume, str(scope)
