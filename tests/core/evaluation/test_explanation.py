"""The sentence about each verdict in the alert history."""

from dataclasses import replace

import pytest
from builders import (
    NEWS_BOUNCE_RATE,
    NOW,
    WARNING_THRESHOLD,
    breached,
    healthy,
    healthy_without_emails,
    inconclusive,
    unknown,
)

from vdm_alerts.core.evaluation.explanation import explain
from vdm_alerts.core.evaluation.verdicts import Breached, Evidence, NoEmail, Verdict
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.model.rates import Gap, Rate
from vdm_alerts.core.model.severity import Severity


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (
            breached("8%"),
            "800 of 10,000 emails bounced permanently in the last 3 days (8%), above 5%.",
        ),
        (
            Breached(NEWS_BOUNCE_RATE, WARNING_THRESHOLD, Evidence(Rate(8, 100), Window(1), 0.998)),
            (
                "8 of 100 emails bounced permanently today so far (8%), above 5%, confidence about "
                "99%."
            ),
        ),
        (
            healthy(),
            (
                "100 of 10,000 emails bounced permanently in the 3 days through 2026-03-11 (1%), "
                "no breach of 5%."
            ),
        ),
        (
            replace(
                healthy(),
                evidence=Evidence(Rate(40, 10_000), Window(1), last_day=NOW.date()),
                withdrawn_rate=Rate(50, 500),
            ),
            (
                "40 of 10,000 emails bounced permanently on 2026-03-12 (0.4%), corrected by SES "
                "from 10% (50 of 500)."
            ),
        ),
        (
            inconclusive(),
            (
                "510 of 10,000 emails bounced permanently in the last 3 days (5.1%), too little "
                "data to compare with 5%."
            ),
        ),
        (healthy_without_emails(), "No email in the last 3 days."),
        (
            NoEmail(NEWS_BOUNCE_RATE, Severity.WARNING, Window(1)),
            "No email in the last day.",
        ),
        (unknown(Gap.UNAVAILABLE), "The bounce rate is unknown: SES did not answer."),
    ],
)
def test_explanation_states_the_counts_and_the_threshold(verdict: Verdict, sentence: str) -> None:
    assert explain(verdict) == sentence
