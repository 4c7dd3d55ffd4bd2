"""The files of an execution in S3, with the results that Step Functions writes."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from builders import NOW, TARGET
from moto import mock_aws

from vdm_alerts.adapters.aws.execution_files import ExecutionFiles, read_fleet_file
from vdm_alerts.adapters.aws.handover_codec import UnreadableHandoverError
from vdm_alerts.core.fleet.answers import FAILED, Status, TargetAnswer
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.fleet.targets import target_item
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.handover import Handover

BUCKET, EXECUTION = "bucket", "7d2a5c1e_9f"
PREFIX = f"executions/{EXECUTION}"
MANIFEST = f"{PREFIX}/results/0b9c/manifest.json"
ROLE = "arn:aws:iam::{}:role/vdm-alerts-reader"


def a_target(number: int, region: str = "eu-west-1") -> FleetTarget:
    account = f"{number:012}"
    target = Target(account, region, f"täglich {number}")
    return FleetTarget(target, {"team": "growth"}, ROLE.format(account), "9f1c7c1e")


SHOP, BLOG, BANK = a_target(2), a_target(3), a_target(4)


class Bucket:
    """A bucket in memory, with results as Step Functions writes them."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.files = ExecutionFiles(client, BUCKET, EXECUTION)

    def write(self, key: str, content: object) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body)

    def read(self, key: str) -> Any:
        return json.loads(self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def write_results(self, **files: list[object]) -> None:
        """Write a manifest and the *files*, whose names begin with the kind of their results."""
        kinds: dict[str, list[object]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
        for name, results in files.items():
            key = f"{PREFIX}/results/0b9c/{name}.json"
            self.write(key, results)
            kinds[name.partition("_")[0]].append({"Key": key, "Size": 1})
        manifest = {"DestinationBucket": BUCKET, "MapRunArn": "arn", "ResultFiles": kinds}
        self.write(MANIFEST, manifest)


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def bucket(s3: Any) -> Bucket:
    """An empty bucket."""
    for file in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        s3.delete_object(Bucket=BUCKET, Key=file["Key"])
    return Bucket(s3)


def a_result(target: FleetTarget, output: object, **changes: object) -> dict[str, object]:
    """Return the result of a child execution that succeeded, as in SUCCEEDED_0.json."""
    child_input = {"target": target_item(target), "execution": EXECUTION, "event": {}}
    return {
        "ExecutionArn": "arn:aws:states:eu-west-1:111111111111:execution:vdm-alerts/Targets:1",
        "Input": json.dumps(child_input),
        "InputDetails": {"Included": True},
        "Name": "1",
        "Output": json.dumps(output),
        "OutputDetails": {"Included": True},
        "Status": "SUCCEEDED",
        **changes,
    }


def an_output(status: str = "evaluated", due: object = 0, **changes: object) -> dict[str, object]:
    return {"status": status, "due": due, "reason": None, "continue": False, **changes}


def a_failure(target: FleetTarget, error: str, cause: object, status: str) -> dict[str, object]:
    failure = {"Error": error, "Cause": cause, "Status": status}
    result = a_result(target, None)
    del result["Output"]
    return {**result, **failure}


def test_targets_are_read_as_they_were_written(bucket: Bucket) -> None:
    own = FleetTarget(Target("111111111111", "us-east-1"))
    key = bucket.files.write_targets([own, SHOP])
    assert key == f"{PREFIX}/targets.json"
    assert bucket.files.read_targets() == [own, SHOP]
    assert bucket.files.read_targets()[1].alias == "täglich 2"
    # Published: the map of the state machine reads these keys.
    assert bucket.read(key)[0] == {
        "account": "111111111111",
        "region": "us-east-1",
        "alias": "",
        "tags": {},
        "roleArn": None,
        "externalId": None,
    }


def test_handover_is_in_a_file_of_its_target(bucket: Bucket) -> None:
    bucket.files.put(Handover(TARGET, NOW, True, ()))
    listed = bucket.client.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [file["Key"] for file in listed] == [f"{PREFIX}/due/111122223333/eu-west-1.json"]


def test_answer_has_the_open_alerts_of_the_report(bucket: Bucket) -> None:
    figures = {"alerts_warning": 2, "alerts_critical": 1, "alerts_critical_recovering": 1}
    bucket.write_results(SUCCEEDED_0=[a_result(SHOP, an_output(report=figures))])
    assert bucket.files.answers(MANIFEST)[SHOP.target].open_alerts == 3


def test_answers_are_those_of_all_result_files(bucket: Bucket) -> None:
    bucket.write_results(
        SUCCEEDED_0=[a_result(SHOP, an_output(due=3))],
        SUCCEEDED_1=[
            a_result(BLOG, an_output("skipped", reason="another run is active")),
            a_result(BANK, an_output("blind", reason="no role", details="AccessDenied")),
        ],
    )
    assert bucket.files.answers(MANIFEST) == {
        SHOP.target: TargetAnswer(Status.EVALUATED, 3),
        BLOG.target: TargetAnswer(Status.SKIPPED, 0, "another run is active"),
        BANK.target: TargetAnswer(Status.BLIND, 0, "no role", "AccessDenied"),
    }


LAMBDA_CAUSE = json.dumps(
    {
        "errorMessage": "now: is in the future",
        "errorType": "InvalidEventError",
        "requestId": "4c1d",
        "stackTrace": ["  File ..."],
    }
)


@pytest.mark.parametrize(
    ("error", "cause", "status", "details"),
    [
        (
            "InvalidEventError",
            LAMBDA_CAUSE,
            "FAILED",
            "InvalidEventError: now: is in the future",
        ),
        ("Lambda.Unknown", "not JSON", "FAILED", "Lambda.Unknown: not JSON"),
        ("Sandbox.Timedout", '"text"', "FAILED", 'Sandbox.Timedout: "text"'),
        ("States.Timeout", None, "TIMED_OUT", "States.Timeout"),
        (None, None, "ABORTED", ""),
        ("Odd", "\ud800", "FAILED", "Odd: \ufffd"),
    ],
)
def test_failed_evaluation_is_blind_with_its_error_and_without_the_stack_trace(
    bucket: Bucket, error: Any, cause: object, status: str, details: str
) -> None:
    bucket.write_results(
        FAILED_0=[a_failure(SHOP, error, cause, status)],
        SUCCEEDED_0=[a_result(BLOG, an_output())],
    )
    answers = bucket.files.answers(MANIFEST)
    assert answers[SHOP.target] == TargetAnswer(Status.BLIND, 0, FAILED, details)
    assert answers[BLOG.target].status is Status.EVALUATED


def test_child_execution_that_found_another_run_active_is_skipped(bucket: Bucket) -> None:
    cause = json.dumps({"errorMessage": "another run is active", "errorType": "LeaseHeldError"})
    bucket.write_results(FAILED_0=[a_failure(SHOP, "LeaseHeldError", cause, "FAILED")])
    assert bucket.files.answers(MANIFEST) == {
        SHOP.target: TargetAnswer(Status.SKIPPED, reason="another run is active")
    }


@pytest.mark.parametrize(
    "change",
    [
        {"Output": "not JSON"},
        {"Output": ""},
        {"Output": None},
        {"Output": "null"},
        {"Output": "[]"},
        {"Output": "7"},
        {"Output": '"evaluated"'},
        {"Output": "[" * 100_000},
        *({"Output": json.dumps(an_output(due=due))} for due in (None, "many", 1e999)),
        {"Output": json.dumps(an_output("gone"))},
        {"Output": json.dumps(an_output(status=None))},  # type: ignore[arg-type]
        {"Output": "{}"},
    ],
    ids=lambda change: str(change)[:50],
)
def test_malformed_answer_makes_its_target_blind_and_hides_no_other(
    bucket: Bucket, change: Mapping[str, object]
) -> None:
    bucket.write_results(
        SUCCEEDED_0=[
            a_result(SHOP, an_output(), **change),
            a_result(BLOG, an_output(due=2)),
        ],
    )
    answers = bucket.files.answers(MANIFEST)
    assert answers[BLOG.target] == TargetAnswer(Status.EVALUATED, 2)
    assert (answers[SHOP.target].status, answers[SHOP.target].reason) == (Status.BLIND, FAILED)
    assert "malformed" in answers[SHOP.target].details


@pytest.mark.parametrize(
    "result",
    [
        *(None, [], "text", 7, {}),
        {"Input": "not JSON", "Status": "SUCCEEDED"},
        {"Input": "{}", "Status": "SUCCEEDED"},
        {"Input": '{"target": {"account": "2"}}', "Status": "SUCCEEDED"},
        {"Input": json.dumps({"target": target_item(SHOP)})},
    ],
    ids=str,
)
def test_result_without_a_target_is_no_answer_and_hides_no_other(
    bucket: Bucket, result: object
) -> None:
    bucket.write_results(SUCCEEDED_0=[result, a_result(BLOG, an_output())])
    assert set(bucket.files.answers(MANIFEST)) == {BLOG.target}


def test_reason_that_is_no_text_is_one(bucket: Bucket) -> None:
    bucket.write_results(SUCCEEDED_0=[a_result(SHOP, an_output("blind", reason=7, details=[1]))])
    answer = bucket.files.answers(MANIFEST)[SHOP.target]
    assert (answer.reason, answer.details) == ("7", "[1]")


def test_map_without_targets_has_no_answers(bucket: Bucket) -> None:
    bucket.write_results()
    assert bucket.files.answers(MANIFEST) == {}


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b"{}", b"\xff", b'{"ResultFiles": 7}'])
def test_malformed_manifest_is_an_error(bucket: Bucket, manifest: bytes) -> None:
    bucket.write(MANIFEST, manifest)
    with pytest.raises(UnavailableError, match="s3:GetObject failed: the response cannot be read"):
        bucket.files.answers(MANIFEST)


