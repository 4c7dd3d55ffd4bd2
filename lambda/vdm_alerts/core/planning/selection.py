"""The scopes of one reading: which are read always, now, or later."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.planning.rule_scopes import RuleScopes
from vdm_alerts.core.rules.rule import Rule

MAX_ALERTS_READ_AGAIN = 1_000
"""The scopes with an open alert that each invocation of a sweep reads again."""
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
    postponed: Collection[Scope] = ()
    """Scopes that are due, and that the next invocation of the sweep reads."""

    @property
    def all_scopes(self) -> Sequence[Scope]:
        """The scopes of all groups."""
        return [*self.always_read, *self.due, *self.deferred, *self.rejected, *self.postponed]

    def part(self, scopes: Collection[Scope]) -> "ScopeSelection":
        """Return the selection of the account and of those *scopes* that are to be read."""
        always_read = [scope for scope in scopes if scope in self.always_read]
        return ScopeSelection(
            dict.fromkeys([ACCOUNT, *always_read]),
            dict.fromkeys(scope for scope in scopes if scope in self.due),
            deferred=(),
            rejected=(),
        )

    def postpone(self, scopes: Collection[Scope]) -> "ScopeSelection":
        """Return the selection in which *scopes* are left to the next invocation of the sweep."""
        left = dict.fromkeys(scopes)
        return replace(
            self,
            always_read=dict.fromkeys(each for each in self.always_read if each not in left),
            due=dict.fromkeys(each for each in self.due if each not in left),
            postponed=left,
        )


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
    sweep_started: datetime | None = None,
) -> ScopeSelection:
    """Return the scopes to read at *now*.

    *isps* are the providers that can be queried. *open_scopes* have an open alert, the most
    important first. *sweep_started* is the start of the sweep that this reading may continue: a
    sender that was read completely since then is deferred. Providers are read again, because their
    events say where to search.
    """
    rejected = {scope for scope in roster.records if roster.is_rejected(scope, now)}
    with_open_alert = _to_read_again(
        [scope for scope in dict.fromkeys(open_scopes) if scope not in rejected],
        roster,
        sweep_started,
    )
    notable = [
        scope
        for scope in (roster.notable if sweep_started else ())
        if scope in roster.records and scope not in rejected
    ]
    always_read = dict.fromkeys([ACCOUNT, *with_open_alert, *notable])
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
            (
                scope
                for scope in others
                if not (scope.isp is None and roster.was_read_since(scope, sweep_started))
                and _is_due(scope, roster, rule_scopes, now, interval)
            ),
            key=lambda scope: _reading_order(scope, roster),
        )
    )
    deferred = dict.fromkeys(scope for scope in others if scope not in due)
    return ScopeSelection(always_read, due, deferred, dict.fromkeys(rejected))


def _to_read_again(
    open_scopes: Sequence[Scope], roster: SenderRoster, sweep_started: datetime | None
) -> Sequence[Scope]:
    """Return those of *open_scopes*, which have an open alert, that this reading reads.

    That is all of them, except if the sweep that started at *sweep_started* has read very many
    already: then the first `MAX_ALERTS_READ_AGAIN` of these, so that the sweep comes to an end.
    """
    read = [scope for scope in open_scopes if roster.was_read_since(scope, sweep_started)]
    left_out = {*read[MAX_ALERTS_READ_AGAIN:]}
    return sorted((scope for scope in open_scopes if scope not in left_out), key=str)


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
