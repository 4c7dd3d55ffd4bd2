"""The keys of scenarios, and how cattrs reads their values.

`vdm_local.scenario` documents the keys.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Any, get_args

from cattrs import Converter
from cattrs.cols import mapping_structure_factory
from cattrs.literals import is_literal

from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.muting.quiet_hours import QuietHours
from vdm_alerts.core.observations.no_email import NO_EMAIL_AFTER
from vdm_alerts.core.rules.document_converter import document_converter
from vdm_alerts.core.rules.field_types import choice_parser, parse_timestamp
from vdm_alerts.core.rules.quoting import quote
from vdm_alerts.core.rules.toml_document import InvalidField, Table
from vdm_local.daily_counts import DailyCounts, parse_counts
from vdm_local.faults import (
    METRIC_DATA,
    CallFault,
    CallFaultKind,
    Fault,
    FaultFilter,
    QueryFault,
    QueryFaultKind,
)
from vdm_local.scenario_field_types import (
    CORRUPTIONS,
    DEFAULT_DELAY,
    EXPECTED_REASONS,
    FAULT_KINDS,
    ONLY_METRIC_DATA,
    WHOLE,
    AdvisorCheck,
    AdvisorImpact,
    Corruption,
    Delay,
    Emails,
    Enforcement,
    ExpectedReason,
    FaultKind,
    Name,
    Operation,
    Plan,
    Share,
    TodayQueries,
    parse_calls,
    parse_day,
    parse_days_without_email,
    parse_delay,
    parse_emails,
    parse_integer,
    parse_name,
    parse_operation,
    parse_quiet_period,
    parse_share,
    parse_switch,
    parse_text,
)
from vdm_local.scenario_former_names import with_current_names
from vdm_local.scenario_run import ScenarioRecommendation, ScenarioRun
from vdm_local.ses_rates import NO_RATES, DailyRates, parse_rates
from vdm_local.traffic import METRICS, EmailStream

MISSING_KEY_HINTS: Mapping[str, str] = {
    "begins": "Add the first day, for example begins = 2026-03-01.",
    "identity": 'Add the sending identity, for example identity = "news.example.com".',
    "isp": 'Add a mailbox provider, for example isp = "Hotmail".',
    "kind": f"Use one of {', '.join(FAULT_KINDS)}.",
    "type": 'Add the check that failed, for example type = "DKIM".',
    "impact": 'Add impact = "HIGH" or impact = "LOW".',
    "opened": "Add the time, for example opened = 2026-03-10T09:00:00Z.",
    "at": "Add the time of the run, for example at = 2026-03-10T09:00:00Z.",
}
"""What to add for each required key."""
_KIND_OF_KEY = {"seconds": CallFaultKind.TIME_OUT, "form": CallFaultKind.CORRUPTED}
"""The only kind of fault that has a key."""
_KEYS_OF_METRIC_DATA = {"value", "form"}
"""The keys of faults that only BatchGetMetricData has."""


@dataclass(frozen=True, kw_only=True)
class EmailDocument:
    """The keys of `[[emails]]`: who sends to whom, and a row of counts for each metric."""

    identity: Name
    isp: Name
    configuration_set: Name | None = None
    tenant: Name | None = None
    send: DailyCounts | None = None
    complaint: DailyCounts | None = None
    permanent_bounce: DailyCounts | None = None
    transient_bounce: DailyCounts | None = None
    open: DailyCounts | None = None
    click: DailyCounts | None = None
    delivery: DailyCounts | None = None
    delivery_open: DailyCounts | None = None
    delivery_click: DailyCounts | None = None
    delivery_complaint: DailyCounts | None = None

    @property
    def stream(self) -> EmailStream:
        """The emails."""
        rows = {metric: getattr(self, metric.lower()) for metric in METRICS}
        counts = {metric: row for metric, row in rows.items() if row is not None}
        return EmailStream(self.identity, self.isp, self.configuration_set, counts, self.tenant)


@dataclass(frozen=True, kw_only=True)
class FaultDocument:
    """The keys of `[[fault]]`."""

    kind: FaultKind
    share: Share = WHOLE
    value: Name | None = None
    calls: tuple[int, int] | None = None
    seconds: Delay = DEFAULT_DELAY
    form: Corruption | None = None
    operation: Operation = ONLY_METRIC_DATA

    @property
    def fault(self) -> Fault:
        """The fault."""
        filter_ = FaultFilter(self.share, self.value, self.calls)
        if isinstance(self.kind, QueryFaultKind):
            return QueryFault(self.kind, filter_)
        return CallFault(self.kind, filter_, self.seconds, self.form, self.operation)


@dataclass(frozen=True, kw_only=True)
class RecommendationDocument:
    """The keys of `[[recommendation]]`."""

    identity: Name
    type: AdvisorCheck
    impact: AdvisorImpact
    opened: datetime
    fixed: datetime | None = None
    description: str = ""

    @property
    def recommendation(self) -> ScenarioRecommendation:
        """The recommendation."""
        return ScenarioRecommendation(
            self.identity, self.type, self.impact, self.opened, self.fixed, self.description
        )


@dataclass(frozen=True, kw_only=True)
class RunDocument:
    """The keys of `[[run]]`."""

    at: datetime
    expects: tuple[ExpectedReason, ...] | None = None
    story: str = ""
    rules: Mapping[str, str] = field(default_factory=dict)
    silences: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[Name, ...] = ()
    paused_tenants: tuple[Name, ...] = ()
    unreadable: tuple[Name, ...] = ()
    weekly_summary: bool = False

    @property
    def run(self) -> ScenarioRun:
        """The run."""
        return ScenarioRun(
            self.at,
            expected_reasons=self.expects or (),
            story=self.story,
            has_expected_reasons=self.expects is not None,
            rules=self.rules,
            silences=self.silences,
            gone=self.gone,
            paused_tenants=self.paused_tenants,
            unreadable=self.unreadable,
            weekly_summary=self.weekly_summary,
        )


@dataclass(frozen=True, kw_only=True)
class ScenarioDocument:
    """The keys of a scenario."""

    begins: date
    emails: tuple[EmailDocument, ...] = ()
    fault: tuple[FaultDocument, ...] = ()
    recommendation: tuple[RecommendationDocument, ...] = ()
    run: tuple[RunDocument, ...] = ()
    vdm_enabled: bool = True
    sending_enabled: bool = True
    production_access: bool = True
    daily_quota: Emails | None = None
    enforcement: Enforcement = "HEALTHY"
    plan: Plan = "ESSENTIALS"
    idle_identities: tuple[Name, ...] = ()
    without_feedback: tuple[Name, ...] = ()
    today: TodayQueries = "served"
    quiet_hours: QuietHours | None = None
    no_email_after: Window | None = NO_EMAIL_AFTER
    ses_bounce_rate: DailyRates = NO_RATES
    ses_complaint_rate: DailyRates = NO_RATES
    seed: int = 0


def read_scenario_document(table: Table) -> ScenarioDocument:
    """Return the keys of a scenario from *table*.

    Raises ClassValidationError with the errors of all values and all unknown keys.
    """
    return _converter.structure(with_current_names(table), ScenarioDocument)


def cross_field_errors(table: Table) -> Iterator[InvalidField]:
    """Yield the contradictions among the keys of a scenario's *table*."""
    table = with_current_names(table)
    for path, fault in tables(table, "fault"):
        kind = FAULT_KINDS.get(str(fault.get("kind")))
        for key, only_kind in _KIND_OF_KEY.items():
            if key in fault and kind not in {None, only_kind}:
                yield InvalidField(
                    f"{path}.{key}", f'is only for faults of kind "{only_kind}". Delete it.'
                )
        if fault.get("operation", METRIC_DATA) != METRIC_DATA:
            for key in _KEYS_OF_METRIC_DATA & fault.keys():
                yield InvalidField(f"{path}.{key}", f"is only for {METRIC_DATA}. Delete it.")
            if isinstance(kind, QueryFaultKind):
                what = f'"{kind}" is only for {METRIC_DATA}. Use another kind of fault.'
                yield InvalidField(f"{path}.kind", what)
    yield from run_order_errors(table)


