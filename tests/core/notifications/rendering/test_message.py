import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from builders import (
    HOTMAIL,
    HOUR,
    NEWS_BOUNCE_RATE,
    NEWS_IDENTITY,
    NO_CONTRIBUTORS,
    NOW,
    SUBJECT_SUFFIX,
    TARGET,
    TODAY,
    WARNING_THRESHOLD,
    a_rule,
    breached,
    evidence,
    firing,
    healthy,
    healthy_without_emails,
    inconclusive,
    unknown,
)
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.adapters.aws.sns_notifier import forms_of
from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing, Ok
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.evaluation.ses_estimate import AccountRateEstimate, DistanceToLevel
from vdm_alerts.core.evaluation.verdicts import Breached, Evidence, Healthy, Verdict
from vdm_alerts.core.model.account import SesPlan
from vdm_alerts.core.model.findings import (
    DeleteParameter,
    EnableSending,
    Finding,
    FindingSource,
)
from vdm_alerts.core.model.mailbox_providers import UNKNOWN_ISP
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.wording import WORDING
from vdm_alerts.core.notifications.fleet import FleetDigest, TargetNotification, Topic
from vdm_alerts.core.notifications.incidents import IncidentNotification, incident_notifications
from vdm_alerts.core.notifications.notification import first_summary
from vdm_alerts.core.notifications.rendering.amazon_q import MAX_TEXT
from vdm_alerts.core.notifications.rendering.incident import MAX_LISTED
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.message import (
    MAX_SMS,
    MAX_SUBJECT,
    Message,
    render,
)
from vdm_alerts.core.notifications.rendering.payload import MAX_SCOPES_IN_DIGEST
from vdm_alerts.core.notifications.rendering.sentences import scope_with_kind
from vdm_alerts.core.notifications.rendering.steps import REMEDIATION
from vdm_alerts.core.notifications.service_notification import (
    ServiceNotification,
    service_notification,
)
from vdm_alerts.core.observations.coverage import Coverage
from vdm_alerts.core.planning.contributor import Contributor
from vdm_alerts.core.rules.parser import InvalidRuleError, parse_rule

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
LINKS = Links(TARGET)
MAX_SIZE = 192 * 1024
"""Bytes in one message: three quarters of what SNS allows."""

# Texts that some notifications must contain, and others must not.
STEPS_HEADING = "What to do:"
THRESHOLD_REFERENCE = "from SSM parameter"
MONITORING_WARNING = "a missing alert does not mean that all rates are normal"
ESTIMATE_SENTENCE = (
    "SES account: the bounce rate that SES reports could not be read; estimate from VDM:"
)
CONFIDENCE_NOTE = "Confidence allows for feedback that arrives late"
DURATION = "The alert was open for "


def incident_of(*pairs: tuple[Alert, Verdict]) -> IncidentNotification:
    alerts = [alert for alert, _ in pairs]
    verdicts: dict[AlertKey, Verdict] = {alert.key: verdict for alert, verdict in pairs}
    (incident,) = incident_notifications(
        alerts, {"bounce-rate": a_rule()}, verdicts, NO_CONTRIBUTORS, {}, {}, NOW
    )
    return incident


def message_for(*pairs: tuple[Alert, Verdict]) -> Message:
    return render(incident_of(*pairs), LINKS, NOW)


def service_notification_of(*findings: Finding) -> ServiceNotification:
    return due_service_notification(findings, notified=[], last_sequence=0)


def due_service_notification(
    findings: Sequence[Finding],
    notified: Sequence[Finding],
    last_sequence: int,
    unreadable_sources: Collection[FindingSource] = (),
) -> ServiceNotification:
    notification = service_notification(
        findings, notified, last_sequence, unreadable_sources=unreadable_sources
    )
    assert notification is not None
    return notification


def size_in_sns(message: Message) -> int:
    """Return the bytes of *message* that SNS limits: all its forms, and its attributes."""
    forms = json.dumps(forms_of(message), ensure_ascii=False)
    return len(forms.encode()) + len(json.dumps(message.attributes))


def healthy_with_few_emails() -> Healthy:
    return replace(healthy(), evidence=evidence("8%", 100))


def resolved(alert: Alert) -> Alert:
    return replace(alert, state=Ok())


def test_warning_states_scope_rate_and_counts_in_its_subject_and_first_sentence() -> None:
    message = message_for((firing(), breached("5.75%")))
    assert message.subject == (
        f"[WARNING] Bounce rate 5.7% (above 5%): news.example.com{SUBJECT_SUFFIX}"
    )
    assert STEPS_HEADING in message.text
    assert message.text.splitlines()[0] == (
        "The bounce rate of news.example.com is 5.7%, above your 5% warning threshold."
    )
    assert "Data: 575 of 10,000 emails bounced permanently in the last 3 days." in message.text


def test_escalation_states_the_new_rate_and_the_critical_threshold() -> None:
    message = message_for((firing(severity=CRITICAL, notified=WARNING), breached("12%", CRITICAL)))
    assert (
        message.subject
        == f"[CRITICAL] Bounce rate rose to 12% (above 10%): news.example.com{SUBJECT_SUFFIX}"
    )
    assert message.text.splitlines()[0] == (
        "The bounce rate of news.example.com rose to 12%, above your 10% critical threshold. It "
        "was a warning before."
    )


