"""An export job of SES, which shows the columns of its file."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from vdm_alerts.adapters.aws.well_formed_text import well_formed
from vdm_alerts_cli.doctor.check import Answer, Check, Outcome, Severity, Topic
from vdm_alerts_cli.doctor.examination import Examination
from vdm_alerts_cli.errors import NotReadError

FOLDER = "vdm-alerts-doctor"
"""The prefix of the object in the bucket of the user."""
DAYS = timedelta(days=7)
POLL_INTERVAL = 5.0
"""Seconds between two looks at the job."""
MAX_POLLS = 60
_OK = 200


def export_columns(examination: Examination) -> Iterator[Outcome]:
    """Run an export job, store its file in the user's bucket, and list its columns.

    SES writes the file to a place of its own, and rejects a job that names another one.
    """
    job = examination.call("sesv2", "create_export_job", **_job(examination))["JobId"]
    text = _download(examination, _wait(examination, job))
    key = f"{FOLDER}/{job}.csv"
    examination.call(
        "s3", "put_object", Bucket=examination.export_bucket, Key=key, Body=text.encode()
    )
    columns, rows = _columns_of(text)
    yield Answer(
        f"The file of an export job has {rows:,} rows with the columns {', '.join(columns)}. "
        f"It is stored as s3://{examination.export_bucket}/{key}"
    )


def _job(examination: Examination) -> Mapping[str, Any]:
    end = datetime.combine(examination.now.date(), time(), UTC)
    metrics = {
        "Dimensions": {"ISP": ["*"]},
        "Namespace": "VDM",
        "Metrics": [{"Name": "SEND", "Aggregation": "VOLUME"}],
        "StartDate": end - DAYS,
        "EndDate": end,
    }
    return {
        "ExportDataSource": {"MetricsDataSource": metrics},
        "ExportDestination": {"DataFormat": "CSV"},
    }


def _wait(examination: Examination, job: str) -> str:
    """Return the URL of the file when the job is completed. Raises NotReadError."""
    for _ in range(MAX_POLLS):
        response = examination.call("sesv2", "get_export_job", JobId=job)
        status = response["JobStatus"]
        if status == "COMPLETED":
            return str(response["ExportDestination"]["S3Url"])
        if status not in {"CREATED", "PROCESSING"}:
            reason = response.get("FailureInfo", {}).get("ErrorMessage", "")
            raise NotReadError(f"export job {job} is {status}: {reason or 'SES gives no reason'}")
        examination.clock.sleep(POLL_INTERVAL)
    seconds = MAX_POLLS * POLL_INTERVAL
    raise NotReadError(f"export job {job} was not completed within {seconds:.0f} s")


def _download(examination: Examination, url: str) -> str:
    """Return the file at *url*, which is signed. Raises NotReadError."""
    bundle = examination.connection.session._session.get_config_variable("ca_bundle")  # noqa: SLF001 - boto3 has no other way
    session = URLLib3Session(verify=bundle or True, timeout=30)
    try:
        response = session.send(AWSRequest("GET", url).prepare())
    except BotoCoreError as error:
        raise NotReadError("the file of the export job cannot be downloaded") from error
    if response.status_code != _OK:
        raise NotReadError(f"the file of the export job answers {response.status_code}")
    return well_formed(response.content.decode("utf-8", "replace"))


def _columns_of(text: str) -> tuple[Sequence[str], int]:
    """Return the header of the file, and the number of its other rows. Raises NotReadError."""
    header, *rows = list(csv.reader(io.StringIO(text))) or [[]]
    if not header:
        raise NotReadError("the file of the export job is empty")
    return header, len(rows)


CHECKS = (
    Check(
        "export-columns",
        Topic.EXPORT,
        Severity.INFO,
        export_columns,
        ("vdm-enabled",),
    ),
)
