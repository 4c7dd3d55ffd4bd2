"""What one run read from VDM, and what the next reading starts from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from vdm_alerts.core.evaluation.buckets import AsOf
from vdm_alerts.core.evaluation.ses_estimate import AccountRateEstimate, estimate_account_rate
from vdm_alerts.core.model.deadline import Deadline, NoDeadline
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.drilldown import fully_drilled_down
from vdm_alerts.core.planning.queries import ACCOUNT_SENT, Answers, Query, as_of
from vdm_alerts.core.planning.query_batches import min_unattributed, unattributed_emails
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.planning.roster import ReadOutcome, SenderRoster
from vdm_alerts.core.rules.rule import Rule

TRANSIENT_LIMIT = timedelta(days=1)
"""How long a transient problem may last before people are notified."""
MAX_WAIT = timedelta(hours=25)
"""How long a scope may wait for its next reading, however small the query budget."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a run may query, of which days, and until when."""

    deadline: Deadline = field(default_factory=NoDeadline)
    queries_per_day: int | None = None
    """Queries of one UTC day; None is no limit."""
    include_today: bool = True
    """Whether today's partial counts are read."""


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True)
class MetricReading:
    """The answers of one reading."""

    plan: ReadPlan
    answers: Answers
    """The answer, or the reason why there is none, for each query that was planned."""
    queries_made: int
    """How many queries were made."""
    failed: bool = False
    """Whether the reading ended with an error, which is a finding."""

    @property
    def as_of(self) -> AsOf:
        """The instant of the reading, and the last day with counts."""
        return as_of(self.plan.now, self.plan.last, self.answers)

    @property
    def account_emails(self) -> Series | None:
        """The emails that the whole account sent; None if they are unreadable."""
        sent = self.answers.get(ACCOUNT_SENT)
        return sent if isinstance(sent, Series) else None

    @property
    def is_over_budget(self) -> bool:
        """Whether a scope was cut off for more than a day."""
        now, entry = self.plan.now, self.plan.roster.record
        cut = {query.scope for query, answer in self.answers.items() if answer is Gap.CUT_OFF}
        last_tried = (entry(scope).tried_at for scope in cut)
        return any(tried is not None and now - tried > MAX_WAIT for tried in last_tried)

    def roster_after(self) -> SenderRoster:
        """Return the sender roster that the next reading starts from."""
        plan, found = self.plan, self.answers
        unattributed = unattributed_emails(plan, found)
        reading = ReadOutcome(
            found,
            plan.activity_window,
            plan.last,
            self.queries_made,
            fully_drilled_down(plan, found),
            unattributed,
            [scope for scope in plan.open_scopes if scope.is_part],
        )
        roster = plan.roster.after_reading(reading, plan.now)
        # Emails that still belong to no identity come from one that is not listed yet.
        is_new = unattributed - plan.roster.unattributed >= min_unattributed(plan)
        return roster.without_list(Dimension.IDENTITY, plan.now) if is_new else roster

    def deleted_sender(self, scope: Scope) -> Scope | None:
        """Return the sender of *scope* if a fresh list of the account no longer has it."""
        sender, roster = scope.whole, self.plan.roster
        is_listed = len(sender.kind) == 1 and roster.is_listed(
            sender.kind[0], self.plan.now, self.plan.reread_interval
        )
        return sender if is_listed and sender not in roster.records else None

    def estimate(self, rule: Rule) -> AccountRateEstimate | None:
        """Return an estimate of SES's own account rate for *rule*; None if SES has no such rate."""
        events, volume = (
            self.answers.get(Query(metric, ACCOUNT))
            for metric in (rule.indicator.events, rule.indicator.volume)
        )
        if not (isinstance(events, Series) and isinstance(volume, Series)):
            return None
        return estimate_account_rate(
            rule.indicator, events, volume, self.as_of, rule.representative_volume
        )


def unreadable_for_long(reading: MetricReading) -> Sequence[Scope]:
    """Return the scopes that have been unreadable for more than a day, the longest first."""
    now, entry = reading.plan.now, reading.plan.roster.record
    # A scope whose turn did not come again has not been read since either.
    failed = {
        query.scope
        for query, answer in reading.answers.items()
        if answer is Gap.UNAVAILABLE or answer is Gap.CUT_OFF
    }
    since = {scope: at for scope in failed if (at := entry(scope).failing_since)}
    long = [(at, str(scope), scope) for scope, at in since.items() if now - at > TRANSIENT_LIMIT]
    return [scope for *_, scope in sorted(long)]
