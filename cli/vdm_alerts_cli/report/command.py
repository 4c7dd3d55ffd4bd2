"""The report as a file: what `vdm-alerts report` does."""

from dataclasses import dataclass
from pathlib import Path

from vdm_alerts_cli.connection import connect
from vdm_alerts_cli.dataset import Dataset, read_dataset
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.files import write_file
from vdm_alerts_cli.options import AccountOptions, OutputOptions, ReadingOptions
from vdm_alerts_cli.output import Column, print_rows, say, show_time
from vdm_alerts_cli.report.account import Account
from vdm_alerts_cli.report.account_page import Comparison, account_page
from vdm_alerts_cli.report.changes import Changes
from vdm_alerts_cli.report.reading import read_from_account, read_from_file
from vdm_alerts_cli.report.rendering import render_page
from vdm_alerts_cli.report.snapshot import Snapshot, read_snapshot


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """The files that a report reads and writes."""

    to: Path
    """The report."""
    dataset: Path | None = None
    """The counts; None to read the account."""
    rules: Path | None = None
    """A folder of rules to use with `dataset`; None for the default rules."""
    since_report: Path | None = None
    """An earlier report; None for the one at `to`, if there is one."""

    @property
    def earlier(self) -> Path | None:
        """The report to compare with; None if there is none."""
        return self.since_report or (self.to if self.to.is_file() else None)


def run_report(
    files: ReportFiles,
    days: int,
    account: AccountOptions,
    reading: ReadingOptions,
    output: OutputOptions,
) -> ExitStatus:
    """Write the report of *days* days, and print what changed since the last one.

    Raises InvalidInputError before it reads the account if the earlier report is of another one.
    """
    before = read_snapshot(files.earlier) if files.earlier else None
    source = read_dataset(files.dataset) if files.dataset else connect(account)
    if before and before.target != source.target:
        raise InvalidInputError(
            f"{files.earlier}: it is a report about {before.target}. Use --to with a new file for "
            f"{source.target}."
        )
    if isinstance(source, Dataset):
        result = read_from_file(source, files.rules, days)
    else:
        result = read_from_account(source, account.prefix, days, reading, output)
    comparison = _compare(before, result.account, output)
    page = account_page(result.account, comparison, result.unread, output.time_zone)
    write_file(files.to, render_page(page))
    print_rows(
        [
            {"kind": item.kind, "severity": item.severity and str(item.severity), "text": item.text}
            for item in comparison.items
        ],
        [Column("Change", lambda row: row["kind"]), Column("", lambda row: row["text"])],
        output,
        comparison.text,
    )
    say(f"Wrote {files.to}.", output)
    return ExitStatus.of(unread=bool(result.unread))


def _compare(before: Snapshot | None, account: Account, output: OutputOptions) -> Comparison:
    """Return what changed since the report *before*."""
    if before is None:
        return Comparison(
            "There is no earlier report to compare with. The next report to the same file, or with "
            "--since-report, lists what changed."
        )
    is_later = before.made_at > account.made_at
    time = show_time(before.made_at, output.time_zone)
    since = f"the report of {time}{', which is later than this one' if is_later else ''}"
    items = Changes(before, account).items
    return Comparison(f"Since {since}:" if items else f"Nothing since {since}.", items)
