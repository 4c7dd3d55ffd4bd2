"""docs/fleet.md describes the fleet file and its errors as they are."""

import math
import re
from dataclasses import fields
from pathlib import Path

import pytest
from templates import CONTEXT, fleet_template

from infra.evaluator import READ_ACTIONS
from infra.fleet_access import hub_role_name
from infra.settings import InvalidContextError, read_context
from vdm_alerts.core.fleet.document import (
    FleetDocument,
    OrganizationDocument,
    TargetDocument,
    parse_fleet,
)
from vdm_alerts.core.fleet.fleet import DEFAULT_ROLE, MAX_TARGETS
from vdm_alerts.core.notifications import fleet as grouping
from vdm_alerts.core.notifications.fleet import MAX_MESSAGES_PER_HOUR, MIN_TARGETS

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/core/notifications/rendering/golden/fleet-provider.txt"
PAGE = (ROOT / "docs" / "fleet.md").read_text()


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_example_of_a_fleet_file_is_valid_and_has_every_key() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    fleet = parse_fleet(example, "fleet.toml")
    assert fleet.role == DEFAULT_ROLE
    for document, path in (
        (FleetDocument, ""),
        (TargetDocument, "targets."),
        (OrganizationDocument, "organization."),
    ):
        for field in fields(document):
            assert re.search(rf"^\[*{field.name}\b", example, re.MULTILINE), field.name
            assert f"| `{path}{field.name}` |" in section("The fleet file")


def test_errors_are_those_of_the_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("fleet.toml").write_text(
        'region = "eu-west-1"\n[[targets]]\naccount = 222222222222\nregions = ["eu-west-1"]\n'
        '[[targets]]\naccount = "333333333333"\nalias = "shop"\nregions = ["eu-west-1"]\n'
        '[[targets]]\naccount = "222222222222"\nalias = "shop"\nregions = ["eu-west-1"]\n'
    )
    with pytest.raises(InvalidContextError) as error_info:
        read_context(CONTEXT | {"fleet": "fleet.toml"})
    (shown,) = re.findall(r"```text\n(.*?)```", section("Errors in the fleet file"), re.DOTALL)
    assert sorted(str(error_info.value).splitlines()) == sorted(shown.splitlines())


def test_example_of_the_cdk_is_valid() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102 - an example of the repository
    assert {"role", "events"} <= names.keys()


def test_page_has_the_limits_of_the_code() -> None:
    limits = section("Limits")
    assert f"| targets | {MAX_TARGETS:,} |" in limits
    assert f"| notifications of scheduled executions | {MAX_MESSAGES_PER_HOUR} an hour" in limits
    assert f"| targets in one notification | {grouping.MAX_TARGETS};" in limits
    assert f"names at most {grouping.MAX_TARGETS} targets" in PAGE
    assert f"{math.ceil(MAX_TARGETS / grouping.MAX_TARGETS)} notifications of one execution" in PAGE
    assert MIN_TARGETS == 3
    assert "at least three targets" in PAGE
    assert hub_role_name("vdm-alerts", "eu-west-1") in PAGE
    assert len(READ_ACTIONS) == 7
    assert "seven read-only actions" in PAGE
    fleet_template().resource_count_is("AWS::S3::Bucket", 1)


def test_notification_on_the_page_is_the_start_of_an_example_of_the_tests() -> None:
    (shown,) = re.findall(
        r"```text\n(.*?)\[\.\.\.\]", section("What a notification of a fleet looks like"), re.DOTALL
    )
    subject, text = shown.removeprefix("Subject: ").split("\n", 1)
    golden = GOLDEN.read_text()
    assert f"==== Subject\n{subject}\n" in golden
    assert text.strip() in golden
