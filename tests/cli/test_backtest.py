"""`vdm-alerts backtest`: the alerts that rules would have fired in past days."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result

from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metrics import SesMetrics
from vdm_alerts.adapters.aws.ses_rate_limiter import RateLimiter
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap, Indicator, Rate
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.rules.rule_set import RuleText
from vdm_alerts_cli import backtest
from vdm_alerts_cli.candidate_rules import (
    changed,
    counted,
    default_rules,
    parse_change,
    parse_rules,
)
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.counts_reader import list_scopes, read_counts
from vdm_alerts_cli.dataset import Dataset, to_json
from vdm_alerts_cli.day_replay import needed_days, replay_days
from vdm_alerts_cli.in_process_ses import SimulatedClock, in_process_client
from vdm_alerts_cli.rule_files import DEFAULT_RULES, read_rules
from vdm_alerts_cli.simulate import simulate
from vdm_local.endpoint import Endpoint
from vdm_local.quota import Quota
from vdm_local.scenario import parse_scenario

RunCommand = Callable[..., Result]
LAST = date(2026, 3, 20)
READ_AT = datetime(2026, 3, 20, 20, 30, tzinfo=UTC)
NEWS, SHOP = Scope(identity="news.example.com"), Scope(identity="shop.example.com")
SENT = 10_000
RATES_OF_SES = "ses-bounce-rate and ses-complaint-rate"


def day(age: int) -> date:
    return LAST - timedelta(days=age)


def dataset(bounces: Mapping[Scope, Mapping[int, int]], days: int = 60, **changes: Any) -> Dataset:
    """Return counts of senders: SENT emails a day, with so many bounces on days of some age."""
    answers: dict[Query, Series | Gap] = {}
    for scope, by_age in {ACCOUNT: {}, **bounces}.items():
        emails = SENT * (1 if scope.kind else 100)
        counts = {Metric.SEND: dict.fromkeys(range(days), emails)}
        counts[Metric.PERMANENT_BOUNCE] = {age: by_age.get(age, SENT // 200) for age in range(days)}
        counts[Metric.DELIVERY_COMPLAINT] = counts[Metric.SEND]
        for metric in (*counts, Metric.COMPLAINT, Metric.TRANSIENT_BOUNCE):
            series = Series({day(age): each for age, each in counts.get(metric, {}).items()})
            answers[Query(metric, scope)] = series
    counts_of = Dataset(Target("111122223333", "eu-west-1"), READ_AT, LAST, days, answers)
    return replace(counts_of, **changes)


EXAMPLE = dataset({NEWS: {12: 1_500, 11: 1_400}, SHOP: {35: 800, 34: 800, 33: 800, 1: 800, 0: 900}})
"""NEWS has 15% bounces twelve days ago. SHOP has 8% before the last 30 days, and again now."""


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return written(tmp_path, EXAMPLE)


def written(folder: Path, counts: Dataset) -> Path:
    path = folder / "counts.json"
    path.write_text(to_json(counts))
    return path


def rows(result: Result, rules: str = "present") -> list[dict[str, Any]]:
    alerts: list[dict[str, Any]] = json.loads(result.stdout)[rules]["alerts"]
    return alerts


def test_alerts_have_their_days_severity_and_worst_counts(
    run_command: RunCommand, example: Path
) -> None:
    result = run_command("backtest", "--from", example, "-o", "json")
    news, shop = rows(result)
    assert result.exit_code == 0
    assert (news["rule"], news["scope"]) == ("bounce-rate", {"identity": "news.example.com"})
    assert (news["severity"], news["fired"]) == ("CRITICAL", str(day(12)))
    assert news["fired"] < news["resolved"]
    assert news["days"] == (date.fromisoformat(news["resolved"]) - day(12)).days
    assert (news["worst_rate"], news["events"], news["emails"]) == (0.15, 1_500, SENT)
    assert (shop["severity"], shop["resolved"]) == ("WARNING", None)
    assert (shop["fired"], shop["days"]) == (str(day(1)), 1)
    assert (shop["events"], shop["emails"], shop["window_days"]) == (1_700, 2 * SENT, 2)


def test_document_has_the_replayed_days_and_the_notifications_of_each(
    run_command: RunCommand, example: Path
) -> None:
    document = json.loads(run_command("backtest", "--from", example, "-o", "json").stdout)
    assert (document["first_day"], document["last_day"]) == (str(day(29)), str(LAST))
    assert (document["warm_up_days"], document["candidates"]) == (30, None)
    notifications = document["present"]["notifications"]
    assert list(notifications) == [str(day(age)) for age in range(29, -1, -1)]
    assert notifications[str(day(12))] == notifications[str(day(1))] == 1
    assert notifications[str(day(20))] == 0


def test_statements_on_standard_error(run_command: RunCommand, example: Path) -> None:
    result = run_command("backtest", "--from", example)
    assert f"Replays 30 days, {day(29)} to {LAST}" in result.stderr
    assert "The 30 days before are the warm-up, of which the rules need 15." in result.stderr
    assert "VDM keeps no past versions of its counts" in result.stderr
    assert f"VDM has no rates of SES: {RATES_OF_SES}." in result.stderr
    assert "Read in " in result.stderr
    assert not run_command("backtest", "--from", example, "--quiet").stderr


def test_alert_that_is_open_before_the_first_day_is_marked(
    run_command: RunCommand, example: Path
) -> None:
    result = run_command("backtest", "--from", example, "-o", "json", "--days", "34")
    first, *_ = rows(result)
    assert (first["name"], first["open_before"]) == ("shop.example.com", True)
    shown = run_command("backtest", "--from", example, "--days", "34").stdout
    assert "earlier" in shown
    assert "3 alerts: 1 CRITICAL, 2 WARNING; 1 still open." in shown


@pytest.mark.parametrize("columns", [80, 120])
def test_table_fits_the_terminal(
    run_command: RunCommand, example: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    run_command("--help")  # The fixture sets the columns, too.
    monkeypatch.setenv("COLUMNS", str(columns))
    for more in ([], ["--what-if", "bounce-rate.warning=9%", "--compare"]):
        shown = run_command("backtest", "--from", example, *more).stdout
        assert max(map(len, shown.splitlines())) <= columns
        assert "news.example.com" in shown
        assert "bounce" in shown


def test_account_without_alerts(run_command: RunCommand, tmp_path: Path) -> None:
    result = run_command("backtest", "--from", written(tmp_path, dataset({NEWS: {}})))
    assert result.exit_code == 0
    assert "No alert would have fired." in result.stdout
    assert "0 alerts.\nAt most 0 notifications." in result.stdout


def test_candidates_that_miss_an_alert_are_found(run_command: RunCommand, example: Path) -> None:
    arguments = ("backtest", "--from", example, "--what-if", "bounce-rate.warning=9%")
    result = run_command(*arguments)
    assert result.exit_code == 1
    assert f"the candidates miss: WARNING bounce-rate, shop.example.com, fired {day(1)}" in (
        result.stderr
    )
    assert "shop.example.com" not in result.stdout
    document = json.loads(run_command(*arguments, "-o", "json").stdout)
    assert document["missed"] == 1
    assert [each["fired_by"] for each in document["comparison"]] == ["both", "present"]


def test_comparison_shows_what_both_rules_fire_and_what_only_one_fires(
    run_command: RunCommand, example: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "candidates"
    folder.mkdir()
    (folder / "lower.toml").write_text(
        'indicator = "bounce_rate"\nscopes = ["identity"]\nwarning = "0.3%"\n'
        'include.identity = ["news.example.com"]\n'
    )
    result = run_command("backtest", "--from", example, "--rules", folder, "--compare")
    assert result.exit_code == 1
    assert "Both fire 1 alert, only the present rules 1, only the candidates 0." in result.stdout
    assert "only present" in result.stdout
    output = run_command(
        "backtest", "--from", example, "--rules", folder, "--compare", "-o", "csv"
    ).stdout
    table = list(csv.DictReader(io.StringIO(output)))
    assert [(row["rules"], row["fired_by"], row["rule"]) for row in table] == [
        ("present", "both", "bounce-rate"),
        ("candidates", "both", "lower"),
        ("present", "present", "bounce-rate"),
    ]


def test_candidates_that_fire_more_miss_nothing(run_command: RunCommand, tmp_path: Path) -> None:
    counts = dataset({NEWS: {12: 1_500}, SHOP: dict.fromkeys(range(8), 400)})
    change = ("--what-if", "bounce-rate.warning=3%", "--compare")
    result = run_command("backtest", "--from", written(tmp_path, counts), *change)
    assert result.exit_code == 0
    assert "only the present rules 0, only the candidates 1." in result.stdout


def test_alerts_at_other_times_are_no_match(run_command: RunCommand, tmp_path: Path) -> None:
    counts = dataset({NEWS: {25: 700, 5: 3_000}})
    path = written(tmp_path, counts)
    result = run_command(
        "backtest", "--from", path, "--what-if", "bounce-rate.warning=9%", "-o", "json"
    )
    document = json.loads(result.stdout)
    assert [each["fired_by"] for each in document["comparison"]] == ["present", "both"]
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ("confidence", ['--what-if: "confidence" is not a change. Use KEY=VALUE']),
        ("=5%", ['"=5%" is not a change']),
        ("bonce-rate.warning=5%", ['"bonce-rate" is neither a rule', 'Did you mean "bounce-rate"']),
        ("confidense=99%", ['confidense  is not a key of a rule. Did you mean "confidence"?']),
        ("min_volume=many", ["min_volume  "]),
        ("exclude=[1]", ["exclude  "]),
        ("ses-bounce-rate.warning=4%", ['"ses-bounce-rate" is neither a rule that is replayed']),
    ],
)
def test_invalid_change_is_an_input_error(
    run_command: RunCommand, example: Path, change: str, errors: list[str]
) -> None:
    result = run_command("backtest", "--from", example, "--what-if", change)
    assert (result.exit_code, result.stdout) == (2, "")
    for error in errors:
        assert error in result.stderr


def test_invalid_candidates_are_rejected_with_every_error_and_its_path(
    run_command: RunCommand, example: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.toml").write_text('indicator = "bounce_rate"\nscopes = ["planet"]\n')
    (tmp_path / "b.toml").write_text('indicator = "bounces"\nscopes = ["account"]\nwarning = 5\n')
    result = run_command("backtest", "--from", example, "--rules", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    for error in ("a.toml: 2 errors", "scopes[0]", "b.toml: 2 errors", "indicator", "warning"):
        assert error in result.stderr


@pytest.mark.parametrize(
    ("change", "key", "value"),
    [
        ("confidence=99%", "confidence", "99%"),
        ('windows=["1d", "7d"]', "windows", ["1d", "7d"]),
        ("min_volume = 500", "min_volume", 500),
        ("hold=2026-01-01", "hold", "2026-01-01"),
        ("hold=1\nx=2", "hold", "1\nx=2"),
    ],
)
def test_value_of_a_change_is_toml_or_a_text(change: str, key: str, value: object) -> None:
    parsed = parse_change(change, ["bounce-rate"])
    assert (parsed.rule, parsed.keys, parsed.value) == (None, (key,), value)


def test_change_of_one_rule_or_of_all_keeps_the_other_keys() -> None:
    rules = counted(default_rules())
    candidates = changed(
        rules,
        ["confidence=99%", "bounce-rate.exclude.identity=['*.a.example']"],
    ).rules
    for name, rule in candidates.items():
        assert rule.confidence != rules.rules[name].confidence
        assert (rule.thresholds, rule.windows) == (
            rules.rules[name].thresholds,
            rules.rules[name].windows,
        )
    assert not candidates["bounce-rate"].covers(Scope(identity="x.a.example"))
    assert candidates["complaint-rate"].covers(Scope(identity="x.a.example"))
    others = ACCOUNT.at_provider("other providers")
    assert not candidates["transient-bounce-rate"].covers(others), "this rule excludes them"


def test_changed_rule_keeps_overrides_and_special_characters() -> None:
    text = """
        indicator = "bounce_rate"
        scopes = ["identity"]
        warning = "5%"
        exclude.identity = ["b\u00fccher.example", "tab\\\\.example"]
        [[overrides]]
        identity = "news.example.com"
        warning = "8%"
    """
    rules = parse_rules({"mine": RuleText(text, "mine.toml")})
    (rule,) = changed(rules, ["critical=20%"]).rules.values()
    assert rule.exclude == rules.rules["mine"].exclude
    assert [each.share for each in rule.for_scope(NEWS).thresholds] == [0.08, 0.2]


def test_rules_apply_as_in_the_account_and_region_of_the_counts(
    run_command: RunCommand, example: Path, tmp_path: Path
) -> None:
    rule = 'indicator = "bounce_rate"\nscopes = ["identity"]\nwarning = "5%"\n'
    override = '[[overrides]]\naccount = "1111*"\nregion = "{}"\nwarning = "90%"\n'
    here, elsewhere = (rule + override.format(region) for region in ("eu-*", "us-*"))
    (tmp_path / "here.toml").write_text(here)
    (tmp_path / "elsewhere.toml").write_text(elsewhere)
    (tmp_path / "other.toml").write_text(f'{rule}exclude.account = ["111122223333"]')

    options = ("--from", example, "--rules", tmp_path, "-o", "json")
    alerts = rows(run_command("backtest", *options), "candidates")
    assert {alert["rule"] for alert in alerts} == {"elsewhere"}

    nowhere = run_command("backtest", *options, "--what-if", 'exclude.region=["*"]')
    assert nowhere.exit_code == 2
    assert "no rule that can be replayed in account 111122223333 in eu-west-1" in nowhere.stderr


def test_counts_that_are_unknown_are_reported(run_command: RunCommand, tmp_path: Path) -> None:
    answers = {**EXAMPLE.answers, Query(Metric.COMPLAINT, SHOP): Gap.UNAVAILABLE}
    path = written(tmp_path, replace(EXAMPLE, answers=answers))
    result = run_command("backtest", "--from", path)
    assert result.exit_code == 3
    assert "not read: 1 series: SES did not answer" in result.stderr
    assert "2 alerts" in result.stdout
    missed = run_command("backtest", "--from", path, "--what-if", "bounce-rate.warning=9%")
    assert missed.exit_code == 1, "1 wins over 3"


def test_rules_that_need_more_than_the_file_has_are_reported(
    run_command: RunCommand, tmp_path: Path
) -> None:
    answers = {
        query: answer
        for query, answer in EXAMPLE.answers.items()
        if query.metric in {Metric.SEND, Metric.PERMANENT_BOUNCE}
    }
    path = written(tmp_path, replace(EXAMPLE, answers=answers))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "parts.toml").write_text(
        'indicator = "bounce_rate"\nscopes = ["identity", "identity_at_isp"]\n'
        'warning = "5%"\ncritical = "10%"\n'
    )
    result = run_command("backtest", "--from", path, "--rules", tmp_path / "rules")
    assert result.exit_code == 3
    lacking = "COMPLAINT and DELIVERY_COMPLAINT, which were not exported"
    assert f"not read: rule complaint-rate needs counts of {lacking}" in result.stderr
    assert "rule parts is not replayed for senders at single mailbox providers" in result.stderr


@pytest.mark.parametrize(
    ("days", "asked", "says"),
    [
        (60, 46, "--days: 46 is too many. Use at most 45: there are the counts of 60 days, and"),
        (15, None, "counts.json: has the counts of 15 days, and the rules need 15 before"),
        (1, None, "counts.json: has the counts of 1 day, and the rules need 15 before"),
    ],
)
def test_too_few_days_are_an_input_error(
    run_command: RunCommand, tmp_path: Path, days: int, asked: int | None, says: str
) -> None:
    path = written(tmp_path, dataset({NEWS: {}}, days))
    arguments = ["--days", asked] if asked else []
    result = run_command("backtest", "--from", path, *arguments)
    assert result.exit_code == 2
    assert says in result.stderr


def test_short_file_is_replayed_as_far_as_possible(run_command: RunCommand, tmp_path: Path) -> None:
    result = run_command("backtest", "--from", written(tmp_path, dataset({NEWS: {}}, 20)))
    assert result.exit_code == 0
    assert "Replays 5 days" in result.stderr


def test_baseline_needs_its_days_before_the_windows() -> None:
    rules = counted(default_rules())
    assert needed_days(rules) == 15
    assert needed_days(changed(rules, ["bounce-rate.above_baseline=3"])) == 7 + 28


def test_compare_needs_candidates(run_command: RunCommand, example: Path) -> None:
    result = run_command("backtest", "--from", example, "--compare")
    assert result.exit_code == 2
    assert "--compare needs candidates" in result.stderr


@pytest.mark.parametrize("text", [None, "{}", "day,count\n"])
def test_wrong_file_is_an_input_error(
    run_command: RunCommand, tmp_path: Path, text: str | None
) -> None:
    path = tmp_path / "counts.json"
    if text is not None:
        path.write_text(text)
    result = run_command("backtest", "--from", path)
    assert result.exit_code == 2
    assert str(path) in result.stderr


def test_daily_rates_tell_no_email_from_unknown() -> None:
    sent = Series({day(0): 100, day(2): 50})
    counts = dataset({}, 3)
    answers = {
        **counts.answers,
        Query(Metric.SEND, NEWS): sent,
        Query(Metric.PERMANENT_BOUNCE, NEWS): Series({day(0): 3}),
        Query(Metric.SEND, SHOP): Gap.CUT_OFF,
    }
    rules = counted(default_rules())
    result = replay_days(replace(counts, answers=answers), rules, 2, lambda _: None)
    assert result.daily_rates(NEWS, Indicator.BOUNCE_RATE) == {
        day(2): Rate(0, 50),
        day(1): None,
        day(0): Rate(3, 100),
    }
    assert not result.daily_rates(SHOP, Indicator.BOUNCE_RATE)


SCENARIO = """
begins = 2026-01-20

