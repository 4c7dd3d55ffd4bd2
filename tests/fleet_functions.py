"""The functions of a fleet in memory, invoked in the order of its state machine.

What a function returns passes through JSON, as between the states of an execution.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from builders import NOW, a_rule
from fake_sts import Sts
from fakes import World
from function_environment import ENVIRONMENT

from vdm_alerts.adapters.aws.execution_files import ExecutionFiles, KnownTargetsFile
from vdm_alerts.adapters.memory import MemoryMetrics
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.model.target import Target
from vdm_alerts.handlers import deliver, evaluate, evaluate_target, list_targets
from vdm_alerts.ports import FleetPorts, Ports
from vdm_alerts.settings import (
    FleetSettings,
    TargetListSettings,
    environment_of,
)

BUCKET, ASSETS, FILE = "bucket", "assets", "fleet.toml"
HUB = Target("111111111111", "eu-west-1")
SHOP, BLOG = Target("222222222222", "eu-west-1"), Target("333333333333", "us-east-1")
FLEET_FILE = """
external_id = "9f1c7c1e"

[[targets]]
account = "111111111111"
regions = ["eu-west-1"]

[[targets]]
account = "222222222222"
regions = ["eu-west-1"]
alias = "shop"
tags = { team = "growth" }

[[targets]]
account = "333333333333"
regions = ["us-east-1"]
"""


class Context:
    """The context of an invocation with all of its time."""

    @property
    def aws_request_id(self) -> str:
        """An ID that no other invocation has, also if it is a retry by Step Functions."""
        return uuid4().hex

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


CONTEXT: Any = Context()


@dataclass
class MemoryS3:
    """The operations of S3 that the functions call."""

    objects: dict[str, bytes] = field(default_factory=dict)
    error: Exception | None = None
    """The error of every call, if it is down."""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **_: str) -> None:  # noqa: N803
        if self.error:
            raise self.error
        self.objects[f"{Bucket}/{Key}"] = Body

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if self.error:
            raise self.error
        if f"{Bucket}/{Key}" not in self.objects:
            raise s3_error("NoSuchKey", 404)
        return {"Body": BytesIO(self.objects[f"{Bucket}/{Key}"])}


def s3_error(code: str, status: int) -> ClientError:
    """Return an error of S3."""
    metadata = {"HTTPStatusCode": status}
    response: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": metadata}
    return ClientError(response, "GetObject")


@dataclass
class FleetFunctions:
    """The functions, and what they work with. The rates of each target are in its world."""

    s3: MemoryS3 = field(default_factory=MemoryS3)
    sts: Sts = field(default_factory=lambda: Sts(now=datetime.now(UTC)))
    shared: World = field(default_factory=World)
    """The table and the topic."""
    worlds: dict[Target, World] = field(default_factory=dict)
    metrics: MemoryMetrics = field(default_factory=MemoryMetrics)
    executions: int = 0

    def world(self, target: Target) -> World:
        """Return the world of *target*: its rates are normal unless a test changes them."""
        if target not in self.worlds:
            world = World(store=self.shared.store, notifier=self.shared.notifier)
            self.worlds[target] = world.set_rules(a_rule())
            world.set_bounces(ACCOUNT, 10)
        return self.worlds[target]

    def write_fleet_file(self, text: str) -> None:
        """Replace the fleet file."""
        self.s3.objects[f"{ASSETS}/{FILE}"] = text.encode()

    def end_first_summaries(self, *targets: Target) -> None:
        """Have *targets* be past their first summary, so that only alerts are due."""
        for target in targets:
            store = self.shared.store
            store.save(target, StoredState(summary_sent=True), store.load(target))

    @property
    def files(self) -> ExecutionFiles:
        """The files of the latest execution."""
        return self.files_of(BUCKET, self.execution)

    def files_of(self, bucket: str, execution: str) -> ExecutionFiles:
        """Return the files of *execution* in *bucket*."""
        client: Any = self.s3
        return ExecutionFiles(client, bucket, execution)

    @property
    def execution(self) -> str:
        """The name of the latest execution."""
        return f"execution-{self.executions}"

    def begin(self, event: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Return the input of the first step of a new execution for *event*, as of NOW."""
        self.executions += 1
        started = datetime.now(UTC).isoformat()
        cause = {"now": NOW.isoformat(), **(event or {})}
        return {"execution": self.execution, "started": started, "event": cause}

    def list_targets(self, step: Any) -> Any:
        """Invoke the first step."""
        return as_json(list_targets.lambda_handler(as_json(step), CONTEXT))

    def evaluate(self, step: Any, item: Any) -> Any:
        """Invoke the evaluator for *item*, a target of the list."""
        keys = ("execution", "started", "event")
        event = {"target": item, **{key: step[key] for key in keys}}
        return as_json(evaluate.lambda_handler(as_json(event), CONTEXT))

    def evaluate_all(self, step: Any) -> Any:
        """Invoke the evaluator for each target of the list, and write the results like a map."""
        items = json.loads(self.s3.objects[f"{BUCKET}/{step['targets']['key']}"])
        succeeded, failed = [], []
        for item in items:
            result: dict[str, object] = {"Input": json.dumps({"target": item})}
            try:
                output = self.evaluate(step, item)
            except Exception as error:  # noqa: BLE001 - as Step Functions does
                cause = json.dumps({"errorMessage": str(error), "stackTrace": ["..."]})
                failure = {"Error": type(error).__name__, "Cause": cause, "Status": "FAILED"}
                failed.append(result | failure)
            else:
                outcome = {"Output": json.dumps(output), "Status": "SUCCEEDED"}
                succeeded.append(result | outcome)
        prefix = f"executions/{self.execution}/results/1"
        files = {"FAILED": failed, "SUCCEEDED": succeeded}
        for kind, results in files.items():
            self.write(f"{prefix}/{kind}_0.json", results)
        manifest: dict[str, object] = {"PENDING": []}
        manifest |= {kind: [{"Key": f"{prefix}/{kind}_0.json"}] for kind in files}
        self.write(f"{prefix}/manifest.json", {"ResultFiles": manifest})
        place = {"Bucket": BUCKET, "Key": f"{prefix}/manifest.json"}
        return {**step, "results": {"MapRunArn": "arn", "ResultWriterDetails": place}}

    def deliver(self, step: Any) -> Any:
        """Invoke the last step."""
        return as_json(deliver.lambda_handler(as_json(step), CONTEXT))

    def execute(self, event: Mapping[str, object] | None = None) -> Any:
        """Return the output of an execution for *event*."""
        return self.deliver(self.evaluate_all(self.list_targets(self.begin(event))))

    def write(self, key: str, content: object) -> None:
        """Write *content* as JSON."""
        self.s3.objects[f"{BUCKET}/{key}"] = json.dumps(content).encode()

    def take_messages(self) -> list[dict[str, Any]]:
        """Return the payloads since the last call."""
        messages = self.shared.documents
        self.shared.notifier.sent.clear()
        return messages

    def target_ports(self, _hub: object, session: Any, *_: object) -> Ports:
        """Return the ports of the target that *session* is for."""
        provider = session.get_component("credential_provider")
        role = getattr(provider, "_assume_role", None)
        account = role.keywords["RoleArn"].split(":")[4] if role else HUB.account
        return self.world(Target(account, session.get_config_variable("region"))).ports

    def fleet_ports(self, _: object, files: ExecutionFiles) -> FleetPorts:
        """Return the ports of the last step."""
        shared, client = self.shared.ports, self.s3
        known: Any = KnownTargetsFile(client, BUCKET)  # type: ignore[arg-type]
        return FleetPorts(shared.store, shared.notifier, files, known, self.metrics)


