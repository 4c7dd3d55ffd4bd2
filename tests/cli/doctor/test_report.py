"""The report of the doctor, its order and its exit status."""

import json
import shlex
from collections.abc import Sequence
from datetime import timedelta

import pytest
from doctor_account import DENIED, NOW, DoctorAccount, an_examination, error, outcomes_of

from vdm_alerts_cli.doctor.catalog import CHECKS, chosen_checks, run_checks
from vdm_alerts_cli.doctor.check import (
    Answer,
    Check,
    NotApplicable,
    NotRead,
    Outcome,
    Problem,
    Result,
    Severity,
    Topic,
    Well,
)
from vdm_alerts_cli.doctor.report import print_report
from vdm_alerts_cli.doctor.run import QUERIES, exit_status
from vdm_alerts_cli.doctor.schedule_interval import interval_of
from vdm_alerts_cli.doctor.shell_commands import aws_command
from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.options import Format, OutputOptions, ReadingOptions


def a_check(
    name: str, *found: Outcome, severity: Severity = Severity.WARNING, needs: tuple[str, ...] = ()
) -> Check:
    return Check(name, Topic.SES, severity, lambda _: found, needs)


def a_result(name: str, outcome: Outcome, severity: Severity = Severity.WARNING) -> Result:
    return Result(a_check(name, severity=severity), outcome)


PROBLEM = Problem("It is broken", "Repair it", "aws s3 ls", ("a", "b"))
RESULTS = [
    a_result("fine", Well("It works")),
    a_result("slow", PROBLEM),
    a_result("hidden", NotRead("access is denied")),
    a_result("broken", PROBLEM, Severity.ERROR),
    a_result("open", Answer("It is blue", as_assumed=False), Severity.INFO),
    a_result("none", NotApplicable("it depends on stack")),
]


@pytest.mark.parametrize(
    ("outcomes", "fail_on", "status"),
    [
        ([Well("x"), Answer("y", as_assumed=False)], Severity.WARNING, ExitStatus.WELL),
        ([PROBLEM], Severity.WARNING, ExitStatus.FOUND),
        ([PROBLEM], Severity.ERROR, ExitStatus.WELL),
        ([PROBLEM, NotRead("x")], Severity.WARNING, ExitStatus.FOUND),
        ([PROBLEM, NotRead("x")], Severity.ERROR, ExitStatus.NOT_READ),
        ([NotRead("x")], Severity.WARNING, ExitStatus.NOT_READ),
        ([NotApplicable("x")], Severity.WARNING, ExitStatus.WELL),
    ],
)
def test_exit_status(outcomes: Sequence[Outcome], fail_on: Severity, status: ExitStatus) -> None:
    assert exit_status([a_result("x", each) for each in outcomes], fail_on) is status


def test_error_fails_for_each_severity() -> None:
    for fail_on in (Severity.WARNING, Severity.ERROR):
        results = [a_result("x", PROBLEM, Severity.ERROR)]
        assert exit_status(results, fail_on) is ExitStatus.FOUND


@pytest.mark.parametrize("width", [40, 80, 120])
def test_table_has_the_worst_problem_first_and_commands_unbroken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    command = "aws sns subscribe " + "x" * 150
    problem = Problem("It is broken " * 12, "Repair it", command, ("name",) * 10)
    results = [*RESULTS, a_result("long", problem)]
    print_report(results, "Account", OutputOptions())
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    order = [lines.index(line) for line in ("ERROR  broken", "WARNING  slow", "WARNING  long")]
    assert order == sorted(order)
    assert f"    {command}" in lines
    assert all(len(line) <= width for line in lines if command not in line)
    assert "    - and 2 more. All are in -o json." in printed.out.replace(" \n", "\n")
    assert "1 error, 2 warnings, 1 not read, 1 well, 1 not applicable" in " ".join(
        printed.out.split()
    )
    assert printed.err == "vdm-alerts: not read: hidden: access is denied.\n"


def test_ids_are_those_of_problems_worst_first(capsys: pytest.CaptureFixture[str]) -> None:
    print_report([*RESULTS, RESULTS[1]], "Account", OutputOptions(Format.IDS))
    assert capsys.readouterr().out == "broken\nslow\n"
    print_report([RESULTS[0]], "Account", OutputOptions(Format.IDS))
    assert capsys.readouterr().out == ""


def test_json_has_every_result_with_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(RESULTS, "Account", OutputOptions(Format.JSON))
    documents = json.loads(capsys.readouterr().out)
    assert [each["status"] for each in documents] == [
        "well",
        "warning",
        "not-read",
        "error",
        "answer",
        "not-applicable",
    ]
    assert documents[3] == {
        "id": "broken",
        "topic": "SES account",
        "status": "error",
        "text": "It is broken",
        "fix": "Repair it",
        "command": "aws s3 ls",
        "names": ["a", "b"],
        "as_assumed": None,
        "docs": "docs/doctor.md#broken",
    }
    assert {frozenset(each) for each in documents} == {frozenset(documents[0])}


