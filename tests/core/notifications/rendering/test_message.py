import json
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import (
    HOTMAIL,
    HOUR,
    LINE,
    NEWS,
    NO_CONTRIBUTORS,
    NOW,
    OF,
    ORIGIN,
    WHERE,
    a_rule,
    breached,
    evidence,
    firing,
    healthy,
    no_mail,
    unknown,
    unsure,
)
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.alerts.alert import Alert, Firing, Key, Ok
from vdm_alerts.core.evaluation.revision import Ground
from vdm_alerts.core.evaluation.ses_estimate import Ahead, Estimate
from vdm_alerts.core.evaluation.verdicts import Breached, Evidence, Healthy, Verdict
from vdm_alerts.core.model.findings import EnableSending, Finding, Source
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.wording import WORDING
from vdm_alerts.core.notifications.incidents import Incident, incidents
from vdm_alerts.core.notifications.notification import Trouble, summary, trouble
from vdm_alerts.core.notifications.rendering.amazon_q import LONGEST_CHAT
from vdm_alerts.core.notifications.rendering.email import MOST_SHOWN
from vdm_alerts.core.notifications.rendering.message import LONGEST_SUBJECT, Message, compose
from vdm_alerts.core.notifications.rendering.payload import MOST_IN_DIGEST, MOST_LISTED
from vdm_alerts.core.notifications.rendering.remediation import REMEDIATION
from vdm_alerts.core.observations.coverage import Watch
from vdm_alerts.core.planning.contributor import Contributor
from vdm_alerts.core.rules.parser import BadRule, parse_rule

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
SNS_LIMIT = 256 * 1024


def about(*pairs: tuple[Alert, Verdict]) -> Incident:
    alerts = [alert for alert, _ in pairs]
    verdicts: dict[Key, Verdict] = {alert.key: verdict for alert, verdict in pairs}
    (incident,) = incidents(
        alerts, {"bounce-rate": a_rule()}, verdicts, NO_CONTRIBUTORS, {}, {}, NOW
    )
    return incident


def said(*pairs: tuple[Alert, Verdict]) -> Message:
    return compose(about(*pairs), ORIGIN, NOW)


def of_trouble(*findings: Finding) -> Trouble:
    found = trouble(findings, told=[], told_sequence=0)
    assert found
    return found


def size_in_sns(message: Message) -> int:
    """Bytes of all forms of *message* as they go out together."""
    forms = json.dumps(
        [message.text, message.chat, message.document, message.document], ensure_ascii=False
    )
    return len(forms.encode())


def few() -> Healthy:
    return replace(healthy(), evidence=evidence("8%", 100))


def over(alert: Alert) -> Alert:
    return replace(alert, state=Ok())


def test_a_warning_says_who_how_much_and_of_how_many_in_its_first_sentence() -> None:
    message = said((firing(), breached("5.75%")))
    assert message.subject == f"[WARNING] Bounce rate of news.example.com is 5.7%{WHERE}"
    assert message.text.splitlines()[0] == (
        "575 of 10,000 mails bounced permanently in the last 3 days (5.7%): "
        "the bounce rate of news.example.com has reached your 5% warning threshold."
    )


def test_an_escalation_says_what_it_has_risen_to() -> None:
    message = said((firing(severity=CRITICAL, told=WARNING), breached("12%", CRITICAL)))
    assert message.subject == f"[CRITICAL] Bounce rate of news.example.com has risen to 12%{WHERE}"
    assert "has reached your 10% critical threshold." in message.text


def test_a_resolution_says_what_it_is_back_to_and_gives_no_advice() -> None:
    message = said((over(firing(told=CRITICAL)), healthy("1.1%")))
    assert message.subject == f"[RESOLVED] Bounce rate of news.example.com is back to 1.1%{WHERE}"
    assert "the bounce rate of news.example.com is below your 5% threshold." in message.text
    assert "What to do" not in message.text


