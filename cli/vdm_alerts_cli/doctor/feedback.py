"""Feedback routing: where SES reports bounces and complaints, apart from VDM."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from vdm_alerts.adapters.aws.ses_rate_limiter import LISTS_PER_SECOND, RateLimiter
from vdm_alerts.adapters.monotonic_deadline import MonotonicDeadline
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.wording import number_of
from vdm_alerts.core.planning.queries import Query
from vdm_alerts_cli.doctor.check import Check, NotRead, Outcome, Problem, Severity, Topic, Well
from vdm_alerts_cli.doctor.examination import TIME_LIMIT, Examination
from vdm_alerts_cli.doctor.shell_commands import aws_command

FEEDBACK = frozenset({"BOUNCE", "COMPLAINT"})
"""The event types of SES that report an address to remove."""
WINDOW = Window(7)
"""The whole days whose emails are counted by configuration set."""
UNASSIGNED_SHARE = 0.05
"""The share of email without a configuration set from which it is a problem."""
_NOTIFICATIONS_PER_CALL = 100
"""Identities in a call of GetIdentityNotificationAttributes.

Source: https://docs.aws.amazon.com/ses/latest/APIReference/API_GetIdentityNotificationAttributes.html
"""
_DESTINATION = json.dumps(
    {
        "Enabled": True,
        "MatchingEventTypes": sorted(FEEDBACK),
        "SnsDestination": {"TopicArn": "TOPIC_ARN"},
    }
)


def configuration_set_feedback(examination: Examination) -> Iterator[Outcome]:
    """Examine which configuration sets report bounces and complaints nowhere."""
    names = _names(examination.configuration_sets())
    examined = names[: examination.max_senders]
    silent = {
        name: lacking
        for name in examined
        if (lacking := FEEDBACK - _event_types(examination, name))
    }
    if silent:
        first = next(iter(silent))
        yield Problem(
            f"Of {number_of('configuration set', len(examined))}, {len(silent):,} without an "
            "enabled event destination for bounces or complaints. Your systems do not learn which "
            "addresses to remove",
            "Add an event destination to each of them, for example an SNS topic of yours",
            aws_command(
                examination.region,
                "sesv2",
                "create-configuration-set-event-destination",
                configuration_set_name=first,
                event_destination_name="feedback",
                event_destination=_DESTINATION,
            ),
            tuple(f"{name} ({_listed(lacking)})" for name, lacking in silent.items()),
        )
    elif examined:
        yield Well(
            f"Of {number_of('configuration set', len(examined))}, each reports bounces and "
            "complaints"
        )
    else:
        yield Well("There is no configuration set")
    yield from _rest(len(names) - len(examined), "configuration sets")


def identity_feedback(examination: Examination) -> Iterator[Outcome]:
    """Examine which identities report bounces and complaints nowhere."""
    names = _names(examination.identities())
    unrouted = list(_without_notifications(examination, names))
    examined = unrouted[: examination.max_senders]
    silent = [name for name in examined if not _default_set_reports(examination, name)]
    if silent:
        yield Problem(
            f"Of {len(names):,} identities, {len(silent):,} without a report of bounces or "
            "complaints: neither by email, nor to SNS topics, nor by a default configuration set",
            "Give each of them a default configuration set with an event destination for both",
            aws_command(
                examination.region,
                "sesv2",
                "put-email-identity-configuration-set-attributes",
                email_identity=silent[0],
                configuration_set_name="CONFIGURATION_SET",
            ),
            tuple(silent),
        )
    elif not names:
        yield Well("There is no identity")
    else:
        reporting = len(names) - len(unrouted) + len(examined)
        yield Well(f"Of {reporting:,} identities, each reports bounces and complaints")
    yield from _rest(len(unrouted) - len(examined), "identities")


def email_without_configuration_set(examination: Examination) -> Iterator[Outcome]:
    """Examine which share of the email was sent without a configuration set."""
    sets = examination.configuration_sets()
    queries = [Query(Metric.SEND, scope) for scope in (ACCOUNT, *sets)]
    examination.plan_queries(len(queries))
    last = (examination.now - timedelta(days=1)).date()
    answers = examination.series().read(queries, WINDOW, last, MonotonicDeadline(TIME_LIMIT))
    counts = [
        answer.total(WINDOW, last) for answer in answers.values() if isinstance(answer, Series)
    ]
    if len(counts) < len(queries):
        unread = len(queries) - len(counts)
        yield NotRead(f"the emails of {unread:,} of {len(queries):,} configuration sets")
        return
    total, *by_set = (answers[query].total(WINDOW, last) for query in queries)  # type: ignore[union-attr]
    unassigned = max(0, total - sum(by_set))
    text = (
        f"{unassigned:,} of {total:,} emails in the last {WINDOW} were sent without a "
        "configuration set"
    )
    if total and unassigned / total >= UNASSIGNED_SHARE:
        yield Problem(
            f"{text}, so they cannot be paused alone, and only their identity reports feedback",
            "Name a configuration set when you send, or give each identity a default one",
        )
    else:
        yield Well(text)


def _names(scopes: Sequence[Scope]) -> Sequence[str]:
    return [name for scope in scopes for name in scope.dimensions.values()]


def _event_types(examination: Examination, configuration_set: str) -> frozenset[str]:
    """Return the event types that the set sends to an enabled destination."""
    if configuration_set not in examination.event_types:
        types = _read_event_types(examination, configuration_set)
        examination.event_types[configuration_set] = types
    return examination.event_types[configuration_set]


def _read_event_types(examination: Examination, configuration_set: str) -> frozenset[str]:
    destinations: Sequence[Mapping[str, Any]] = examination.call(
        "sesv2",
        "get_configuration_set_event_destinations",
        ConfigurationSetName=configuration_set,
    ).get("EventDestinations", ())
    return frozenset(
        kind
        for destination in destinations
        if destination.get("Enabled")
        for kind in destination["MatchingEventTypes"]
    )


def _without_notifications(examination: Examination, names: Sequence[str]) -> Iterator[str]:
    """Yield each identity that notifies neither by email nor to topics for both kinds."""
    limiter = RateLimiter(examination.clock, LISTS_PER_SECOND)
    for start in range(0, len(names), _NOTIFICATIONS_PER_CALL):
        limiter.wait()
        batch = names[start : start + _NOTIFICATIONS_PER_CALL]
        attributes: Mapping[str, Mapping[str, Any]] = examination.call(
            "ses", "get_identity_notification_attributes", Identities=batch
        )["NotificationAttributes"]
        for name in batch:
            notified = attributes.get(name, {})
            has_topics = notified.get("BounceTopic") and notified.get("ComplaintTopic")
            if not (notified.get("ForwardingEnabled") or has_topics):
                yield name


def _default_set_reports(examination: Examination, identity: str) -> bool:
    """Return whether the default configuration set of *identity* reports both kinds."""
    response = examination.call("sesv2", "get_email_identity", EmailIdentity=identity)
    if response.get("FeedbackForwardingStatus"):
        return True
    default = response.get("ConfigurationSetName")
    return bool(default) and _event_types(examination, default) >= FEEDBACK


def _rest(number: int, noun: str) -> Iterator[NotRead]:
    if number > 0:
        yield NotRead(f"{number:,} more {noun}. To read them, use --max-senders")


def _listed(types: frozenset[str]) -> str:
    return "no " + " or ".join(sorted(kind.lower() for kind in types))


CHECKS = (
    Check(
        "configuration-set-feedback",
        Topic.FEEDBACK,
        Severity.WARNING,
        configuration_set_feedback,
    ),
    Check(
        "identity-feedback",
        Topic.FEEDBACK,
        Severity.WARNING,
        identity_feedback,
    ),
    Check(
        "email-without-configuration-set",
        Topic.FEEDBACK,
        Severity.WARNING,
        email_without_configuration_set,
        ("vdm-enabled",),
    ),
)
