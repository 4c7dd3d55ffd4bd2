"""The JSON payload of a notification, for machines. `docs/notification.schema.json` describes it.

An unknown value is null. "last_day", the last day of a window, is null if that day is today.
"settled" says whether the counts of that day, and so of the window, are final.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from vdm_alerts.core.evaluation.ses_estimate import AccountRateEstimate, DistanceToLevel
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.evaluation.trend import Trend
from vdm_alerts.core.evaluation.verdicts import Breached, Evidence, Healthy, Verdict, evidence_of
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.common_provider import CommonProvider
from vdm_alerts.core.notifications.fleet import FleetDigest
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.notification import Digest
from vdm_alerts.core.notifications.rendering.commands import fix_step
from vdm_alerts.core.notifications.rendering.content import Content, Link, Step, fitting
from vdm_alerts.core.notifications.rendering.fleet import headline_of, tag_of
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.opening import opening
from vdm_alerts.core.notifications.rendering.steps import incident_steps
from vdm_alerts.core.notifications.rendering.subjects import incident_subject
from vdm_alerts.core.notifications.service_notification import ServiceNotification
from vdm_alerts.core.planning.contributor import Contributor

PAYLOAD_SCHEMA = 2
"""The version of the payload. It rises with a change that breaks existing readers."""
MAX_LIST_SIZE = 24_000
"""Bytes of a list of scopes, incidents or findings, as SNS counts them: with escapes.

The payload is in a message once for each of four protocols, and SNS allows 256 KiB for all formats
of a message together. About 60 scopes with names of usual length fit.
"""
MAX_SCOPES_IN_DIGEST = 5
"""Scopes of each incident in the payload of a digest."""


def payload_text(
    attributes: Mapping[str, object],
    now: datetime,
    subject: str,
    content: Content,
    fields: Mapping[str, object],
) -> str:
    """Return the JSON payload: *attributes*, the time *now*, the texts of *content*, *fields*."""
    return json.dumps(
        {
            "schema": PAYLOAD_SCHEMA,
            **attributes,
            "at": now.isoformat(),
            "subject": subject,
            "headline": content.headline,
            "text": list(content.paragraphs),
            "steps": [_step_fields(step) for step in content.steps],
            "background": list(content.background),
            "links": [_link_fields(link) for link in content.links],
            **fields,
        },
        ensure_ascii=False,
    )


def incident_fields(
    incident: IncidentNotification, now: datetime, max_scopes: int | None = None
) -> dict[str, Any]:
    """Return the fields of *incident*, with its first scopes: *max_scopes*, or those that fit."""
    scopes, contributor = incident.affected[:max_scopes], incident.contributor
    return {
        "id": incident.id,
        "sequence": incident.sequence,
        "history_available": incident.has_history,
        "parameter": incident.rule.source if incident.rule else None,
        "contributor": _contributor_fields(contributor, now) if contributor else None,
        "provider": _provider_fields(incident.provider) if incident.provider else None,
        "estimate": _estimate_fields(incident.estimate, now) if incident.estimate else None,
        "ses": _ses_fields(incident.ses_rates) if incident.ses_rates else None,
        "trend": _trend_fields(incident.trend) if incident.trend else None,
        "affected": _fitting(_scope_fields(scope, now) for scope in scopes),
        "affected_total": len(incident.affected),
    }


def digest_fields(digest: Digest, links: Links, now: datetime) -> dict[str, Any]:
    """Return the fields of *digest*, with its first incidents, those that fit."""
    return {
        "id": digest.id,
        "sequence": digest.sequence,
        "incidents": _fitting(
            {
                "rule": incident.rule_name,
                "indicator": incident.indicator.key,
                "reason": incident.reason.value,
                "severity": str(incident.severity) if incident.severity else "OK",
                "headline": incident_subject(incident),
                "text": [opening(incident, now)],
                "steps": [_step_fields(step) for step in incident_steps(incident, links)],
                **incident_fields(incident, now, MAX_SCOPES_IN_DIGEST),
            }
            for incident in digest.incidents
        ),
        "incidents_total": len(digest.incidents),
        "silenced_alerts": digest.silenced_alerts,
    }


def service_fields(notification: ServiceNotification, links: Links) -> dict[str, Any]:
    """Return the fields: the open findings and the fixed ones."""
    return {
        "id": notification.id,
        "sequence": notification.sequence,
        "findings": _fitting(
            {
                **_finding_fields(finding),
                "severity": str(finding.severity),
                "new": finding in notification.new,
                "blocks_monitoring": finding.blocks_monitoring,
                "details": finding.details,
                "effect": finding.effect,
                "fix": _step_fields(fix_step(finding, links)),
            }
            for finding in notification.findings
        ),
        "findings_total": notification.count,
        "fixed": _fitting(_finding_fields(finding) for finding in notification.fixed),
        "fixed_total": len(notification.fixed),
    }


def fleet_fields(digest: FleetDigest) -> dict[str, Any]:
    """Return the fields of *digest*: each part that fits, and the name of every target."""
    return {
        "id": digest.id,
        "sequence": digest.sequence,
        "topic": digest.topic.value,
        "provider": digest.provider or None,
        "indicator": digest.indicator.key if digest.indicator else None,
        "parts": _fitting(
            {
                "account": part.target.account,
                "region": part.target.region,
                "alias": part.target.alias or None,
                "id": part.notification.id,
                "sequence": part.notification.sequence,
                "severity": tag_of(part.severity),
                "headline": headline_of(part),
            }
            for part in digest.parts
        ),
        "parts_total": len(digest.parts),
        "targets": [f"{target.account} {target.region}" for target in digest.targets],
    }


def _fitting(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the first of *items* that have at most `MAX_LIST_SIZE` bytes in an SNS message."""
    return fitting(items, MAX_LIST_SIZE, size_in_sns)


