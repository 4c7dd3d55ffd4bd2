"""Which alerts are one incident."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from builders import HOTMAIL, HOUR, NEWS, NO_CONTRIBUTORS, NOW, evidence, firing

from vdm_alerts.core.alerts.alert import Alert
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.grouping import (
    MAX_INCIDENTS,
    Contributors,
    group_into_incidents,
)
from vdm_alerts.core.planning.contributor import Contributor

SHOP, YAHOO = Scope(identity="shop.example.com"), Scope(isp="Yahoo")
PAIR = NEWS.at("Hotmail")
FIRST, SECOND = "bounce-rate-20260312T0900Z", "bounce-rate-20260312T0900Z-2"


def new(scope: Scope) -> Alert:
    return replace(firing(scope), incident=None)


def main_contributors(alerts: Sequence[Alert], causes: Mapping[Scope, Scope]) -> Contributors:
    return {
        alert.key: Contributor(causes[alert.scope], 0.7, evidence("20%"))
        for alert in alerts
        if alert.scope in causes
    }


def incidents(*alerts: Alert, causes: Mapping[Scope, Scope] | None = None) -> dict[Scope, str]:
    gathered = group_into_incidents(alerts, main_contributors(alerts, causes or {}), NOW)
    return {alert.scope: alert.incident or "" for alert in gathered}


def test_unrelated_alerts_are_separate_incidents() -> None:
    assert incidents(new(NEWS), new(SHOP)) == {NEWS: FIRST, SHOP: SECOND}


def test_alerts_with_the_same_contributor_share_one_incident() -> None:
    causes = {NEWS: PAIR, HOTMAIL: PAIR}
    assert set(incidents(new(NEWS), new(HOTMAIL), causes=causes).values()) == {FIRST}
    alone = incidents(new(NEWS), new(HOTMAIL), new(PAIR), new(SHOP), causes=causes)
    assert alone == {NEWS: FIRST, HOTMAIL: FIRST, PAIR: FIRST, SHOP: SECOND}


def test_alerts_share_one_incident_when_the_account_is_breached() -> None:
    assert set(incidents(new(ACCOUNT), new(NEWS), new(SHOP)).values()) == {FIRST}


def test_new_alert_joins_the_open_incident_of_the_account() -> None:
    account = replace(firing(ACCOUNT, told=Severity.WARNING), incident="bounce-rate-old")
    assert incidents(account, new(SHOP))[SHOP] == "bounce-rate-old"


def test_new_alert_joins_the_open_incident_with_the_same_contributor() -> None:
    early = replace(firing(NEWS, told=Severity.WARNING), incident="bounce-rate-old")
    alerts = [early, new(HOTMAIL)]
    contributors = main_contributors(alerts, {NEWS: PAIR, HOTMAIL: PAIR})
    late = group_into_incidents(alerts, contributors, NOW + HOUR)
    assert {alert.incident for alert in late} == {"bounce-rate-old"}


def test_account_alert_joins_the_incident_of_its_contributor_and_collects_new_alerts() -> None:
    early = replace(firing(NEWS, told=Severity.WARNING), incident="bounce-rate-old")
    found = incidents(early, new(ACCOUNT), new(SHOP), causes={ACCOUNT: NEWS})
    assert set(found.values()) == {"bounce-rate-old"}


def test_alerts_of_two_rules_never_share_an_incident() -> None:
    other = replace(new(NEWS), rule="complaint-rate")
    assert {
        alert.incident for alert in group_into_incidents([new(NEWS), other], NO_CONTRIBUTORS, NOW)
    } == {
        FIRST,
        "complaint-rate-20260312T0900Z",
    }


def test_alert_stays_in_its_open_incident_when_the_account_starts_firing() -> None:
    early = replace(firing(NEWS, told=Severity.WARNING), incident="bounce-rate-old")
    assert incidents(early, new(ACCOUNT))[NEWS] == "bounce-rate-old"


def test_senders_bad_at_one_provider_share_an_incident_only_when_the_provider_is_breached() -> None:
    sets = Scope(configuration_set="newsletter")
    causes = {NEWS: PAIR, HOTMAIL: PAIR, sets: sets.at("Hotmail")}
    assert set(incidents(new(NEWS), new(sets), new(HOTMAIL), causes=causes).values()) == {FIRST}
    assert len(set(incidents(new(NEWS), new(sets), causes=causes).values())) == 2


def test_last_incident_takes_all_remaining_alerts_when_the_limit_is_reached() -> None:
    many = [new(Scope(identity=f"{number:04}.example.com")) for number in range(1_000)]
    found = incidents(*many)
    assert len(set(found.values())) == MAX_INCIDENTS
    later = group_into_incidents(
        [
            *group_into_incidents(many, NO_CONTRIBUTORS, NOW),
            new(Scope(identity="late.example.com")),
        ],
        NO_CONTRIBUTORS,
        NOW + HOUR,
    )
    assert len({alert.incident for alert in later}) == MAX_INCIDENTS
