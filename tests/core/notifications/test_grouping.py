"""Which alerts are one incident."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from builders import HOTMAIL, HOUR, NEWS_IDENTITY, NO_CONTRIBUTORS, NOW, evidence, firing

from vdm_alerts.core.alerts.alert import Alert
from vdm_alerts.core.model.mailbox_providers import UNKNOWN_ISP
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.grouping import (
    MAX_INCIDENTS,
    Contributors,
    group_into_incidents,
)
from vdm_alerts.core.planning.contributor import Contributor

SHOP_IDENTITY = Scope(identity="shop.example.com")
NEWS_AT_HOTMAIL = NEWS_IDENTITY.at_provider("Hotmail")
FIRST_INCIDENT_ID = "bounce-rate-20260312T0900Z"
SECOND_INCIDENT_ID = "bounce-rate-20260312T0900Z-2"


def a_new_alert(scope: Scope) -> Alert:
    return replace(firing(scope), incident=None)


def contributors_from(alerts: Sequence[Alert], causes: Mapping[Scope, Scope]) -> Contributors:
    return {
        alert.key: Contributor(causes[alert.scope], 0.7, evidence("20%"))
        for alert in alerts
        if alert.scope in causes
    }


def incident_ids(
    *alerts: Alert,
    causes: Mapping[Scope, Scope] | None = None,
    only_cause: bool = False,
    same_email: Sequence[tuple[Scope, Scope]] = (),
) -> dict[Scope, str]:
    contributors = {
        key: replace(contributor, is_only_cause=only_cause)
        for key, contributor in contributors_from(alerts, causes or {}).items()
    }
    key = alerts[0].key
    pairs = [(key._replace(scope=one), key._replace(scope=other)) for one, other in same_email]
    grouped = group_into_incidents(alerts, contributors, pairs, NOW)
    return {alert.scope: alert.incident or "" for alert in grouped}


def test_unrelated_alerts_are_separate_incidents() -> None:
    assert incident_ids(a_new_alert(NEWS_IDENTITY), a_new_alert(SHOP_IDENTITY)) == {
        NEWS_IDENTITY: FIRST_INCIDENT_ID,
        SHOP_IDENTITY: SECOND_INCIDENT_ID,
    }


def of_ses(alert: Alert) -> Alert:
    """Return *alert*, about the rate that SES itself reports."""
    return replace(alert, rule="ses-bounce-rate", indicator=Indicator.SES_BOUNCE_RATE)


def incidents_of(*alerts: Alert) -> list[str | None]:
    grouped = group_into_incidents(alerts, {}, (), NOW)
    return [alert.incident for alert in grouped]


def test_rate_of_ses_and_counted_rate_of_the_account_share_one_incident() -> None:
    new, of_counts = of_ses(a_new_alert(ACCOUNT)), a_new_alert(ACCOUNT)
    assert incidents_of(new, of_counts) == [FIRST_INCIDENT_ID] * 2
    assert incidents_of(replace(new, incident="before"), of_counts) == ["before"] * 2
    assert incidents_of(new, replace(of_counts, incident="before")) == ["before"] * 2


def test_sender_joins_the_incident_of_the_rate_of_ses_but_not_the_other_way_around() -> None:
    new, sender = of_ses(a_new_alert(ACCOUNT)), a_new_alert(NEWS_IDENTITY)
    first = "ses-bounce-rate-20260312T0900Z"
    assert incidents_of(new, sender) == [first] * 2
    assert incidents_of(new, replace(sender, incident="before")) == [first, "before"]


def test_rate_of_ses_is_an_incident_apart_from_other_rates_of_the_account() -> None:
    complaints = replace(
        a_new_alert(ACCOUNT), rule="complaint-rate", indicator=Indicator.COMPLAINT_RATE
    )
    one, other = incidents_of(of_ses(a_new_alert(ACCOUNT)), complaints)
    assert one != other


def test_alerts_with_the_same_contributor_share_one_incident() -> None:
    causes = {NEWS_IDENTITY: NEWS_AT_HOTMAIL, HOTMAIL: NEWS_AT_HOTMAIL}
    together = incident_ids(a_new_alert(NEWS_IDENTITY), a_new_alert(HOTMAIL), causes=causes)
    assert together == {NEWS_IDENTITY: FIRST_INCIDENT_ID, HOTMAIL: FIRST_INCIDENT_ID}
    with_others = incident_ids(
        a_new_alert(NEWS_IDENTITY),
        a_new_alert(HOTMAIL),
        a_new_alert(NEWS_AT_HOTMAIL),
        a_new_alert(SHOP_IDENTITY),
        causes=causes,
    )
    assert with_others == {
        NEWS_IDENTITY: FIRST_INCIDENT_ID,
        HOTMAIL: FIRST_INCIDENT_ID,
        NEWS_AT_HOTMAIL: FIRST_INCIDENT_ID,
        SHOP_IDENTITY: SECOND_INCIDENT_ID,
    }


def test_alerts_share_one_incident_when_the_account_is_breached() -> None:
    alerts = [a_new_alert(scope) for scope in (ACCOUNT, NEWS_IDENTITY, SHOP_IDENTITY)]
    assert incident_ids(*alerts) == dict.fromkeys(
        (ACCOUNT, NEWS_IDENTITY, SHOP_IDENTITY), FIRST_INCIDENT_ID
    )


def test_new_alert_joins_the_open_incident_of_the_account() -> None:
    account = replace(firing(ACCOUNT, notified=Severity.WARNING), incident="bounce-rate-old")
    assert incident_ids(account, a_new_alert(SHOP_IDENTITY))[SHOP_IDENTITY] == "bounce-rate-old"


def test_new_alert_joins_the_open_incident_with_the_same_contributor() -> None:
    early = replace(firing(NEWS_IDENTITY, notified=Severity.WARNING), incident="bounce-rate-old")
    alerts = [early, a_new_alert(HOTMAIL)]
    contributors = contributors_from(
        alerts, {NEWS_IDENTITY: NEWS_AT_HOTMAIL, HOTMAIL: NEWS_AT_HOTMAIL}
    )
    late = group_into_incidents(alerts, contributors, (), NOW + HOUR)
    assert {alert.scope: alert.incident for alert in late} == {
        NEWS_IDENTITY: "bounce-rate-old",
        HOTMAIL: "bounce-rate-old",
    }


def test_account_alert_joins_the_incident_of_its_contributor_and_collects_new_alerts() -> None:
    early = replace(firing(NEWS_IDENTITY, notified=Severity.WARNING), incident="bounce-rate-old")
    alerts = [early, a_new_alert(ACCOUNT), a_new_alert(SHOP_IDENTITY)]
    assert incident_ids(*alerts, causes={ACCOUNT: NEWS_IDENTITY}) == dict.fromkeys(
        (NEWS_IDENTITY, ACCOUNT, SHOP_IDENTITY), "bounce-rate-old"
    )


def test_alerts_of_two_rules_never_share_an_incident() -> None:
    other = replace(a_new_alert(NEWS_IDENTITY), rule="complaint-rate")
    grouped = group_into_incidents([a_new_alert(NEWS_IDENTITY), other], NO_CONTRIBUTORS, (), NOW)
    assert {alert.rule: alert.incident for alert in grouped} == {
        "bounce-rate": FIRST_INCIDENT_ID,
        "complaint-rate": "complaint-rate-20260312T0900Z",
    }


def test_alert_stays_in_its_open_incident_when_the_account_starts_firing() -> None:
    early = replace(firing(NEWS_IDENTITY, notified=Severity.WARNING), incident="bounce-rate-old")
    assert incident_ids(early, a_new_alert(ACCOUNT))[NEWS_IDENTITY] == "bounce-rate-old"


def test_senders_bad_at_one_provider_share_an_incident_only_when_the_provider_is_breached() -> None:
    newsletter = Scope(configuration_set="newsletter")
    causes = {
        NEWS_IDENTITY: NEWS_AT_HOTMAIL,
        HOTMAIL: NEWS_AT_HOTMAIL,
        newsletter: newsletter.at_provider("Hotmail"),
    }
    senders = [a_new_alert(NEWS_IDENTITY), a_new_alert(newsletter)]
    assert incident_ids(*senders, a_new_alert(HOTMAIL), causes=causes) == dict.fromkeys(
        (NEWS_IDENTITY, newsletter, HOTMAIL), FIRST_INCIDENT_ID
    )
    separate = incident_ids(*senders, causes=causes)
    assert separate == {NEWS_IDENTITY: FIRST_INCIDENT_ID, newsletter: SECOND_INCIDENT_ID}


def test_three_senders_with_one_provider_as_only_cause_share_an_incident() -> None:
    senders = [Scope(identity=f"{name}.example.com") for name in "abc"]
    causes = {sender: sender.at_provider("Hotmail") for sender in senders}
    alerts = [a_new_alert(sender) for sender in senders]
    together = incident_ids(*alerts, causes=causes, only_cause=True)
    assert together == dict.fromkeys(senders, FIRST_INCIDENT_ID)
    assert len(set(incident_ids(*alerts, causes=causes).values())) == 3
    assert len(set(incident_ids(*alerts[:2], causes=causes, only_cause=True).values())) == 2


def test_senders_bad_at_providers_without_a_name_have_no_common_provider() -> None:
    senders = [Scope(identity=f"{name}.example.com") for name in "abc"]
    causes = {sender: sender.at_provider(UNKNOWN_ISP) for sender in senders}
    separate = incident_ids(*map(a_new_alert, senders), causes=causes, only_cause=True)
    assert len(set(separate.values())) == 3


def test_sender_counts_once_for_a_common_provider_in_each_kind() -> None:
    senders = [NEWS_IDENTITY, Scope(configuration_set="news"), Scope(tenant="news")]
    causes = {sender: sender.at_provider("Hotmail") for sender in senders}
    separate = incident_ids(*map(a_new_alert, senders), causes=causes, only_cause=True)
    assert len(set(separate.values())) == 3


def test_senders_of_the_same_email_share_an_incident() -> None:
    newsletter, tenant = Scope(configuration_set="newsletter"), Scope(tenant="news")
    alerts = [a_new_alert(scope) for scope in (NEWS_IDENTITY, newsletter, tenant, SHOP_IDENTITY)]
    same_email = [(newsletter, NEWS_IDENTITY), (tenant, NEWS_IDENTITY)]
    assert incident_ids(*alerts, same_email=same_email) == {
        NEWS_IDENTITY: FIRST_INCIDENT_ID,
        newsletter: FIRST_INCIDENT_ID,
        tenant: FIRST_INCIDENT_ID,
        SHOP_IDENTITY: SECOND_INCIDENT_ID,
    }


def test_new_alert_joins_the_open_incident_of_the_same_email() -> None:
    newsletter = Scope(configuration_set="newsletter")
    early = replace(firing(newsletter, notified=Severity.WARNING), incident="bounce-rate-old")
    incidents = incident_ids(
        early, a_new_alert(NEWS_IDENTITY), same_email=[(newsletter, NEWS_IDENTITY)]
    )
    assert incidents[NEWS_IDENTITY] == "bounce-rate-old"


def test_last_incident_takes_all_remaining_alerts_when_the_limit_is_reached() -> None:
    many = [a_new_alert(Scope(identity=f"{number:04}.example.com")) for number in range(1_000)]
    grouped = group_into_incidents(many, NO_CONTRIBUTORS, (), NOW)
    counts = Counter(alert.incident for alert in grouped)
    assert sorted(counts.values()) == [1] * (MAX_INCIDENTS - 1) + [1_001 - MAX_INCIDENTS]
    *earlier, late = group_into_incidents(
        [*grouped, a_new_alert(Scope(identity="late.example.com"))], NO_CONTRIBUTORS, (), NOW + HOUR
    )
    assert earlier == grouped
    assert late.incident == grouped[-1].incident