def test_resolution_states_the_current_rate_and_gives_no_steps() -> None:
    message = message_for((resolved(firing(notified=CRITICAL)), healthy("1.1%")))
    assert (
        message.subject
        == f"[RESOLVED] Bounce rate 1.1% (below 5%): news.example.com{SUBJECT_SUFFIX}"
    )
    assert "The bounce rate of news.example.com is 1.1%, back below your 5% threshold." in (
        message.text
    )
    assert STEPS_HEADING not in message.text
    assert json.loads(message.amazon_q)["content"]["nextSteps"] == []


def test_closure_without_emails_states_that_the_rate_is_unknown() -> None:
    message = message_for((resolved(firing(notified=CRITICAL)), healthy_without_emails()))
    assert message.subject.startswith(
        "[CLOSED] No email for 3 days, bounce rate unknown: news.example.com"
    )
    assert message.text.startswith(
        "No email in the last 3 days, so the bounce rate of news.example.com is unknown. The alert "
        "is closed, but the problem might still exist."
    )
    assert json.loads(message.amazon_q)["content"]["title"] == f":white_circle: {message.subject}"


def test_partly_resolved_incident_leads_with_the_scope_that_is_still_above() -> None:
    message = message_for(
        (resolved(firing(notified=WARNING)), healthy()),
        (firing(HOTMAIL, notified=WARNING), breached()),
    )
    assert message.subject == f"[WARNING] Bounce rate still 6% (above 5%): Hotmail{SUBJECT_SUFFIX}"
    resolved_list = "Resolved in this run:\n- news.example.com (identity): 1% (100 of 10,000)\n"
    assert resolved_list in message.text


def test_other_scopes_are_listed_with_their_kind_rate_and_severity() -> None:
    newsletter = Scope(configuration_set="newsletter")
    text = message_for(
        (firing(), breached()),
        (firing(newsletter), breached("5.5%")),
        (firing(HOTMAIL), breached("8%")),
        (resolved(firing(Scope(isp="Yahoo"), notified=WARNING)), healthy()),
    ).text
    assert "- newsletter (configuration set): 5.5% (550 of 10,000), warning\n" in text
    assert "- Hotmail (mailbox provider): 8% (800 of 10,000), warning\n" in text
    assert "Resolved in this run:\n- Yahoo (mailbox provider): 1% (100 of 10,000)\n" in text


def test_subject_states_the_severity_of_the_incident_and_of_the_new_scope() -> None:
    message = message_for(
        (firing(severity=CRITICAL, notified=CRITICAL), breached("12%", CRITICAL)),
        (firing(HOTMAIL), breached("6%")),
    )
    assert message.subject == (
        f"[CRITICAL] New scope: bounce rate 6% (above 5%): Hotmail{SUBJECT_SUFFIX}"
    )


def test_subject_line_calls_the_account_the_whole_account() -> None:
    message = message_for((firing(ACCOUNT), breached()))
    assert message.subject == f"[WARNING] Bounce rate 6% (above 5%): whole account{SUBJECT_SUFFIX}"


def test_unknown_rate_is_never_shown_as_zero() -> None:
    message = message_for((firing(), unknown()))
    assert "Bounce rate unreadable: news.example.com" in message.subject
    assert "is unreadable (SES did not answer). It was above your threshold when last read" in (
        message.text
    )
    (affected,) = json.loads(message.payload)["affected"]
    assert affected["rate"] is None
    assert affected["events"] is None


def test_notification_without_alert_history_says_that_the_history_is_unavailable() -> None:
    incident = replace(incident_of((firing(), breached())), has_history=False)
    message = render(incident, LINKS, NOW)
    assert "Alert history unavailable" in message.text
    assert "Alert history unavailable" in message.amazon_q
    assert json.loads(message.payload)["history_available"] is False


def test_email_names_the_ssm_parameter_that_holds_the_thresholds() -> None:
    text = message_for((firing(), breached())).text
    assert (
        f"Thresholds: 5% (warning), 10% (critical), {THRESHOLD_REFERENCE} "
        "/vdm-alerts/rules/shipped/bounce-rate. To change them, create "
        "/vdm-alerts/rules/bounce-rate; it replaces the default rule.\n"
    ) in text
    custom = replace(a_rule(critical=None), source="/vdm-alerts/rules/mine")
    text = render(replace(incident_of((firing(), breached())), rule=custom), LINKS, NOW).text
    assert f"Threshold: 5% (warning), {THRESHOLD_REFERENCE} /vdm-alerts/rules/mine.\n" in text