def test_a_resolution_for_want_of_mail_says_so() -> None:
    message = said((over(firing(told=CRITICAL)), no_mail()))
    assert message.subject.startswith("[ENDED] Bounce rate of news.example.com: no mail any more")
    first, *_ = message.text.splitlines()
    assert first == (
        "No mail in the last 3 days, so the bounce rate of news.example.com is not known, which "
        "proves nothing."
    )
    assert "white_check_mark" not in message.chat


def test_a_part_that_is_well_again_is_not_taken_for_the_whole() -> None:
    message = said(
        (over(firing(told=WARNING)), healthy()), (firing(HOTMAIL, told=WARNING), breached())
    )
    assert message.subject.startswith("[WARNING, partly resolved] ")
    assert "Still above the threshold:\n  Hotmail (mailbox provider): 6%, warning" in message.text


def test_the_other_scopes_are_listed_each_with_what_it_is() -> None:
    newsletter = Scope(configuration_set="newsletter")
    text = said(
        (firing(), breached()),
        (firing(newsletter), breached("5.5%")),
        (firing(HOTMAIL), breached("8%")),
        (over(firing(Scope(isp="Yahoo"), told=WARNING)), healthy()),
    ).text
    assert "  newsletter (configuration set): 5.5%, warning\n" in text
    assert "  Hotmail (mailbox provider): 8%, warning\n" in text
    assert "No longer above it:\n  Yahoo (mailbox provider): 1%\n" in text


def test_the_weight_of_the_subject_is_the_incidents_and_what_is_new_is_said_to_be() -> None:
    message = said(
        (firing(severity=CRITICAL, told=CRITICAL), breached("12%", CRITICAL)),
        (firing(HOTMAIL), breached("6%")),
    )
    assert message.subject == f"[CRITICAL, new WARNING] Bounce rate at Hotmail is 6%{WHERE}"


def test_the_account_is_called_the_account() -> None:
    message = said((firing(ACCOUNT), breached()))
    assert message.subject == f"[WARNING] Bounce rate of the account is 6%{WHERE}"


def test_a_figure_that_is_not_known_is_never_shown_as_zero() -> None:
    message = said((firing(), unknown()))
    assert "not readable at the moment" in message.subject
    assert "is not known: SES did not answer. It was above your threshold when last" in message.text
    (affected,) = json.loads(message.document)["affected"]
    assert affected["rate"] is None
    assert affected["events"] is None


def test_a_message_without_memory_says_that_it_may_repeat_an_earlier_one() -> None:
    incident = replace(about((firing(), breached())), remembered=False)
    message = compose(incident, ORIGIN, NOW)
    assert "History unavailable" in message.text
    assert "History unavailable" in message.chat
    assert json.loads(message.document)["remembered"] is False


def test_a_message_names_the_parameter_that_holds_the_threshold() -> None:
    text = said((firing(), breached())).text
    assert (
        "The thresholds are 5% (warning) and 10% (critical), by the SSM parameter "
        "/vdm-alerts/rules/shipped/bounce-rate. To change that, save yours as "
        "/vdm-alerts/rules/bounce-rate: it counts instead.\n"
    ) in text
    own = replace(a_rule(critical=None), source="/vdm-alerts/rules/mine")
    text = compose(replace(about((firing(), breached())), terms=own), ORIGIN, NOW).text
    assert "The threshold is 5% (warning), by the SSM parameter /vdm-alerts/rules/mine.\n" in text


def test_the_document_for_machines_has_every_figure() -> None:
    document = json.loads(said((firing(told=None), breached("6%"))).document)
    assert document == {
        "schema": 1,
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
        "remembered": True,
        "parameter": "/vdm-alerts/rules/shipped/bounce-rate",
        "culprit": None,
        "estimate": None,
        "affected": [
            {
                "scope": {"EMAIL_IDENTITY": "news.example.com"},
                "severity": "WARNING",
                "since": "2026-03-12T09:00:00+00:00",
                "reason": "FIRING",
                "threshold": 0.05,
                "rate": 0.06,
                "events": 600,
                "volume": 10_000,
                "window_days": 3,
                "until": None,
                "sure": None,
            }
        ],
        "affected_total": 1,
    }


