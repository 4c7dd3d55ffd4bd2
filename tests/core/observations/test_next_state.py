"""Tests of the state that a run leaves."""

from dataclasses import replace

from builders import HOUR, NEWS_IDENTITY, NOW, a_rule, firing

from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.observations.next_state import next_state
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.rules.rule_set import RuleSet, RuleText

OLD_TEXT, NEW_TEXT = RuleText("old", "/rules/bounce-rate"), RuleText("new", "/rules/bounce-rate")
BEFORE = StoredState(
    alerts={firing(ACCOUNT).key: firing(ACCOUNT)},
    service_sequence=3,
    last_run=NOW - HOUR,
    sequences={"bounce-rate-20260312T0900Z": 2},
    rules={"bounce-rate": OLD_TEXT},
    transient_since={"ses:GetAccount": NOW - HOUR},
    summary_sent=True,
    subscribers=1,
    version=7,
)
OBSERVATION = Observation(
    rule_set=RuleSet({"bounce-rate": a_rule()}, texts={"bounce-rate": NEW_TEXT}),
    reading=None,
    subscribers=2,
    findings=(),
    transient_since={"ses:ListTenants": NOW},
)


def test_next_state_has_the_alerts_and_observations_of_the_run() -> None:
    alert = firing(NEWS_IDENTITY)
    assert next_state(BEFORE, OBSERVATION, [alert], NOW) == replace(
        BEFORE,
        alerts={alert.key: alert},
        last_run=NOW,
        rules={"bounce-rate": NEW_TEXT},
        transient_since={"ses:ListTenants": NOW},
        subscribers=2,
    )


def test_next_state_keeps_the_stored_rules_when_the_rules_are_unreadable() -> None:
    unreadable = replace(OBSERVATION, rule_set=None)
    assert next_state(BEFORE, unreadable, [], NOW).rules == {"bounce-rate": OLD_TEXT}
