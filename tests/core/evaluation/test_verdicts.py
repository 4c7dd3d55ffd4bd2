"""Each verdict explains itself in one sentence."""

from dataclasses import replace

import pytest
from builders import (
    NEWS_BOUNCE_RATE,
    NEWS_IDENTITY,
    NOW,
    WARNING_THRESHOLD,
    a_rate,
    breached,
    healthy,
    healthy_without_emails,
    inconclusive,
    unknown,
)

from vdm_alerts.core.evaluation.verdicts import Breached, Evidence, NoEmail, Subject, Verdict
from vdm_alerts.core.model.metrics import ACCOUNT, Window
from vdm_alerts.core.model.rates import Gap, Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Baseline, Threshold

EVIDENCE_80_OF_1000 = Evidence(Rate(80, 1_000), Window(2), confidence=0.9982)
BASELINE = Baseline(a_rate("0.5%", of=28_000), Window(28), 3)
ACCOUNT_DELIVERY_RATE = Subject(Indicator.DELIVERY_RATE, ACCOUNT)


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (
            Breached(NEWS_BOUNCE_RATE, WARNING_THRESHOLD, EVIDENCE_80_OF_1000),
            (
                "80 of 1,000 mails bounced permanently in the last 2 days (8%): about 99% sure "
                "that the bounce rate of news.example.com is above your 5% warning threshold."
            ),
        ),
        (
            Breached(
                NEWS_BOUNCE_RATE,
                WARNING_THRESHOLD,
                replace(EVIDENCE_80_OF_1000, confidence=0.99999),
            ),
            (
                "80 of 1,000 mails bounced permanently in the last 2 days (8%): about 99% "
                "sure that the bounce rate of news.example.com is above your 5% warning threshold."
            ),
        ),
        (
            breached("8%"),
            (
                "800 of 10,000 mails bounced permanently in the last 3 days (8%): the bounce rate "
                "of news.example.com has reached your 5% warning threshold."
            ),
        ),
        (
            Breached(
                NEWS_BOUNCE_RATE, Threshold(Severity.WARNING, 0.0166, BASELINE), EVIDENCE_80_OF_1000
            ),
            (
                "80 of 1,000 mails bounced permanently in the last 2 days (8%): about 99% sure "
                "that the bounce rate of news.example.com is above 1.6%, which is 3 times its own "
                "0.5% (140 of 28,000) in the 28 days before, and a margin."
            ),
        ),
        (
            Breached(ACCOUNT_DELIVERY_RATE, Threshold(Severity.CRITICAL, 0.9), EVIDENCE_80_OF_1000),
            (
                "80 of 1,000 mails were delivered in the last 2 days (8%): about 99% sure that the "
                "delivery rate of the account is below your 90% critical threshold."
            ),
        ),
        (
            replace(healthy(), evidence=Evidence(Rate(3, 900), Window(1), confidence=0.973)),
            (
                "3 of 900 mails bounced permanently today so far (0.33%): about 97% sure that the "
                "bounce rate of news.example.com is back below your 5% threshold."
            ),
        ),
        (
            healthy(),
            (
                "100 of 10,000 mails bounced permanently in the 3 days until 2026-03-11 (1%): the "
                "bounce rate of news.example.com is below your 5% threshold."
            ),
        ),
        (
            replace(healthy(), evidence=Evidence(Rate(1, 13), Window(7))),
            (
                "1 of 13 mails bounced permanently in the last 7 days (7.6%): too few to be sure "
                "on which side of your 5% threshold the bounce rate of news.example.com is."
            ),
        ),
        (
            replace(
                healthy(),
                evidence=Evidence(Rate(40, 10_000), Window(1), last_day=NOW.date()),
                withdrawn_rate=Rate(50, 500),
            ),
            (
                "40 of 10,000 mails bounced permanently on 2026-03-12 (0.4%), by later counts, and "
                "not 10% (50 of 500) as you were told."
            ),
        ),
        (
            healthy_without_emails(),
            (
                "No mail in the last 3 days, so the bounce rate of news.example.com is not known, "
                "which proves nothing."
            ),
        ),
        (
            NoEmail(NEWS_BOUNCE_RATE, Severity.WARNING, Window(1)),
            (
                "No mail in the last day, which the rule about the bounce rate of news.example.com"
                " takes for a breach."
            ),
        ),
        (
            inconclusive(),
            (
                "510 of 10,000 mails bounced permanently in the last 3 days (5.1%): not enough to "
                "be sure on which side of your 5% threshold the bounce rate of news.example.com "
                "is."
            ),
        ),
        (
            unknown(Gap.NO_FEEDBACK_LOOP),
            "The bounce rate of news.example.com is not known: the provider reports no complaints.",
        ),
    ],
)
def test_verdict_text_explains_the_verdict_in_one_sentence(verdict: Verdict, sentence: str) -> None:
    assert str(verdict) == sentence


def test_verdict_subject_text_names_the_rate_and_the_scope() -> None:
    assert str(Subject(Indicator.OPEN_RATE, NEWS_IDENTITY.at_provider("Yahoo"))) == (
        "the open rate of news.example.com at Yahoo"
    )