@pytest.mark.parametrize("content", [b"", b"{", b"7", b"\xff"])
def test_malformed_result_file_is_an_error(bucket: Bucket, content: bytes) -> None:
    bucket.write_results(SUCCEEDED_0=[a_result(SHOP, an_output())])
    bucket.write(f"{PREFIX}/results/0b9c/SUCCEEDED_0.json", content)
    with pytest.raises(UnavailableError, match="s3:GetObject failed"):
        bucket.files.answers(MANIFEST)


def test_missing_manifest_is_an_error(bucket: Bucket) -> None:
    with pytest.raises(UnavailableError, match=r"s3:GetObject failed: .*NoSuchKey"):
        bucket.files.answers(MANIFEST)


def test_missing_result_file_is_an_error(bucket: Bucket) -> None:
    bucket.write_results(SUCCEEDED_0=[a_result(SHOP, an_output())])
    bucket.client.delete_object(Bucket=BUCKET, Key=f"{PREFIX}/results/0b9c/SUCCEEDED_0.json")
    with pytest.raises(UnavailableError, match="NoSuchKey"):
        bucket.files.answers(MANIFEST)


def test_malformed_handover_is_an_error_of_its_own(bucket: Bucket) -> None:
    bucket.write(f"{PREFIX}/due/{TARGET.account}/{TARGET.region}.json", b"{")
    with pytest.raises(UnreadableHandoverError, match="stays due"):
        bucket.files.get(TARGET)


