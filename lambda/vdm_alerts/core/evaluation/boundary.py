"""The boundary between good and bad rates, and the error probability of being on its bad side."""

from typing import NamedTuple

from vdm_alerts.core.statistics import posterior
from vdm_alerts.core.statistics.posterior import PRIOR_EVENTS


class Boundary(NamedTuple):
    """The rate that separates good rates from bad rates.

    The rarer outcome of an email is counted, because chance affects it most. If 90% of emails
    should be delivered, the emails that are not delivered are counted.
    """

    share: float
    """The rate, as a fraction."""
    low_is_bad: bool = False
    """Whether the rates below the boundary are bad, and not the rates above it."""

    @property
    def counts_misses(self) -> bool:
        """Whether the emails without the event are counted, as the rarer ones."""
        return self.low_is_bad and self.share >= 0.5  # noqa: PLR2004 - the rarer half

    @property
    def rarity(self) -> float:
        """The rate, at the boundary, of the outcome that is counted."""
        return 1 - self.share if self.counts_misses else self.share

    @property
    def few_are_bad(self) -> bool:
        """Whether few of the counted outcomes are bad, and not many."""
        return self.low_is_bad and not self.counts_misses

    def counted(self, events: float, emails: float) -> float:
        """Return the number of the counted outcomes: the events, or the emails without one."""
        return max(0.0, emails - events) if self.counts_misses else events

    def is_on_bad_side(self, events: float, emails: float) -> bool:
        """Return whether *events* of *emails* are on the bad side.

        A rate at the boundary is on the upper side.
        """
        is_below = events < self.share * emails
        return is_below == self.low_is_bad

    def doubt(self, counted: float, emails: float) -> float:
        """Return the error probability of the claim that the true rate is bad.

        This is the probability that the true rate is on the good side. *counted* is the number of
        the counted outcomes. The prior presumes a good rate: see `posterior.doubt_above` and
        `posterior.doubt_below`.
        """
        doubt = posterior.doubt_below if self.few_are_bad else posterior.doubt_above
        return doubt(counted, emails, self.rarity)

    def probability_good(self, counted: float, emails: float) -> float:
        """Return the confidence that the true rate is on the good side.

        Unlike in `doubt`, the prior presumes nothing: see `posterior.probability_below`.
        """
        below = posterior.probability_below(counted, emails, self.rarity)
        return 1 - below if self.few_are_bad else below

    def usual_badness(self, counted: float, emails: float) -> float:
        """Return how bad the rate of *counted* outcomes in *emails* is: 1 at the boundary.

        Without emails, this is the rate that the prior of `doubt` presumes.
        """
        expected = 1 + emails * self.rarity
        if self.few_are_bad:
            return expected / (1 / PRIOR_EVENTS + counted)
        return (PRIOR_EVENTS + counted) / expected
