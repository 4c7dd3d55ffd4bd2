"""How people read VDM today: what `benchmarks.sweep` sets the reader that ships beside."""

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.fixture import DAYS, METRICS, NOW, Shown
from vdm_alerts.adapters.aws.ses_metrics import MOST_QUERIES


def loop(url: str, identities: int, shown: Shown) -> None:
    """Read by a loop over boto3."""
    ses = client(url)
    for call in _calls(identities):
        answered = len(ses.batch_get_metric_data(Queries=call)["Results"])
        shown["answered"] = int(str(shown.get("answered", 0))) + answered


def adaptive(url: str, identities: int, shown: Shown) -> None:
    """Read by a pool of threads that leaves the pace to botocore's adaptive mode."""
    ses = client(
        url, max_pool_connections=16, retries={"mode": "adaptive", "total_max_attempts": 10}
    )
    answered: list[int] = []

    def one(call: Sequence[Any]) -> None:
        with contextlib.suppress(Exception):
            answered.append(len(ses.batch_get_metric_data(Queries=call)["Results"]))
            shown["answered"] = sum(answered)

    pool = ThreadPoolExecutor(16)
    try:
        list(pool.map(one, _calls(identities)))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _calls(identities: int) -> Sequence[Any]:
    queries = [
        {
            "Id": str(number % MOST_QUERIES),
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
    starts = range(0, len(queries), MOST_QUERIES)
    return [queries[start : start + MOST_QUERIES] for start in starts]


def client(url: str, **config: Any) -> Any:  # noqa: ANN401 - boto3's
    """Return a client of the local VDM at *url*, with *config* and nothing else."""
    return boto3.client("sesv2", endpoint_url=url, config=Config(**config))