def test_json_payload_contains_every_figure_of_an_incident() -> None:
    message = message_for((firing(notified=None), breached("6%")))
    payload = json.loads(message.payload)
    assert payload.pop("text") == message.text.split("\n\n")[:2]
    assert [step["text"] for step in payload.pop("steps")]
    (why,) = payload.pop("background")
    assert why.startswith("Why it matters: SES reviews an account")
    assert [link["title"] for link in payload.pop("links")] == [
        "SES console",
        "Runbook",
        "AWS documentation",
    ]
    assert payload == {
        "schema": 2,
        "kind": "incident",
        "account": "111122223333",
        "region": "eu-west-1",
        "severity": "WARNING",
        "reason": "FIRING",
        "rule": "bounce-rate",
        "indicator": "bounce_rate",
        "at": "2026-03-12T09:00:00+00:00",
        "id": "bounce-rate-20260312T0900Z",
        "sequence": 1,
        "subject": f"[WARNING] Bounce rate 6% (above 5%): news.example.com{SUBJECT_SUFFIX}",
        "headline": "[WARNING] Bounce rate 6% (above 5%): news.example.com",
        "history_available": True,
        "parameter": "/vdm-alerts/rules/shipped/bounce-rate",
        "contributor": None,
        "provider": None,
        "estimate": None,
        "ses": None,
        "trend": None,
        "affected": [
            {
                "scope": {"EMAIL_IDENTITY": "news.example.com"},
                "severity": "WARNING",
                "since": "2026-03-12T09:00:00+00:00",
                "reason": "FIRING",
                "threshold": 0.05,
                "rule": "bounce-rate",
                "indicator": "bounce_rate",
                "rate": 0.06,
                "events": 600,
                "volume": 10_000,
                "window_days": 3,
                "last_day": None,
                "settled": False,
                "confidence": None,
                "reported_at": None,
            }
        ],
        "affected_total": 1,
    }


def test_chat_message_has_the_amazon_q_format_and_one_thread_per_incident() -> None:
    first = json.loads(message_for((firing(), breached())).amazon_q)
    assert (first["version"], first["source"]) == ("1.0", "custom")
    assert first["content"]["textType"] == "client-markdown"
    assert first["content"]["title"].startswith(":warning: [WARNING]")
    assert first["content"]["nextSteps"][0].startswith("Read some bounce messages: ")
    assert first["content"]["description"].endswith(
        "Run 2026-03-12 09:00 UTC. Incident bounce-rate-20260312T0900Z, notification 1."
    )
    assert first["metadata"]["enableCustomActions"] is False
    second = json.loads(
        message_for(
            (firing(severity=CRITICAL, notified=WARNING), breached("12%", CRITICAL))
        ).amazon_q
    )
    thread = "111122223333:eu-west-1:bounce-rate-20260312T0900Z"
    assert first["metadata"]["threadId"] == second["metadata"]["threadId"] == thread
    assert first["id"] != second["id"]


def test_chat_message_escapes_mentions_and_links_in_scope_names() -> None:
    chat = message_for((firing(Scope(identity="<!channel>&co@example.com")), breached())).amazon_q
    assert "<" not in chat
    assert "&lt;!channel&gt;&amp;co@example.com" in chat


@pytest.mark.parametrize("identity", ["a" * 300 + ".example", "bücher.example", "a\nb\t.example"])
def test_subject_line_and_text_message_are_short_printable_ascii_whatever_the_name(
    identity: str,
) -> None:
    message = message_for((firing(Scope(identity=identity)), breached()))
    assert len(message.subject) <= MAX_SUBJECT
    assert len(message.sms) <= MAX_SMS
    assert (message.subject + message.sms).isascii()
    assert (message.subject + message.sms).isprintable()


def test_text_message_is_the_subject_line_when_that_is_short() -> None:
    message = message_for((firing(), breached()))
    assert message.sms == message.subject
    assert message.sms == f"[WARNING] Bounce rate 6% (above 5%): news.example.com{SUBJECT_SUFFIX}"


@pytest.mark.parametrize(
    ("length", "target_or_end"),
    [
        pytest.param(66, f"x{SUBJECT_SUFFIX}", id="with the target"),
        pytest.param(67, "5%): " + "x" * 67, id="without the target"),
        pytest.param(91, "5%): " + "x" * 91, id="of the greatest length"),
        pytest.param(92, "xxx...", id="cut"),
    ],
)
def test_text_message_leaves_out_the_target_before_it_cuts_the_headline(
    length: int, target_or_end: str
) -> None:
    sms = message_for((firing(Scope(identity="x" * length)), breached())).sms
    assert sms.startswith(f"[WARNING] Bounce rate 6% (above 5%): {'x' * 60}")
    assert sms.endswith(target_or_end)
    assert len(sms) <= MAX_SMS


def a_long_scope(number: int) -> Scope:
    """Return an address of the greatest length, at a mailbox provider."""
    return Scope(identity=f"{'x' * 64}@{number:05}{'y' * 237}.example.com", isp="Hotmail")


def test_incident_with_10000_identities_fits_into_one_sns_message() -> None:
    message = message_for(*((firing(a_long_scope(number)), breached()) for number in range(10_000)))
    payload = json.loads(message.payload)
    assert 20 < len(payload["affected"]) < 100
    assert payload["affected_total"] == 10_000
    assert f"and {10_000 - 1 - MAX_LISTED:,} more" in message.text
    assert len(json.loads(message.amazon_q)["content"]["description"]) <= MAX_TEXT
    assert size_in_sns(message) < MAX_SIZE


VDM_OFF = Finding(
    "VDM",
    "VDM is off",
    "Turn it on",
    source=FindingSource.ACCOUNT,
    effect="there are no rates to monitor",
)
ACCESS_DENIED = Finding(
    "ses:GetAccount", "Access to ses:GetAccount is denied", "Allow it", blocks_monitoring=False
)


