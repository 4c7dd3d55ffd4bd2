"""The first step of a run: query every source. A source that fails becomes a finding."""

from dataclasses import replace
from datetime import datetime

from vdm_alerts.app.failures import FailureCollector
from vdm_alerts.app.read_metrics import read_metrics
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.account import AccountStatus
from vdm_alerts.core.model.findings import FindingSource
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.silences import Silences, expired_findings
from vdm_alerts.core.observations import findings
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.ports import Ports


def collect(
    ports: Ports,
    target: Target,
    before: StoredState,
    now: datetime,
    limits: Limits,
) -> Observation:
    """Query every source as of *now*, within *limits*.

    *before* is the stored state: its alerts stay monitored, and its rules replace invalid ones.
    """
    failures = FailureCollector()
    observation = _query_sources(ports, target, before, now, limits, failures)
    since = findings.transient_since(failures.findings, before.transient_since, now)
    return replace(
        observation,
        findings=findings.with_persistent(failures.findings, since, now),
        transient_since=since,
        unreadable_sources=failures.unreadable | findings.unreadable_sources(observation),
    )


def _query_sources(
    ports: Ports,
    target: Target,
    before: StoredState,
    now: datetime,
    limits: Limits,
    failures: FailureCollector,
) -> Observation:
    subscribers = failures.attempt(ports.notifier.subscribers, None, FindingSource.SUBSCRIBERS)
    if subscribers == 0:
        failures.add([findings.NO_SUBSCRIBER], FindingSource.SUBSCRIBERS)
    rulebook = failures.attempt(
        lambda: ports.rules.rules().with_last_valid(before.rules), None, FindingSource.RULES
    )
    silences = failures.attempt(ports.silences.silences, Silences(), FindingSource.SILENCES)
    # If the account status is unreadable, reading will tell whether VDM is on.
    status = failures.attempt(
        ports.account.status, AccountStatus(vdm_enabled=True), FindingSource.ACCOUNT
    )
    if rulebook:
        failures.add([*rulebook.invalid.values(), *rulebook.findings], FindingSource.RULES)
    failures.add([*silences.findings, *expired_findings(silences, now)], FindingSource.SILENCES)
    failures.add(status.findings, FindingSource.ACCOUNT)
    observation = Observation(
        rulebook,
        None,
        subscribers,
        failures.findings,
        silences=silences.in_effect(now),
        alerts=before.alerts_with_indicator(rulebook),
    )
    if rulebook is None or not (status.vdm_enabled and rulebook.rules):
        return observation
    rules, alerts = list(rulebook.rules.values()), observation.alerts
    reading = failures.attempt(
        lambda: read_metrics(ports, target, rules, alerts, now, limits, failures),
        None,
        FindingSource.METRICS,
    )
    if reading is None:
        return observation
    emails = reading.account_emails
    is_empty = emails is not None and not emails.total(
        reading.plan.longest_window, reading.as_of.last
    )
    failures.add(
        findings.reading_findings(reading, limits, is_empty=is_empty), FindingSource.METRICS
    )
    return replace(observation, reading=reading, account_idle=is_empty or not status.may_send)