def test_the_chat_message_is_what_amazon_q_shows_and_threads_by_incident() -> None:
    first = json.loads(said((firing(), breached())).chat)
    assert (first["version"], first["source"]) == ("1.0", "custom")
    assert first["content"]["textType"] == "client-markdown"
    assert first["content"]["title"].startswith(":warning: [WARNING]")
    assert first["content"]["nextSteps"] == list(REMEDIATION[Indicator.BOUNCE_RATE].steps)
    assert "2026-03-12 09:00 UTC. Rule bounce-rate." in first["content"]["description"]
    second = json.loads(
        said((firing(severity=CRITICAL, told=WARNING), breached("12%", CRITICAL))).chat
    )
    thread = "111122223333:eu-west-1:bounce-rate-20260312T0900Z"
    assert first["metadata"]["threadId"] == second["metadata"]["threadId"] == thread
    assert first["id"] != second["id"]


def test_a_name_from_outside_becomes_no_mention_and_no_link_in_a_chat() -> None:
    chat = said((firing(Scope(identity="<!channel>&co@example.com")), breached())).chat
    assert "<" not in chat
    assert "&lt;!channel&gt;&amp;co@example.com" in chat


@pytest.mark.parametrize("identity", ["a" * 300 + ".example", "bücher.example", "a\nb\t.example"])
def test_a_subject_is_short_printable_ascii_whatever_the_name(identity: str) -> None:
    subject = said((firing(Scope(identity=identity)), breached())).subject
    assert len(subject) <= LONGEST_SUBJECT
    assert subject.isascii()
    assert subject.isprintable()


def a_long_name(number: int) -> Scope:
    """An address as long as one can be, and a provider."""
    return Scope(identity=f"{'x' * 64}@{number:05}{'y' * 237}.example.com", isp="Hotmail")


def test_ten_thousand_affected_identities_still_make_one_message_that_sns_takes() -> None:
    message = said(*((firing(a_long_name(number)), breached()) for number in range(10_000)))
    document = json.loads(message.document)
    assert (len(document["affected"]), document["affected_total"]) == (MOST_LISTED, 10_000)
    assert f"and {10_000 - 1 - MOST_SHOWN:,} more" in message.text
    assert len(json.loads(message.chat)["content"]["description"]) <= LONGEST_CHAT
    assert size_in_sns(message) < SNS_LIMIT


OFF = Finding("VDM", "VDM is off", "Switch it on", source=Source.ACCOUNT)
LOST = Finding("ses:GetAccount", "AWS refused ses:GetAccount", "Allow it", hinders=False)


def test_trouble_says_that_silence_proves_nothing_and_what_to_do() -> None:
    message = compose(of_trouble(OFF, LOST), ORIGIN, NOW)
    assert message.subject == f"[WARNING] VDM is off, and 1 more{WHERE}"
    assert "silence does not mean that all is well" in message.text
    assert "1. VDM is off.\n   Switch it on.\n" in message.text
    assert "2. AWS refused ses:GetAccount.\n   Allow it.\n" in message.text
    assert json.loads(message.chat)["content"]["nextSteps"] == ["Switch it on", "Allow it"]
    assert json.loads(message.document)["findings"][0] == {
        "about": "VDM",
        "what": "VDM is off",
        "severity": "WARNING",
        "new": True,
        "remedy": "Switch it on",
    }


PAUSED = Finding("enforcement", "SES has paused it", "Answer", severity=CRITICAL, hinders=False)


def test_news_leads_a_message_about_trouble_whatever_else_is_still_so() -> None:
    news = trouble([PAUSED, OFF], told=[PAUSED], told_sequence=1)
    assert news
    message = compose(news, ORIGIN, NOW)
    assert message.subject == f"[CRITICAL, new WARNING] VDM is off, and 1 more{WHERE}"
    assert "1. VDM is off.\n   Switch it on.\n\nStill so:\n\n2. SES has paused it." in message.text
    said = [(each["about"], each["new"]) for each in json.loads(message.document)["findings"]]
    assert said == [("VDM", True), ("enforcement", False)]


