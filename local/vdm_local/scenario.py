"""A scenario: the emails of an account, and when SES reports each count.

A scenario is a TOML file. `begins` is the first day. Each `[[emails]]` describes emails with the
same identity, configuration set (or none) and mailbox provider. It has a row of daily counts for
every metric that is not derived from others. Rows use run-length notation:

    send             = "2000x14"             14 days with 2,000
    permanent_bounce = "20x7 150 300@+30h"   7 days with 20, a day with 150, and a day with 300
                                             that SES reports 30 hours after the day began
    complaint        = "0 5@+12h/9@+36h"     a day with 0, then a day with 5 as reported at noon,
                                             revised to 9 at noon of the next day

Without a time, SES reports a count at the end of its day. The other keys of `[[emails]]`:

    identity          = "news.example.com"   or an address, which counts for its domain too
    isp               = "Hotmail"
    configuration_set = "newsletter"         default: none
    tenant            = "acme"               default: none

Keys at the top level, with their defaults:

    vdm_enabled       = true
    sending_enabled   = true
    production_access = true                 or false: the account is in the sandbox
    daily_quota       = 50000                emails in 24 hours; default: unlimited
    enforcement       = "HEALTHY"            or "PROBATION" or "SHUTDOWN"
    idle_identities   = []                   identities that send nothing
    without_feedback  = []                   configuration sets and identities that report bounces
                                             and complaints nowhere
    today             = "served"             or "rejected": SES rejects queries of the current day
    quiet_hours       = "none"               or a period such as "22:00-07:00 Europe/Berlin"
    plan              = "ESSENTIALS"         or "NONE", "PRO", "ENTERPRISE": the SES pricing plan
    no_email_after    = "7d"                 or another number of days, or "never"
    ses_bounce_rate   = ""                   the bounce rate that SES itself reports on each day in
                                             CloudWatch: "2.1%x14 -x2 5.5%" is 14 days with 2.1%, 2
                                             days without a rate, and a day with 5.5%
    ses_complaint_rate = ""                  the same for complaints
    seed              = 0                    determines the order of results and the faults

Each `[[fault]]` is a fault of one or more operations. The first one that matches a call applies:

    kind      = "throttled"         see below
    operation = "dynamodb:PutItem"  or a pattern such as "dynamodb:*"; default:
                                    "ses:BatchGetMetricData". Faults of other operations apply only
                                    to the deployed function in the local AWS.
    share     = 0.2                 share of the matching calls or queries; default: 1
    value     = "news.example.com"  only those with this value of a dimension, in any case
    calls     = [1, 5]              only the first to the fifth call of `operation`
    seconds   = 30                  only for "time-out": the delay of the response
    form      = "negative"          only for "garbled": a form of vdm_local.corruption; default: any

    throttled, server-error, unavailable, denied   the call fails with 429 or 400, 500, 503 or 403
    rejected                                       the call fails with 400, as for an invalid name
    time-out, dropped, cut-off                     the response is late, missing or half of it
    garbled                                        a response 200 in an invalid format
    query-failure, query-denied                    the query has an error instead of a result
    query-missing                                  the query has neither a result nor an error
    killed-before, killed-after                    the process of the deployed function ends, before
                                                   or after the operation is done

Each `[[recommendation]]` is a recommendation of the VDM advisor:

    identity    = "news.example.com"
    type        = "DKIM"                or "DMARC", "SPF", "BIMI", "COMPLAINT", "BOUNCE",
                                        "FEEDBACK_3P", "IP_LISTING"
    impact      = "HIGH"                or "LOW"
    opened      = 2026-03-04T00:00:00Z
    fixed       = 2026-03-09T00:00:00Z  default: never
    description = "DKIM is not set up." the text of the advisor; default: none

Each `[[run]]` is a run of VDM Alerts:

    at         = 2026-03-10T09:00:00Z
    expects    = ["FIRING"]           the expected reasons of the notifications, or an empty list;
                                      "SERVICE" for a notification about the service itself
    story      = "They pass 5%."      a description
    rules      = { mine = "..." }     custom rules that exist from then on; "" deletes a rule
    silences   = { move = "..." }     the same for silences
    gone       = ["a.example.com"]    identities that are deleted at that time
    unreadable = ["b.example.com"]    dimension values whose queries fail at that time
    paused_tenants = ["acme"]         tenants that may not send at that time
    weekly_summary = true             the schedule of the weekly summary starts this run
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TypeAlias

from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.muting.quiet_hours import QuietHours
from vdm_alerts.core.observations.no_email import NO_EMAIL_AFTER
from vdm_alerts.core.rules.toml_document import DocumentType, InvalidDocumentError
from vdm_local.daily_counts import HOURS_PER_DAY, DailyCounts, add_counts
from vdm_local.faults import Fault, FaultFilter, QueryFault, QueryFaultKind
from vdm_local.scenario_document import (
    MISSING_KEY_HINTS,
    cross_field_errors,
    read_scenario_document,
)
from vdm_local.scenario_run import ScenarioRecommendation, ScenarioRun
from vdm_local.ses_rates import NO_RATES, DailyRates
from vdm_local.text_file import read_text_file
from vdm_local.traffic import EmailStream, dimension_key

MAX_UNCACHED_STREAMS = 100
"""Largest number of streams whose sum is not cached.

