"""Common ways to read VDM, for comparison with the reader of the function."""

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.fixture import DAYS, METRICS, NOW, Measurements
from vdm_alerts.adapters.aws.ses_metrics import MAX_QUERIES


def loop(url: str, identities: int, measurements: Measurements) -> None:
    """Read in a loop over boto3."""
    ses = client(url)
    for call in _calls(identities):
        results = len(ses.batch_get_metric_data(Queries=call)["Results"])
        measurements["answered"] = int(str(measurements.get("answered", 0))) + results


def adaptive(url: str, identities: int, measurements: Measurements) -> None:
    """Read by a pool of threads in botocore's adaptive mode."""
    ses = client(
        url, max_pool_connections=16, retries={"mode": "adaptive", "total_max_attempts": 10}
    )
    results: list[int] = []

    def send(call: Sequence[Any]) -> None:
        with contextlib.suppress(Exception):
            results.append(len(ses.batch_get_metric_data(Queries=call)["Results"]))
            measurements["answered"] = sum(results)

    pool = ThreadPoolExecutor(16)
    try:
        list(pool.map(send, _calls(identities)))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _calls(identities: int) -> Sequence[Any]:
    queries = [
        {
            "Id": str(number % MAX_QUERIES),
            "Namespace": "VDM",
            "Metric": metric.value,
            "Dimensions": {"EMAIL_IDENTITY": f"{each}.example.com"},
            "StartDate": NOW.replace(hour=0) - timedelta(days=DAYS.days - 1),
            "EndDate": NOW.replace(hour=0) + timedelta(days=1),
        }
        for number, (each, metric) in enumerate(
            (each, metric) for each in range(identities) for metric in METRICS
        )
    ]
    starts = range(0, len(queries), MAX_QUERIES)
    return [queries[start : start + MAX_QUERIES] for start in starts]


def client(url: str, **config: Any) -> Any:  # noqa: ANN401 - boto3 is untyped
    """Return a client of the local VDM at *url* with *config*."""
    return boto3.client("sesv2", endpoint_url=url, config=Config(**config))
