"""The finding about emails to mailbox providers that no queried name covers."""

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Series, Window
from vdm_alerts.core.model.rates import percent
from vdm_alerts.core.observations.metric_reading import MetricReading
from vdm_alerts.core.planning.queries import Query, find_answer

SHARE_WINDOW = Window(7)
"""The days whose emails are compared."""
MAX_SHARE = 0.05
"""The share of the account's emails above which a provider of its own may hide in the rest."""
MIN_EMAILS = 1_000
"""The fewest emails of the rest that are reported. Fewer can hide no provider of importance."""


def unnamed_providers_finding(reading: MetricReading) -> Finding | None:
    """Return the finding that many emails go to providers that no queried name covers.

    The result is None if these are few, if their number is unknown, or if no rule monitors them.
    `UNKNOWN_ISP` covers the emails that SES gives no name. So many others mean that SES has names
    that VDM Alerts does not know, or that it does not count under `UNKNOWN_ISP`.
    """
    scope, plan = ACCOUNT.at_provider(OTHER_ISPS), reading.plan
    sent = reading.account_emails
    rest = find_answer(Query(Metric.SEND, scope), plan.isps, reading.answers)
    if sent is None or not isinstance(rest, Series) or not plan.rule_scopes.covers(scope):
        return None
    emails = rest.total(SHARE_WINDOW, reading.as_of.last_day)
    all_emails = sent.total(SHARE_WINDOW, reading.as_of.last_day)
    if emails < MIN_EMAILS or emails <= MAX_SHARE * all_emails:
        return None
    return Finding(
        key="providers",
        what=f"More than {percent(MAX_SHARE)} of the emails go to mailbox providers whose names "
        "VDM Alerts does not know",
        effect=f'these providers are monitored together, as "{OTHER_ISPS}": {emails:,} of '
        f"{all_emails:,} emails of the last {SHARE_WINDOW}",
        remedy="Find the names in the tag ses:recipient-isp of the events that SES publishes, and "
        'add them to a rule, for example include.isp = ["*", "Verizon"]',
        blocks_monitoring=False,
        one_shot=True,
    )