def run(*checks: Check) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for result in run_checks(an_examination(DoctorAccount()), checks):
        found.setdefault(result.check.id, []).append(result.outcome)
    return found


def test_failing_check_keeps_what_it_found_and_stops_no_other() -> None:
    def fail(_: object) -> object:
        yield PROBLEM
        raise ZeroDivisionError("of course")

    failing = Check("failing", Topic.SES, Severity.ERROR, fail)  # type: ignore[arg-type]
    assert run(failing, a_check("next", Well("fine"))) == {
        "failing": [PROBLEM, NotRead("ZeroDivisionError: of course")],
        "next": [Well("fine")],
    }


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([Well("fine")], Well("next")),
        ([PROBLEM, Well("but usable")], Well("next")),
        ([PROBLEM], NotApplicable("it depends on first")),
        ([Answer("there is none")], NotApplicable("it depends on first")),
        ([NotRead("denied")], NotRead("it depends on first, which was not read")),
    ],
)
def test_check_runs_only_after_what_it_needs(found: Sequence[Outcome], expected: Outcome) -> None:
    results = run(a_check("first", *found), a_check("next", Well("next"), needs=("first",)))
    assert results["next"] == [expected]


def test_checks_come_after_those_that_they_need() -> None:
    known: set[str] = set()
    for check in CHECKS:
        assert known >= {*check.needs}, check.id
        assert check.id not in known
        known.add(check.id)


def test_billing_and_export_run_only_if_they_are_asked_for() -> None:
    topics = {check.topic for check in chosen_checks(billing=False, export=False)}
    assert topics == {*Topic} - {Topic.BILLING, Topic.EXPORT}
    assert len(chosen_checks(billing=True, export=True)) == len(CHECKS)


def test_doctor_calls_nothing_that_changes_the_account_and_asks_no_bill() -> None:
    account = DoctorAccount()
    account.deploy()
    examination = an_examination(account)
    list(run_checks(examination, chosen_checks(billing=False, export=False)))
    verbs = ("Get", "List", "Describe", "Batch", "Simulate", "Query")
    assert [call for call in account.calls if not call.split(":")[1].startswith(verbs)] == []
    assert not any(call.startswith("ce:") for call in account.calls)
    sets = len(account.endpoint.scenario.configuration_sets)
    assert examination.queries_made == QUERIES + sets, "as the doctor announces"
    assert account.endpoint.quota.queries == examination.queries_made


def test_everything_denied_is_not_read_and_nothing_is_well() -> None:
    account = DoctorAccount()
    account.deploy()
    for operation in account.answers:
        account.answers[operation] = DENIED
    for operation in ("GetAccount", "ListEmailIdentities", "ListConfigurationSets", "ListTenants"):
        account.answers[f"sesv2:{operation}"] = DENIED
    checks = chosen_checks(billing=True, export=True)
    results = list(run_checks(an_examination(account), checks))
    assert {type(each.outcome) for each in results} == {NotRead, Problem}
    problems = [each.check.id for each in results if isinstance(each.outcome, Problem)]
    assert problems == ["read-permissions"]


def test_queries_above_the_limit_are_not_made() -> None:
    account = DoctorAccount()
    options = ReadingOptions(max_queries=3)
    found = outcomes_of(account, "provider-names", reading=options)
    assert found == [NotRead("it takes 19 VDM queries, and --max-queries leaves 3")]
    assert account.endpoint.quota.queries == 0


def test_vdm_off_is_one_error_and_answers_what_ses_responds() -> None:
    account = DoctorAccount()
    account.change(vdm_enabled=False)
    results = list(run_checks(an_examination(account), chosen_checks(billing=False, export=False)))
    errors = [each.check.id for each in results if isinstance(each.outcome, Problem)]
    assert errors == ["vdm-enabled", "read-permissions"], "CloudWatch denies access here"
    answers = [each.outcome for each in results if isinstance(each.outcome, Answer)]
    assert "404 NotFoundException" in answers[0].text
    assert answers[0].as_assumed


def test_senders_above_the_limit_are_not_read() -> None:
    found = outcomes_of(DoctorAccount(), "configuration-set-feedback", max_senders=1)
    assert found == [
        Well("Of 1 configuration set, each reports bounces and complaints"),
        NotRead("1 more configuration sets. To read them, use --max-senders"),
    ]


