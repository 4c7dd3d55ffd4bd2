"""What AWS does not document about VDM, found out for this account by queries."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from botocore.exceptions import ClientError

from vdm_alerts.adapters.aws.errors import code_of
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Dimension, Metric
from vdm_alerts_cli.doctor.check import Answer, Check, NotRead, Outcome, Severity, Topic
from vdm_alerts_cli.doctor.examination import Examination
from vdm_alerts_cli.doctor.vdm_probe import Rejected, probe

PERIOD = 300
"""Seconds of a data point of CloudWatch, by which the delay of VDM is measured."""
_FRESH_ENOUGH = timedelta(hours=6)
"""The delay of VDM from which it is later than assumed."""


def today_served(examination: Examination) -> Iterator[Outcome]:
    """Examine whether SES answers for the current day."""
    today = examination.now.date()
    answer = probe(examination, today, today)
    sent = examination.status().sent_last_day
    if isinstance(answer, Rejected):
        yield Answer(f"SES rejects a query of today: {answer.message}", as_assumed=False)
    elif answer:
        yield Answer(
            f"SES serves today's partial day: {sum(answer.values()):,} emails so far",
            as_assumed=True,
        )
    elif sent:
        yield Answer(
            f"SES accepts a query of today, and counts none of the {sent:,} emails of the last 24 "
            "hours, which may all be of yesterday"
        )
    else:
        yield Answer("SES accepts a query of today. No email was sent in 24 hours")


def data_freshness(examination: Examination) -> Iterator[Outcome]:
    """Examine how far VDM is behind CloudWatch, which counts each email within minutes."""
    today = examination.now.date()
    answer = probe(examination, today, today)
    if isinstance(answer, Rejected):
        yield Answer("VDM does not serve today, so how fresh it is cannot be measured")
        return
    counted, midnight = answer.get(today, 0), datetime.combine(today, time(), UTC)
    response = examination.call(
        "cloudwatch",
        "get_metric_data",
        MetricDataQueries=[_sent_query()],
        StartTime=midnight,
        EndTime=max(examination.now, midnight + timedelta(seconds=PERIOD)),
        ScanBy="TimestampAscending",
    )
    (result,) = response["MetricDataResults"]
    total, reached = 0.0, None
    for start, sent in zip(result["Timestamps"], result["Values"], strict=True):
        total += sent
        if reached is None and total > counted:
            reached = start
    if not total:
        yield Answer("CloudWatch counts no email of today, so how fresh VDM is cannot be measured")
    elif not counted:
        yield Answer(f"VDM counts none of the {total:,.0f} emails that CloudWatch counts today")
    elif reached is None:
        yield Answer(
            f"VDM has all of the {total:,.0f} emails that CloudWatch counts today", as_assumed=True
        )
    else:
        delay = examination.now - reached
        yield Answer(
            f"VDM has {counted:,} of the {total:,.0f} emails that CloudWatch counts today: it is "
            f"about {_minutes(delay)} behind",
            as_assumed=delay < _FRESH_ENOUGH,
        )


def _sent_query() -> Mapping[str, object]:
    sent = {"Namespace": "AWS/SES", "MetricName": "Send"}
    return {"Id": "sent", "MetricStat": {"Metric": sent, "Period": PERIOD, "Stat": "Sum"}}


def _minutes(delay: timedelta) -> str:
    minutes = delay // timedelta(minutes=1)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"  # noqa: PLR2004 - two hours


def end_date(examination: Examination) -> Iterator[Outcome]:
    """Examine whether the end of a query belongs to it."""
    yesterday = examination.now.date() - timedelta(days=1)
    answer = probe(examination, yesterday - timedelta(days=6), yesterday)
    if isinstance(answer, Rejected):
        yield NotRead(f"SES rejects a query of the last 7 days: {answer.message}")
        return
    outside = [day for day in answer if not yesterday - timedelta(days=6) <= day <= yesterday]
    if outside:
        yield Answer(f"SES returns a day that was not queried: {max(outside)}", as_assumed=False)
    elif not answer:
        yield Answer(
            "No email was sent in the last 7 days, so whether EndDate is exclusive cannot be seen"
        )
    else:
        yield Answer("EndDate is exclusive: SES returns the queried days alone", as_assumed=True)


def wildcard_values(examination: Examination) -> Iterator[Outcome]:
    """Examine whether `*` and lists are accepted as values of a dimension."""
    last = examination.now.date() - timedelta(days=1)
    names = [next(iter(scope.dimensions.values())) for scope in examination.identities()[:2]]
    values = {
        "`*` as identity": {Dimension.IDENTITY: "*"},
        "`*` as configuration set": {Dimension.CONFIGURATION_SET: "*"},
        "`*` as provider": {Dimension.ISP: "*"},
        "a list of providers": {Dimension.ISP: "Gmail,Hotmail"},
        **({"a list of identities": {Dimension.IDENTITY: ",".join(names)}} if names[1:] else {}),
    }
    accepted, rejected = [], []
    for text, dimensions in values.items():
        answer = probe(examination, last - timedelta(days=6), last, dimensions)
        if isinstance(answer, Rejected):
            rejected.append(text)
        else:
            accepted.append(f"{text} ({sum(answer.values()):,} emails)")
    parts = [
        *([f"SES accepts {', '.join(accepted)}"] if accepted else []),
        *([f"SES rejects {', '.join(rejected)}"] if rejected else []),
    ]
    yield Answer("; ".join(parts), as_assumed=not accepted)


def combined_dimensions(examination: Examination) -> Iterator[Outcome]:
    """Examine whether an identity and a configuration set can be combined."""
    identities, sets = examination.identities(), examination.configuration_sets()
    if not (identities and sets):
        yield Answer("There is no identity and configuration set to query together")
        return
    last = examination.now.date() - timedelta(days=1)
    dimensions = {**identities[0].dimensions, **sets[0].dimensions}
    answer = probe(examination, last - timedelta(days=6), last, dimensions)
    if isinstance(answer, Rejected):
        yield Answer(
            f"SES rejects an identity together with a configuration set: {answer.message}",
            as_assumed=False,
        )
    else:
        yield Answer("SES accepts an identity together with a configuration set", as_assumed=True)


def missing_days(examination: Examination) -> Iterator[Outcome]:
    """Examine how SES reports a day without email, and how far its data goes back."""
    last = examination.now.date() - timedelta(days=1)
    answer = probe(examination, LONGEST_WINDOW.first_day(last), last)
    if isinstance(answer, Rejected):
        yield Answer(f"SES rejects a query of 60 days: {answer.message}", as_assumed=False)
    elif not answer:
        yield Answer("SES has no count of the last 60 days")
    else:
        yield _days_reported(answer, last)


def _days_reported(counts: Mapping[date, int], last: date) -> Answer:
    first = min(counts)
    zeros = sum(count == 0 for count in counts.values())
    missing = (last - first).days + 1 - len(counts)
    since = f"Since {first}, {len(counts)} days have counts"
    if zeros:
        return Answer(f"{since}, and SES returns {zeros} days without email as 0", as_assumed=False)
    if missing:
        return Answer(f"{since}, and SES leaves out {missing} days without email", as_assumed=True)
    return Answer(f"{since}. There is no day without email to see how SES reports it")


def gmail_complaints(examination: Examination) -> Iterator[Outcome]:
    """Examine whether SES learns of complaints at Gmail."""
    last, gmail = examination.now.date() - timedelta(days=1), {Dimension.ISP: "Gmail"}
    first = LONGEST_WINDOW.first_day(last)
    sent, reporting = (
        probe(examination, first, last, gmail, metric)
        for metric in (Metric.SEND, Metric.DELIVERY_COMPLAINT)
    )
    if isinstance(sent, Rejected) or isinstance(reporting, Rejected):
        yield NotRead("SES rejects a query of Gmail")
    elif not (emails := sum(sent.values())):
        yield Answer("No email was sent to Gmail in 60 days")
    elif count := sum(reporting.values()):
        yield Answer(
            f"SES gets complaints from Gmail: {count:,} of {emails:,} emails can be reported",
            as_assumed=False,
        )
    else:
        yield Answer(f"Gmail reports no complaints: 0 of {emails:,} emails", as_assumed=True)


def list_page_size(examination: Examination) -> Iterator[Outcome]:
    """Examine whether SES accepts the page sizes that the function asks for."""
    sizes = {"list_email_identities": 1_000, "list_configuration_sets": 1_000, "list_tenants": 100}
    rejected = []
    for method, size in sizes.items():
        try:
            examination.call("sesv2", method, PageSize=size)
        except UnavailableError as error:
            cause = error.__cause__
            if not (isinstance(cause, ClientError) and code_of(cause) == "BadRequestException"):
                raise
            rejected.append(method.replace("_", "-"))
    if rejected:
        yield Answer(f"SES rejects the page size of {', '.join(rejected)}", as_assumed=False)
    else:
        yield Answer("SES accepts pages of 1,000 names, and of 100 tenants", as_assumed=True)


_QUESTIONS = {
    "today-served": today_served,
    "data-freshness": data_freshness,
    "end-date": end_date,
    "wildcard-values": wildcard_values,
    "combined-dimensions": combined_dimensions,
    "missing-days": missing_days,
    "gmail-complaints": gmail_complaints,
}
CHECKS = (
    *(
        Check(
            name,
            Topic.VDM,
            Severity.INFO,
            run,
            ("vdm-enabled",),
            settles_assumption=True,
        )
        for name, run in _QUESTIONS.items()
    ),
    Check(
        "list-page-size",
        Topic.VDM,
        Severity.INFO,
        list_page_size,
        settles_assumption=True,
    ),
)