def test_better_news_beside_trouble_that_goes_on_is_none_of_all_being_well() -> None:
    better = trouble([PAUSED], told=[PAUSED, OFF], told_sequence=1)
    assert better
    message = compose(better, ORIGIN, NOW)
    assert message.subject == f"[CRITICAL, partly resolved] No longer so: VDM is off{WHERE}"
    content = json.loads(message.chat)["content"]
    assert content["description"] == "SES has paused it.\n\nNo longer so:\n  VDM is off."


def test_a_command_can_be_copied_without_a_full_stop() -> None:
    gone = Finding("r", "It is gone", "Put it back", fix=EnableSending())
    message = compose(of_trouble(gone), ORIGIN, NOW)
    assert (
        "   Put it back: aws sesv2 put-account-sending-attributes --sending-enabled\n"
        in message.text
    )
    assert json.loads(message.chat)["content"]["nextSteps"] == [
        "Put it back: aws sesv2 put-account-sending-attributes --sending-enabled"
    ]
    assert (
        json.loads(message.document)["findings"][0]["remedy"]
        == "Put it back: aws sesv2 put-account-sending-attributes --sending-enabled"
    )


def test_a_name_from_outside_is_escaped_in_the_steps_too() -> None:
    bad = Finding("r", "It is <here>", "Do <this> & that")
    content = json.loads(compose(of_trouble(bad), ORIGIN, NOW).chat)["content"]
    assert content["nextSteps"] == ["Do &lt;this&gt; &amp; that"]
    assert "<" not in content["title"] + content["description"]


def test_a_great_deal_of_trouble_still_makes_a_message_that_sns_takes() -> None:
    unknown_keys = "\n".join(f"k{n} = 1" for n in range(700))
    with pytest.raises(BadRule) as bad:
        parse_rule("r", unknown_keys, "r")
    many = [Finding(str(n), "&" * 300, "&" * 300, str(bad.value)) for n in range(500)]
    message = compose(of_trouble(*many), ORIGIN, NOW)
    content = json.loads(message.chat)["content"]
    assert len(content["description"]) <= LONGEST_CHAT
    assert len(content["nextSteps"]) <= 10
    assert "And 480 more." in message.text
    assert size_in_sns(message) < SNS_LIMIT
    gone = trouble([OFF], told=many, told_sequence=1)
    assert gone
    assert size_in_sns(compose(replace(gone, gone=tuple(many)), ORIGIN, NOW)) < SNS_LIMIT


def test_a_key_as_long_as_its_parameter_is_quoted_as_far_as_it_helps() -> None:
    with pytest.raises(BadRule) as bad:
        parse_rule("r", f'"{"k" * 4_000}" = 1', "r")
    assert len(str(bad.value)) < 1_000


def test_what_can_only_be_read_in_part_says_how_much_more_there_is() -> None:
    bad = Finding("r", "A rule cannot be used", "Edit it", "\n".join(["  line"] * 25))
    text = compose(of_trouble(bad), ORIGIN, NOW).text
    assert text.count("  line\n") == MOST_SHOWN
    assert "  line\n  and 5 more\n\n   Edit it.\n" in text


def test_the_end_of_trouble_says_what_was_mended() -> None:
    message = compose(Trouble(2, (), (OFF,)), ORIGIN, NOW)
    assert message.subject == f"[OK] All is in order again{WHERE}"
    assert "No longer so:\n  VDM is off." in message.text
    assert json.loads(message.chat)["content"]["title"].startswith(":white_check_mark:")


def test_what_ses_does_to_the_account_is_said_in_the_subject_and_is_critical() -> None:
    paused = Finding(
        "enforcement",
        "Amazon SES has paused all sending of this account",
        "Answer AWS's case",
        severity=CRITICAL,
        hinders=False,
    )
    message = compose(of_trouble(paused, LOST), ORIGIN, NOW)
    assert message.subject == (
        f"[CRITICAL] Amazon SES has paused all sending of this account, and 1 more{WHERE}"
    )
    assert message.attributes["severity"] == "CRITICAL"
    assert ":rotating_light:" in message.chat
    assert "silence" not in message.text, "the service itself does all of its work"


