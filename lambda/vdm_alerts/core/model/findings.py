"""Problems of the SES account or of VDM Alerts that are not rates."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from vdm_alerts.core.model.bounded_text import bounded
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.severity import Severity

MAX_SUBJECTS = 20
"""The maximum number of names that a finding lists. Further names are only counted."""


class FindingSource(StrEnum):
    """The data source in which a finding was found.

    A finding counts as fixed only after a later run has read its source again.
    """

    HISTORY = "history"
    RULES = "rules"
    SILENCES = "silences"
    SUBSCRIBERS = "subscribers"
    ACCOUNT = "account"
    TENANTS = "tenants"
    ADVISOR = "advisor"
    LISTS = "lists"
    METRICS = "mail"
    SES_RATES = "ses rates"


@dataclass(frozen=True, slots=True)
class DeleteParameter:
    """Delete an SSM parameter."""

    name: str
    """The full name of the parameter."""


@dataclass(frozen=True, slots=True)
class RestoreDefaultRule:
    """Overwrite an SSM parameter with a default rule from the repository."""

    rule: str
    """The name of the default rule."""
    name: str
    """The full name of the parameter."""


@dataclass(frozen=True, slots=True)
class SubscribeByEmail:
    """Subscribe an email address to the SNS topic of the stack."""


@dataclass(frozen=True, slots=True)
class ListSubscriptions:
    """List the subscriptions of the SNS topic of the stack."""


@dataclass(frozen=True, slots=True)
class EnableSending:
    """Turn on sending for the whole SES account."""


@dataclass(frozen=True, slots=True)
class ShowPausedTenants:
    """Show which tenants are paused, and why."""


Fix: TypeAlias = (
    DeleteParameter
    | RestoreDefaultRule
    | SubscribeByEmail
    | ListSubscriptions
    | EnableSending
    | ShowPausedTenants
)
"""A fix that takes one command. The renderer knows the command."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, and how to fix it.

    Two findings are equal if the same thing is wrong. Fields that say how to fix the problem, or
    that can differ from run to run, are not compared.
    """

    key: str
    """Identifies the faulty resource or action. A new finding replaces an older one of its key."""
    what: str
    """What is wrong: a sentence without its period."""
    remedy: str = field(compare=False)
    """How to fix the problem: a sentence without its period."""
    details: str = ""
    """Further lines of text, such as every error of a rule."""
    severity: Severity = Severity.WARNING
    blocks_monitoring: bool = True
    """Whether some email is not monitored while the problem exists."""
    transient: bool = False
    """Whether the problem should end without action, such as an outage or a throttled call.

    A transient finding is logged and counted, but it causes no notification.
    """
    fix: Fix | None = field(default=None, compare=False)
    """The part of the remedy that one command can do."""
    subjects: tuple[str, ...] = field(default=(), compare=False)
    """Names of the affected resources. Only an added name causes another notification."""
    omitted: int = field(default=0, compare=False)
    """The number of affected resources that `subjects` leaves out."""
    aws_message: str = field(default="", compare=False)
    """The error text of AWS. It can differ at every run, so it never causes a notification."""
    one_shot: bool = False
    """Whether the finding causes one notification only, and none when the problem ends."""
    is_confirmed: bool = field(default=True, compare=False)
    """In stored state, whether the last notification about this finding is known to be delivered.

    That notification reports the problem or its end.
    """
    source: FindingSource | None = field(default=None, compare=False)
    """The data source in which the problem was found."""
    effect: str = field(default="", compare=False)
    """What applies until the fix: a clause without its period, or empty."""

    def with_effect(self, effect: str, *, blocks_monitoring: bool) -> "Finding":
        """Return this finding with the *effect* that it has until the fix.

        *blocks_monitoring* says whether some email is not monitored meanwhile.
        """
        return replace(self, effect=effect, blocks_monitoring=blocks_monitoring)

    def as_persistent(self) -> "Finding":
        """Return a transient finding as a lasting one.

        A lasting finding causes a notification. The error of AWS, which may differ at every run,
        is only in `aws_message`.
        """
        what = f"{self.key} has failed for more than a day"
        return replace(self, what=what, aws_message=self.what, transient=False)

    def is_known_from(self, notified: "Finding") -> bool:
        """Return whether a notification about *notified* covers this finding."""
        is_known = notified.is_confirmed and self == notified
        count = len(self.subjects) + self.omitted
        notified_count = len(notified.subjects) + notified.omitted
        # The omitted names of a shortened list are unknown, so only its length can be compared.
        has_no_new_name = bool(notified.omitted or {*self.subjects} <= {*notified.subjects})
        return is_known and count <= notified_count and has_no_new_name

    def with_subjects(self, names: Sequence[str]) -> "Finding":
        """Return the finding with *names*, at most `MAX_SUBJECTS`, as subjects."""
        return replace(
            self, subjects=tuple(names[:MAX_SUBJECTS]), omitted=max(0, len(names) - MAX_SUBJECTS)
        )

    def bounded(self) -> "Finding":
        """Return the finding with texts of at most 5,700 bytes in total.

        Then the findings of a run fit into a notification and into a stored item.
        """
        return replace(
            self,
            key=bounded(self.key, 400),
            what=bounded(self.what, 600),
            remedy=bounded(self.remedy, 600),
            details=bounded(self.details, 1_500),
            aws_message=bounded(self.aws_message, 300),
            effect=bounded(self.effect, 300),
            subjects=tuple(bounded(name, 100) for name in self.subjects),
        )

    @property
    def headline(self) -> str:
        """What is wrong, with the affected resources and the error text of AWS, on one line."""
        names = [*self.subjects, *([f"and {self.omitted:,} more"] if self.omitted else [])]
        parts = (self.what, ", ".join(names), self.aws_message)
        return escape_invisible(": ".join(part for part in parts if part))

    def __str__(self) -> str:
        details = f"\n{self.details}\n" if self.details else " "
        effect = f"Effect: {self.effect}. " if self.effect else ""
        return f"{self.headline}.{details}{effect}Fix: {self.remedy}."


class OperationFailedError(VdmAlertsError):
    """An operation failed."""

    def __init__(self, finding: Finding) -> None:
        """Create the error from the finding that describes the failure."""
        super().__init__(str(finding))
        self.finding = finding


class AccessDeniedError(OperationFailedError):
    """IAM denied an AWS action."""

    def __init__(self, action: str) -> None:
        """Create the error for an IAM action such as "ses:GetAccount"."""
        self.action = action
        super().__init__(
            Finding(
                key=action,
                what=f"Access denied: VDM Alerts is not allowed to call {action}",
                remedy=f"Allow {action} in the role of the function, for example by deploying the "
                "stack again",
            )
        )


class UnavailableError(OperationFailedError):
    """An AWS action failed for a reason other than permissions."""

    def __init__(self, action: str, reason: str, *, transient: bool = True) -> None:
        """Create the error with the error text of AWS as its *reason*.

        *transient* says whether the failure should end without action.
        """
        self.action = action
        super().__init__(
            Finding(
                key=action,
                what=f"{action} failed: {reason}",
                remedy="Check the AWS Health Dashboard if the error lasts; every run tries again",
                transient=transient,
            )
        )


class UnfinishedListError(UnavailableError):
    """The time was too short for all pages of a list. Another call can read the rest."""

    def __init__(self, action: str, next_page: str, names: Sequence[str] = ()) -> None:
        """Create the error with the token of the *next_page* and the *names* that were read."""
        super().__init__(action, "the list took more than half of the remaining time")
        self.next_page = next_page
        self.names = names
