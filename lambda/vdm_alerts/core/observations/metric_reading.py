"""What one run read from VDM, and what it leaves for the next reading."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.representative_volume import representative_volume
from vdm_alerts.core.evaluation.ses_estimate import AccountRateEstimate, estimate_account_rate
from vdm_alerts.core.evaluation.trend import Trend, trend_of
from vdm_alerts.core.model.deadline import Deadline, NoDeadline
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.planning.drilldown import fully_drilled_down
from vdm_alerts.core.planning.queries import (
    ACCOUNT_SENT_QUERY,
    Answers,
    Query,
    find_answer,
    is_late,
)
from vdm_alerts.core.planning.query_batches import min_unattributed, unattributed_emails
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.planning.roster import ReadOutcome, SenderRoster
from vdm_alerts.core.planning.scope_verdict import Verdicts
from vdm_alerts.core.rules.rule import Rule

TRANSIENT_LIMIT = timedelta(days=1)
"""How long a transient problem may last before a notification about it is due."""
MAX_WAIT = timedelta(hours=25)
"""How long a scope may be cut off before the query budget counts as too small."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the reading of one run."""

    deadline: Deadline = field(default_factory=NoDeadline)
    """When the reading has to end."""
    queries_per_day: int | None = None
    """The queries of all runs of one UTC day; None is no limit."""
    include_today: bool = True
    """Whether today's partial counts are read."""
    continues_since: datetime | None = None
    """The start of the sweep that the run is a part of; None if it is a sweep of its own.

    A sweep is the evaluation of a target in one execution. It may take several invocations. What
    was read completely since then is not read again, except scopes with an open alert, providers,
    and the account.
    """
    may_continue: bool = False
    """Whether another invocation follows if time ends this one: see `MetricReading.is_cut_short`.

    Then what is left is no problem to report, and neither summary is due yet.
    """


UNLIMITED = Limits()
"""No deadline and no query budget."""


