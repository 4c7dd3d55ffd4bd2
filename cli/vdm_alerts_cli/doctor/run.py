"""The working part of `vdm-alerts doctor`."""

import time
from dataclasses import dataclass

from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS
from vdm_alerts_cli.clock import current_time
from vdm_alerts_cli.connection import connect
from vdm_alerts_cli.doctor.catalog import chosen_checks, run_checks
from vdm_alerts_cli.doctor.check import NotRead, Problem, Result, Severity
from vdm_alerts_cli.doctor.examination import Examination
from vdm_alerts_cli.doctor.providers import CANDIDATES
from vdm_alerts_cli.doctor.report import print_report
from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.options import AccountOptions, OutputOptions, ReadingOptions
from vdm_alerts_cli.output import say
from vdm_alerts_cli.progress import progress

QUERIES = 12 + 1 + 1 + (1 + len(KNOWN_ISPS) + len(CANDIDATES))
"""The VDM queries of an examination, apart from one for each configuration set.

They are for the behavior of VDM, permissions, the emails of the account, and providers.
"""


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """What the doctor examines, and from which severity its exit status is 1."""

    fail_on: Severity = Severity.WARNING
    billing: bool = False
    export_bucket: str = ""
    max_senders: int = 100
    """See `Examination`."""


def examine(
    account: AccountOptions, reading: ReadingOptions, output: OutputOptions, options: DoctorOptions
) -> ExitStatus:
    """Examine the account, print the report, and return the exit status.

    Raises InvalidInputError or NotReadError if there is no account to examine.
    """
    connection = connect(account)
    examination = Examination(
        connection,
        current_time(),
        time,
        account.prefix,
        reading,
        options.max_senders,
        options.export_bucket,
    )
    say(f"Up to {QUERIES} VDM queries, and one for each configuration set.", output)
    checks = chosen_checks(billing=options.billing, export=bool(options.export_bucket))
    with progress("Examine the account", len(checks), output) as advance:
        results = list(run_checks(examination, checks, advance))
    heading = f"Account {connection.account}, {connection.region}, stack {account.prefix}"
    print_report(results, heading, output)
    return exit_status(results, options.fail_on)


def exit_status(results: list[Result], fail_on: Severity) -> ExitStatus:
    """Return FOUND for a problem of severity *fail_on* or worse, else NOT_READ or WELL."""
    severities = list(Severity)
    failing = severities[: severities.index(fail_on) + 1]
    return ExitStatus.of(
        found=any(
            isinstance(each.outcome, Problem) and each.check.severity in failing for each in results
        ),
        unread=any(isinstance(each.outcome, NotRead) for each in results),
    )
