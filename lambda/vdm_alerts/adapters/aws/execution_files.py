"""The files of one execution of a fleet, in an S3 bucket."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vdm_alerts.adapters.aws.errors import MALFORMED, code_of, translate_read_errors
from vdm_alerts.adapters.aws.execution_keys import EXECUTIONS, KNOWN_TARGETS
from vdm_alerts.adapters.aws.handover_codec import decode_handover, encode_handover
from vdm_alerts.adapters.aws.well_formed_text import well_formed
from vdm_alerts.core.fleet.answers import BUSY, FAILED, Status, TargetAnswer
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.fleet.targets import InvalidTargetItemError, target_from_item, target_item
from vdm_alerts.core.model.errors import LeaseHeldError
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.handover import Handover

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

GET, PUT = "s3:GetObject", "s3:PutObject"
_log = logging.getLogger(__name__)


class ExecutionFiles:
    """The target list, the handovers and the results of one execution. It is a HandoverStore."""

    def __init__(self, client: "S3Client", bucket: str, execution: str) -> None:
        """Use the files of *execution*, the name of an execution, in *bucket*."""
        self._client, self._bucket = client, bucket
        self._prefix = f"{EXECUTIONS}/{execution}"

    def write_targets(self, targets: Sequence[FleetTarget]) -> str:
        """Write the list that the map reads, and return its key.

        Raises AccessDeniedError or UnavailableError.
        """
        key = f"{self._prefix}/targets.json"
        self._write(key, json.dumps([target_item(target) for target in targets]))
        return key

    def read_targets(self) -> Sequence[FleetTarget]:
        """Return the list. Raises AccessDeniedError or UnavailableError."""
        key = f"{self._prefix}/targets.json"
        with translate_read_errors(GET):
            return [target_from_item(item) for item in json.loads(self._read(key))]

    def put(self, handover: Handover) -> None:
        """Store *handover*. Raises AccessDeniedError or UnavailableError."""
        self._write(self._handover_key(handover.target), encode_handover(handover))

    def get(self, target: Target) -> Handover:
        """Return the handover of *target*.

        Raises AccessDeniedError, UnavailableError or UnreadableHandoverError.
        """
        return decode_handover(self._read(self._handover_key(target)))

    def answers(self, manifest: str) -> Mapping[Target, TargetAnswer]:
        """Return the answer of each target in the results whose *manifest* has this key.

        A child execution that failed is an answer, too: its target is blind, unless another run of
        the target was active in each try. A target whose answer is malformed is blind, too, which
        changes nothing about the others.

        Raises AccessDeniedError or UnavailableError. Source of the format:
        https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
        """
        answers: dict[Target, TargetAnswer] = {}
        with translate_read_errors(GET):
            files = json.loads(self._read(manifest))["ResultFiles"]
            for kind in ("FAILED", "SUCCEEDED"):
                for file in files.get(kind, ()):
                    answers |= dict(_answers_in(json.loads(self._read(file["Key"]))))
        return answers

    def _handover_key(self, target: Target) -> str:
        return f"{self._prefix}/due/{target.account}/{target.region}.json"

    @property
    def known_targets(self) -> "KnownTargetsFile":
        """The file of the known targets, in the same bucket."""
        return KnownTargetsFile(self._client, self._bucket)

    def _write(self, key: str, text: str) -> None:
        _write_json(self._client, self._bucket, key, text)

    def _read(self, key: str) -> str:
        with translate_read_errors(GET):
            return _text_of(self._client, self._bucket, key)


class KnownTargetsFile:
    """A KnownTargets in a file beside those of the executions.

    Each execution writes it again, so that it does not expire while the fleet is monitored.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        """Use the file in *bucket*."""
        self._client, self._bucket = client, bucket

    def load(self) -> Sequence[Target]:
        """Return the targets that were saved last; none if there is no file.

        Raises AccessDeniedError or UnavailableError.
        """
        with translate_read_errors(GET):
            try:
                text = _text_of(self._client, self._bucket, KNOWN_TARGETS)
            except ClientError as error:
                if code_of(error) == "NoSuchKey":
                    return ()
                raise
            return [Target(*item) for item in json.loads(text)]

    def save(self, targets: Sequence[Target]) -> None:
        """Store *targets*. Raises AccessDeniedError or UnavailableError."""
        items = [[target.account, target.region, target.alias] for target in targets]
        _write_json(self._client, self._bucket, KNOWN_TARGETS, json.dumps(items))


def _answers_in(results: Iterable[Any]) -> Iterator[tuple[Target, TargetAnswer]]:
    """Yield the target and the answer of each child execution in *results*.

    A result that does not name its target is left out, so that the target did not answer.
    """
    for result in results:
        try:
            target = target_from_item(json.loads(result["Input"])["target"]).target
            is_success = result["Status"] == "SUCCEEDED"
        except (*MALFORMED, InvalidTargetItemError) as error:
            _log.warning("a result of the map is malformed: %s", type(error).__name__)
            continue
        yield target, _answer_of(result) if is_success else _answer_of_failure(result)


def _answer_of(result: Mapping[str, Any]) -> TargetAnswer:
    """Return the answer in *result*, of which the evaluator returned the output."""
    try:
        output = json.loads(result["Output"])
        reason, details = (str(output.get(key) or "") for key in ("reason", "details"))
        return TargetAnswer(
            Status(output["status"]),
            int(output["due"]),
            reason,
            details,
            _open_alerts(output.get("report") or {}),
        )
    except MALFORMED as error:
        return _failed(f"its answer is malformed ({type(error).__name__})")


def _answer_of_failure(result: Mapping[str, Any]) -> TargetAnswer:
    """Return the answer in *result*, of a child execution that failed."""
    if result.get("Error") == LeaseHeldError.__name__:
        return TargetAnswer(Status.SKIPPED, reason=BUSY)
    return _failed(failure_text(result))


def _open_alerts(report: Mapping[str, Any]) -> int:
    """Return the number of open alerts in the figures of a run report."""
    return int(report.get("alerts_warning", 0)) + int(report.get("alerts_critical", 0))


def _failed(details: str) -> TargetAnswer:
    return TargetAnswer(Status.BLIND, reason=FAILED, details=details)


def failure_text(failure: Mapping[str, Any]) -> str:
    """Return the error of *failure*, and its cause in one line.

    The cause of an error of a function is JSON, of which only the message is returned.
    """
    error, cause = failure.get("Error"), failure.get("Cause")
    with suppress(*MALFORMED):
        cause = json.loads(str(cause))["errorMessage"]
    return well_formed(": ".join(str(part) for part in (error, cause) if part))


def read_fleet_file(client: "S3Client", bucket: str, key: str) -> str:
    """Return the text of the fleet file. Raises AccessDeniedError or UnavailableError."""
    with translate_read_errors(GET):
        text = _text_of(client, bucket, key)
    if not text:
        raise UnavailableError(GET, f"the fleet file {key} is empty", transient=False)
    return text


def _text_of(client: "S3Client", bucket: str, key: str) -> str:
    """Return the text of a file. Raises what boto3 raises."""
    return client.get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def _write_json(client: "S3Client", bucket: str, key: str, text: str) -> None:
    """Write *text*, which is JSON. Raises AccessDeniedError or UnavailableError."""
    with translate_read_errors(PUT):
        client.put_object(
            Bucket=bucket, Key=key, Body=text.encode(), ContentType="application/json"
        )
