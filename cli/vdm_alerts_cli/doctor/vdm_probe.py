"""Single queries of VDM, whose rejection is an answer too."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from botocore.exceptions import ClientError

from vdm_alerts.adapters.aws.errors import code_of
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.metrics import Dimension, Metric
from vdm_alerts_cli.doctor.examination import Examination
from vdm_alerts_cli.errors import NotReadError

NO_DIMENSIONS: Mapping[Dimension, str] = {}
"""The dimensions of the whole account."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """SES rejected the query."""

    status: int
    """The HTTP status."""
    code: str
    """The error code, such as "BadRequestException"."""
    message: str


def probe(
    examination: Examination,
    first: date,
    last: date,
    dimensions: Mapping[Dimension, str] = NO_DIMENSIONS,
    metric: Metric = Metric.SEND,
) -> Mapping[date, int] | Rejected:
    """Return the counts that SES returns for the days from *first* to *last*, in a call alone.

    Raises AccessDeniedError, UnavailableError, and NotReadError if the query has an error.
    """
    examination.plan_queries(1)
    examination.series()  # It limits the rate of the call.
    query = {
        "Id": "0",
        "Namespace": "VDM",
        "Metric": metric.value,
        "StartDate": datetime.combine(first, time(), UTC),
        "EndDate": datetime.combine(last + timedelta(days=1), time(), UTC),
        **({"Dimensions": dict(dimensions)} if dimensions else {}),
    }
    try:
        response = examination.call("sesv2", "batch_get_metric_data", Queries=[query])
    except UnavailableError as error:
        if isinstance(error.__cause__, ClientError):
            return _rejected(error.__cause__, error)
        raise
    for result in response["Results"]:
        days = (timestamp.astimezone(UTC).date() for timestamp in result["Timestamps"])
        return dict(zip(days, result["Values"], strict=True))
    codes = ", ".join(error.get("Code", "?") for error in response.get("Errors", ()))
    raise NotReadError(f"ses:BatchGetMetricData answered no result ({codes or 'and no error'})")


def _rejected(cause: ClientError, error: UnavailableError) -> Rejected:
    """Return the rejection in *cause*. Raises *error* if it is an outage or throttling."""
    status = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if error.finding.transient or status not in {400, 404}:
        raise error
    return Rejected(status, code_of(cause), cause.response["Error"].get("Message", ""))
