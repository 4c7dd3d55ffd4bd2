"""The local VDM as a command."""

import subprocess
import sys
from pathlib import Path

import boto3

SCENARIO = "local/vdm_local/scenarios/newsletter.toml"


def test_command_prints_url_and_serves_boto3(root: Path) -> None:
    command = [sys.executable, "-m", "vdm_local", "--scenario", SCENARIO]
    with subprocess.Popen(
        [*command, "--now", "2026-03-05T00:00:00Z"], cwd=root, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            assert ready.startswith("ready: http://127.0.0.1:")
            client = boto3.client("sesv2", endpoint_url=ready.split()[1])
            identities = client.list_email_identities()["EmailIdentities"]
            assert [each["IdentityName"] for each in identities] == [
                "news.example.com",
                "offers.example.com",
                "shop.example.com",
            ]
        finally:
            process.terminate()


def test_command_exits_with_message_when_scenario_is_invalid(root: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("begins = 2026-03-01\nvdm_enable = 1")
    done = subprocess.run(
        [sys.executable, "-m", "vdm_local", "--scenario", str(bad)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("vdm_local: ")
    assert done.stderr.splitlines()[1:] == [
        '  vdm_enable  is not a key of a scenario. Did you mean "vdm_enabled"?'
    ]
