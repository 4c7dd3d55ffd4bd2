"""What changed between two reports, the most important first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.alerts.firing_periods import FiringPeriod
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.rates import Gap, Indicator, Rate, percent
from vdm_alerts.core.model.wording import WORDING, enumeration, kind_name, number_of
from vdm_alerts_cli.report.account import Account, AlertHistory
from vdm_alerts_cli.report.page import DayRate, Item
from vdm_alerts_cli.report.shapes import describe
from vdm_alerts_cli.report.snapshot import RuleFigures, Snapshot
from vdm_alerts_cli.report.wording import alert_title, capitalized, rate_title

MAX_ITEMS = 15
"""The most changes of one kind that are listed."""
MAX_NAMES = 10
"""The most senders that one entry names."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes from the report *before* to *account*."""

    before: Snapshot
    account: Account

    @property
    def items(self) -> Sequence[Item]:
        """An entry for each change."""
        groups = (
            self._new_alerts(),
            self._changed_alerts(),
            self._past_alerts(),
            self._crossed(),
            self._readability(),
            self._account(),
            self._ses_rates(),
            self._rules(),
            self._senders(),
        )
        return [item for group in groups for item in _limited(list(group))]

    def _new_alerts(self) -> Iterator[Item]:
        for period in _periods(self.account.history):
            if period.start and self._is_new(period):
                since = f"{period.start:%Y-%m-%d %H:%M} UTC"
                state = "" if period.is_open else ", and is not open any more"
                text = f"{alert_title(period.key)}, since {since}{state}."
                yield Item(text, "New alert", period.severity)

    def _is_new(self, period: FiringPeriod) -> bool:
        """Return whether the earlier report could not know the alert of *period*.

        An alert can fire after that report for a breach that began before it.
        """
        if period.is_open and self.before.alerts is not None:
            known = {
                (each.rule, each.scope, each.indicator, each.since) for each in self.before.alerts
            }
            return (*period.key, period.start) not in known
        return period.start is not None and period.start > self.before.made_at

    def _changed_alerts(self) -> Iterator[Item]:
        if isinstance(self.account.history, str):
            return
        open_alerts = self.account.history.open_alerts
        for alert in self.before.alerts or ():
            key = AlertKey(alert.rule, alert.scope, alert.indicator)
            state = open_alerts.get(key)
            if state and state.since == alert.since and state.severity is not alert.severity:
                text = f"{alert_title(key)}: was {alert.severity}, is {state.severity}."
                yield Item(text, "Severity", state.severity)

    def _past_alerts(self) -> Iterator[Item]:
        if isinstance(self.account.history, str):
            return
        open_keys = self.account.history.open_alerts.keys()
        known = [
            AlertKey(each.rule, each.scope, each.indicator) for each in self.before.alerts or ()
        ]
        ends = {
            period.key: period.end
            for period in self.account.history.periods
            if period.end and period.end > self.before.made_at and not self._is_new(period)
        }
        for key in dict.fromkeys([*ends, *(each for each in known if each not in open_keys)]):
            when = f" since {end:%Y-%m-%d %H:%M} UTC" if (end := ends.get(key)) else ""
            yield Item(f"{alert_title(key)}: not open any more{when}.", "Resolved or closed")

    def _crossed(self) -> Iterator[Item]:
        """Yield the rates that reached a threshold of today's rules in one of the reports only."""
        for scope, indicator, old, new in self._pairs():
            threshold = self.account.first_threshold(indicator, scope)
            if threshold is None or not (isinstance(old, Rate) and isinstance(new, Rate)):
                continue
            was = threshold.is_reached_by(old.value, indicator)
            reached = self.account.reached(indicator, scope)
            side = indicator.bad_side if reached else indicator.good_side
            text = (
                f"{rate_title(indicator, scope)}: {new}, was {old}. "
                f"The threshold is {percent(threshold.share)}."
            )
            if bool(reached) != was:
                yield Item(text, f"Now {side}", reached.severity if reached else None)

    def _readability(self) -> Iterator[Item]:
        for scope, indicator, old, new in self._pairs():
            if _is_unknown(old) != _is_unknown(new):
                name = rate_title(indicator, scope)
                kind = "Now unknown" if _is_unknown(new) else "Known again"
                yield Item(f"{name}: {describe(new)}, was {describe(old)}.", kind)

    def _account(self) -> Iterator[Item]:
        before = self.before.scopes.get(ACCOUNT)
        if before is None:
            return
        emails = self.account.rates.emails(ACCOUNT)
        if emails != before.emails:
            yield Item(f"Emails: {_count(emails)}, was {_count(before.emails)}.", "Account")
        for scope, indicator, old, new in self._pairs():
            if scope == ACCOUNT and old != new:
                name = capitalized(WORDING[indicator].noun)
                yield Item(f"{name}: {describe(new)}, was {describe(old)}.", "Account")

    def _ses_rates(self) -> Iterator[Item]:
        rates = self.account.snapshot.ses_rates
        if rates is None or self.before.ses_rates is None:
            return
        for indicator in {**self.before.ses_rates, **rates}:
            old, new = self.before.ses_rates.get(indicator), rates.get(indicator)
            if old != new:
                name = capitalized(WORDING[indicator].noun)
                yield Item(f"{name}: {_share(new)}, was {_share(old)}.", "Rate of SES")

    def _rules(self) -> Iterator[Item]:
        old, new = self.before.rules, self.account.snapshot.rules
        for name in dict.fromkeys([*old, *new]):
            if name not in new:
                yield Item(f"{name} is not in effect any more.", "Rule")
            elif name not in old:
                yield Item(f"{name} is new: {_thresholds(new[name])}.", "Rule")
            elif old[name] != new[name]:
                change = f"{_thresholds(new[name])}, was {_thresholds(old[name])}"
                yield Item(f"{name}: {change}.", "Rule")

    def _senders(self) -> Iterator[Item]:
        old, new = self.before.scopes, self.account.snapshot.scopes
        listed = set(self.account.rates.dataset.scopes)
        past = [scope for scope in old if scope not in new]
        for scopes, kind in (
            ([scope for scope in new if scope not in old], "Now with email"),
            ([scope for scope in past if scope in listed], "No email any more"),
            ([scope for scope in past if scope not in listed], "Not listed any more"),
        ):
            names = [f"{kind_name(scope)} {scope}" for scope in scopes[:MAX_NAMES]]
            if more := len(scopes) - len(names):
                names.append(f"{more:,} more")
            if names:
                yield Item(f"{capitalized(enumeration(names))}.", kind)

    def _pairs(self) -> Iterator[tuple[Scope, Indicator, DayRate, DayRate]]:
        """Yield the rates that both reports have: before, and now."""
        listed = set(self.account.rates.dataset.scopes)
        for scope, figures in self.before.scopes.items():
            if scope not in listed:
                continue
            for indicator in self.account.indicators_of(scope.kind):
                if indicator in figures.rates:
                    old = figures.rates[indicator]
                    yield scope, indicator, old, self.account.rates.rate(indicator, scope)


def _periods(history: AlertHistory | str) -> Sequence[FiringPeriod]:
    return () if isinstance(history, str) else history.periods


def _limited(items: Sequence[Item]) -> Sequence[Item]:
    """Return *items*, the last one in place of those above `MAX_ITEMS`."""
    if len(items) <= MAX_ITEMS:
        return items
    more = number_of("more change", len(items) - MAX_ITEMS)
    return [*items[:MAX_ITEMS], Item(f"{more} of this kind.", items[0].kind)]


def _is_unknown(rate: DayRate) -> bool:
    return isinstance(rate, Gap) and rate.is_failure


def _count(emails: int | Gap) -> str:
    return describe(emails) if isinstance(emails, Gap) else f"{emails:,}"


def _share(rate: float | None) -> str:
    return "not reported" if rate is None else percent(rate)


def _thresholds(rule: RuleFigures) -> str:
    parts = [f"{severity.key} {percent(share)}" for severity, share in rule.thresholds.items()]
    return f"{WORDING[rule.indicator].noun}, {enumeration(parts)}"
