"""Notifications that once misled their readers.

Each test has an input that an earlier version worded so that the reader drew the wrong conclusion.
"""

import json

import pytest
from notification_examples import (
    CRITICAL,
    EXAMPLES,
    WARNING,
    account_caused_by_one_configuration_set,
    closed_without_email,
    findings_of_rules_and_silences,
    message_of,
    partly_resolved,
    reminder_with_a_scope_below_its_threshold,
    service_message,
    summary,
    unreadable_reminder,
)

from vdm_alerts.core.notifications.rendering.message import Message


def first_sentence(message: Message) -> str:
    return message.text.split(". ")[0]


def test_critical_account_pauses_the_configuration_set_with_most_bounces() -> None:
    message = message_of(account_caused_by_one_configuration_set())
    first, *others = json.loads(message.payload)["steps"]
    assert "--configuration-set-name bulk " in first["command"]
    assert not any("--no-sending-enabled" in step["command"] for step in others)
    assert message.text.index("- bulk (configuration set): 12% (9,000 of 75,000)") < (
        message.text.index("- receipts (configuration set): 15% (60 of 400)")
    )


def test_reminder_leads_with_a_scope_above_its_threshold() -> None:
    message = message_of(reminder_with_a_scope_below_its_threshold())
    assert message.subject.startswith(
        "[CRITICAL] Complaint rate still 0.62% (above 0.5%): offers.example.com"
    )
    below = (
        "Below the threshold, not yet resolved:\n- Yahoo (mailbox provider): 0.07% (32 of 45,136)"
    )
    assert below in message.text
    assert "Also above the threshold:" not in message.text


def test_partly_resolved_incident_leads_with_the_worst_open_scope() -> None:
    message = message_of(partly_resolved())
    assert message.subject.startswith("[WARNING] Complaint rate still 0.49% (above 0.1%): offers")
    assert "Resolved in this run:\n- whole account: 0.03% (30 of 100,000)\n" in message.text


def test_fixed_problem_does_not_read_as_a_new_fault_while_others_are_open() -> None:
    findings = findings_of_rules_and_silences()
    message = service_message(findings[:2], notified=findings[:3])
    assert message.subject.startswith("[WARNING] VDM Alerts: 1 problem fixed, 2 still open")
    assert "Fixed:\n- Silence move is invalid (4 errors).\n" in message.text


def test_alert_closed_without_email_does_not_read_as_resolved() -> None:
    message = message_of(closed_without_email())
    assert message.subject.startswith(
        "[CLOSED] No email for 7 days, bounce rate unknown: news.example.com"
    )
    assert "The alert is closed, but the problem might still exist." in message.text


@pytest.mark.parametrize(
    ("message", "subject"),
    [
        pytest.param(
            message_of(summary(silenced=(WARNING, CRITICAL))),
            "[CRITICAL] VDM Alerts is monitoring: 2 silenced alerts are open",
            id="silenced alerts",
        ),
        pytest.param(
            message_of(summary(unreadable=6)),
            "[WARNING] VDM Alerts is monitoring: 6 of 28 rates not readable yet",
            id="unreadable rates",
        ),
        pytest.param(
            message_of(summary(unreadable=6, silenced=(WARNING,))),
            "[WARNING] VDM Alerts is monitoring: 1 silenced alert is open",
            id="both",
        ),
    ],
)
def test_first_summary_gives_no_false_all_clear(message: Message, subject: str) -> None:
    assert message.subject.startswith(subject)
    assert "No rate is above its threshold" not in message.text
    assert message.attributes["severity"] != "OK"
    assert ":white_check_mark:" not in message.amazon_q


def test_service_problems_do_not_use_the_word_silence_for_a_lack_of_alerts() -> None:
    message = service_message(findings_of_rules_and_silences())
    warning = "a missing alert does not mean that all rates are normal"
    assert f"Not everything is monitored until problem 2 is fixed: {warning}.\n" in message.text
    assert "its silence" not in message.text


def test_revised_alert_does_not_read_as_a_rate_that_was_above() -> None:
    message = EXAMPLES["revised"]()
    assert message.subject.startswith("[REVISED] Bounce rate 4.1% (below 5%), not 5.2%: ")
    assert first_sentence(message) == (
        "The earlier alert does not hold, because SES corrected its counts"
    )
    assert "Also revised:\n- a.example.com (identity): 4.1% (410 of 10,000)\n" in message.text


def test_reminder_without_data_states_the_last_rate_and_how_to_read_again() -> None:
    message = message_of(unreadable_reminder())
    assert message.subject.startswith(
        "[WARNING] Bounce rate unreadable (6% last reported): news.example.com"
    )
    steps = [step["text"] for step in json.loads(message.payload)["steps"]]
    assert len(steps) == 2
    assert steps[0].startswith("Check the AWS Health Dashboard for SES")
    assert "bounced" not in " ".join(steps)


def test_first_sentence_of_each_open_incident_names_the_worse_side_of_its_threshold() -> None:
    for name, example in EXAMPLES.items():
        message = example()
        payload = json.loads(message.payload)
        if payload["kind"] == "incident" and payload["severity"] != "OK":
            lead, *others = payload["affected"]
            is_bad = lead["threshold"] is not None
            assert is_bad or not any(scope["threshold"] for scope in others), name


def test_no_example_with_an_open_alert_has_an_ok_tag() -> None:
    for name, example in EXAMPLES.items():
        message = example()
        is_ok = message.subject.startswith("[OK]")
        assert is_ok == (name in {"summary", "service-all-fixed", "weekly-good"}), (
            f"{name}: {message.subject}"
        )