def test_service_notification_lists_steps_and_warns_about_missing_alerts() -> None:
    message = render(service_notification_of(VDM_OFF, ACCESS_DENIED), LINKS, NOW)
    assert message.subject == f"[WARNING] VDM is off, and 1 more problem{SUBJECT_SUFFIX}"
    assert f"Not everything is monitored until problem 1 is fixed: {MONITORING_WARNING}.\n" in (
        message.text
    )
    effect = "   Effect: there are no rates to monitor.\n"
    assert f"1. VDM is off.\n{effect}   Fix: Turn it on.\n" in message.text
    assert "2. Access to ses:GetAccount is denied.\n   Fix: Allow it.\n" in message.text
    assert json.loads(message.amazon_q)["content"]["nextSteps"] == ["Turn it on.", "Allow it."]
    assert json.loads(message.payload)["findings"][0] == {
        "key": "VDM",
        "headline": "VDM is off",
        "severity": "WARNING",
        "new": True,
        "blocks_monitoring": True,
        "details": "",
        "effect": "there are no rates to monitor",
        "fix": {"text": "Turn it on.", "command": "", "verify": "", "undo": ""},
    }


SENDING_PAUSED = Finding(
    "enforcement", "SES has paused it", "Answer", severity=CRITICAL, blocks_monitoring=False
)


def test_new_findings_come_before_open_ones_in_a_service_notification() -> None:
    notification = due_service_notification(
        [SENDING_PAUSED, VDM_OFF], notified=[SENDING_PAUSED], last_sequence=1
    )
    message = render(notification, LINKS, NOW)
    assert message.subject == (
        f"[CRITICAL] New problem: VDM is off, and 1 more problem{SUBJECT_SUFFIX}"
    )
    assert "Fix: Turn it on.\n\nStill open:\n\n2. SES has paused it." in message.text
    findings = json.loads(message.payload)["findings"]
    assert [(finding["key"], finding["new"]) for finding in findings] == [
        ("VDM", True),
        ("enforcement", False),
    ]


def test_service_notification_counts_the_fixed_and_the_open_findings() -> None:
    notification = due_service_notification(
        [SENDING_PAUSED], notified=[SENDING_PAUSED, VDM_OFF], last_sequence=1
    )
    message = render(notification, LINKS, NOW)
    assert message.subject == (
        f"[CRITICAL] VDM Alerts: 1 problem fixed, 1 still open{SUBJECT_SUFFIX}"
    )
    description = json.loads(message.amazon_q)["content"]["description"]
    assert "1. SES has paused it.\n" in description
    assert "Fixed:\n- VDM is off.\n" in description


def test_command_of_a_fix_has_a_line_of_its_own_with_its_check_and_its_undo() -> None:
    finding = Finding("r", "Sending is off", "Turn it on", fix=EnableSending())
    message = render(service_notification_of(finding), LINKS, NOW)
    command = "aws sesv2 put-account-sending-attributes --region eu-west-1 --sending-enabled"
    verify = "aws sesv2 get-account --region eu-west-1 --query SendingEnabled"
    undo = "Repeat the command with --no-sending-enabled."
    lines = ["Turn it on:", command, f"Verify: {verify}", f"Undo: {undo}"]
    assert "   Fix: " + "\n     ".join(lines) + "\n" in message.text
    assert json.loads(message.amazon_q)["content"]["nextSteps"] == ["\n".join(lines)]
    assert json.loads(message.payload)["findings"][0]["fix"] == {
        "text": "Turn it on:",
        "command": command,
        "verify": verify,
        "undo": undo,
    }


def test_problems_that_block_monitoring_and_are_not_listed_are_counted() -> None:
    findings = [
        Finding(f"{number}", f"{number} fails", "Fix it", blocks_monitoring=number not in {2, 5})
        for number in range(1, 31)
    ]
    text = render(service_notification_of(*findings), LINKS, NOW).text
    assert text.startswith(
        "Not everything is monitored until problems 1, 3 to 4, 6 to 20, and 10 more, are fixed: "
    )


SPOKE, OTHER_SPOKE = Target("222222222222", "us-east-1"), Target("333333333333", "eu-north-1")
SENDING_OFF = Finding("sending", "Sending is off", "Turn it on", fix=EnableSending())
SILENCE_ENDED = Finding("old", "A silence ended", "Delete it", fix=DeleteParameter("/silences/old"))


def test_commands_of_a_fleet_name_the_account_and_region_that_they_change() -> None:
    links = Links(SPOKE, hub=TARGET)
    (in_ses,) = json.loads(render(service_notification_of(SENDING_OFF), links, NOW).payload)[
        "findings"
    ]
    assert in_ses["fix"]["text"] == "Turn it on, with credentials of account 222222222222:"
    assert "--region us-east-1" in in_ses["fix"]["command"]
    assert "--region us-east-1" in in_ses["fix"]["verify"]
    (in_hub,) = json.loads(render(service_notification_of(SILENCE_ENDED), links, NOW).payload)[
        "findings"
    ]
    assert in_hub["fix"]["text"] == f"Delete it, with credentials of account {TARGET.account}:"
    assert f"--region {TARGET.region}" in in_hub["fix"]["command"]


def test_common_problem_of_a_fleet_has_the_command_of_one_target_and_says_so() -> None:
    notification = service_notification_of(SENDING_OFF, SILENCE_ENDED)
    parts = [TargetNotification(each, notification) for each in (SPOKE, OTHER_SPOKE)]
    text = render(FleetDigest(Topic.SERVICE, tuple(parts)), LINKS, NOW).text
    first, second = text.split("2. A silence ended.")
    assert "Turn it on, with credentials of account 222222222222:\n" in first
    assert "--region us-east-1 --sending-enabled" in first
    assert "The other targets need the same with their credentials and Regions." in first
    assert f"Delete it, with credentials of account {TARGET.account}:\n" in second
    assert f"delete-parameter --region {TARGET.region} " in second
    assert "The other targets need the same" not in second


