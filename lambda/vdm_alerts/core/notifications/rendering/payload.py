"""A notice as a machine reads it: JSON, in which what is not known is null.

So is the last day of a window ("until") where that is the day that is going on.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from vdm_alerts.core.evaluation.ses_estimate import AccountRateEstimate, DistanceToLevel
from vdm_alerts.core.evaluation.verdicts import Breached, Evidence
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.notification import Digest, ServiceNotification
from vdm_alerts.core.notifications.rendering.remediation import fix_text
from vdm_alerts.core.planning.contributor import Contributor

PAYLOAD_SCHEMA = 1
"""The version of the machine's document; it rises when a reader would have to change."""
MAX_FINDINGS = 50
"""Findings in it."""
MAX_SCOPES = 100
"""Scopes in it: up to 700 bytes each, twice, and SNS takes 256 KiB."""
MAX_INCIDENTS = 20
"""Incidents in it: each has figures of its own, up to two kilobytes."""


def payload_text(figures: Mapping[str, str], now: datetime, more: Mapping[str, object]) -> str:
    """Return the whole of it: *figures*, which messages can be filtered by, and *more*."""
    return json.dumps(
        {"schema": PAYLOAD_SCHEMA, **figures, "at": now.isoformat(), **more}, ensure_ascii=False
    )


def incident_fields(incident: IncidentNotification, most: int = MAX_SCOPES) -> dict[str, Any]:
    """Return what there is to know of *incident*, and of *most* of its scopes."""
    return {
        "id": incident.id,
        "sequence": incident.sequence,
        "remembered": incident.has_history,
        "parameter": incident.rule.source if incident.rule else None,
        "culprit": _contributor(incident.contributor) if incident.contributor else None,
        "estimate": _estimated(incident.estimate) if incident.estimate else None,
        "affected": [_plain(one) for one in incident.affected[:most]],
        "affected_total": len(incident.affected),
    }


def digest_fields(digest: Digest) -> dict[str, Any]:
    """Return what there is to know of every incident of *digest*, as far as there is room."""
    listed = digest.incidents[:MAX_INCIDENTS]
    each = MAX_SCOPES // max(1, len(listed))
    return {
        "id": digest.id,
        "sequence": digest.sequence,
        "incidents": [
            {
                "rule": one.rule_name,
                "indicator": one.indicator.key,
                "reason": one.reason.value,
                "severity": str(one.severity) if one.severity else "OK",
                **incident_fields(one, max(1, each)),
            }
            for one in listed
        ],
        "incidents_total": len(digest.incidents),
    }


def service_fields(trouble: ServiceNotification, target: Target) -> dict[str, Any]:
    """Return the findings of *trouble*, and what is gone."""
    listed = trouble.findings[:MAX_FINDINGS]
    return {
        "id": trouble.id,
        "sequence": trouble.sequence,
        "findings": [
            {
                **_found(one),
                "severity": str(one.severity),
                "new": one in trouble.new,
                "remedy": fix_text(one, target),
            }
            for one in listed
        ],
        "gone": [_found(one) for one in trouble.fixed[:MAX_FINDINGS]],
    }


def _found(finding: Finding) -> dict[str, Any]:
    return {"about": finding.key, "what": finding.headline}


def _plain(one: AffectedScope) -> dict[str, Any]:
    """Return one scope of an incident for a machine; a figure that is not known is null."""
    return {
        "scope": _named(one.alert.scope),
        "severity": str(one.severity) if one.severity else "OK",
        "since": one.since.isoformat() if one.since else None,
        "reason": one.reason.value if one.reason else None,
        "threshold": one.verdict.threshold.share if isinstance(one.verdict, Breached) else None,
        **_figures(one.evidence),
    }


def _contributor(culprit: Contributor) -> dict[str, Any]:
    """Return who is behind an incident, with how much of it, a fraction, for a machine."""
    scope = _named(culprit.scope)
    return {"scope": scope, "share": culprit.share, **_figures(culprit.evidence)}


def _estimated(found: AccountRateEstimate) -> dict[str, Any]:
    """Return the estimate of the rate that SES goes by; a limit out of sight is null away."""
    return {
        **_figures(Evidence(found.rate, found.window)),
        "review": _ahead(found.review),
        "pause": _ahead(found.pause),
    }


def _ahead(ahead: DistanceToLevel) -> dict[str, Any]:
    hours = None if ahead.time is None else round(ahead.time / timedelta(hours=1), 1)
    return {"limit": ahead.level, "mails": ahead.emails, "hours": hours}


def _named(scope: Scope) -> dict[str, str]:
    return {key.value: value for key, value in scope.dimensions.items()}


def _figures(evidence: Evidence | None) -> dict[str, Any]:
    return {
        "rate": evidence.rate.value if evidence else None,
        "events": evidence.rate.events if evidence else None,
        "volume": evidence.rate.volume if evidence else None,
        "window_days": evidence.window.days if evidence else None,
        "until": evidence.last_day.isoformat() if evidence and evidence.last_day else None,
        "sure": evidence.confidence if evidence else None,
    }
