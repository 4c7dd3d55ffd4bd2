"""The mail of an account: streams of messages, and by which of their traits SES counts them."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from vdm_local.rows import Row, left_of, total

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
"""Providers whose deliveries are not in DELIVERY_COMPLAINT, because they report no complaint."""

_BOUNCES = ("PERMANENT_BOUNCE", "TRANSIENT_BOUNCE")


@dataclass(frozen=True, slots=True)
class Stream:
    """Mail that has its identity, configuration set, tenant and mailbox provider in common."""

    identity: str
    isp: str
    configuration_set: str | None
    rows: Mapping[str, Row]
    tenant: str | None = None

    @property
    def keys(self) -> AbstractSet[tuple[str, str]]:
        """Every dimension that this mail is counted by; a domain stands for its addresses too."""
        dimensions = {
            ("EMAIL_IDENTITY", self.identity),
            ("EMAIL_IDENTITY", self.identity.rpartition("@")[2]),
            ("ISP", self.isp),
            ("CONFIGURATION_SET", self.configuration_set),
            ("TENANT_NAME", self.tenant),
        }
        return {key_of(name, value) for name, value in dimensions if value}

    def row(self, metric: str) -> Row:
        """Return the counts of *metric*; deliveries follow from the rest."""
        if metric in self.rows:
            return self.rows[metric]
        if metric == "DELIVERY":
            lost = [self.rows[each] for each in _BOUNCES if each in self.rows]
            return left_of(self.row("SEND"), total(lost))
        if metric == "DELIVERY_COMPLAINT" and self.isp not in WITHOUT_FEEDBACK_LOOP:
            return self.row("DELIVERY")
        return Row()


def key_of(dimension: str, value: str) -> tuple[str, str]:
    """Return what mail with *value* of *dimension* is found by, spelled as SES spells it.

    Case does not matter in an identity, and in nothing else does it not.
    """
    return dimension, value.lower() if dimension == "EMAIL_IDENTITY" else value