def test_the_details_of_a_finding_are_shown_line_by_line() -> None:
    bad = Finding("r", "A rule cannot be used, r: 1 problem", "Edit it", "  warning  is missing")
    text = compose(of_trouble(bad), ORIGIN, NOW).text
    assert "problem.\n  warning  is missing\n\n   Edit it.\n" in text


def test_nobody_is_told_to_stop_what_mends_by_itself() -> None:
    newsletter = Scope(configuration_set="newsletter")
    mending = replace(firing(newsletter, told=WARNING), state=Firing(WARNING, NOW, mending=NOW))
    text = said((firing(), breached()), (mending, healthy())).text
    assert "Below the threshold for now:\n  newsletter (configuration set): 1%\n" in text
    assert "put-configuration-set-sending-options" not in text


def test_nothing_is_called_in_order_while_something_is_out_of_sight() -> None:
    better = trouble([], told=[OFF], told_sequence=1, blind={Source.MAIL})
    assert better
    message = compose(better, ORIGIN, NOW)
    assert message.subject == f"[OK] No longer so: VDM is off{WHERE}"
    assert message.text.startswith("No longer so:\n  VDM is off.\n")
    assert "in order" not in message.text + message.chat


def test_what_is_no_longer_so_is_said_of_whom() -> None:
    gone = trouble([], told=[OFF.of(["a.example.com", "b.example.com"])], told_sequence=1)
    assert gone
    assert "No longer so:\n  VDM is off: a.example.com, b.example.com.\n" in (
        compose(gone, ORIGIN, NOW).text
    )


def test_where_a_configuration_set_is_affected_the_first_step_stops_it() -> None:
    newsletter = Scope(configuration_set="newsletter")
    steps = json.loads(said((firing(), breached()), (firing(newsletter), breached())).chat)[
        "content"
    ]["nextSteps"]
    assert steps[0].endswith(
        "aws sesv2 put-configuration-set-sending-options --region eu-west-1 "
        "--configuration-set-name newsletter --no-sending-enabled"
    )


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
def test_a_resolution_says_how_long_it_lasted(length: timedelta, words: str) -> None:
    ended = replace(over(firing(told=CRITICAL, since=NOW - length)), ends=(NOW,))
    over_now = (ended, healthy())
    assert f"It lasted {words}, from " in said(over_now).text


@pytest.mark.parametrize("indicator", Indicator)
def test_every_indicator_has_its_words_and_a_source(indicator: Indicator) -> None:
    advice = REMEDIATION[indicator]
    assert WORDING[indicator].noun.replace(" ", "_") == indicator.key
    assert advice.steps
    assert advice.source.startswith("https://docs.aws.amazon.com/")


@given(st.text(max_size=300))
def test_every_form_of_every_message_can_be_sent(identity: str) -> None:
    message = said((firing(Scope(identity=identity)), breached()))
    json.loads(message.chat)
    json.loads(message.document)
    assert all(value and value.isascii() for value in message.attributes.values())


AT_TWO = Estimate(
    Rate(240, 12_000),
    Window(6),
    is_short=False,
    review=Ahead(0.05, 900, 9 * HOUR),
    pause=Ahead(0.1, None, None),
)


def test_how_near_the_account_is_to_what_ses_does_is_told_while_something_is_wrong() -> None:
    incident = replace(about((firing(), breached())), estimate=AT_TWO)
    message = compose(incident, ORIGIN, NOW)
    assert "An estimate of the rate it goes by: 2% (240 of 12,000), over the last 6" in message.text
    assert "at 5%, which is 900 mails or 9 hours away" in message.chat
    assert json.loads(message.document)["estimate"] == {
        "rate": 0.02,
        "events": 240,
        "volume": 12_000,
        "window_days": 6,
        "until": None,
        "sure": None,
        "review": {"limit": 0.05, "mails": 900, "hours": 9.0},
        "pause": {"limit": 0.1, "mails": None, "hours": None},
    }
    over_now = about((over(firing(told=WARNING)), healthy()))
    ended = compose(replace(over_now, estimate=AT_TWO), ORIGIN, NOW)
    assert "estimate" not in ended.text


