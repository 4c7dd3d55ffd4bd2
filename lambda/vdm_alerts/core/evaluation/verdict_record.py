"""The record of a verdict: the verdict, and everything that it was calculated from.

A record has all that an evaluation needs, so that it can be evaluated again later, when VDM no
longer has the counts and the rule has changed.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.prior_state import NO_OPEN_ALERT, PriorState
from vdm_alerts.core.evaluation.ses_rates import SesRates, evaluate_ses_rate
from vdm_alerts.core.evaluation.verdicts import KnownVerdict, Verdict
from vdm_alerts.core.model.metrics import Series
from vdm_alerts.core.rules.rule import Rule


class NoRecord(StrEnum):
    """Why a transition has no record of its verdict."""

    NOT_STORED = "an earlier version stored it without evidence"
    TOO_LARGE = "its evidence was too large to store"
    NO_VERDICT = "the alert was closed without a verdict"
    DAMAGED = "its evidence is damaged"


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """A verdict, and everything that it was calculated from."""

    verdict: KnownVerdict
    """The verdict as it was calculated."""
    rule: Rule
    """The rule for the scope, with its override applied."""
    rule_fingerprint: str
    """The hash of the rule's text, to tell whether the rule has changed since. "" if unknown."""
    as_of: AsOf
    """The time of the evaluation, and the last day with counts."""
    events: Series | None = None
    """The daily events; None if SES's own rate alone was compared."""
    volume: Series | None = None
    """The daily emails that the events are divided by; None like `events`."""
    prior: PriorState = NO_OPEN_ALERT
    """What the alert meant for the evaluation."""
    series_count: int = 1
    """The number of series that the rule was evaluated for."""
    ses_rates: SesRates | None = None
    """What SES itself reported of this rate; None if that was unreadable, or not of the account."""

    def evaluate_again(self) -> Verdict:
        """Return the verdict that this version calculates from the record.

        Raises an error of arithmetic if the record has values that no run stores: see `verify`.
        """
        if self.events is None or self.volume is None:
            return evaluate_ses_rate(self.rule, self.ses_rates)
        return evaluate_series(
            self.rule,
            self.verdict.subject.scope,
            (self.events, self.volume),
            self.as_of,
            self.prior,
            self.series_count,
            self.ses_rates,
        )


def verify(record: VerdictRecord) -> Sequence[str]:
    """Return each value in which the verdict of *record* differs if it is evaluated again."""
    try:
        return list(differences(record.verdict, record.evaluate_again()))
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
        return [f"the record cannot be evaluated: {error!r}"]


def differences(recorded: Verdict, calculated: Verdict) -> Iterator[str]:
    """Yield each value in which the verdicts differ, such as "threshold.share: 0.05, now 0.06".

    Fractions that differ by rounding are equal: another machine may round the last digit otherwise.
    """
    if type(recorded) is not type(calculated):
        yield f"verdict: {type(recorded).__name__}, now {type(calculated).__name__}"
    else:
        yield from _differences("", recorded, calculated)


def _differences(path: str, recorded: object, calculated: object) -> Iterator[str]:
    if is_dataclass(recorded) and type(recorded) is type(calculated):
        for field in fields(recorded):
            values = (getattr(recorded, field.name), getattr(calculated, field.name))
            yield from _differences(f"{path}.{field.name}", *values)
    elif not _are_equal(recorded, calculated):
        yield f"{path.lstrip('.')}: {recorded}, now {calculated}"


def _are_equal(recorded: object, calculated: object) -> bool:
    if isinstance(recorded, float) and isinstance(calculated, float):
        return math.isclose(recorded, calculated, rel_tol=1e-9, abs_tol=1e-12)
    return recorded == calculated