def run_order_errors(table: Table) -> Iterator[InvalidField]:
    """Yield an error for each run in *table* that is earlier than the one before it."""
    times = [(path, time) for path, run in tables(table, "run") if (time := _valid_time(run))]
    for (earlier_path, earlier), (path, time) in pairwise(times):
        if time < earlier:
            what = f"{quote(time)} is earlier than {quote(earlier)} of {earlier_path}"
            yield InvalidField(f"{path}.at", f"{what}. Sort the runs by time.")


def tables(table: Table, key: str) -> list[tuple[str, Table]]:
    """Return the tables in the list of *key*, each with its path."""
    entries = table.get(key)
    return [
        (f"{key}[{index}]", entry)
        for index, entry in enumerate(entries if isinstance(entries, list) else [])
        if isinstance(entry, dict)
    ]


def _valid_time(run: Table) -> datetime | None:
    """Return the time of *run*, or None if it is invalid."""
    try:
        return parse_timestamp(run.get("at"))
    except ValueError:
        return None


def _texts_hook(type_: Any, converter: Converter) -> Callable[[Any, Any], Any]:  # noqa: ANN401 - cattrs calls it for any type
    """Return a hook for texts by name, which takes only tables."""
    structure = mapping_structure_factory(type_, converter)

    def structure_checked(value: object, type_: Any) -> Any:  # noqa: ANN401 - cattrs calls it for any type
        if not isinstance(value, dict):
            message = (
                f"{quote(value)} is not a table of texts. Use a table, for example "
                '{ bounce-rate = "..." }.'
            )
            raise ValueError(message)  # noqa: TRY004 - cattrs treats every error of a value alike
        return structure(value, type_)

    return structure_checked