def test_names_of_aws_are_words_of_the_shell() -> None:
    name = "a'b $(reboot)\n;\u202e"
    command = aws_command("eu-west-1", "sesv2", "get-configuration-set", name=name)
    assert shlex.split(command)[-1] == "a'b $(reboot)\\u000A;\\u202E"
    assert command.isprintable()


def test_rejected_today_is_an_answer_and_no_failure() -> None:
    account = DoctorAccount()
    account.change(today="rejected")
    found = outcomes_of(account, "data-freshness")
    assert found == [Answer("VDM does not serve today, so how fresh it is cannot be measured")]


def test_delay_of_vdm_is_measured_by_the_counts_of_cloudwatch() -> None:
    account = DoctorAccount()
    midnight = NOW.replace(hour=0)
    result = {
        "Id": "sent",
        "Timestamps": [midnight + timedelta(hours=hour) for hour in (0, 3, 7, 8)],
        "Values": [300.0, 300.0, 50.0, 50.0],
    }
    account.answers["cloudwatch:GetMetricData"] = {"MetricDataResults": [result]}
    (answer,) = outcomes_of(account, "data-freshness")
    assert answer == Answer(
        "VDM has 600 of the 700 emails that CloudWatch counts today: it is about 2 hours behind",
        as_assumed=True,
    )


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("rate(1 hour)", 1),
        ("rate(12 hours)", 12),
        ("rate(30 minutes)", 0.5),
        ("cron(0 8 * * ? *)", 24),
    ],
)
def test_interval_of_a_schedule(expression: str, hours: float) -> None:
    assert interval_of(expression) == timedelta(hours=hours)


def test_bill_is_divided_by_the_quantity_of_each_usage_type() -> None:
    account = DoctorAccount()

    def respond(params: dict[str, str]) -> object:
        page = "EUW1-VirtDelivMgr" if "NextPageToken" in params else "EUW1-Recipients-VirtDelivMgr"
        groups = [_group(page, "2", "1000"), _group("EUW1-Recipients", "5", "1000")]
        more = {} if "NextPageToken" in params else {"NextPageToken": "2"}
        return {"ResultsByTime": [{"Groups": groups}], **more}

    account.answers["ce:GetCostAndUsage"] = respond
    period = "from 2026-02-18 to 2026-03-20, so 0.002000 USD each"
    assert outcomes_of(account, "query-price") == [
        Answer(f"EUW1-Recipients-VirtDelivMgr: 2.00 USD for 1,000 emails or months {period}"),
        Answer(f"EUW1-VirtDelivMgr: 2.00 USD for 1,000 queries {period}"),
    ]


def _group(usage_type: str, cost: str, quantity: str) -> object:
    metrics = {
        "UnblendedCost": {"Amount": cost, "Unit": "USD"},
        "UsageQuantity": {"Amount": quantity, "Unit": "N/A"},
    }
    return {"Keys": [usage_type], "Metrics": metrics}


def test_bill_without_vdm_is_an_answer_and_denied_bill_is_not_read() -> None:
    account = DoctorAccount()
    account.answers["ce:GetCostAndUsage"] = {"ResultsByTime": []}
    (answer,) = outcomes_of(account, "query-price")
    assert isinstance(answer, Answer)
    account.answers["ce:GetCostAndUsage"] = DENIED
    assert outcomes_of(account, "query-price") == [
        NotRead("your credentials are not allowed to call ce:GetCostAndUsage")
    ]


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ({"JobStatus": "FAILED", "FailureInfo": {"ErrorMessage": "no"}}, "job-1 is FAILED: no"),
        ({"JobStatus": "CANCELLED"}, "job-1 is CANCELLED: SES gives no reason"),
        ({"JobStatus": "PROCESSING"}, "job-1 was not completed within 300 s"),
        (error("NotFoundException", "no job", 404), "ses:GetExportJob failed"),
    ],
)
def test_export_job_without_a_file_is_not_read(job: object, reason: str) -> None:
    account = DoctorAccount()
    account.answers |= {"sesv2:CreateExportJob": {"JobId": "job-1"}, "sesv2:GetExportJob": job}
    (outcome,) = outcomes_of(account, "export-columns", export_bucket="mine")
    assert isinstance(outcome, NotRead)
    assert reason in outcome.reason


def test_each_denied_action_is_named_also_if_the_stack_is_unreadable() -> None:
    account = DoctorAccount()
    for operation in ("sesv2:GetAccount", "sesv2:ListTenants", "cloudformation:DescribeStacks"):
        account.answers[operation] = DENIED
    account.answers |= {
        "cloudwatch:GetMetricData": {"MetricDataResults": []},
        "ssm:GetParametersByPath": {"Parameters": []},
    }
    (problem,) = outcomes_of(account, "read-permissions")
    assert isinstance(problem, Problem)
    assert problem.names == ("ses:GetAccount", "ses:ListTenants")
