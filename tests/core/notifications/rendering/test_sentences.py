"""The first two paragraphs about each verdict: what is wrong, and the data."""

from dataclasses import replace

import pytest
from builders import (
    NEWS_BOUNCE_RATE,
    NO_CONTRIBUTORS,
    NOW,
    TARGET,
    WARNING_THRESHOLD,
    a_confidence_rule,
    a_rate,
    a_rule,
    breached,
    firing,
    healthy,
    healthy_without_emails,
    inconclusive,
    unknown,
)

from vdm_alerts.core.alerts.alert import Alert, Ok
from vdm_alerts.core.evaluation.verdicts import Breached, Evidence, NoEmail, Subject, Verdict
from vdm_alerts.core.model.metrics import ACCOUNT, Window
from vdm_alerts.core.model.rates import Gap, Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.incidents import incident_notifications
from vdm_alerts.core.notifications.rendering.incident import incident_content
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.rules.rule import Baseline, Rule, Threshold

EVIDENCE = Evidence(Rate(80, 1_000), Window(2), confidence=0.9982)
BASELINE = Baseline(a_rate("0.5%", of=28_000), Window(28), 3)
NEW = "Alert opened: 2026-03-12 09:00 UTC (now)."
NAME = "bounce rate of news.example.com"


def paragraphs_of(alert: Alert, verdict: Verdict, rule: Rule) -> list[str]:
    (incident,) = incident_notifications(
        [alert], {rule.name: rule}, {alert.key: verdict}, NO_CONTRIBUTORS, {}, {}, NOW
    )
    return [
        line
        for paragraph in incident_content(incident, Links(TARGET), NOW).paragraphs
        for line in paragraph.splitlines()
    ]


@pytest.mark.parametrize(
    ("verdict", "sentences"),
    [
        pytest.param(
            Breached(NEWS_BOUNCE_RATE, WARNING_THRESHOLD, EVIDENCE),
            [
                f"The {NAME} is 8%, above your 5% warning threshold.",
                (
                    "Data: 80 of 1,000 emails bounced permanently in the last 2 days. Confidence: "
                    f"about 99% that the true rate is above 5%. {NEW}"
                ),
            ],
            id="breach",
        ),
        pytest.param(
            Breached(NEWS_BOUNCE_RATE, WARNING_THRESHOLD, replace(EVIDENCE, confidence=0.99999)),
            [
                f"The {NAME} is 8%, above your 5% warning threshold.",
                (
                    "Data: 80 of 1,000 emails bounced permanently in the last 2 days. Confidence: "
                    f"about 99% that the true rate is above 5%. {NEW}"
                ),
            ],
            id="confidence is rounded down",
        ),
        pytest.param(
            Breached(NEWS_BOUNCE_RATE, Threshold(Severity.WARNING, 0.0166, BASELINE), EVIDENCE),
            [
                (
                    f"The {NAME} is 8%, above 1.6%, which is 3 times its baseline of 0.5% (140 of "
                    "28,000 emails in the 28 days before), plus a margin."
                ),
                (
                    "Data: 80 of 1,000 emails bounced permanently in the last 2 days. Confidence: "
                    f"about 99% that the true rate is above 1.6%. {NEW}"
                ),
            ],
            id="baseline",
        ),
        pytest.param(
            inconclusive(),
            [
                f"The {NAME} is 5.1%, above your 5% threshold. The alert is not resolved yet.",
                (
                    "Data: 510 of 10,000 emails bounced permanently in the last 3 days. Too little "
                    f"data to be confident that the rate is above or below 5%. {NEW}"
                ),
            ],
            id="too little data",
        ),
        pytest.param(
            unknown(Gap.ACCESS_DENIED),
            [
                (
                    f"The {NAME} is unreadable (AWS denied access). It was above your threshold "
                    "when last read."
                ),
                NEW,
            ],
            id="unreadable",
        ),
        pytest.param(
            NoEmail(NEWS_BOUNCE_RATE, Severity.WARNING, Window(1)),
            [
                (
                    f"No email in the last day, so the {NAME} is unknown. The rule treats missing "
                    "email as a problem."
                ),
                NEW,
            ],
            id="missing email",
        ),
    ],
)
def test_open_alert_states_the_rate_the_threshold_and_the_data(
    verdict: Verdict, sentences: list[str]
) -> None:
    assert paragraphs_of(firing(), verdict, a_confidence_rule()) == sentences


@pytest.mark.parametrize(
    ("verdict", "sentences"),
    [
        pytest.param(
            replace(healthy(), evidence=Evidence(Rate(3, 900), Window(1), confidence=0.973)),
            [
                f"The {NAME} is 0.33%, back below your 5% threshold. ",
                (
                    "Data: 3 of 900 emails bounced permanently today so far. Figures of the last "
                    "two days can still change. Confidence: about 97% that the true rate is below "
                    "5%."
                ),
            ],
            id="healthy",
        ),
        pytest.param(
            healthy(),
            [
                f"The {NAME} is 1%, back below your 5% threshold. ",
                (
                    "Data: 100 of 10,000 emails bounced permanently in the 3 days through "
                    "2026-03-11. Figures of the last two days can still change."
                ),
            ],
            id="counted rate",
        ),
        pytest.param(
            healthy_without_emails(),
            [
                (
                    f"No email in the last 3 days, so the {NAME} is unknown. The alert is closed, "
                    "but the problem might still exist. "
                )
            ],
            id="no email",
        ),
        pytest.param(
            unknown(),
            [
                (
                    f"The {NAME} was back below your 5% threshold when last read. It is unreadable "
                    "now (SES did not answer). "
                )
            ],
            id="unreadable since",
        ),
    ],
)
def test_resolved_alert_states_the_rate_and_the_data(
    verdict: Verdict, sentences: list[str]
) -> None:
    alert = replace(firing(notified=Severity.WARNING), state=Ok())
    opened = "The alert opened at 2026-03-12 09:00 UTC."
    first, *others = sentences
    assert paragraphs_of(alert, verdict, a_confidence_rule()) == [f"{first}{opened}", *others]


def test_rule_without_confidence_says_that_it_compares_the_counted_rate() -> None:
    _, data = paragraphs_of(firing(), breached("8%"), a_rule())
    assert "Confidence: not estimated, because this rule compares the counted rate. " in data


def test_counted_rate_of_the_account_says_that_it_is_what_ses_reviews() -> None:
    _, data = paragraphs_of(firing(ACCOUNT), breached("8%"), a_confidence_rule())
    assert "Confidence: not estimated, because SES reviews the counted rate of the account. " in (
        data
    )


def test_low_rate_that_is_bad_is_below_its_threshold() -> None:
    rule = a_confidence_rule(indicator=Indicator.DELIVERY_RATE, warning="95%", critical="90%")
    alert = replace(firing(ACCOUNT, Severity.CRITICAL), indicator=Indicator.DELIVERY_RATE)
    subject = Subject(Indicator.DELIVERY_RATE, ACCOUNT)
    verdict = Breached(subject, Threshold(Severity.CRITICAL, 0.9), EVIDENCE)
    first, data = paragraphs_of(alert, verdict, rule)
    assert first == "The delivery rate of the account is 8%, below your 90% critical threshold."
    assert data.startswith("Data: 80 of 1,000 emails were delivered in the last 2 days. ")