def test_how_sure_one_is_comes_with_what_that_allows_for() -> None:
    sure = Breached(OF, LINE, Evidence(Rate(80, 1_000), Window(2), sure=0.998))
    message = said((firing(), sure))
    assert message.text.startswith("80 of 1,000 mails bounced permanently in the last 2 days (8%)")
    assert "99.8% sure that the bounce rate of news.example.com is above" in message.text
    assert "allows for feedback that comes late" in message.text
    (affected,) = json.loads(message.document)["affected"]
    assert (affected["sure"], affected["threshold"]) == (0.998, 0.05)
    assert "allows for" not in said((firing(), breached())).text


def test_an_end_for_want_of_a_rule_says_so_and_names_no_parameter() -> None:
    why = "The rule bounce-rate was deleted"
    news, hotmail = (
        replace(firing(scope, told=WARNING), state=Ok(unwatched=why, cut=NOW))
        for scope in (NEWS, HOTMAIL)
    )
    message = said((news, unknown()), (hotmail, unknown()))
    assert message.subject == f"[ENDED] Bounce rate of news.example.com: watched no longer{WHERE}"
    assert message.text.startswith(
        "The rule bounce-rate was deleted. The bounce rate of news.example.com was above your "
        "threshold before.\n\n"
        "Watched no longer:\n  Hotmail (mailbox provider)\n"
    )
    assert "SSM parameter" not in message.text


def test_what_later_counts_withdraw_says_what_was_told_and_what_is_so() -> None:
    told = firing(told=WARNING)
    assert told.told
    ground = Ground(Rate(520, 10_000), Window(1), NOW.date())
    alert = replace(
        told, state=Ok(revised=Rate(410, 10_000)), told=replace(told.told, ground=ground)
    )
    evidence = Evidence(Rate(410, 10_000), Window(1), until=NOW.date())
    message = said((alert, Healthy(OF, LINE, Window(1), evidence, withdraws=ground.rate)))
    assert message.subject == (
        f"[REVISED] Bounce rate of news.example.com was 4.1%, not 5.2%{WHERE}"
    )
    assert message.text.startswith(
        "410 of 10,000 mails bounced permanently on 2026-03-12 (4.1%), by later counts, and not "
        "5.2% (520 of 10,000) as you were told.\n"
    )


def test_a_day_that_ended_better_than_it_began_denies_nothing_of_what_was_told() -> None:
    told = firing(told=WARNING)
    assert told.told
    ground = Ground(Rate(50, 500), Window(1), NOW.date())
    alert = replace(
        told, state=Ok(revised=Rate(60, 10_000)), told=replace(told.told, ground=ground)
    )
    evidence = Evidence(Rate(60, 10_000), Window(1), until=NOW.date())
    message = said((alert, Healthy(OF, LINE, Window(1), evidence, withdraws=ground.rate)))
    assert message.subject == (
        f"[REVISED] Bounce rate of news.example.com came to 0.6%, after 10%{WHERE}"
    )


@pytest.mark.parametrize("verdict", [replace(unsure(), evidence=evidence("8%", 100)), few()])
def test_an_end_that_is_told_late_does_not_call_well_what_may_not_be(verdict: Verdict) -> None:
    message = said((replace(over(firing(told=WARNING)), ends=(NOW,)), verdict))
    assert message.subject == (
        f"[RESOLVED] Bounce rate of news.example.com was back below your threshold{WHERE}"
    )
    assert message.text.startswith(
        "The bounce rate of news.example.com was back below your threshold when it ended. "
        "8 of 100 mails bounced"
    )


def test_an_end_of_which_nobody_knows_when_it_was_says_when_it_began() -> None:
    text = said((over(firing(told=WARNING)), healthy())).text
    assert "It began at 2026-03-12 09:00 UTC." in text
    assert "lasted" not in text


