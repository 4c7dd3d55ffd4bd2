"""The first step of a run: query every source. A source that fails becomes a finding."""

from dataclasses import replace
from datetime import datetime

from vdm_alerts.app.failures import FailureCollector
from vdm_alerts.app.read_metrics import read_metrics
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.model.account import Standing
from vdm_alerts.core.model.findings import Source
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.silences import Silences, expired
from vdm_alerts.core.observations import findings
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.ports import Ports


def collect(
    ports: Ports,
    target: Target,
    before: Memory,
    now: datetime,
    limits: Limits,
) -> Observation:
    """Query every source as of *now*, within *limits*.

    *before* is the stored state: its alerts stay monitored, and its rules replace invalid ones.
    """
    failures = FailureCollector()
    observation = _query_sources(ports, target, before, now, limits, failures)
    since = findings.transient_since(failures.findings, before.passing, now)
    return replace(
        observation,
        findings=findings.with_lasting(failures.findings, since, now),
        passing=since,
        blind=failures.unreadable | findings.unreadable_sources(observation),
    )


def _query_sources(
    ports: Ports,
    target: Target,
    before: Memory,
    now: datetime,
    limits: Limits,
    failures: FailureCollector,
) -> Observation:
    subscribers = failures.attempt(ports.notifier.subscribers, None, Source.SUBSCRIBERS)
    if subscribers == 0:
        failures.add([findings.NO_SUBSCRIBER], Source.SUBSCRIBERS)
    rulebook = failures.attempt(
        lambda: ports.rules.rules().with_last_good(before.rules), None, Source.RULES
    )
    silences = failures.attempt(ports.silences.silences, Silences(), Source.SILENCES)
    # If the account status is unreadable, reading will tell whether VDM is on.
    status = failures.attempt(ports.account.standing, Standing(vdm_enabled=True), Source.ACCOUNT)
    if rulebook:
        failures.add([*rulebook.unusable.values(), *rulebook.findings], Source.RULES)
    failures.add([*silences.findings, *expired(silences, now)], Source.SILENCES)
    failures.add(status.findings, Source.ACCOUNT)
    observation = Observation(
        rulebook,
        None,
        subscribers,
        failures.findings,
        silences=silences.lasting(now),
        alerts=before.alerts_with_indicator(rulebook),
    )
    if rulebook is None or not (status.vdm_enabled and rulebook.rules):
        return observation
    rules, alerts = list(rulebook.rules.values()), observation.alerts
    reading = failures.attempt(
        lambda: read_metrics(ports, target, rules, alerts, now, limits, failures),
        None,
        Source.MAIL,
    )
    if reading is None:
        return observation
    emails = reading.account_emails
    is_empty = emails is not None and not emails.total(reading.plan.longest, reading.at.last)
    failures.add(findings.reading_findings(reading, limits, is_empty=is_empty), Source.MAIL)
    return replace(observation, reading=reading, account_idle=is_empty or not status.may_send)