def test_chat_message_escapes_markup_in_findings_and_steps() -> None:
    finding = Finding("r", "It is <here>", "Do <this> & that")
    content = json.loads(render(service_notification_of(finding), LINKS, NOW).amazon_q)["content"]
    assert content["nextSteps"] == ["Do &lt;this&gt; &amp; that."]
    assert "<" not in content["title"] + content["description"]


def test_service_notification_with_500_findings_fits_into_one_sns_message() -> None:
    unknown_keys = "\n".join(f"k{n} = 1" for n in range(700))
    with pytest.raises(InvalidRuleError) as error:
        parse_rule("r", unknown_keys, "r")
    many = [Finding(str(n), "&" * 300, "&" * 300, str(error.value)).bounded() for n in range(500)]
    message = render(service_notification_of(*many), LINKS, NOW)
    content = json.loads(message.amazon_q)["content"]
    assert len(content["description"]) <= MAX_TEXT
    assert len(content["nextSteps"]) <= 10
    omitted = 500 - message.text.count("Fix: ")
    assert f"And {omitted:,} more." in message.text
    assert json.loads(message.payload)["findings_total"] == 500
    assert size_in_sns(message) < MAX_SIZE
    notification = due_service_notification([VDM_OFF], notified=many, last_sequence=1)
    assert notification.fixed == tuple(many)
    assert size_in_sns(render(notification, LINKS, NOW)) < MAX_SIZE


def test_findings_of_escaped_characters_fit_into_one_sns_message() -> None:
    findings = [
        Finding(
            str(number),
            '"' * 600,
            '"' * 600,
            '"\n' * 750,
            subjects=('"' * 100,) * 20,
            aws_message='"' * 300,
            effect='"' * 300,
        ).bounded()
        for number in range(50)
    ]
    assert size_in_sns(render(service_notification_of(*findings), LINKS, NOW)) < 256 * 1024


def test_rule_error_shortens_a_very_long_key() -> None:
    with pytest.raises(InvalidRuleError) as error:
        parse_rule("r", f'"{"k" * 4_000}" = 1', "r")
    assert len(str(error.value)) < 1_000


def test_long_finding_details_are_cut_and_state_the_number_of_omitted_lines() -> None:
    finding = Finding("r", "Rule r is invalid", "Edit it", "\n".join(["  line"] * 25))
    text = render(service_notification_of(finding), LINKS, NOW).text
    assert text.count("     line\n") == MAX_LISTED
    assert "     line\n     and 5 more\n   Fix: Edit it.\n" in text


def test_service_resolution_lists_the_fixed_findings() -> None:
    message = render(ServiceNotification(2, (), (VDM_OFF,)), LINKS, NOW)
    assert message.subject == f"[OK] VDM Alerts: 1 problem fixed{SUBJECT_SUFFIX}"
    assert "Fixed:\n- VDM is off.\n" in message.text
    assert json.loads(message.amazon_q)["content"]["title"].startswith(":white_check_mark:")


def test_paused_account_is_stated_in_the_subject_line_and_is_critical() -> None:
    paused = Finding(
        "enforcement",
        "Amazon SES has paused all sending of this account",
        "Answer AWS's case",
        severity=CRITICAL,
        blocks_monitoring=False,
    )
    message = render(service_notification_of(paused, ACCESS_DENIED), LINKS, NOW)
    assert message.subject == (
        "[CRITICAL] Amazon SES has paused all sending of this account, and 1 mor..."
        f"{SUBJECT_SUFFIX}"
    )
    assert message.attributes["severity"] == "CRITICAL"
    assert ":rotating_light:" in message.amazon_q
    assert MONITORING_WARNING not in message.text


def test_finding_details_are_shown_line_by_line() -> None:
    finding = Finding("r", "Rule r is invalid (1 error)", "Edit it", "  warning  is missing")
    text = render(service_notification_of(finding), LINKS, NOW).text
    assert "(1 error).\n     warning  is missing\n   Fix: Edit it.\n" in text


def test_recovering_configuration_set_gets_no_pause_step() -> None:
    newsletter = Scope(configuration_set="newsletter")
    recovering = replace(
        firing(newsletter, notified=WARNING), state=Firing(WARNING, NOW, recovering_since=NOW)
    )
    message = message_for((firing(), breached()), (recovering, healthy()))
    below = "Below the threshold, not yet resolved:\n- newsletter (configuration set): 1%"
    assert below in message.text
    assert "put-configuration-set-sending-options" not in message.amazon_q + message.text


def test_all_clear_is_withheld_while_a_source_is_unreadable() -> None:
    notification = due_service_notification(
        [], notified=[VDM_OFF], last_sequence=1, unreadable_sources={FindingSource.METRICS}
    )
    message = render(notification, LINKS, NOW)
    assert message.subject == f"[RESOLVED] VDM Alerts: 1 problem fixed{SUBJECT_SUFFIX}"
    assert message.text.startswith(
        "All reported problems are fixed. VDM Alerts could not check everything in this run.\n"
    )
    assert "Fixed:\n- VDM is off.\n" in message.text


