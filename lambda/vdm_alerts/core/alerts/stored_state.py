"""What one run leaves for the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from vdm_alerts.core.alerts.alert import Alert, Key
from vdm_alerts.core.alerts.sequence import Attempt
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.rules.rule_set import Written


@dataclass(frozen=True, slots=True)
class Memory:
    """What one run leaves for the next: alerts not at rest, and what was told of the service.

    *numbers* are those of the last message about each open incident, by its id, and *attempts* the
    messages of which it is not known whether they went out; *rules* the last version of each rule
    that could be used; *passing* since when there has been what should pass. *introduced* says that
    the first summary has been told, *subscribers* how many were counted in the last run. *version*
    counts the saves.
    """

    alerts: Mapping[Key, Alert] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    trouble_sequence: int = 0
    last_run: datetime | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    rules: Mapping[str, Written] = field(default_factory=dict)
    passing: Mapping[str, datetime] = field(default_factory=dict)
    introduced: bool = False
    subscribers: int | None = None
    version: int = 0