def _choice_hook(type_: Any) -> Callable[[Any, Any], Any]:  # noqa: ANN401 - cattrs calls it for any type
    """Return a hook for a Literal of texts."""
    return choice_parser("a valid value", {choice: choice for choice in get_args(type_)})


_TABLE_EXAMPLES = {
    EmailDocument: "tables, each with the heading [[emails]] and keys below it, for example "
    'identity = "news.example.com"',
    FaultDocument: "tables, each with the heading [[fault]] and keys below it, for example "
    'kind = "throttled"',
    RecommendationDocument: "tables, each with the heading [[recommendation]] and keys below it, "
    'for example type = "DKIM"',
    RunDocument: "tables, each with the heading [[run]] and keys below it, for example "
    "at = 2026-03-10T09:00:00Z",
}
_converter = document_converter(_TABLE_EXAMPLES, min_items=0)
_converter.register_structure_hook_factory(lambda type_: type_ == Mapping[str, str], _texts_hook)
_converter.register_structure_hook_factory(is_literal, _choice_hook)
_converter.register_structure_hook_func(
    lambda type_: type_ == QuietHours | None, lambda value, _: parse_quiet_period(value)
)
_converter.register_structure_hook_func(
    lambda type_: type_ == Window | None, lambda value, _: parse_days_without_email(value)
)
_converter.register_structure_hook_func(
    lambda type_: type_ == FaultKind, choice_parser("a kind of fault", FAULT_KINDS)
)
_converter.register_structure_hook_func(
    lambda type_: type_ == tuple[int, int], lambda value, _: parse_calls(value)
)
_converter.register_structure_hook(
    ExpectedReason, choice_parser("a reason of a notification", EXPECTED_REASONS)
)
_converter.register_structure_hook(Corruption, choice_parser("a form of corruption", CORRUPTIONS))
_converter.register_structure_hook(DailyCounts, lambda value, _: parse_counts(value))
_converter.register_structure_hook(DailyRates, lambda value, _: parse_rates(value))
_converter.register_structure_hook(date, lambda value, _: parse_day(value))
_converter.register_structure_hook(datetime, lambda value, _: parse_timestamp(value))
_converter.register_structure_hook(bool, lambda value, _: parse_switch(value))
_converter.register_structure_hook(Name, lambda value, _: parse_name(value))
_converter.register_structure_hook(Emails, lambda value, _: parse_emails(value))
_converter.register_structure_hook(Operation, lambda value, _: parse_operation(value))
_converter.register_structure_hook(str, lambda value, _: parse_text(value))
_converter.register_structure_hook(int, lambda value, _: parse_integer(value))
_converter.register_structure_hook(Share, lambda value, _: parse_share(value))
_converter.register_structure_hook(Delay, lambda value, _: parse_delay(value))