Adding so many takes 0.1 ms.
"""

_PERIOD = timedelta(minutes=5)
"""The period of a count of CloudWatch."""
_SumKey: TypeAlias = tuple[str, frozenset[tuple[str, str]]]


class InvalidScenarioError(InvalidDocumentError):
    """A scenario is invalid."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """An SES account: its settings, its senders and their emails."""

    begins: date
    streams: Sequence[EmailStream] = ()
    runs: Sequence[ScenarioRun] = ()
    vdm_enabled: bool = True
    sending_enabled: bool = True
    production_access: bool = True
    daily_quota: int | None = None
    enforcement: str = "HEALTHY"
    plan: str = "ESSENTIALS"
    idle_identities: Sequence[str] = ()
    without_feedback: Sequence[str] = ()
    today: str = "served"
    seed: int = 0
    faults: Sequence[Fault] = ()
    gone: Sequence[str] = ()
    paused_tenants: Sequence[str] = ()
    recommendations: Sequence[ScenarioRecommendation] = ()
    quiet_hours: QuietHours | None = None
    no_email_after: Window | None = NO_EMAIL_AFTER
    ses_bounce_rate: DailyRates = NO_RATES
    ses_complaint_rate: DailyRates = NO_RATES
    _streams_by_key: Mapping[tuple[str, str], Sequence[EmailStream]] = field(
        init=False, repr=False, compare=False
    )
    _sum_cache: dict[_SumKey, DailyCounts] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        """Index the streams once, because an account may have ten thousand."""
        streams_by_key: dict[tuple[str, str], list[EmailStream]] = {}
        for stream in self.streams:
            for key in stream.dimension_keys:
                streams_by_key.setdefault(key, []).append(stream)
        object.__setattr__(self, "_streams_by_key", streams_by_key)

    @property
    def identities(self) -> Sequence[str]:
        """Every identity that is not deleted, with those that send nothing."""
        senders = (stream.identity for stream in self.streams)
        return sorted({*self.idle_identities, *senders} - {*self.gone})

    def for_run(self, run: ScenarioRun) -> "Scenario":
        """Return the scenario in its state at the time of *run*."""
        failing = [
            QueryFault(QueryFaultKind.FAILURE, FaultFilter(value=name)) for name in run.unreadable
        ]
        return replace(
            self, faults=[*self.faults, *failing], gone=run.gone, paused_tenants=run.paused_tenants
        )

    @property
    def configuration_sets(self) -> Sequence[str]:
        """Every configuration set of an email."""
        return sorted(
            {stream.configuration_set for stream in self.streams if stream.configuration_set}
        )

    @property
    def tenants(self) -> Sequence[str]:
        """Every tenant of an email."""
        return sorted({stream.tenant for stream in self.streams if stream.tenant})

    @property
    def ses_rates(self) -> Mapping[str, Sequence[tuple[datetime, float]]]:
        """The rates that SES reports in all hours of the scenario, by the name of the metric."""
        rows = {
            "Reputation.BounceRate": self.ses_bounce_rate,
            "Reputation.ComplaintRate": self.ses_complaint_rate,
        }
        return {metric: list(row.hourly(self.begins)) for metric, row in rows.items()}

    def sent_last_24_hours(self, now: datetime) -> int:
        """Return the emails that were sent in the 24 hours before *now*, by SES's own count.

        Unlike VDM, it counts them at once. The emails of a day are spread over it evenly.
        """
        counts = self._counts_of("SEND", {})
        number, elapsed = divmod(
            now - datetime.combine(self.begins, time(), UTC), timedelta(days=1)
        )
        share_of_day = elapsed / timedelta(days=1)
        today, yesterday = (counts.latest_count(day) for day in (number, number - 1))
        return round(today * share_of_day + yesterday * (1 - share_of_day))

    def sent_today(self, now: datetime) -> Iterator[tuple[datetime, float]]:
        """Yield the emails of each 5 minutes of today until *now*, as CloudWatch counts them.

        Unlike VDM, it counts them within minutes. They are spread over the day evenly.
        """
        midnight = datetime.combine(now.date(), time(), UTC)
        counts = self._counts_of("SEND", {})
        emails = counts.latest_count((now.date() - self.begins).days)
        periods = timedelta(days=1) // _PERIOD
        for number in range((now - midnight) // _PERIOD):
            yield midnight + number * _PERIOD, emails / periods

    def counts(
        self, metric: str, dimensions: Mapping[str, str], days: Sequence[date], now: datetime
    ) -> Mapping[date, int]:
        """Return the counts that VDM reports at *now*.

        Days with a count of 0 are left out.
        """
        counts = self._counts_of(metric, dimensions)
        age = (now - datetime.combine(self.begins, time(), UTC)) // timedelta(hours=1)
        totals = (
            (day, counts.count(number, age - number * HOURS_PER_DAY))
            for day, number in ((day, (day - self.begins).days) for day in days)
        )
        return {day: count for day, count in totals if count}

    def _counts_of(self, metric: str, dimensions: Mapping[str, str]) -> DailyCounts:
        """Return the sum of the streams with all *dimensions*.

        A sum of many streams is cached.
        """
        keys = frozenset(dimension_key(*each) for each in dimensions.items())
        if cached := self._sum_cache.get((metric, keys)):
            return cached
        candidates = min(
            (self._streams_by_key.get(key, ()) for key in keys), key=len, default=self.streams
        )
        counts = add_counts(
            [stream.counts(metric) for stream in candidates if keys <= stream.dimension_keys]
        )
        if len(candidates) > MAX_UNCACHED_STREAMS:
            self._sum_cache[metric, keys] = counts
        return counts


def load_scenario(path: Path) -> Scenario:
    """Return the scenario in the file at *path*.

    Raises UnreadableFileError or InvalidScenarioError.
    """
    return parse_scenario(read_text_file(path), str(path))


def parse_scenario(text: str, source: str) -> Scenario:
    """Return the scenario that *text* describes.

    Raises InvalidScenarioError with all errors of the text. The error names *source*, the place of
    the scenario.
    """
    document = _DOCUMENT_TYPE.parse(text, source)
    return Scenario(
        begins=document.begins,
        streams=[entry.stream for entry in document.emails],
        runs=[entry.run for entry in document.run],
        vdm_enabled=document.vdm_enabled,
        sending_enabled=document.sending_enabled,
        production_access=document.production_access,
        daily_quota=document.daily_quota,
        recommendations=tuple(each.recommendation for each in document.recommendation),
        enforcement=document.enforcement,
        idle_identities=document.idle_identities,
        without_feedback=document.without_feedback,
        today=document.today,
        seed=document.seed,
        faults=[entry.fault for entry in document.fault],
        quiet_hours=document.quiet_hours,
        no_email_after=document.no_email_after,
        plan=document.plan,
        ses_bounce_rate=document.ses_bounce_rate,
        ses_complaint_rate=document.ses_complaint_rate,
    )


_DOCUMENT_TYPE = DocumentType(
    noun="a scenario",
    read=read_scenario_document,
    cross_field_errors=cross_field_errors,
    missing_key_hints=MISSING_KEY_HINTS,
    error_class=InvalidScenarioError,
)
