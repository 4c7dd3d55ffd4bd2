"""The page about an account: which sections it has, and what they say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from vdm_alerts.core.evaluation.ses_rates import SES_LEVELS, SesRates
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.model.rates import Gap, Indicator, Rate, percent
from vdm_alerts.core.model.wording import WORDING, enumeration, number_of
from vdm_alerts_cli.output import show_time
from vdm_alerts_cli.report.account import Account
from vdm_alerts_cli.report.alert_spans import KeyedSpan, alert_spans
from vdm_alerts_cli.report.page import (
    AlertSection,
    Chart,
    ChartSection,
    Figure,
    FigureSection,
    Item,
    Level,
    ListSection,
    Marker,
    Page,
    TableSection,
)
from vdm_alerts_cli.report.scope_tables import DIMENSIONS, scope_section
from vdm_alerts_cli.report.shapes import describe
from vdm_alerts_cli.report.snapshot import to_document
from vdm_alerts_cli.report.wording import capitalized

_FOOTER = """\
Days are UTC days. Virtual Deliverability Manager counts bounces and complaints on the day on \
which they arrive, and can correct the counts of the last days. Today is partial.
Unknown is never zero: what could not be read is marked as unknown, with the reason. A day without \
email has no rate.
A rate at a threshold does not always open an alert: most rules also require confidence."""
_SES_MARKERS = "rate that SES itself reports, hour by hour"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed since an earlier report."""

    text: str
    """Which report that is, or why there is none: a sentence."""
    items: Sequence[Item] = ()


def account_page(
    account: Account, comparison: Comparison, unread: Sequence[str], zone: tzinfo
) -> Page:
    """Return the page about *account*, with times in *zone*.

    *unread* lists what could not be read.
    """
    rates = account.rates
    spans = alert_spans(account.history, zone)
    notices = [ListSection("unread", "Not read", [Item(line) for line in unread], is_notice=True)]
    return Page(
        title="Deliverability report",
        subtitle=f"{rates.dataset.target}, {rates.first_day} to {rates.dataset.last_day}, made "
        f"{show_time(account.made_at, zone)}",
        sections=(
            ListSection("changes", "What changed", comparison.items, comparison.text),
            *(notices if unread else ()),
            FigureSection(list(_figures(account))),
            _open_alerts(account, spans),
            _charts(account, spans),
            *(scope_section(account, dimension) for dimension in DIMENSIONS),
            _past_alerts(account, spans),
            _levels_of_ses(account),
            _rules(account),
        ),
        footer=_FOOTER.splitlines(),
        time_zone=zone,
        data=to_document(account.snapshot),
    )


def _figures(account: Account) -> Iterator[Figure]:
    if isinstance(account.history, str):
        yield Figure("Open alerts", "unknown", account.history)
    else:
        severities = [state.severity for state in account.history.open_alerts.values()]
        worst = max(severities, default=None)
        note = f"worst: {worst}" if worst else ""
        yield Figure("Open alerts", f"{len(severities):,}", note, worst)
    emails = account.rates.emails(ACCOUNT)
    week = f"{account.rates.week} through {account.rates.last_whole_day}"
    unknown = isinstance(emails, Gap)
    yield Figure(
        "Emails", "unknown" if unknown else f"{emails:,}", str(emails) if unknown else week
    )
    for indicator in account.indicators_of(ACCOUNT.kind):
        if indicator in SES_LEVELS or account.first_threshold(indicator, ACCOUNT):
            yield _rate_figure(account, indicator)


def _rate_figure(account: Account, indicator: Indicator) -> Figure:
    name = capitalized(WORDING[indicator].noun)
    rate = account.rates.rate(indicator, ACCOUNT)
    reached = account.reached(indicator, ACCOUNT)
    severity = reached.severity if reached else None
    if not isinstance(rate, Rate):
        return Figure(name, "unknown" if isinstance(rate, Gap) else "none", describe(rate))
    counts = f"{rate.events:,} of {rate.volume:,}"
    first = account.first_threshold(indicator, ACCOUNT)
    if reached:
        counts = f"at or {indicator.bad_side} {percent(reached.share)}, {counts}"
    elif first:
        counts = f"threshold {percent(first.share)}, {counts}"
    return Figure(name, percent(rate.value), counts, severity)


def _open_alerts(account: Account, spans: Sequence[KeyedSpan]) -> AlertSection:
    alerts = [each.span for each in spans if each.span.is_open]
    if isinstance(account.history, str):
        intro = f"Unknown: {account.history}."
    elif account.history.last_run is None:
        intro = "VDM Alerts has not run yet."
    else:
        last_run = f"the last run of VDM Alerts, {account.history.last_run:%Y-%m-%d %H:%M} UTC"
        intro = f"As of {last_run}." if alerts else f"None as of {last_run}."
    return AlertSection("open-alerts", "Open alerts", alerts, intro)