def size_in_sns(item: Mapping[str, Any]) -> int:
    """Return the bytes of *item* in a payload that is itself a string in JSON."""
    text = json.dumps(item, ensure_ascii=False)
    return len(json.dumps(text, ensure_ascii=False).encode())


def _step_fields(step: Step) -> dict[str, str]:
    """Return the text of a step, and its commands; an empty text means that there is none."""
    return {
        "text": step.text,
        "command": step.command,
        "verify": step.verify,
        "undo": step.undo,
    }


def _link_fields(link: Link) -> dict[str, str]:
    return {"title": link.title, "address": link.address}


def _finding_fields(finding: Finding) -> dict[str, Any]:
    return {"key": finding.key, "headline": finding.headline}


def _scope_fields(affected: AffectedScope, now: datetime) -> dict[str, Any]:
    verdict = affected.verdict
    return {
        "scope": _dimension_fields(affected.alert.scope),
        "severity": str(affected.severity) if affected.severity else "OK",
        "since": affected.since.isoformat() if affected.since else None,
        "reason": affected.reason.value if affected.reason else None,
        "threshold": verdict.threshold.share if isinstance(verdict, Breached) else None,
        "rule": affected.alert.rule,
        "indicator": affected.alert.indicator.key if affected.alert.indicator else None,
        **rate_fields(verdict, now),
    }


def rate_fields(verdict: Verdict | None, now: datetime) -> dict[str, Any]:
    """Return the rate of *verdict*. SES's own rate has a time, and no counts."""
    rate = verdict.ses_rate if isinstance(verdict, Healthy | Breached) else None
    if rate is None:
        return {**_evidence_fields(evidence_of(verdict), now), "reported_at": None}
    own = {"rate": rate.value, "reported_at": rate.at.isoformat()}
    return {**_evidence_fields(None, now), **own}


def _contributor_fields(contributor: Contributor, now: datetime) -> dict[str, Any]:
    """Return the main contributor, its share (a fraction), and its rate."""
    return {
        "scope": _dimension_fields(contributor.scope),
        "share": contributor.share,
        **_evidence_fields(contributor.evidence, now),
    }


def _provider_fields(provider: CommonProvider) -> dict[str, Any]:
    """Return the common provider, how many senders it affects, and the rate there."""
    return {
        "isp": provider.isp,
        "kind": [dimension.value for dimension in provider.kind],
        "senders": provider.senders,
        "rate": provider.rate.value,
        "events": provider.rate.events,
        "volume": provider.rate.volume,
    }


def _trend_fields(trend: Trend) -> dict[str, Any]:
    """Return the daily rates (fractions), the oldest first; null is a day without email."""
    rates: Sequence[float | None] = [rate.value if rate else None for rate in trend.rates]
    return {"rates": rates, "last_day": trend.last_day.isoformat()}


def _estimate_fields(estimate: AccountRateEstimate, now: datetime) -> dict[str, Any]:
    """Return the estimated account rate, and the distance to SES's levels."""
    return {
        **_evidence_fields(Evidence(estimate.rate, estimate.window), now),
        "review": _distance_fields(estimate.review),
        "pause": _distance_fields(estimate.pause),
        "representative_volume": estimate.representative.emails,
        "fits_ses": estimate.representative.fits,
    }


def _ses_fields(rates: SesRates) -> dict[str, Any]:
    """Return the latest rate that SES itself reported (a fraction), and whether it is fresh."""
    latest = rates.latest
    return {
        "rate": latest.value if latest else None,
        "reported_at": latest.at.isoformat() if latest else None,
        "fresh": rates.fresh is not None,
    }


def _distance_fields(distance: DistanceToLevel) -> dict[str, Any]:
    """Return a level (a fraction), and the emails and hours until then.

    Both are null if the rate is not on course to the level.
    """
    hours = None if distance.time is None else round(distance.time / timedelta(hours=1), 1)
    return {"level": distance.level, "emails": distance.emails, "hours": hours}


def _dimension_fields(scope: Scope) -> dict[str, str]:
    return {dimension.value: name for dimension, name in scope.dimensions.items()}


def _evidence_fields(evidence: Evidence | None, now: datetime) -> dict[str, Any]:
    """Return the counted rate, and what it is based on; null for each value without *evidence*."""
    return {
        "rate": evidence.rate.value if evidence else None,
        "events": evidence.rate.events if evidence else None,
        "volume": evidence.rate.volume if evidence else None,
        "window_days": evidence.window.days if evidence else None,
        "last_day": evidence.last_day.isoformat() if evidence and evidence.last_day else None,
        "settled": evidence.is_settled(now) if evidence else None,
        "confidence": evidence.confidence if evidence else None,
    }