@dataclass(frozen=True, slots=True)
class MetricReading:
    """The result of one reading of VDM."""

    plan: ReadPlan
    answers: Answers
    """The counts, or the reason why there are none, for each query that mattered."""
    queries_made: int
    """How many queries were made, without those that were cut off."""
    verdicts: Verdicts
    """The verdicts on the answers."""
    failed: bool = False
    """Whether an error ended the reading early. The error is a finding."""
    throttled_calls: int = 0
    """How many calls SES throttled."""

    ran_out_of_time: bool = False
    """Whether the deadline ended the reading before everything was read."""
    may_continue: bool = False
    """Whether another invocation may read the rest: see `Limits.may_continue`."""

    @property
    def is_cut_short(self) -> bool:
        """Whether another invocation continues the sweep, because time ended a list or a reading.

        A query budget that is used up ends a sweep, and so does a reading that failed, or that
        completed no sender: the next one would end in the same way.
        """
        if self.failed or not self.may_continue:
            return False
        if self.plan.roster.unfinished_list:
            return True
        if not self.ran_out_of_time:
            return False
        cut_off = {
            query.scope.at_all_providers
            for query, result in self.answers.items()
            if result is Gap.CUT_OFF
        }
        plan = self.plan
        return any(
            not plan.roster.was_read_since(scope, plan.sweep_started)
            and scope not in cut_off
            and isinstance(self.answers.get(Query(Metric.SEND, scope)), Series)
            for scope in (*plan.selection.always_read, *plan.selection.due)
            if scope.at_all_providers != ACCOUNT
        )

    @property
    def as_of(self) -> AsOf:
        """The time of the reading, and the last day that has counts."""
        return self.plan.data_as_of(self.answers)

    @property
    def account_emails(self) -> Series | None:
        """The emails that the whole account sent; None if they are unreadable."""
        sent = self.answers.get(ACCOUNT_SENT_QUERY)
        return sent if isinstance(sent, Series) else None

    def has_sent_no_email(self, window: Window) -> bool:
        """Return whether the account is known to have sent no email in *window*."""
        emails = self.account_emails
        return emails is not None and not emails.total(window, self.as_of.last_day)

    @property
    def is_late(self) -> bool:
        """Whether VDM lacks emails that SES has sent, because it stands still."""
        sent = self.account_emails
        return sent is not None and is_late(sent, self.as_of, self.plan.sent_last_day)

    @property
    def is_over_budget(self) -> bool:
        """Whether a scope that was cut off has waited for more than MAX_WAIT.

        A scope that was never queried does not count.
        """
        cut_off = {query.scope for query, result in self.answers.items() if result is Gap.CUT_OFF}
        last_tries = (self.plan.roster.record(scope).tried_at for scope in cut_off)
        return any(
            tried_at is not None and self.plan.now - tried_at > MAX_WAIT for tried_at in last_tries
        )

    def roster_after(self) -> SenderRoster:
        """Return the roster for the next reading.

        If many more emails are unattributed than before, the next reading lists the identities
        again: a new identity may have sent these emails.
        """
        plan, answers = self.plan, self.answers
        unattributed = plan.roster.unattributed
        if not (plan.read_before or plan.selection.postponed):
            unattributed = unattributed_emails(plan, answers)
        outcome = ReadOutcome(
            answers=answers,
            window=plan.activity_window,
            last=plan.last_day,
            queries_made=self.queries_made,
            drilled_down=fully_drilled_down(plan, answers),
            unattributed=unattributed,
            open_parts=[scope for scope in plan.open_scopes if scope.is_sender_at_provider],
        )
        roster = plan.roster.after_reading(outcome, plan.now)
        increase = unattributed - plan.roster.unattributed
        if increase >= min_unattributed(plan):
            return roster.without_list(Dimension.IDENTITY, plan.now)
        return roster

    def deleted_sender(self, scope: Scope) -> Scope | None:
        """Return the sender of *scope* if the sender was deleted, or None.

        A sender was deleted if the list of its kind that this run made does not contain it. A
        stored list is no proof, because it may be damaged. None also means that there is no proof.
        """
        sender, roster = scope.at_all_providers, self.plan.roster
        if len(sender.kind) != 1 or sender in roster.records:
            return None
        (dimension,) = sender.kind
        return sender if roster.listed_at.get(dimension) == self.plan.now else None

    def estimate(self, rule: Rule) -> AccountRateEstimate | None:
        """Return an estimate of SES's own account rate for *rule*'s indicator.

        The result is None if SES has no such rate, or if the counts are unreadable.
        """
        if rule.indicator.from_ses is None:
            return None
        indicator, as_of = rule.indicator.counted, self.as_of
        events, volume = (
            self.answers.get(Query(metric, ACCOUNT))
            for metric in (rule.indicator.events, rule.indicator.volume)
        )
        if not (isinstance(events, Series) and isinstance(volume, Series)):
            return None
        rates = self.plan.ses_rates_for(rule, ACCOUNT)
        representative = representative_volume(
            rule.representative_volume, indicator, events, volume, rates, as_of
        )
        ses_rate = rates.fresh if rates else None
        return estimate_account_rate(indicator, events, volume, as_of, representative, ses_rate)

    def trend(self, indicator: Indicator, scope: Scope) -> Trend | None:
        """Return the latest daily rates of *indicator* in *scope*; None if they are unreadable."""
        events, volume = (
            find_answer(Query(metric, scope), self.plan.isps, self.answers)
            for metric in (indicator.events, indicator.volume)
        )
        if not (isinstance(events, Series) and isinstance(volume, Series)):
            return None
        return trend_of(events, volume, self.as_of.last_day)


def unreadable_for_long(reading: MetricReading) -> Sequence[Scope]:
    """Return the scopes that are unreadable for over a day, longest first."""
    # A scope that failed before, and was cut off in this run, is still unreadable.
    unreadable = {
        query.scope
        for query, result in reading.answers.items()
        if result is Gap.UNAVAILABLE or result is Gap.CUT_OFF
    }
    failing_since = {scope: reading.plan.roster.record(scope).failing_since for scope in unreadable}
    long_unreadable = [
        (begin, str(scope), scope)
        for scope, begin in failing_since.items()
        if begin is not None and reading.plan.now - begin > TRANSIENT_LIMIT
    ]
    return [scope for _, _, scope in sorted(long_unreadable)]