def test_fixed_finding_lists_the_names_that_it_was_about() -> None:
    notified = VDM_OFF.with_subjects(["a.example.com", "b.example.com"])
    notification = due_service_notification([], notified=[notified], last_sequence=1)
    assert "Fixed:\n- VDM is off: a.example.com, b.example.com.\n" in (
        render(notification, LINKS, NOW).text
    )


@pytest.mark.parametrize(("severity", "position"), [(CRITICAL, 0), (WARNING, -1)])
def test_step_that_pauses_a_configuration_set_is_first_only_if_critical(
    severity: Severity, position: int
) -> None:
    newsletter = Scope(configuration_set="newsletter")
    message = message_for(
        (firing(severity=severity), breached("12%", severity)),
        (firing(newsletter, severity), breached("12%", severity)),
    )
    step = json.loads(message.payload)["steps"][position]
    name = "--region eu-west-1 --configuration-set-name newsletter"
    assert step["command"] == (
        f"aws sesv2 put-configuration-set-sending-options {name} --no-sending-enabled"
    )
    assert step["verify"] == f"aws sesv2 get-configuration-set {name} --query SendingOptions"
    assert step["undo"] == "Repeat the command with --sending-enabled."


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(minutes=20), "less than an hour"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(days=6), "6 days"),
        (timedelta(days=1, hours=3), "1 day and 3 hours"),
        (timedelta(days=1, hours=23, minutes=45), "2 days"),
    ],
)
def test_resolution_states_how_long_the_alert_lasted(length: timedelta, words: str) -> None:
    alert = replace(resolved(firing(notified=CRITICAL, since=NOW - length)), resolved_at=(NOW,))
    assert f"{DURATION}{words}, from " in message_for((alert, healthy())).text


@pytest.mark.parametrize("indicator", Indicator)
def test_each_indicator_has_a_noun_steps_and_an_aws_source(indicator: Indicator) -> None:
    remediation = REMEDIATION[indicator.counted]
    assert WORDING[indicator].noun.replace(" ", "_").lower() == indicator.key
    assert remediation.why
    assert remediation.find
    assert "{isp}" in remediation.at_provider
    assert remediation.source.startswith("https://docs.aws.amazon.com/")


def test_catch_all_is_shown_in_words_and_with_its_name_where_a_reader_needs_it() -> None:
    message = message_for((firing(Scope(isp=UNKNOWN_ISP)), breached()))
    assert message.subject.startswith(
        "[WARNING] Bounce rate 6% (above 5%): providers that SES does not name - "
    )
    assert "The bounce rate at providers that SES does not name is 6%" in message.text
    assert "Check whether the mailbox provider that stands out blocks you" in message.text
    (affected,) = json.loads(message.payload)["affected"]
    assert affected["scope"] == {"ISP": UNKNOWN_ISP}
    with_kind = scope_with_kind(NEWS_IDENTITY.at_provider(UNKNOWN_ISP))
    assert with_kind == (
        "news.example.com at providers that SES does not name (identity at mailbox provider "
        "UNKNOWN_ISP)"
    )


@pytest.mark.parametrize(
    ("last_day", "is_settled"),
    [(None, False), (TODAY - timedelta(days=2), False), (TODAY - timedelta(days=3), True)],
)
def test_rate_in_range_says_if_its_figures_can_still_change(
    last_day: date | None, *, is_settled: bool
) -> None:
    verdict = healthy("2%")
    assert verdict.evidence
    verdict = replace(verdict, evidence=replace(verdict.evidence, last_day=last_day))
    message = message_for((resolved(firing(notified=WARNING)), verdict))
    assert ("Figures of the last two days can still change." in message.text) is not is_settled
    (affected,) = json.loads(message.payload)["affected"]
    assert affected["settled"] is is_settled


def test_breach_says_only_in_the_payload_that_its_figures_can_still_change() -> None:
    message = message_for((firing(), breached()))
    assert "can still change" not in message.text
    (affected,) = json.loads(message.payload)["affected"]
    assert affected["settled"] is False


@given(st.text(max_size=300))
def test_notification_has_valid_json_and_ascii_attributes_whatever_the_name(identity: str) -> None:
    message = message_for((firing(Scope(identity=identity)), breached()))
    assert json.loads(message.amazon_q)["content"]["title"].endswith(SUBJECT_SUFFIX)
    (affected,) = json.loads(message.payload)["affected"]
    assert affected["scope"] == {"EMAIL_IDENTITY": identity}
    assert {*message.attributes} == {
        "kind",
        "account",
        "region",
        "severity",
        "reason",
        "rule",
        "indicator",
    }
    assert all(value and value.isascii() for value in message.attributes.values())


ESTIMATE_OF_2_PERCENT = AccountRateEstimate(
    Rate(240, 12_000),
    Window(6),
    is_short=False,
    review=DistanceToLevel(0.05, 900, 9 * HOUR),
    pause=DistanceToLevel(0.1, None, None),
)


