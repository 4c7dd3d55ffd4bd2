"""Export jobs of VDM metrics. A job is completed when it is looked at for the second time.

AWS documents neither the columns of the file nor how long a job takes, so both are invented.
"""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from vdm_local.responses import SesError
from vdm_local.scenario import Scenario

EXPORTS = "/_vdm/exports/"
"""The path below which the files are."""
_DIMENSION_OF_ALL = "ISP"


class ExportJobs:
    """The export jobs of an account."""

    def __init__(self) -> None:
        """Have no job."""
        self.url = ""
        """The address of the server, without a path."""
        self._files: dict[str, str] = {}
        self._looks: dict[str, int] = {}

    def create(
        self, scenario: Scenario, request: Mapping[str, Any], now: datetime
    ) -> Mapping[str, Any]:
        """Respond to CreateExportJob. Raises SesError."""
        if "S3Url" in request["ExportDestination"]:  # As the SDK documents.
            raise SesError("ExportDestination must not contain S3Url.")
        source = request["ExportDataSource"].get("MetricsDataSource")
        if source is None or source["Dimensions"] != {_DIMENSION_OF_ALL: ["*"]}:
            raise SesError("The local SES exports metrics of all providers only.")
        job = f"job-{len(self._files) + 1}"
        self._files[job] = _file(scenario, source, now)
        return {"JobId": job}

    def get(self, job: str) -> Mapping[str, Any]:
        """Respond to GetExportJob. Raises SesError."""
        if job not in self._files:
            raise SesError(f"Export job {job} does not exist.", "NotFoundException", 404)
        self._looks[job] = self._looks.get(job, 0) + 1
        destination = {"DataFormat": "CSV"}
        if self._looks[job] == 1:
            return {"JobId": job, "JobStatus": "PROCESSING", "ExportDestination": destination}
        destination["S3Url"] = f"{self.url}{EXPORTS}{job}"
        return {"JobId": job, "JobStatus": "COMPLETED", "ExportDestination": destination}

    def file(self, path: str) -> str | None:
        """Return the file at *path*; None if there is none."""
        return self._files.get(path.removeprefix(EXPORTS)) if path.startswith(EXPORTS) else None


def _file(scenario: Scenario, source: Mapping[str, Any], now: datetime) -> str:
    start, end = (datetime.fromtimestamp(source[key], UTC) for key in ("StartDate", "EndDate"))
    days = [start.date() + timedelta(days=number) for number in range((end - start).days)]
    metrics = [metric["Name"] for metric in source["Metrics"]]
    isps = sorted({stream.isp for stream in scenario.streams})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Date", _DIMENSION_OF_ALL, *metrics])
    for isp in isps:
        counts = [
            scenario.counts(metric, {_DIMENSION_OF_ALL: isp}, days, now) for metric in metrics
        ]
        for day in sorted(set().union(*counts)):
            writer.writerow([day, isp, *(count.get(day, 0) for count in counts)])
    return text.getvalue()