def test_a_reminder_says_that_it_goes_on_and_what_is_no_longer_so_bad() -> None:
    worse, better = firing(told=WARNING), firing(HOTMAIL, told=CRITICAL)
    verdicts: dict[Key, Verdict] = {worse.key: breached("7%"), better.key: breached("6%")}
    rules = {"bounce-rate": a_rule()}
    (one,) = incidents(
        [worse, better], rules, verdicts, NO_CONTRIBUTORS, {}, {}, NOW + timedelta(days=1)
    )
    message = compose(one, ORIGIN, NOW + timedelta(days=1))
    assert message.subject == f"[WARNING] Bounce rate of news.example.com is still 7%{WHERE}"
    assert "Hotmail (mailbox provider): 6%, warning, no longer critical" in message.text
    (alone,) = incidents(
        [better], rules, verdicts, NO_CONTRIBUTORS, {}, {}, NOW + timedelta(days=1)
    )
    assert compose(alone, ORIGIN, NOW).subject == (
        f"[WARNING, no longer critical] Bounce rate at Hotmail is down to 6%{WHERE}"
    )


def test_who_is_explained_by_another_says_by_whom() -> None:
    contributor = Contributor(NEWS.at("Hotmail"), 0.8, Evidence(Rate(500, 2_000), Window(3)))
    alerts = [firing(), firing(HOTMAIL)]
    verdicts: dict[Key, Verdict] = {alert.key: breached("6%") for alert in alerts}
    contributors = {alert.key: contributor for alert in alerts}
    (one,) = incidents(alerts, {"bounce-rate": a_rule()}, verdicts, contributors, {}, {}, NOW)
    assert "Hotmail (mailbox provider): 6%, warning, because of news.example.com at Hotmail" in (
        compose(one, ORIGIN, NOW).text
    )


def test_what_comes_and_goes_says_when_its_end_will_be_told() -> None:
    alert = replace(firing(), ends=(NOW, NOW))
    assert "This has come and gone 2 times in 14 days: its end is told once it has been over" in (
        said((alert, breached("6%"))).text
    )


def test_the_first_message_says_what_is_watched_and_what_is_wrong_at_first_sight() -> None:
    watch = Watch(("bounce-rate", "complaint-rate"), {(): 1, NEWS.kind: 2, HOTMAIL.kind: 11})
    well = compose(summary([], watch, {}), ORIGIN, NOW)
    assert well.subject.startswith("[OK] VDM Alerts is watching, and nothing is beyond a threshold")
    assert well.text.startswith(
        "VDM Alerts has begun to watch the account, 2 identities and 11 mailbox providers, by the "
        "rules bounce-rate and complaint-rate. "
    )
    wrong = compose(summary([about((firing(), breached("6%")))], watch, {}), ORIGIN, NOW)
    assert "[WARNING] Bounce rate of news.example.com is 6%\n600 of 10,000 mails" in wrong.text
    assert "What to do about the first:" in wrong.text
    document = json.loads(wrong.document)
    assert (document["kind"], document["reason"]) == ("summary", "SUMMARY")
    assert [one["reason"] for one in document["incidents"]] == ["FIRING"]


def test_a_great_many_incidents_make_a_message_that_sns_takes() -> None:
    culprit = Contributor(a_long_name(0), 0.8, Evidence(Rate(500, 2_000), Window(3)))
    many = []
    for number in range(500):
        alerts = [
            replace(firing(a_long_name(1_000 * number + each)), incident=f"bounce-rate-{number}")
            for each in range(100)
        ]
        found = about(*((alert, breached()) for alert in alerts))
        many.append(replace(found, culprit=culprit, estimate=AT_TWO))
    message = compose(summary(many, Watch(("r",), {(): 1}), {}), ORIGIN, NOW)
    assert size_in_sns(message) < SNS_LIMIT
    assert "And 480 more." in message.text
    assert "and 94 more" in message.text
    document = json.loads(message.document)
    assert (len(document["incidents"]), document["incidents_total"]) == (MOST_IN_DIGEST, 500)
    assert [len(one["affected"]) for one in document["incidents"]] == [5] * MOST_IN_DIGEST
