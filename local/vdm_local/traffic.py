"""The emails of an account, and the dimensions by which SES counts them."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from vdm_local.daily_counts import DailyCounts, add_counts, subtract_counts

METRICS = (
    "SEND",
    "COMPLAINT",
    "PERMANENT_BOUNCE",
    "TRANSIENT_BOUNCE",
    "OPEN",
    "CLICK",
    "DELIVERY",
    "DELIVERY_OPEN",
    "DELIVERY_CLICK",
    "DELIVERY_COMPLAINT",
)
"""Every VDM metric.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BatchGetMetricDataQuery.html
"""

WITHOUT_FEEDBACK_LOOP = frozenset({"Gmail"})
"""Providers that report no complaints; DELIVERY_COMPLAINT leaves them out."""

_BOUNCES = ("PERMANENT_BOUNCE", "TRANSIENT_BOUNCE")


@dataclass(frozen=True, slots=True)
class EmailStream:
    """Emails with the same identity, configuration set, tenant and provider."""

    identity: str
    isp: str
    configuration_set: str | None
    counts_by_metric: Mapping[str, DailyCounts]
    tenant: str | None = None

    @property
    def dimension_keys(self) -> AbstractSet[tuple[str, str]]:
        """Every dimension value; an address counts for its domain too."""
        dimensions = {
            ("EMAIL_IDENTITY", self.identity),
            ("EMAIL_IDENTITY", self.identity.rpartition("@")[2]),
            ("ISP", self.isp),
            ("CONFIGURATION_SET", self.configuration_set),
            ("TENANT_NAME", self.tenant),
        }
        return {dimension_key(name, value) for name, value in dimensions if value}

    def counts(self, metric: str) -> DailyCounts:
        """Return the counts of *metric*; deliveries are derived from the others."""
        if metric in self.counts_by_metric:
            return self.counts_by_metric[metric]
        if metric == "DELIVERY":
            bounces = [
                self.counts_by_metric[each] for each in _BOUNCES if each in self.counts_by_metric
            ]
            return subtract_counts(self.counts("SEND"), add_counts(bounces))
        if metric == "DELIVERY_COMPLAINT" and self.isp not in WITHOUT_FEEDBACK_LOOP:
            return self.counts("DELIVERY")
        return DailyCounts()


def dimension_key(dimension: str, value: str) -> tuple[str, str]:
    """Return the lookup key of *value* of *dimension*.

    Only identities are case-insensitive.
    """
    return dimension, value.lower() if dimension == "EMAIL_IDENTITY" else value
