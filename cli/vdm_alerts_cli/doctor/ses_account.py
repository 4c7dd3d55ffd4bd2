"""The SES account: VDM, sending, sandbox, quota and senders."""

from collections.abc import Iterator
from datetime import timedelta

from vdm_alerts.adapters.aws.ses_metrics import VDM_IS_OFF
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.notifications.rendering.commands import command_of
from vdm_alerts.handlers.invocation_time import TIME_AFTER_READING
from vdm_alerts_cli.cost import TIME_OUT, Workload
from vdm_alerts_cli.doctor.check import Answer, Check, Outcome, Problem, Severity, Topic, Well
from vdm_alerts_cli.doctor.examination import Examination
from vdm_alerts_cli.doctor.shell_commands import aws_command
from vdm_alerts_cli.doctor.vdm_probe import Rejected, probe

QUOTA_SHARE_TO_WARN = 0.8
"""The share of the daily quota from which it is a problem. SES rejects emails above the quota."""
MAX_READING_TIME = TIME_OUT - TIME_AFTER_READING
"""The time in which a run can read."""
_VDM_WITHOUT_SIDE_EFFECTS = (
    "VdmEnabled=ENABLED,DashboardAttributes={EngagementMetrics=DISABLED},"
    "GuardianAttributes={OptimizedSharedDelivery=DISABLED}"
)


def vdm_enabled(examination: Examination) -> Iterator[Outcome]:
    """Examine whether VDM is on, and how SES answers a query if it is not."""
    if examination.status().vdm_enabled:
        yield Well("Virtual Deliverability Manager is turned on")
        return
    yield Problem(
        f"{VDM_IS_OFF.what}, so {VDM_IS_OFF.effect}",
        "Turn it on. AWS charges for it per email, unless your SES plan includes it. This command "
        "leaves links and delivery of your emails unchanged",
        aws_command(
            examination.region,
            "sesv2",
            "put-account-vdm-attributes",
            vdm_attributes=_VDM_WITHOUT_SIDE_EFFECTS,
        ),
    )
    yesterday = (examination.now - timedelta(days=1)).date()
    answer = probe(examination, yesterday, yesterday)
    if isinstance(answer, Rejected):
        yield Answer(
            f"While VDM is off, SES responds to a query with {answer.status} {answer.code}: "
            f"{answer.message}",
            as_assumed="enable Virtual Deliverability Manager" in answer.message,
        )
    else:
        yield Answer("While VDM is off, SES responds to a query with counts", as_assumed=False)


def region(examination: Examination) -> Iterator[Outcome]:
    """Examine whether SES has senders in this Region."""
    identities = len(examination.identities())
    sets, tenants = len(examination.configuration_sets()), len(examination.tenants())
    if not identities:
        yield Problem(
            f"SES has no identity in {examination.region}, so it sends no email from this Region",
            "Use the Region that you send email from, with --region",
        )
    else:
        yield Well(
            f"SES in {examination.region}: {identities:,} identities, {sets:,} configuration sets, "
            f"{tenants:,} tenants"
        )


def sending(examination: Examination) -> Iterator[Outcome]:
    """Examine whether SES reviews the account, or has paused it, or its owner has."""
    problems = _account_problems(examination, "enforcement", "sending")
    yield from problems
    if not problems:
        yield Well("The account may send, and SES does not review it")


def sandbox(examination: Examination) -> Iterator[Outcome]:
    """Examine whether the account is in the sandbox."""
    problems = _account_problems(examination, "sandbox")
    yield from problems
    if not problems:
        yield Well("The account is out of the sandbox")


def _account_problems(examination: Examination, *keys: str) -> list[Problem]:
    findings = [each for each in examination.status().findings if each.key in keys]
    return [problem_of(finding, examination) for finding in findings]


def problem_of(finding: Finding, examination: Examination) -> Problem:
    """Return the problem that a *finding* of the function describes."""
    command = command_of(finding.fix, examination.connection.target) if finding.fix else ""
    effect = f". Effect: {finding.effect}" if finding.effect else ""
    details = f": {' '.join(finding.details.split())}" if finding.details else ""
    return Problem(f"{finding.headline}{details}{effect}", finding.remedy, command)


def sending_quota(examination: Examination) -> Iterator[Outcome]:
    """Examine how much of the daily sending quota is used."""
    status = examination.status()
    sent, quota = status.sent_last_day, status.daily_quota
    if not quota or sent is None:
        yield Well("SES reports no daily sending quota")
        return
    text = f"SES sent {sent:,} of at most {quota:,} emails in the last 24 hours"
    if sent >= quota * QUOTA_SHARE_TO_WARN:
        yield Problem(
            f"{text}. It rejects emails above this quota",
            "Request a higher sending quota in the Service Quotas console, under Amazon SES",
        )
    else:
        yield Well(text)


def run_time(examination: Examination) -> Iterator[Outcome]:
    """Estimate whether a run of the function can read all senders in its time."""
    identities, sets = len(examination.identities()), len(examination.configuration_sets())
    workload, limit = Workload(identities, sets), MAX_READING_TIME.total_seconds()
    text = (
        f"A run makes about {workload.queries:,} VDM queries in {workload.seconds:,.0f} s, of at "
        f"most {limit:,.0f} s, if each of {identities:,} identities sends email every day"
    )
    if workload.seconds > limit:
        yield Problem(
            f"{text}. What is left is read by the next runs",
            "Limit your rules to the senders that matter, with `include` or `top`",
        )
    else:
        yield Well(text)


CHECKS = (
    Check(
        "vdm-enabled",
        Topic.SES,
        Severity.ERROR,
        vdm_enabled,
        settles_assumption=True,
    ),
    Check("region", Topic.SES, Severity.WARNING, region),
    Check("sending", Topic.SES, Severity.ERROR, sending),
    Check("sandbox", Topic.SES, Severity.WARNING, sandbox),
    Check(
        "sending-quota",
        Topic.SES,
        Severity.WARNING,
        sending_quota,
    ),
    Check("run-time", Topic.SES, Severity.WARNING, run_time),
)