[[emails]]
identity = "news.example.com"
configuration_set = "news"
isp = "Hotmail"
send = "20000x60"
permanent_bounce = "200x20 4000x3 200x20 1300x9 200x8"

[[emails]]
identity = "shop.example.com"
isp = "Yahoo"
send = "3000x60"
permanent_bounce = "30x60"
complaint = "0x35 30x4 0x21"
"""
BEGINS = datetime(2026, 1, 20, tzinfo=UTC)
"""The first day of SCENARIO."""


def account_in_process(at: datetime, text: str = SCENARIO) -> tuple[Endpoint, Connection]:
    """Return an account that is as *text* says *at* a time, and a connection to it."""
    endpoint = Endpoint(parse_scenario(text, "the account"), at)
    endpoint.quota = Quota(count().__next__)  # No call is throttled.
    connection = Connection(SimpleNamespace(), "eu-west-1", "111122223333")
    connection._clients["sesv2"] = in_process_client(endpoint)
    return endpoint, connection


def test_replay_finds_the_alerts_that_daily_runs_of_the_function_find() -> None:
    last_run = BEGINS + timedelta(days=60)
    _, connection = account_in_process(last_run)
    clock = SimulatedClock()
    series = SesMetrics(connection.client("sesv2"), RateLimiter(clock))
    scopes = list_scopes(SesAccount(connection.client("sesv2"), clock)).scopes
    counts = read_counts(connection, scopes, list(Metric), Window(60), last_run, series)
    result = replay_days(counts, counted(default_rules()), 44, lambda _: None)
    days_open = {
        (alert.key.rule, day)
        for alert in result.alerts
        for day in result.notifications
        if alert.fired <= day < (alert.resolved or date.max)
    }
    runs = "".join(
        f"[[run]]\nat = {BEGINS + timedelta(days=age)}\n".replace(" 00:00:00+00:00", "T00:00:00Z")
        for age in range(16, 61)
    )
    simulated = simulate(parse_scenario(SCENARIO + runs, "daily runs"), read_rules(DEFAULT_RULES))
    expected = {
        (rule, run.run.at.date() - timedelta(days=1))
        for run in simulated
        for rule in run.firing_rules
    }
    assert {rule for rule, _ in expected} == {"bounce-rate", "complaint-rate"}
    assert days_open == expected


def test_account_is_read_and_replayed(
    run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = BEGINS + timedelta(days=59, hours=12)
    endpoint, connection = account_in_process(at)
    monkeypatch.setenv("VDM_ALERTS_NOW", at.isoformat())
    monkeypatch.setattr(backtest, "connect", lambda _: connection)
    monkeypatch.setattr(backtest, "rules_in_effect", lambda *_: default_rules())
    result = run_command("backtest", "-o", "json", "--quota-share", "100%")
    assert result.exit_code == 0
    assert {row["rule"] for row in rows(result)} == {"bounce-rate", "complaint-rate"}
    metrics = {
        *(rule.indicator.events for rule in counted(default_rules()).rules.values()),
        *(rule.indicator.volume for rule in counted(default_rules()).rules.values()),
    }
    assert endpoint.quota.queries <= 17 * len(metrics), "each metric of each scope once"


def test_invalid_candidates_are_found_before_the_account_is_read(
    run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, connection = account_in_process(BEGINS)
    monkeypatch.setattr(backtest, "connect", lambda _: connection)
    monkeypatch.setattr(backtest, "rules_in_effect", lambda *_: default_rules())
    assert run_command("backtest", "--what-if", "confidence=high").exit_code == 2
    assert endpoint.quota.queries == 0


def test_page_shows_alerts_missed_alerts_and_rates(run_command: RunCommand, tmp_path: Path) -> None:
    hostile = Scope(identity="</script><img src=x>")
    path, page = (
        written(tmp_path, dataset({NEWS: {12: 700}, hostile: {1: 900}})),
        tmp_path / "b.html",
    )
    arguments = ("--from", path, "--what-if", "bounce-rate.warning=8%", "--html", page)
    result = run_command("backtest", *arguments)
    assert result.exit_code == 1, "the candidates miss an alert"
    text = page.read_text("utf-8")
    for part in (
        "What the candidates miss",
        "Bounce rate of news.example.com",
        "Alerts of the present rules",
        "&lt;/script&gt;&lt;img src=x&gt;",
        "VDM keeps no past versions of its counts",
    ):
        assert part in text
    assert "<img" not in text


def test_page_that_cannot_be_written_is_one_line(run_command: RunCommand, example: Path) -> None:
    result = run_command("backtest", "--from", example, "--html", example.parent / "no" / "b.html")
    assert result.exit_code == 3
    assert "No such file or directory" in result.stderr.splitlines()[-1]
