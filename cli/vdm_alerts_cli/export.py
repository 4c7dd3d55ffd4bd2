"""The counts of an account as a file: what `vdm-alerts export` does."""

from collections.abc import Sequence
from pathlib import Path

from vdm_alerts.core.model.metrics import Metric, Window
from vdm_alerts.core.rules.quoting import suggestion
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts_cli.account_counts import metrics_of, read_dataset_of, rules_in_effect
from vdm_alerts_cli.connection import connect
from vdm_alerts_cli.dataset import to_csv, to_json
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.files import require_folder, write_file
from vdm_alerts_cli.options import AccountOptions, Format, OutputOptions, ReadingOptions
from vdm_alerts_cli.output import say


def run_export(
    path: Path | None,
    days: int,
    metric_names: Sequence[str],
    account: AccountOptions,
    reading: ReadingOptions,
    output: OutputOptions,
) -> ExitStatus:
    """Read *days* of counts, and write them to *path*, or to standard output."""
    if path:
        require_folder(path)
    chosen = [_metric(name) for name in metric_names]
    connection = connect(account)
    rules = RuleSet({}) if chosen else rules_in_effect(connection, account)
    dataset, unread = read_dataset_of(
        connection, chosen or metrics_of(rules), Window(days), reading, output
    )
    text = to_csv(dataset) if output.format is Format.CSV else to_json(dataset)
    if path is None:
        print(text, end="")
    else:
        write_file(path, text)
        say(f"Wrote {len(dataset.answers):,} series of {days} days to {path}.", output)
    return ExitStatus.of(unread=bool(unread))


def _metric(name: str) -> Metric:
    if name.upper() not in Metric.__members__:
        raise InvalidInputError(
            f"--metric: {name!r} is not a metric of VDM. {suggestion(name, Metric.__members__)}"
        )
    return Metric[name.upper()]