def as_json(value: Any) -> Any:
    """Return *value* after a way through JSON."""
    return json.loads(json.dumps(value))


@contextmanager
def fleet_functions() -> Iterator[FleetFunctions]:
    """Have the functions run in memory for the block, for the fleet of FLEET_FILE."""
    fleet = FleetFunctions()
    fleet.write_fleet_file(FLEET_FILE)
    environment = {
        **ENVIRONMENT,
        **environment_of(FleetSettings(BUCKET, timedelta(hours=1))),
        **environment_of(TargetListSettings(HUB.account, HUB.region, BUCKET, ASSETS, FILE)),
    }
    replaced: tuple[tuple[object, Mapping[str, object]], ...] = (
        (list_targets, {"s3_client": lambda: fleet.s3, "execution_files": fleet.files_of}),
        (evaluate, {"build_ports": lambda *_: fleet.shared.ports}),
        (
            evaluate_target,
            {
                "build_ports": lambda *_: fleet.shared.ports,
                "build_target_ports": fleet.target_ports,
                "sts_client": lambda: fleet.sts,
                "s3_client": lambda: fleet.s3,
            },
        ),
        (deliver, {"build_fleet_ports": fleet.fleet_ports, "execution_files": fleet.files_of}),
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        for module, names in replaced:
            for name, function in names.items():
                patch.setattr(module, name, function)
        forget_connections()
        yield fleet
        forget_connections()


def forget_connections() -> None:
    """Forget what a warm function keeps."""
    evaluate._settings_and_ports.cache_clear()
    evaluate_target._hub.cache_clear()
    evaluate_target._connection.cache_clear()
