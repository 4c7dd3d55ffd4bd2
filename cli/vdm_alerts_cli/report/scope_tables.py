"""The tables of mailbox providers, identities, configuration sets and tenants."""

from collections.abc import Sequence

from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.model.rates import Gap, Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.wording import KIND_NAMES, WORDING, count_of
from vdm_alerts.core.rules.rule import Threshold
from vdm_alerts_cli.report.account import Account
from vdm_alerts_cli.report.page import Level, RateCell, ScopeRow, ScopeSection
from vdm_alerts_cli.report.wording import capitalized

DIMENSIONS = (Dimension.ISP, Dimension.IDENTITY, Dimension.CONFIGURATION_SET, Dimension.TENANT)
"""The dimensions with a table, in the order of the page."""
MAX_NAMES = 50
"""The most scopes without email that are named."""


def scope_section(account: Account, dimension: Dimension) -> ScopeSection:
    """Return the table of the scopes of *dimension*, worst first, then largest first."""
    scopes = [each for each in account.rates.dataset.scopes if each.kind == (dimension,)]
    active = [each for each in scopes if account.rates.sent_email(each)]
    indicators = account.indicators_of((dimension,))
    rows = [_row(account, scope, indicators) for scope in active]
    return ScopeSection(
        id=dimension.key.replace("_", "-"),
        title=capitalized(count_of((dimension,), 2).removeprefix("2 ")),
        scope_title=capitalized(KIND_NAMES[dimension]),
        emails_title="Emails",
        columns=[capitalized(WORDING[indicator].noun) for indicator in indicators],
        rows=sorted(rows, key=_order),
        intro=_intro(account) if active else "" if scopes else "None in the counts that were read.",
        outro=_without_email(account, [each for each in scopes if each not in set(active)]),
    )


def _intro(account: Account) -> str:
    rates = account.rates
    return (
        f"The figures are of the {rates.week} through {rates.last_whole_day}. The small charts "
        f"show each day since {rates.first_day}, with the first threshold."
    )


def _row(account: Account, scope: Scope, indicators: Sequence[Indicator]) -> ScopeRow:
    return ScopeRow(
        name=" ".join(scope.display_names.values()),
        emails=account.rates.emails(scope),
        cells=[_cell(account, indicator, scope) for indicator in indicators],
        open_alerts=account.open_severities(scope),
    )


def _cell(account: Account, indicator: Indicator, scope: Scope) -> RateCell:
    first = account.first_threshold(indicator, scope)
    daily = account.rates.daily(indicator, scope)
    has_chart = any(isinstance(rate, Rate) for rate in daily)
    return RateCell(
        rate=account.rates.rate(indicator, scope),
        reached=_level(account.reached(indicator, scope)),
        first_day=account.rates.first_day,
        daily=daily if has_chart else (),
        threshold=first.share if first else None,
        low_is_bad=indicator.low_is_bad,
    )


def _level(threshold: Threshold | None) -> Level | None:
    if threshold is None:
        return None
    return Level(threshold.share, threshold.severity.key, threshold.severity)


def _order(row: ScopeRow) -> tuple[int, int, int, str]:
    """Return the place of *row*: open alerts, then thresholds, then emails, then names."""
    reached = [
        cell.reached.severity for cell in row.cells if cell.reached and cell.reached.severity
    ]
    emails = 0 if isinstance(row.emails, Gap) else row.emails
    return -_worst(row.open_alerts), -_worst(reached), -emails, row.name


def _worst(severities: Sequence[Severity]) -> int:
    return max(severities, default=0)


def _without_email(account: Account, scopes: Sequence[Scope]) -> str:
    if not scopes:
        return ""
    names = ", ".join(str(scope) for scope in scopes[:MAX_NAMES])
    more = f", and {len(scopes) - MAX_NAMES:,} more" if len(scopes) > MAX_NAMES else ""
    number = count_of(scopes[0].kind, len(scopes))
    return f"{capitalized(number)} without email in these {account.rates.days} days: {names}{more}."
