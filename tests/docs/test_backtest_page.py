"""The page about backtests shows what the commands print for the account of the demo."""

import re
import shlex
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metrics import SesMetrics
from vdm_alerts.adapters.aws.ses_rate_limiter import RateLimiter
from vdm_alerts.core.model.metrics import LONGEST_WINDOW
from vdm_alerts_cli.account_counts import metrics_of
from vdm_alerts_cli.candidate_rules import default_rules
from vdm_alerts_cli.command_line import vdm_alerts
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.counts_reader import list_scopes, read_counts
from vdm_alerts_cli.dataset import to_json
from vdm_alerts_cli.demo import DEMO_SCENARIO
from vdm_alerts_cli.in_process_ses import SimulatedClock, in_process_client
from vdm_local.account import ACCOUNT, REGION
from vdm_local.endpoint import Endpoint
from vdm_local.quota import Quota
from vdm_local.scenario import load_scenario

PAGE = (Path(__file__).parents[2] / "docs" / "backtest.md").read_text()
EXAMPLES = re.findall(
    r"^```sh\nvdm-alerts (backtest --from [^\n]*)\n```\n\n```text\n(.*?)^```",
    PAGE,
    re.DOTALL | re.MULTILINE,
)


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export the counts of the demo after its last run."""
    scenario = load_scenario(DEMO_SCENARIO)
    now = scenario.runs[-1].at
    endpoint = Endpoint(scenario, now)
    endpoint.quota = Quota(count().__next__)  # No call is throttled.
    client, clock = in_process_client(endpoint), SimulatedClock()
    connection = Connection(SimpleNamespace(), REGION, ACCOUNT, {"sesv2": client})
    series, scopes = (
        SesMetrics(client, RateLimiter(clock)),
        list_scopes(SesAccount(connection.client("sesv2"), clock)).scopes,
    )
    metrics = metrics_of(default_rules())
    dataset = read_counts(connection, scopes, metrics, LONGEST_WINDOW, now, series)
    path = tmp_path_factory.mktemp("demo") / "counts.json"
    path.write_text(to_json(dataset))
    return path


@pytest.mark.parametrize(("command", "shown"), EXAMPLES)
def test_page_shows_the_output(
    monkeypatch: pytest.MonkeyPatch, counts: Path, command: str, shown: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    words = [str(counts) if word == "counts.json" else word for word in shlex.split(command)]
    result = CliRunner().invoke(vdm_alerts, words, prog_name="vdm-alerts")
    printed = "\n".join(line.rstrip() for line in result.stdout.splitlines())
    assert printed == shown.rstrip("\n")


def test_page_has_an_example_of_each_kind() -> None:
    assert [("--compare" in command) for command, _ in EXAMPLES] == [False, True]
