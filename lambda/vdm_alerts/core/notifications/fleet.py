"""What a fleet sends: the notifications of many targets, grouped by what they have in common."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TypeAlias

from vdm_alerts.core.model.mailbox_providers import SEVERAL_PROVIDERS
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.incidents import IncidentNotification, fingerprint_of
from vdm_alerts.core.notifications.notification import Digest, Notification
from vdm_alerts.core.notifications.service_notification import ServiceNotification
from vdm_alerts.core.notifications.weekly_summary import WeeklySummary

MIN_TARGETS = 3
"""Targets from which on incidents at the same mailbox provider have a common cause."""
MAX_TARGETS = 300
"""Targets in one notification, so that the names of all of them fit into a message of SNS.

With the longest names, they take up to 330 bytes each, of the 256 KiB of all formats together.
"""
MAX_MESSAGES_PER_HOUR = 10
"""Notifications of a fleet in an hour, unless more are needed to name every target."""


def messages_per_execution(interval: timedelta) -> int:
    """Return the most notifications of an execution, of which one starts every *interval*."""
    share = min(interval, timedelta(hours=1)) / timedelta(hours=1)
    return max(1, int(MAX_MESSAGES_PER_HOUR * share))


class Topic(Enum):
    """What the notifications of a fleet digest have in common."""

    PROVIDER = "provider"
    """A mailbox provider."""
    SUMMARY = "summary"
    """They are first summaries."""
    WEEKLY = "weekly"
    """They are weekly summaries."""
    SERVICE = "service"
    """They are about problems of VDM Alerts or of SES accounts."""
    OTHERS = "others"
    """Nothing: more notifications are due than are sent alone."""


@dataclass(frozen=True, slots=True)
class TargetNotification:
    """A notification about one target of a fleet."""

    target: Target
    notification: Notification

    @property
    def severity(self) -> Severity | None:
        """The severity of the notification; None if nothing is wrong."""
        return self.notification.severity

    @property
    def is_urgent(self) -> bool:
        """Whether quiet hours do not delay the notification."""
        return self.notification.is_urgent

    @property
    def badness(self) -> float:
        """How bad the rate of an incident is, to compare it with others of the same rate."""
        if not isinstance(self.notification, IncidentNotification):
            return 0
        value = self.notification.primary.value or 0
        return -value if self.notification.indicator.low_is_bad else value


@dataclass(frozen=True, slots=True)
class FleetDigest:
    """One notification about several targets."""

    topic: Topic
    parts: tuple[TargetNotification, ...]
    """The notifications that this one replaces, the worst first. At least two."""
    provider: str = ""
    """The mailbox provider of `Topic.PROVIDER`."""
    indicator: Indicator | None = None
    """The rate of `Topic.PROVIDER`."""
    sequence: int = 1
    """The number of the notification. One that is sent again has the same id."""

    @property
    def id(self) -> str:
        """An id from the content alone, so that a retry has the same id."""
        contents = (
            [
                part.target.account,
                part.target.region,
                part.notification.id,
                part.notification.sequence,
            ]
            for part in self.parts
        )
        return f"fleet-{fingerprint_of(contents)}"

    @property
    def severity(self) -> Severity | None:
        """The worst severity of any part; None if nothing is wrong."""
        return max(filter(None, (part.severity for part in self.parts)), default=None)

    @property
    def is_urgent(self) -> bool:
        """Whether any part is urgent."""
        return any(part.is_urgent for part in self.parts)

    @property
    def targets(self) -> Sequence[Target]:
        """The targets, in the order of their first parts."""
        return list(dict.fromkeys(part.target for part in self.parts))


FleetMessage: TypeAlias = TargetNotification | FleetDigest
"""One notification that a fleet sends."""


def fleet_messages(due: Iterable[TargetNotification], limit: int) -> list[FleetMessage]:
    """Return the notifications to send about what is *due*, the worst first, at most *limit*.

    Every target of *due* is in one of them. What many targets have in common is one notification:
    the same mailbox provider, first summaries, weekly summaries, and problems. If more than *limit*
    remain, the least important are one digest. There are more than *limit* only if the names of
    the targets need them: see `MAX_TARGETS`.
    """
    groups = _groups(due)
    messages = sorted((_message(*group) for group in groups.items()), key=_importance)
    if len(messages) > limit:
        rest = [part for message in messages[limit - 1 :] for part in parts_of(message)]
        messages = [*messages[: limit - 1], FleetDigest(Topic.OTHERS, _worst_first(rest))]
    return [piece for message in messages for piece in _pieces(message)]


def parts_of(message: FleetMessage) -> Sequence[TargetNotification]:
    """Return the notifications that *message* replaces; *message* itself if it is about one."""
    return message.parts if isinstance(message, FleetDigest) else (message,)


_GroupKey: TypeAlias = tuple[object, ...]


def _groups(parts: Iterable[TargetNotification]) -> dict[_GroupKey, list[TargetNotification]]:
    """Return *parts* by what they have in common. A part that stands alone has its own group."""
    groups: defaultdict[_GroupKey, list[TargetNotification]] = defaultdict(list)
    for part in parts:
        groups[_common_key(part) or _own_key(part)].append(part)
    for key, group in list(groups.items()):
        if key[0] is Topic.PROVIDER and len({part.target for part in group}) < MIN_TARGETS:
            del groups[key]
            groups.update((_own_key(part), [part]) for part in group)
    return groups


def _own_key(part: TargetNotification) -> _GroupKey:
    return (part.target, part.notification.id)


def _common_key(part: TargetNotification) -> _GroupKey | None:
    """Return what *part* can have in common with other targets; None if nothing."""
    match part.notification:
        case IncidentNotification() as incident:
            provider = _provider_of(incident)
            return (Topic.PROVIDER, provider, incident.indicator) if provider else None
        case Digest():
            return (Topic.SUMMARY,)
        case ServiceNotification():
            return (Topic.SERVICE,)
        case WeeklySummary():
            return (Topic.WEEKLY,)


def _provider_of(incident: IncidentNotification) -> str | None:
    """Return the mailbox provider that *incident* is about, or that causes it; None without one.

    A name that stands for several providers, such as `UNKNOWN_ISP`, is no common cause. An incident
    that has ended has no cause any more, so it is about the only provider among its scopes.
    """
    own = incident.primary.alert.scope.isp
    contributor = incident.contributor.scope.isp if incident.contributor else None
    provider = incident.provider.isp if incident.provider else own or contributor
    if provider is None and incident.severity is None:
        providers = {scope.alert.scope.isp for scope in incident.affected} - {None}
        provider = next(iter(providers)) if len(providers) == 1 else None
    return None if provider in SEVERAL_PROVIDERS else provider


def _message(key: _GroupKey, parts: Sequence[TargetNotification]) -> FleetMessage:
    if len(parts) == 1:
        return parts[0]
    match key:
        case (Topic.PROVIDER, str() as provider, Indicator() as indicator):
            return FleetDigest(Topic.PROVIDER, _worst_first(parts), provider, indicator)
        case (Topic() as topic,):
            return FleetDigest(topic, _worst_first(parts))
        case _:  # The notifications of one target that have the same id.
            return FleetDigest(Topic.OTHERS, _worst_first(parts))


def _pieces(message: FleetMessage) -> Sequence[FleetMessage]:
    """Return *message*, split if it has so many targets that one notification cannot name them."""
    if not isinstance(message, FleetDigest) or len(message.targets) <= MAX_TARGETS:
        return (message,)
    pieces = []
    for start in range(0, len(message.targets), MAX_TARGETS):
        targets = set(message.targets[start : start + MAX_TARGETS])
        parts = tuple(part for part in message.parts if part.target in targets)
        piece = FleetDigest(message.topic, parts, message.provider, message.indicator)
        pieces.append(piece if len(parts) > 1 else parts[0])
    return pieces


def _worst_first(parts: Iterable[TargetNotification]) -> tuple[TargetNotification, ...]:
    return tuple(
        sorted(
            parts,
            key=lambda part: (
                -(part.severity or 0),
                -part.badness,
                part.target.account,
                part.target.region,
                part.notification.id,
            ),
        )
    )


def _importance(message: FleetMessage) -> tuple[int, bool, int, str]:
    """Return the sort key of *message*: severity, urgency, number of targets."""
    parts = parts_of(message)
    return (
        -(message.severity or 0),
        not message.is_urgent,
        -len(parts),
        _worst_first(parts)[0].notification.id,
    )
