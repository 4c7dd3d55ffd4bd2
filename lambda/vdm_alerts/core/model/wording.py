"""The names of indicators and scopes in notifications."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vdm_alerts.core.model.metrics import Dimension, Kind, Scope
from vdm_alerts.core.model.rates import Indicator


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for one indicator in notifications."""

    noun: str
    """The name of the indicator, such as "bounce rate"."""
    events: str
    """The name of the bad events, such as "bounces" or "undelivered emails"."""
    emails: str
    """The emails that the events are a share of."""
    predicate: str
    """The predicate of a sentence with the subject "12 of 300 emails"."""


WORDING: Mapping[Indicator, Wording] = {
    Indicator.BOUNCE_RATE: Wording(
        noun="bounce rate",
        events="bounces",
        emails="email",
        predicate="bounced permanently",
    ),
    Indicator.TRANSIENT_BOUNCE_RATE: Wording(
        noun="transient bounce rate",
        events="transient bounces",
        emails="email",
        predicate="bounced temporarily",
    ),
    Indicator.COMPLAINT_RATE: Wording(
        noun="complaint rate",
        events="complaints",
        emails="email to providers that report complaints",
        predicate="were reported as spam",
    ),
    Indicator.DELIVERY_RATE: Wording(
        noun="delivery rate",
        events="undelivered emails",
        emails="email",
        predicate="were delivered",
    ),
    Indicator.OPEN_RATE: Wording(
        noun="open rate",
        events="unopened emails",
        emails="email with engagement tracking",
        predicate="were opened",
    ),
    Indicator.CLICK_RATE: Wording(
        noun="click rate",
        events="emails without a click",
        emails="email with tracked links",
        predicate="were clicked in",
    ),
    Indicator.SES_BOUNCE_RATE: Wording(
        noun="SES bounce rate",
        events="bounces",
        emails="email",
        predicate="bounced permanently",
    ),
    Indicator.SES_COMPLAINT_RATE: Wording(
        noun="SES complaint rate",
        events="complaints",
        emails="email to providers that report complaints",
        predicate="were reported as spam",
    ),
}

KIND_NAMES: Mapping[Dimension, str] = {
    Dimension.IDENTITY: "identity",
    Dimension.CONFIGURATION_SET: "configuration set",
    Dimension.TENANT: "tenant",
    Dimension.ISP: "mailbox provider",
}


def count_of(kind: Kind, count: int) -> str:
    """Return *count* scopes of *kind* in words, such as "30 identities"."""
    name, *other_names = (KIND_NAMES[dimension] for dimension in kind)
    plural = f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
    suffix = "".join(f" at a {other}" for other in other_names)
    return f"{count:,} {name if count == 1 else plural}{suffix}"


def number_of(noun: str, count: int) -> str:
    """Return *count* and the *noun* in the singular or plural, such as "2 problems"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def enumeration(names: Sequence[str]) -> str:
    """Return *names* as a sentence lists them, such as "a, b, and c"."""
    if len(names) <= 2:  # noqa: PLR2004 - two names need no comma
        return " and ".join(names)
    *first, last = names
    return f"{', '.join(first)}, and {last}"


def rate_phrase(indicator: Indicator, scope: Scope) -> str:
    """Return the words for a rate in *scope*, such as "the bounce rate of news.example.com"."""
    return f"the {WORDING[indicator].noun} {scope_phrase(scope)}"


def scope_phrase(scope: Scope) -> str:
    """Return the words for *scope* that follow the name of an indicator.

    For example "of news.example.com at Hotmail" in "bounce rate of news.example.com at Hotmail".
    """
    prepositions = {
        Dimension.IDENTITY: "of",
        Dimension.CONFIGURATION_SET: "of the configuration set",
        Dimension.TENANT: "of the tenant",
        Dimension.ISP: "at",
    }
    parts = [f"{prepositions[dimension]} {name}" for dimension, name in scope.display_names.items()]
    return " ".join(parts) or f"of {scope}"


def kind_name(scope: Scope) -> str:
    """Return the kind of *scope*, such as "identity at mailbox provider"."""
    return " at ".join(KIND_NAMES[dimension] for dimension in scope.kind) or "whole account"