def _past_alerts(account: Account, spans: Sequence[KeyedSpan]) -> AlertSection:
    alerts = [each.span for each in spans if not each.span.is_open]
    since = f"since {account.rates.first_day}"
    if isinstance(account.history, str):
        intro = f"Unknown: {account.history}."
    elif not account.history.transitions.is_complete:
        intro = f"The latest ones {since}. Some earlier ones are missing."
    else:
        intro = f"Resolved or closed {since}." if alerts else f"None {since}."
    return AlertSection("past-alerts", "Past alerts", alerts, intro)


def _charts(account: Account, spans: Sequence[KeyedSpan]) -> ChartSection:
    charts = [
        _chart(account, indicator, spans) for indicator in account.indicators_of(ACCOUNT.kind)
    ]
    intro = (
        "Each line is the rate of the whole account on each day, and is red if it reaches its "
        "first threshold. Gray bars are the emails that the rate is of. Shaded periods are alerts "
        "about the account, and colored lines below the dates are alerts about other scopes. Gray "
        "areas are unknown."
    )
    if not charts:
        intro = "There is no rule, so there are no rates to show."
    return ChartSection("account", "Account", charts, intro)


def _chart(account: Account, indicator: Indicator, spans: Sequence[KeyedSpan]) -> Chart:
    from_ses = indicator.from_ses
    about = [span for span in spans if span.key.indicator in {indicator, from_ses}]
    rates = _rates_of_ses(account, indicator)
    return Chart(
        title=capitalized(WORDING[indicator].noun),
        first_day=account.rates.first_day,
        rates=account.rates.daily(indicator, ACCOUNT),
        low_is_bad=indicator.low_is_bad,
        levels=list(_levels(account, indicator)),
        alerts=[each.span for each in about if each.key.scope == ACCOUNT],
        other_alerts=[each.span for each in about if each.key.scope != ACCOUNT],
        markers=[Marker(each.at, each.value) for each in reversed(rates.history)] if rates else (),
        marker_name=_SES_MARKERS,
    )


def _levels(account: Account, indicator: Indicator) -> Iterator[Level]:
    """Yield the thresholds of the account, named by their rules if there are several."""
    rules = account.rules_for(indicator, ACCOUNT)
    for rule in rules:
        for threshold in rule.thresholds:
            name = threshold.severity.key
            name = f"{name} of {rule.name}" if len(rules) > 1 else name
            yield Level(threshold.share, name, threshold.severity)
    for share, name in zip(SES_LEVELS.get(indicator, ()), ("review", "pause"), strict=False):
        yield Level(share, f"SES {name} level")


def _levels_of_ses(account: Account) -> TableSection:
    intro = (
        "SES reviews an account at the review level, and might pause its sending at the pause "
        "level. It decides by the rates that it reports itself, which are of a volume of emails "
        "that it does not publish."
    )
    if isinstance(account.ses_rates, str):
        intro += f" The rates that SES reports are unknown: {account.ses_rates}."
    return TableSection(
        "ses",
        "Levels of SES",
        ("Rate", "Reported by SES", "Counted by VDM", "Review level", "Pause level"),
        [
            (
                capitalized(WORDING[indicator].noun),
                _reported(account, indicator),
                describe(account.rates.rate(indicator, ACCOUNT)),
                percent(review),
                percent(pause),
            )
            for indicator, (review, pause) in SES_LEVELS.items()
        ],
        intro,
    )


def _reported(account: Account, indicator: Indicator) -> str:
    rates = _rates_of_ses(account, indicator)
    if rates is None:
        return "unknown"
    if rates.fresh:
        return str(rates.fresh)
    return str(Gap.STALE if rates.latest else Gap.NOT_REPORTED)


def _rates_of_ses(account: Account, indicator: Indicator) -> SesRates | None:
    """Return the rates that SES reports of *indicator*; None if they are unknown."""
    if isinstance(account.ses_rates, str) or indicator.from_ses is None:
        return None
    return account.ses_rates.get(indicator.from_ses)


def _rules(account: Account) -> TableSection:
    monitoring = [rule for rule in account.rules.rules.values() if rule.scopes]
    return TableSection(
        "rules",
        "Rules in effect",
        ("Rule", "Rate", "Thresholds", "Overrides"),
        [
            (
                rule.name,
                WORDING[rule.indicator].noun,
                enumeration(
                    [f"{each.severity.key} {percent(each.share)}" for each in rule.thresholds]
                ),
                number_of("override", len(rule.overrides)) if rule.overrides else "none",
            )
            for rule in monitoring
        ],
        "" if monitoring else "None.",
    )
