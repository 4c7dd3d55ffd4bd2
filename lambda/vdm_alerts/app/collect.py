"""The collect step of a run: query every source. A source that fails becomes a finding."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from vdm_alerts.app.failures import FailureCollector
from vdm_alerts.app.read_metrics import ReadRequest, read_metrics
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.account import AccountStatus, Recommendation
from vdm_alerts.core.model.findings import FindingSource
from vdm_alerts.core.model.metrics import Scope, Window
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.silences import Silences, expired_findings
from vdm_alerts.core.observations import account_findings, data_findings, pattern_findings
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.ports import Ports


def collect(
    ports: Ports,
    target: Target,
    before: StoredState,
    now: datetime,
    limits: Limits,
    no_email_after: Window | None,
) -> Observation:
    """Return everything that a run at *now* reads, VDM within *limits*.

    *before* is the stored state. Its alerts stay monitored. Its rules apply in place of invalid
    rules of the same name. An error of a source becomes a finding. So do *no_email_after* days
    without email; None means that no number of days is a finding.
    """
    failures = FailureCollector()
    observation = _query_sources(ports, target, before, now, limits, no_email_after, failures)
    since = data_findings.transient_since(failures.findings, before.transient_since, now)
    return replace(
        observation,
        findings=data_findings.with_persistent(failures.findings, since, now),
        transient_since=since,
        unreadable_sources=failures.unreadable | data_findings.unreadable_sources(observation),
    )


def _query_sources(
    ports: Ports,
    target: Target,
    before: StoredState,
    now: datetime,
    limits: Limits,
    no_email_after: Window | None,
    failures: FailureCollector,
) -> Observation:
    """Return the observation without what depends on every finding, which `collect` adds."""
    failures.add(before.damage, FindingSource.HISTORY)
    subscribers = failures.attempt(
        lambda: ports.notifier.subscribers(limits.deadline), None, FindingSource.SUBSCRIBERS
    )
    failures.add(
        data_findings.subscriber_findings(subscribers, before.expected_subscribers),
        FindingSource.SUBSCRIBERS,
    )
    rule_set = failures.attempt(
        lambda: ports.rules.rules(limits.deadline).with_last_valid(before.rules).for_target(target),
        None,
        FindingSource.RULES,
    )
    silences = failures.attempt(
        lambda: ports.silences.silences(limits.deadline).for_target(target),
        Silences(),
        FindingSource.SILENCES,
    )
    # If the account status is unreadable, the first VDM query shows whether VDM is on.
    status = failures.attempt(
        lambda: ports.account.status(limits.deadline),
        AccountStatus(vdm_enabled=True),
        FindingSource.ACCOUNT,
    )
    ses_rates = failures.attempt(
        lambda: ports.reputation.rates(now, limits.deadline), None, FindingSource.SES_RATES
    )
    if rule_set:
        failures.add([*rule_set.invalid.values(), *rule_set.findings], FindingSource.RULES)
    failures.add([*silences.findings, *expired_findings(silences, now)], FindingSource.SILENCES)
    failures.add(status.findings, FindingSource.ACCOUNT)
    failures.add(account_findings.quota_findings(status, before, now), FindingSource.ACCOUNT)
    paused_tenants: Sequence[Scope] = failures.attempt(
        lambda: ports.account.paused_tenants(limits.deadline), [], FindingSource.TENANTS
    )
    failures.add(account_findings.paused_tenants_finding(paused_tenants), FindingSource.TENANTS)
    recommendations = _recommendations(ports, status, limits, failures)
    failures.add(account_findings.advisor_finding(recommendations or ()), FindingSource.ADVISOR)
    observation = Observation(
        rule_set,
        reading=None,
        subscribers=subscribers,
        findings=failures.findings,
        silences=silences.in_effect(now),
        plan=status.plan,
        sent_last_day=status.sent_last_day,
        recommendations=recommendations,
        days_without_vdm=data_findings.days_without_vdm(
            before.days_without_vdm, now.date(), is_on=status.vdm_enabled
        ),
        alerts=before.alerts_with_indicator(rule_set),
        ses_rates=ses_rates,
    )
    if rule_set is None or not (status.vdm_enabled and rule_set.counted_rules):
        return observation
    request = ReadRequest(
        rule_set.counted_rules, observation.alerts, now, limits, status.sent_last_day, ses_rates
    )
    reading = failures.attempt(
        lambda: read_metrics(ports, target, request, failures),
        None,
        FindingSource.METRICS,
    )
    if reading is None:
        return observation
    plan, current = reading.plan, observation.silences
    failures.add(pattern_findings.rule_findings(rule_set, plan), FindingSource.LISTS)
    failures.add(
        pattern_findings.silence_findings(current, rule_set, plan.roster), FindingSource.SILENCES
    )
    failures.add(
        data_findings.reading_findings(reading, limits, no_email_after), FindingSource.METRICS
    )
    is_empty = reading.has_sent_no_email(plan.longest_window)
    return replace(observation, reading=reading, account_idle=is_empty or not status.may_send)


def _recommendations(
    ports: Ports, status: AccountStatus, limits: Limits, failures: FailureCollector
) -> Sequence[Recommendation] | None:
    """Return the open recommendations of the VDM advisor; None without VDM or after an error."""
    if not status.vdm_enabled:
        return None
    return failures.attempt(
        lambda: ports.account.recommendations(limits.deadline), None, FindingSource.ADVISOR
    )