class BrokenS3:
    """An S3 whose operations raise *error*."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_object(self, **_: str) -> None:
        raise self._error

    put_object = get_object


def a_client_error(code: str, status: int) -> ClientError:
    metadata = {"HTTPStatusCode": status}
    response: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": metadata}
    return ClientError(response, "GetObject")


OPERATIONS: Mapping[str, Callable[[Any], object]] = {
    "write targets": lambda client: ExecutionFiles(client, BUCKET, EXECUTION).write_targets([SHOP]),
    "read targets": lambda client: ExecutionFiles(client, BUCKET, EXECUTION).read_targets(),
    "put": lambda client: ExecutionFiles(client, BUCKET, EXECUTION).put(
        Handover(TARGET, NOW, True, ())
    ),
    "get": lambda client: ExecutionFiles(client, BUCKET, EXECUTION).get(TARGET),
    "answers": lambda client: ExecutionFiles(client, BUCKET, EXECUTION).answers(MANIFEST),
    "fleet file": lambda client: read_fleet_file(client, BUCKET, "fleet.toml"),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_denied_file_is_an_error_that_names_the_action(operation: str) -> None:
    client = BrokenS3(a_client_error("AccessDenied", 403))
    with pytest.raises(AccessDeniedError, match=r"not allowed to call s3:(Get|Put)Object"):
        OPERATIONS[operation](client)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "error",
    [a_client_error("SlowDown", 503), EndpointConnectionError(endpoint_url="https://s3")],
    ids=["503", "no connection"],
)
def test_s3_that_is_down_is_a_transient_error(operation: str, error: Exception) -> None:
    with pytest.raises(UnavailableError) as caught:
        OPERATIONS[operation](BrokenS3(error))
    assert caught.value.finding.transient


def test_fleet_file_is_read(bucket: Bucket) -> None:
    bucket.write("fleet.toml", "# täglich".encode())
    assert read_fleet_file(bucket.client, BUCKET, "fleet.toml") == "# täglich"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe"])
def test_empty_or_binary_fleet_file_is_an_error(bucket: Bucket, content: bytes) -> None:
    bucket.write("fleet.toml", content)
    with pytest.raises(UnavailableError, match="s3:GetObject failed"):
        read_fleet_file(bucket.client, BUCKET, "fleet.toml")
