"""The scopes of one reading: which are read always, now, or later."""

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
    """The scopes of one reading. Each scope is in exactly one of the groups."""

    always_read: Collection[Scope]
    """Scopes whose every metric is read, whatever their volume: the account, and open alerts."""
    due: Collection[Scope]
    """Scopes to read now: longest wait first, then providers, then the largest senders."""
    deferred: Collection[Scope]
    """Scopes that were read recently and can wait."""
    rejected: Collection[Scope]
    """Scopes whose name SES rejected recently; they are not queried."""

    @property
    def all_scopes(self) -> Sequence[Scope]:
        """The scopes of all groups."""
        return [*self.always_read, *self.due, *self.deferred, *self.rejected]


def reread_interval(rules: Iterable[Rule]) -> timedelta:
    """Return how long a scope without emails, or without a problem, can wait.

    That is a day, minus 30 minutes because a scheduled run may start early. If a rule has a one-day
    window, it is 4 hours, because a breach of that window may have left it one day later.
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

    *isps* are the providers that can be queried. *open_scopes* have an open alert.
    """
    rejected = {scope for scope in roster.records if roster.is_rejected(scope, now)}
    with_open_alert = sorted(set(open_scopes) - rejected, key=str)
    always_read = dict.fromkeys([ACCOUNT, *with_open_alert])
    monitors_identities = any(_IDENTITY in rule.scopes for rule in rules)
    providers = (ACCOUNT.at_provider(isp) for isp in (*isps, OTHER_ISPS))
    # Identities that no rule covers are read too, to attribute the emails of the account.
    others = [
        scope
        for scope in dict.fromkeys([*providers, *roster.records])
        if scope not in always_read
        and scope not in rejected
        and (rule_scopes.covers(scope) or (monitors_identities and scope.kind == _IDENTITY))
    ]
    interval = reread_interval(rules)
    due = dict.fromkeys(
        sorted(
            (scope for scope in others if _is_due(scope, roster, rule_scopes, now, interval)),
            key=lambda scope: _reading_order(scope, roster),
        )
    )
    deferred = dict.fromkeys(scope for scope in others if scope not in due)
    return ScopeSelection(always_read, due, deferred, dict.fromkeys(rejected))


def _is_due(
    scope: Scope, roster: SenderRoster, rule_scopes: RuleScopes, now: datetime, interval: timedelta
) -> bool:
    """Return whether *scope* is read at *now*.

    Providers are always due, and so are senders with emails that are among the top of some rule, or
    that no rule is about. The others are due once per *interval*.
    """
    if scope.isp:
        return True
    record = roster.record(scope)
    rules = rule_scopes.rules_for(scope)
    is_below_top = bool(rules) and not any(rule_scopes.is_in_top(rule, scope) for rule in rules)
    if record.volume and not is_below_top:
        return True
    return record.read_at is None or now - record.read_at >= interval


def _reading_order(scope: Scope, roster: SenderRoster) -> tuple[float, bool, bool, int, str]:
    """Return the sort key of *scope*: the lowest is read first."""
    record = roster.record(scope)
    # "Other providers" has no record. It is read after the named providers.
    tried_at = roster.read_at if scope.is_derived else record.tried_at
    waiting_since = tried_at.timestamp() if tried_at else 0
    return waiting_since, scope.isp is None, scope.is_derived, -record.volume, str(scope)
