"""Words that several sections of a report use."""

from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.wording import rate_phrase


def capitalized(text: str) -> str:
    """Return *text* with a capital first letter."""
    return f"{text[:1].upper()}{text[1:]}"


def alert_title(key: AlertKey) -> str:
    """Return the rate that an alert is about, such as "Bounce rate of news.example.com"."""
    if key.indicator is None:
        return f"Rule {key.rule}: {key.scope}"
    return rate_title(key.indicator, key.scope)


def rate_title(indicator: Indicator, scope: Scope) -> str:
    """Return the name of a rate, such as "Bounce rate of news.example.com"."""
    return capitalized(rate_phrase(indicator, scope).removeprefix("the "))