def test_account_estimate_is_included_only_while_an_alert_is_open() -> None:
    incident = replace(incident_of((firing(), breached())), estimate=ESTIMATE_OF_2_PERCENT)
    message = render(incident, LINKS, NOW)
    estimate = f"{ESTIMATE_SENTENCE} 2% (240 of the latest 12,000 emails, 6 days). "
    pace = "At the pace of the last 3 days, reaches 5% (SES review) after about 900 more emails "
    assert f"{estimate}{pace}(9 hours).\n" in message.text
    assert ESTIMATE_SENTENCE in message.amazon_q
    assert json.loads(message.payload)["estimate"] == {
        "rate": 0.02,
        "events": 240,
        "volume": 12_000,
        "window_days": 6,
        "last_day": None,
        "settled": False,
        "confidence": None,
        "review": {"level": 0.05, "emails": 900, "hours": 9.0},
        "pause": {"level": 0.1, "emails": None, "hours": None},
        "representative_volume": 10_000,
        "fits_ses": None,
    }
    closed = incident_of((resolved(firing(notified=WARNING)), healthy()))
    resolution = render(replace(closed, estimate=ESTIMATE_OF_2_PERCENT), LINKS, NOW)
    assert ESTIMATE_SENTENCE not in resolution.text
    assert ESTIMATE_SENTENCE not in resolution.amazon_q


def test_confidence_is_stated_with_what_it_accounts_for() -> None:
    verdict = Breached(
        NEWS_BOUNCE_RATE, WARNING_THRESHOLD, Evidence(Rate(80, 1_000), Window(2), confidence=0.998)
    )
    message = message_for((firing(), verdict))
    counts = "Data: 80 of 1,000 emails bounced permanently in the last 2 days."
    assert f"{counts} Confidence: about 99% that the true rate is above 5%." in message.text
    assert CONFIDENCE_NOTE in message.text
    (affected,) = json.loads(message.payload)["affected"]
    assert (affected["confidence"], affected["threshold"]) == (0.998, 0.05)
    assert CONFIDENCE_NOTE not in message_for((firing(), breached())).text


def test_closure_for_a_deleted_rule_states_the_reason_and_names_no_parameter() -> None:
    why = "Rule bounce-rate was deleted"
    news, hotmail = (
        replace(
            firing(scope, notified=WARNING), state=Ok(closed_because=why, interrupted_since=NOW)
        )
        for scope in (NEWS_IDENTITY, HOTMAIL)
    )
    message = message_for((news, unknown()), (hotmail, unknown()))
    assert (
        message.subject
        == f"[CLOSED] Bounce rate no longer monitored: news.example.com{SUBJECT_SUFFIX}"
    )
    assert message.text.startswith(
        "Rule bounce-rate was deleted. The bounce rate of news.example.com was above your "
        "threshold before, and the problem might still exist. "
    )
    assert "\n\nNo longer monitored:\n- Hotmail (mailbox provider)\n" in message.text
    assert THRESHOLD_REFERENCE not in message.text


@pytest.mark.parametrize(
    ("revised", "cause", "rate"),
    [
        (Rate(410, 10_000), "SES corrected its counts", "4.1% (410 of 10,000)"),
        (Rate(520, 12_700), "SES has counted more email since", "4% (520 of 12,700)"),
    ],
)
def test_revision_states_the_revised_rate_the_notified_rate_and_the_cause(
    revised: Rate, cause: str, rate: str
) -> None:
    message = revision_message(Rate(520, 10_000), revised=revised)
    share = rate.split(maxsplit=1)[0]
    assert message.subject == (
        f"[REVISED] Bounce rate {share} (below 5%), not 5.2%: news.example.com{SUBJECT_SUFFIX}"
    )
    assert message.text.startswith(
        f"The earlier alert does not hold, because {cause}. The bounce rate of news.example.com "
        f"was {rate}, below your 5% threshold, not 5.2% (520 of 10,000). "
    )


def revision_message(notified_rate: Rate, revised: Rate) -> Message:
    """Return the message after the rate of a notification about today is revised."""
    notified = firing(notified=WARNING)
    assert notified.last_notified is not None
    reported = ReportedFigures(notified_rate, Window(1), NOW.date())
    alert = replace(
        notified,
        state=Ok(revised=revised),
        last_notified=replace(notified.last_notified, figures=reported),
    )
    evidence = Evidence(revised, Window(1), last_day=NOW.date())
    healthy = Healthy(
        NEWS_BOUNCE_RATE, WARNING_THRESHOLD, Window(1), evidence, withdrawn_rate=notified_rate
    )
    return message_for((alert, healthy))


@pytest.mark.parametrize(
    "verdict", [replace(inconclusive(), evidence=evidence("8%", 100)), healthy_with_few_emails()]
)
def test_late_resolution_does_not_present_the_current_rate_as_healthy(verdict: Verdict) -> None:
    message = message_for(
        (replace(resolved(firing(notified=WARNING)), resolved_at=(NOW,)), verdict)
    )
    assert message.subject == (
        f"[RESOLVED] Bounce rate was below 5%, now 8%: news.example.com{SUBJECT_SUFFIX}"
    )
    assert message.text.startswith(
        "The bounce rate of news.example.com was back below your 5% threshold when the alert was "
        "resolved. Now it is 8%."
    )


def test_resolution_without_an_end_time_states_only_the_start() -> None:
    text = message_for((resolved(firing(notified=WARNING)), healthy())).text
    assert "The alert opened at 2026-03-12 09:00 UTC." in text
    assert DURATION not in text


