"""The evidence for a review of an account by AWS: what `vdm-alerts evidence` reads and prints."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from rich.text import Text

from vdm_alerts.adapters.aws.cloudwatch_reputation import CloudWatchReputation
from vdm_alerts.adapters.aws.errors import codes_of, translate_read_errors
from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_rate_limiter import RateLimiter
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.metrics import Dimension, Metric, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.muting.silences import Silence
from vdm_alerts_cli.account_counts import read_dataset_of
from vdm_alerts_cli.clock import current_time
from vdm_alerts_cli.connection import Connection, connect
from vdm_alerts_cli.dataset import Dataset
from vdm_alerts_cli.deployment import Deployment, require_deployment
from vdm_alerts_cli.evidence_pack import METRICS, EvidencePack, Paused
from vdm_alerts_cli.evidence_text import pack_document, pack_text
from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.options import AccountOptions, Format, OutputOptions, ReadingOptions
from vdm_alerts_cli.output import print_json, say, terminal, warn
from vdm_alerts_cli.past import read_past
from vdm_alerts_cli.progress import progress
from vdm_alerts_cli.silence_store import SilenceStore

MAX_CHECKED_SETS = 50
"""Configuration sets that are checked for paused sending, one per second."""
_SETS_PER_SECOND = 1.0

T = TypeVar("T")


@dataclass(slots=True)
class _Attempts:
    """Reads that may fail, and what failed."""

    unread: list[str] = field(default_factory=list)

    def attempt(self, what: str, read: Callable[[], T]) -> T | None:
        """Return the result of *read*; None after an error, which is noted as *what*."""
        try:
            return read()
        except VdmAlertsError as error:
            self.unread.append(f"{what}: {error}")
            return None


def run_evidence(
    days: int, account: AccountOptions, reading: ReadingOptions, output: OutputOptions
) -> ExitStatus:
    """Print the evidence of the last *days* days."""
    connection = connect(account)
    deployment = require_deployment(connection, account.prefix)
    pack = read_pack(connection, deployment, days, reading, output)
    if output.format is Format.JSON:
        print_json(pack_document(pack), output)
    else:
        text = Text(pack_text(pack), end="")
        terminal(output).print(text, soft_wrap=True, end="")
        say("Fill in the lines that begin with [TO FILL IN before you send this.", output)
    for line in pack.unread:
        warn(f"not read: {line}")
    return ExitStatus.of(unread=bool(pack.unread))


def read_pack(
    connection: Connection,
    deployment: Deployment,
    days: int,
    reading: ReadingOptions,
    output: OutputOptions,
) -> EvidencePack:
    """Return the evidence of the last *days* days. Whatever cannot be read is noted in it."""
    now, attempts = current_time(), _Attempts()
    dataset = attempts.attempt(
        "the counts of VDM", lambda: _dataset(connection, days, reading, output, attempts)
    ) or Dataset(connection.target, now, now.date(), days, {})
    start = datetime.combine(dataset.first_day, datetime.min.time(), UTC)
    ses = SesAccount(connection.client("sesv2"), time)
    return EvidencePack(
        target=connection.target,
        created_at=now,
        dataset=dataset,
        alerts=_alerts(connection, deployment, start, attempts),
        ses_rates=attempts.attempt(
            "the rates of SES",
            lambda: CloudWatchReputation(connection.client("cloudwatch")).rates(now, NoDeadline()),
        ),
        status=attempts.attempt("the account status", lambda: ses.status(NoDeadline())),
        silences=attempts.attempt(
            "the silences", lambda: _silences(connection, deployment, start, attempts)
        ),
        paused=_paused(connection, ses, dataset, attempts, output),
        unread=attempts.unread,
    )


def _dataset(
    connection: Connection,
    days: int,
    reading: ReadingOptions,
    output: OutputOptions,
    attempts: _Attempts,
) -> Dataset:
    dataset, unread = read_dataset_of(connection, METRICS, Window(days), reading, output)
    attempts.unread += unread
    return dataset


def _alerts(
    connection: Connection, deployment: Deployment, start: datetime, attempts: _Attempts
) -> Sequence[Transition] | None:
    recent = attempts.attempt("the alert history", lambda: read_past(connection, deployment, start))
    if recent is None:
        return None
    if not recent.is_complete:
        attempts.unread.append("a part of the alert history")
    return recent.items


def _silences(
    connection: Connection, deployment: Deployment, start: datetime, attempts: _Attempts
) -> Sequence[Silence]:
    store = SilenceStore(connection.client("ssm"), deployment.settings.silences_path)
    parsed = [each.silence for each in store.read().values()]
    silences = [each for each in parsed if isinstance(each, Silence)]
    if invalid := len(parsed) - len(silences):
        attempts.unread.append(f"{invalid:,} silences, which are invalid")
    return [silence for silence in silences if silence.until >= start]


def _paused(
    connection: Connection,
    ses: SesAccount,
    dataset: Dataset,
    attempts: _Attempts,
    output: OutputOptions,
) -> Paused:
    """Return what may not send. Only configuration sets that sent email in the period count."""
    sent = {
        str(query.scope.configuration_set): answer
        for query, answer in dataset.answers.items()
        if query.metric is Metric.SEND and query.scope.kind == (Dimension.CONFIGURATION_SET,)
    }
    emails = {
        name: answer.total(Window(dataset.days), dataset.last_day)
        for name, answer in sent.items()
        if isinstance(answer, Series) and answer.newest_day
    }
    unknown = sum(isinstance(answer, Gap) for answer in sent.values())
    checked = sorted(emails, key=lambda name: -emails[name])[:MAX_CHECKED_SETS]
    client = connection.client("sesv2")
    RateLimiter(time, _SETS_PER_SECOND).attach(client, "GetConfigurationSet")
    sets = None
    if sent or not attempts.unread:  # Otherwise, the sets themselves may be unknown.
        with progress("Configuration sets", len(checked), output) as advance:
            sets = attempts.attempt(
                "the configuration sets",
                lambda: [name for name in checked if _is_paused(client, name, advance)],
            )
    tenants = attempts.attempt(
        "the paused tenants", lambda: [f"{each}" for each in ses.paused_tenants(NoDeadline())]
    )
    return Paused(sets, len(emails) - len(checked) + unknown, tenants)


def _is_paused(client: Any, name: str, advance: Callable[[int], None]) -> bool:  # noqa: ANN401
    """Return whether a user or SES turned the sending of the configuration set *name* off."""
    advance(1)
    with translate_read_errors("ses:GetConfigurationSet"):
        try:
            response = client.get_configuration_set(ConfigurationSetName=name)
        except ClientError as error:
            if "NotFoundException" in codes_of(error):
                return False  # It was deleted meanwhile.
            raise
        return response.get("SendingOptions", {}).get("SendingEnabled") is False