def test_reminder_states_the_current_rate_and_the_scopes_no_longer_critical() -> None:
    worse, better = firing(notified=WARNING), firing(HOTMAIL, notified=CRITICAL)
    verdicts: dict[AlertKey, Verdict] = {worse.key: breached("7%"), better.key: breached("6%")}
    rules = {"bounce-rate": a_rule()}
    (incident,) = incident_notifications(
        [worse, better], rules, verdicts, NO_CONTRIBUTORS, {}, {}, NOW + timedelta(days=1)
    )
    message = render(incident, LINKS, NOW + timedelta(days=1))
    assert message.subject == (
        f"[WARNING] Bounce rate still 7% (above 5%): news.example.com{SUBJECT_SUFFIX}"
    )
    assert "- Hotmail (mailbox provider): 6% (600 of 10,000), warning, no longer critical" in (
        message.text
    )
    (alone,) = incident_notifications(
        [better], rules, verdicts, NO_CONTRIBUTORS, {}, {}, NOW + timedelta(days=1)
    )
    assert render(alone, LINKS, NOW).subject == (
        f"[WARNING] Bounce rate down to 6% (above 5%): Hotmail{SUBJECT_SUFFIX}"
    )


def test_affected_scope_names_its_contributor() -> None:
    contributor = Contributor(
        NEWS_IDENTITY.at_provider("Hotmail"), 0.8, Evidence(Rate(500, 2_000), Window(3))
    )
    alerts = [firing(), firing(HOTMAIL)]
    verdicts: dict[AlertKey, Verdict] = {alert.key: breached("6%") for alert in alerts}
    contributors = {alert.key: contributor for alert in alerts}
    (incident,) = incident_notifications(
        alerts, {"bounce-rate": a_rule()}, verdicts, contributors, {}, {}, NOW
    )
    assert "6% (600 of 10,000), warning; mainly news.example.com at Hotmail\n" in (
        render(incident, LINKS, NOW).text
    )


def test_flapping_alert_states_when_its_resolution_will_be_sent() -> None:
    alert = replace(firing(), resolved_at=(NOW, NOW))
    assert (
        "Flapping: resolved 2 times in 14 days. RESOLVED is sent only after 3 days below the "
        "threshold.\n"
    ) in message_for((alert, breached("6%"))).text


def test_summary_states_what_is_monitored_and_which_incidents_are_open() -> None:
    coverage = Coverage(
        ("bounce-rate", "complaint-rate"), {(): 1, NEWS_IDENTITY.kind: 2, HOTMAIL.kind: 11}
    )
    healthy_summary = render(first_summary([], coverage, {}), LINKS, NOW)
    assert healthy_summary.subject.startswith(
        "[OK] VDM Alerts is monitoring: no rate is above its threshold"
    )
    assert (
        "VDM Alerts now monitors the account, 2 identities, and 11 mailbox providers, with the "
        "rules bounce-rate and complaint-rate. "
    ) in healthy_summary.text
    incident = incident_of((firing(), breached("6%")))
    summary = render(first_summary([incident], coverage, {}), LINKS, NOW)
    assert summary.text.startswith("1 incident is already open, as listed below.\n")
    headline = "1. [WARNING] Bounce rate 6% (above 5%): news.example.com\n"
    assert f"{headline}   Data: 600 of 10,000 emails" in summary.text
    assert STEPS_HEADING in summary.text
    payload = json.loads(summary.payload)
    assert (payload["kind"], payload["reason"]) == ("summary", "SUMMARY")
    assert [incident["reason"] for incident in payload["incidents"]] == ["FIRING"]


@pytest.mark.parametrize(
    ("plan", "price"),
    [
        (SesPlan.ESSENTIALS, "Your SES plan, Essentials, includes queries."),
        (SesPlan.NONE, "Your SES account has no plan, so SES might charge for queries."),
        (None, "The plan of your SES account is unknown."),
    ],
)
def test_summary_states_the_queries_and_what_is_known_of_their_price(
    plan: SesPlan | None, price: str
) -> None:
    coverage = Coverage(("bounce-rate",), {(): 1}, queries=347, plan=plan)
    text = render(first_summary([], coverage, {}), LINKS, NOW).text
    assert (
        "Cost: this run made 347 queries of VDM. With one run an hour, that is about 253,310 a "
        "month. " + price in text
    )


def test_every_plan_has_a_text_about_the_price() -> None:
    for plan in (*SesPlan, None):
        coverage = Coverage(("bounce-rate",), {(): 1}, plan=plan)
        assert "To limit them, deploy with the context key queriesPerDay." in (
            render(first_summary([], coverage, {}), LINKS, NOW).text
        )


def test_summary_with_500_incidents_fits_into_one_sns_message() -> None:
    contributor = Contributor(a_long_scope(0), 0.8, Evidence(Rate(500, 2_000), Window(3)))
    many = []
    for number in range(500):
        alerts = [
            replace(firing(a_long_scope(1_000 * number + index)), incident=f"bounce-rate-{number}")
            for index in range(100)
        ]
        incident = incident_of(*((alert, breached()) for alert in alerts))
        many.append(replace(incident, contributor=contributor, estimate=ESTIMATE_OF_2_PERCENT))
    message = render(first_summary(many, Coverage(("r",), {(): 1}), {}), LINKS, NOW)
    assert size_in_sns(message) < MAX_SIZE
    omitted = 500 - message.text.count("Incident bounce-rate-")
    assert f"And {omitted:,} more." in message.text
    assert "and 94 more" in message.text
    payload = json.loads(message.payload)
    assert payload["incidents_total"] == 500
    assert {len(incident["affected"]) for incident in payload["incidents"]} == {
        MAX_SCOPES_IN_DIGEST
    }
