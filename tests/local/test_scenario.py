"""The parser of scenarios, and the counts that they report."""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from vdm_local.scenario import InvalidScenarioError, Scenario, load_scenario, parse_scenario
from vdm_local.scenario_run import ScenarioRun
from vdm_local.traffic import METRICS

ROOT = Path(__file__).parents[2]
BEGINS = date(2026, 3, 1)
STREAM = """
begins = 2026-03-01

[[emails]]
identity = "a@news.example.com"
configuration_set = "newsletter"
isp = "Hotmail"
"""


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def a_scenario(rows: str) -> Scenario:
    return parse_scenario(STREAM + rows, "here")


def counts(
    scenario: Scenario, metric: str, now: datetime, dimensions: dict[str, str] | None = None
) -> dict[int, int]:
    days = [BEGINS + timedelta(days=each) for each in range(31)]
    answer = scenario.counts(metric, dimensions or {}, days, now)
    return {day.day: count for day, count in answer.items()}


def test_row_repeats_count() -> None:
    scenario = a_scenario('send = "20x3 150 300x2"')
    assert counts(scenario, "SEND", at(31)) == {1: 20, 2: 20, 3: 20, 4: 150, 5: 300, 6: 300}


def test_count_is_reported_at_end_of_day_by_default() -> None:
    scenario = a_scenario('send = "20 30@+6h"')
    assert counts(scenario, "SEND", at(1, 23)) == {}
    assert counts(scenario, "SEND", at(2)) == {1: 20}
    assert counts(scenario, "SEND", at(2, 6)) == {1: 20, 2: 30}


@pytest.mark.parametrize(("now", "sent"), [(at(1, 12), 10), (at(2, 12), 25), (at(4), 0)])
def test_ses_itself_counts_the_emails_of_24_hours_at_once(now: datetime, sent: int) -> None:
    scenario = a_scenario('send = "20 30@+72h"')
    assert scenario.sent_last_24_hours(now) == sent


def test_count_follows_its_revisions() -> None:
    scenario = a_scenario('permanent_bounce = "5@+6h/9@+12h/7@+48h"')
    reported = [
        counts(scenario, "PERMANENT_BOUNCE", at(1) + timedelta(hours=h)) for h in (6, 12, 48)
    ]
    assert reported == [{1: 5}, {1: 9}, {1: 7}]


def test_day_without_emails_is_left_out() -> None:
    assert counts(a_scenario('send = "20 0 30"'), "SEND", at(31)) == {1: 20, 3: 30}


def test_deliveries_are_sent_emails_minus_bounces() -> None:
    scenario = a_scenario('send = "100"\npermanent_bounce = "7"\ntransient_bounce = "3"')
    assert counts(scenario, "DELIVERY", at(31)) == {1: 90}
    assert counts(scenario, "DELIVERY_COMPLAINT", at(31)) == {1: 90}


def test_gmail_has_no_deliveries_with_complaint_feedback() -> None:
    text = (STREAM + 'send = "100"').replace("Hotmail", "Gmail")
    scenario = parse_scenario(text, "here")
    assert counts(scenario, "DELIVERY", at(31)) == {1: 100}
    assert counts(scenario, "DELIVERY_COMPLAINT", at(31)) == {}


@pytest.mark.parametrize(
    "dimensions",
    [
        {"EMAIL_IDENTITY": "a@news.example.com"},
        {"EMAIL_IDENTITY": "news.example.com"},
        {"EMAIL_IDENTITY": "NEWS.Example.COM"},
        {"CONFIGURATION_SET": "newsletter", "ISP": "Hotmail"},
        {"EMAIL_IDENTITY": "news.example.com", "ISP": "Hotmail"},
    ],
)
def test_emails_are_counted_by_each_of_their_dimensions(dimensions: dict[str, str]) -> None:
    assert counts(a_scenario('send = "20"'), "SEND", at(31), dimensions) == {1: 20}


@pytest.mark.parametrize(
    "dimensions",
    [
        {"EMAIL_IDENTITY": "b@news.example.com"},
        {"EMAIL_IDENTITY": "ews.example.com"},
        {"CONFIGURATION_SET": "Newsletter"},
        {"EMAIL_IDENTITY": "news.example.com", "ISP": "Gmail"},
        {"TENANT_NAME": "anyone"},
    ],
)
def test_emails_are_not_counted_by_other_dimensions(dimensions: dict[str, str]) -> None:
    assert counts(a_scenario('send = "20"'), "SEND", at(31), dimensions) == {}


def test_identities_include_idle_identities() -> None:
    scenario = parse_scenario('idle_identities = ["idle.example"]\n' + STREAM, "here")
    assert scenario.identities == ["a@news.example.com", "idle.example"]
    assert scenario.configuration_sets == ["newsletter"]


def errors_of(text: str) -> list[str]:
    with pytest.raises(InvalidScenarioError) as caught:
        parse_scenario(text, "here.toml")
    heading, *lines = str(caught.value).splitlines()
    assert heading.startswith("here.toml: ")
    assert len(lines) == len(caught.value.errors), "one line each"
    return [f"{error.path} {error.what}" for error in caught.value.errors]


BEGINNING = "begins = 2026-03-01\n"
SENDER = 'identity = "a.example.com"\nisp = "Gmx"\n'
TIME = "at = 2026-03-02T09:00:00Z\n"
MAIL, RUN = f"[[emails]]\n{SENDER}", f"[[run]]\n{TIME}"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "begins is missing. Add the first day, for example begins ="),
        ("begins = ", "(the text) is not valid TOML: Invalid value"),
        (
            "begins =\u00a02026-03-01",
            "(the text) contains U+00A0 (no-break space) outside of quotes (at",
        ),
        (
            "begins = 2026-03-01T00:00:00Z",
            "begins 2026-03-01T00:00:00+00:00 is not a date. Use a date",
        ),
        ("begins = 2026-03-01T00:00:00", "begins 2026-03-01T00:00:00 is not a date. Use a date"),
        (
            'begins = "2026-03-01"',
            'begins "2026-03-01" is not a date. Use a date without a time',
        ),
        (
            BEGINNING + 'vdm_enabled = "false"',
            'vdm_enabled "false" is not a Boolean. Use true or false',
        ),
        (
            BEGINNING + "sending_enabled = 1",
            "sending_enabled 1 is not a Boolean. Use true or false",
        ),
        (
            BEGINNING + 'enforcement = "FINE"',
            'enforcement "FINE" is not a valid value. Use one of HEALTHY',
        ),
        (
            BEGINNING + 'today = "late"',
            'today "late" is not a valid value. Use one of served, rejected.',
        ),
        (BEGINNING + 'today = "late"', 'today "late" is not'),
        (BEGINNING + "seed = 0.5", "seed 0.5 is not a whole number"),
        (BEGINNING + "seed = true", "seed true is not a whole number"),
        (
            BEGINNING + 'quiet_hours = "night"',
            'quiet_hours "night" is not a period of quiet hours. Use',
        ),
        (BEGINNING + "quiet_hours = 22", "quiet_hours 22 is not a text. Use a text in quotes."),
        (
            BEGINNING + 'idle_identities = "a.b"',
            'idle_identities "a.b" is not a list. Use square brackets',
        ),
        (
            BEGINNING + "idle_identities = [7]",
            "idle_identities[0] 7 is not a name. Use a name in quotes",
        ),
        (
            BEGINNING + "mial = 1",
            "mial is not a key of a scenario. Use one of begins, emails, fault, recommendation,",
        ),
        (
            BEGINNING + "mail = 1",
            "emails 1 is not a list of tables. Use tables, each with the heading",
        ),
        (
            BEGINNING + '[emails]\nisp = "Gmx"',
            "emails {'isp': 'Gmx'} is not a list of tables. Use tables, each with the heading [[",
        ),
        (
            BEGINNING + "emails = [1]",
            "emails[0] 1 is not a table. Use tables, each with the heading [[emails]]",
        ),
        (
            BEGINNING + '[fault]\nkind = "x"',
            "fault {'kind': 'x'} is not a list of tables. Use tables, each with the heading [[f",
        ),
        (
            BEGINNING + "run = [2026-03-02]",
            "run[0] 2026-03-02 is not a table. Use tables, each with the heading [[run]]",
        ),
    ],
)
def test_error_at_the_top_level_has_its_key(text: str, error: str) -> None:
    (only,) = errors_of(text)
    assert only.startswith(error)


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ('isp = "Gmx"', ".identity is missing. Add the sending identity"),
        ('identity = "a.example.com"', ".isp is missing. Add a mailbox provider"),
        ('identity = 5\nisp = "Gmx"', ".identity 5 is not a name. Use a name in quotes"),
        ('identity = ["a.example.com"]\nisp = "Gmx"', ".identity ['a.example.com'] is not a name"),
        ('identity = "a.example.com "\nisp = "Gmx"', '.identity "a.example.com " is not a name'),
        ('identity = "a\u200b.example"\nisp = "Gmx"', '.identity "a\\u200B.example" is not a name'),
        ('identity = "a.example.com"\nisp = true', ".isp true is not a name"),
        (SENDER + 'tenant = ""', '.tenant "" is not a name'),
        (SENDER + "configuration_set = 1", ".configuration_set 1 is not a name"),
        (
            SENDER + "send = 3",
            '.send 3 is not a row of counts. Use a text, for example "20x7 30".',
        ),
        (SENDER + 'complaint = ["1"]', ".complaint ['1'] is not a row of counts"),
        (SENDER + 'send = "20y3"', '.send "20y3" is not a count. Use a count, for example 20'),
        (
            SENDER + 'open = "1x99999"',
            '.open "1x99999" makes the row too long. Use at most 10,000 days.',
        ),
        (SENDER + 'sent = "20"', '.sent is not a key of emails[1]. Did you mean "send"?'),
    ],
)
def test_error_of_emails_has_its_path(keys: str, error: str) -> None:
    (only,) = errors_of(f"{BEGINNING}{MAIL}[[emails]]\n{keys}")
    assert only.startswith(f"emails[1]{error}")


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ('story = "x"', ".at is missing. Add the time of the run"),
        (
            "at = 2026-03-03T09:00:00",
            ".at 2026-03-03T09:00:00 is not a timestamp with an offset",
        ),
        ("at = 2026-03-03", ".at 2026-03-03 is not a timestamp. Use a date"),
        ('at = "2026-03-03T09:00:00Z"', '.at "2026-03-03T09:00:00Z" is not a timestamp'),
        (
            "at = 2026-03-01T09:00:00Z",
            ".at 2026-03-01T09:00:00+00:00 is earlier than 2026-03-02",
        ),
        (
            TIME + 'expects = "FIRING"',
            '.expects "FIRING" is not a list. Use square brackets',
        ),
        (
            TIME + 'expects = ["FIRNG"]',
            '.expects[0] "FIRNG" is not a reason of a notification. Did you mean "FIRING"?',
        ),
        (
            TIME + 'expects = ["SERVICE", "service"]',
            '.expects[1] "service" is not a reason of a notification. Did y',
        ),
        (
            TIME + "expects = [[]]",
            ".expects[0] [] is not a reason of a notification. Use one of DEESCALATED",
        ),
        (TIME + "story = 5", ".story 5 is not a text"),
        (
            TIME + 'gone = "a.example.com"',
            '.gone "a.example.com" is not a list. Use square brackets',
        ),
        (TIME + 'gone = ["a.example.com", 5]', ".gone[1] 5 is not a name"),
        (TIME + "gone = {}", ".gone {} is not a list"),
        (TIME + "paused_tenants = [1]", ".paused_tenants[0] 1 is not a name"),
        (TIME + 'unreadable = "Hotmail"', '.unreadable "Hotmail" is not a list'),
        (TIME + "unreadable = [1]", ".unreadable[0] 1 is not a name"),
        (
            TIME + 'rules = "mine"',
            '.rules "mine" is not a table of texts. Use a table, for example { bounce-rate =',
        ),
        (TIME + 'rules = ["mine"]', ".rules ['mine'] is not a table of texts"),
        (TIME + "rules = { mine = 5 }", ".rules.mine 5 is not a text. Use a text in quotes."),
        (TIME + "[run.rules.mine]\nwarning = 5", ".rules.mine {'warning': 5} is not a text"),
        (TIME + "silences = { move = [] }", ".silences.move [] is not a text"),
        (TIME + "expect = []", '.expect is not a key of run[1]. Did you mean "expects"?'),
    ],
)
def test_error_of_a_run_has_its_path(keys: str, error: str) -> None:
    (only,) = errors_of(f"{BEGINNING}{RUN}[[run]]\n{keys}")
    assert only.startswith(f"run[1]{error}")


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ('type = "DKMI"', '.type "DKMI" is not a valid value. Did you mean "DKIM"?'),
        ('impact = "MEDIUM"', '.impact "MEDIUM" is not a valid value. Use one of HIGH, LOW'),
        ('fixed = "later"', '.fixed "later" is not a time'),
        ("description = 5", ".description 5 is not a text"),
    ],
)
def test_error_of_a_recommendation_has_its_path(keys: str, error: str) -> None:
    valid = {
        "identity": '"a.example.com"',
        "type": '"DKIM"',
        "impact": '"HIGH"',
        "opened": "2026-03-01T00:00:00Z",
    }
    name, _, value = keys.partition(" = ")
    lines = "\n".join(f"{key} = {text}" for key, text in {**valid, name: value}.items())
    (only,) = errors_of(f"{BEGINNING}[[recommendation]]\n{lines}")
    assert only.startswith(f"recommendation[0]{error}")


def test_recommendation_without_keys_says_what_to_add() -> None:
    errors = errors_of(f"{BEGINNING}[[recommendation]]\n")
    assert [error.split()[0] for error in errors] == [
        "recommendation[0].identity",
        "recommendation[0].type",
        "recommendation[0].impact",
        "recommendation[0].opened",
    ]


@pytest.mark.parametrize("value", ["0", "-5", "1.5", "true", '"50000"'])
def test_daily_quota_is_a_number_of_emails(value: str) -> None:
    (only,) = errors_of(f"{BEGINNING}daily_quota = {value}")
    assert only.startswith("daily_quota ")
    assert "is not a number of emails. Use a whole number, for example 50000." in only


def test_every_error_of_a_scenario_is_reported() -> None:
    text = f"""
begins = "2026-03-01"
today = 1
{MAIL}send = 5
tenat = "acme"
[[fault]]
kind = "garbled"
form = "odd"
seconds = 5
[[run]]
at = 2026-03-05T09:00:00Z
[[run]]
at = 2026-03-04T09:00:00Z
gone = [1, 2]
expects = "FIRING"
"""
    assert [error.split(" ")[0] for error in errors_of(text)] == [
        "begins",
        "emails[0].send",
        "emails[0].tenat",
        "fault[0].form",
        "run[1].expects",
        "run[1].gone[0]",
        "run[1].gone[1]",
        "today",
        "fault[0].seconds",
        "run[1].at",
    ]


def test_optional_keys_have_defaults() -> None:
    scenario = parse_scenario(BEGINNING, "here")
    assert scenario == Scenario(BEGINS, streams=[], runs=[], faults=[])
    (run,) = parse_scenario(BEGINNING + RUN, "here").runs
    assert run == ScenarioRun(at(2, 9), expected_reasons=(), story="", has_expected_reasons=False)


def test_lists_may_be_empty() -> None:
    lists = "idle_identities = []\nmail = []\nfault = []\nrun = []\n"
    assert parse_scenario(BEGINNING + lists, "here") == parse_scenario(BEGINNING, "here")
    (run,) = parse_scenario(
        BEGINNING + RUN + "expects = []\ngone = []\nunreadable = []", "here"
    ).runs
    assert (run.has_expected_reasons, run.expected_reasons, run.gone) == (True, (), ())


def test_time_of_a_run_is_converted_to_utc() -> None:
    text = BEGINNING + RUN.replace("09:00:00Z", "10:00:00+01:00")
    (run,) = parse_scenario(text, "here").runs
    assert (run.at, run.at.tzinfo) == (at(2, 9), UTC)


def test_scenario_is_the_same_however_an_editor_saves_it(tmp_path: Path) -> None:
    text = BEGINNING + MAIL + 'send = "20x3"\n' + RUN
    path = tmp_path / "scenario.toml"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load_scenario(path) == parse_scenario(text, "here")


def test_every_metric_has_a_row() -> None:
    rows = "".join(f'{metric.lower()} = "{number}"\n' for number, metric in enumerate(METRICS, 1))
    (stream,) = parse_scenario(BEGINNING + MAIL + rows, "here").streams
    assert [stream.counts(metric).final for metric in METRICS] == [(n,) for n in range(1, 11)]


def test_tenant_name_is_case_sensitive() -> None:
    scenario = a_scenario('tenant = "acme"\nsend = "20"')
    assert scenario.tenants == ["acme"]
    assert counts(scenario, "SEND", at(31), {"TENANT_NAME": "acme"}) == {1: 20}
    assert counts(scenario, "SEND", at(31), {"TENANT_NAME": "acme", "ISP": "Hotmail"}) == {1: 20}
    assert counts(scenario, "SEND", at(31), {"TENANT_NAME": "Acme"}) == {}
    assert counts(scenario, "SEND", at(31), {"TENANT_NAME": "acme", "ISP": "Gmail"}) == {}


def test_emails_with_one_of_two_dimensions_are_not_counted() -> None:
    other = '[[emails]]\nidentity = "b.example"\nisp = "Gmail"\nsend = "7"'
    scenario = a_scenario(f'send = "20"\n{other}')
    dimensions_list = {"EMAIL_IDENTITY": "news.example.com", "ISP": "Gmail"}
    assert counts(scenario, "SEND", at(31), dimensions_list) == {}


def test_account_is_sum_of_its_streams() -> None:
    """Sums of more than 100 streams are cached and still follow the clock."""
    stream = '[[emails]]\nidentity = "{}.example.com"\nisp = "Gmx"\nsend = "20 30@+6h/40@+36h"\n'
    other = '[[emails]]\nidentity = "other.example"\nisp = "Yahoo"\nsend = "7"\n'
    for number_of_streams in (1, 100, 101, 250):
        mail = "".join(stream.format(number) for number in range(number_of_streams))
        scenario = parse_scenario(f"begins = 2026-03-01\n{other}{mail}", "here")
        for dimensions, more in (({}, 7), ({"ISP": "Gmx"}, 0)):
            first = 20 * number_of_streams + more
            assert counts(scenario, "SEND", at(1, 23), dimensions) == {}
            assert counts(scenario, "SEND", at(2, 6), dimensions) == {
                1: first,
                2: 30 * number_of_streams,
            }
            assert counts(scenario, "SEND", at(3, 12), dimensions) == {
                1: first,
                2: 40 * number_of_streams,
            }


def test_deliveries_follow_revisions_of_bounces() -> None:
    scenario = a_scenario('send = "100@+6h"\npermanent_bounce = "7@+12h/200@+48h"')
    reported = [counts(scenario, "DELIVERY", at(1) + timedelta(hours=h)) for h in (6, 12, 47, 48)]
    assert reported == [{1: 100}, {1: 93}, {1: 93}, {}]


def test_ten_thousand_senders_are_parsed_and_summed_fast() -> None:
    """Parsing takes 0.7 s on a server with two cores, and the sums take 1 ms."""
    row = " ".join(str(number) for number in range(1, 61))
    mail = "".join(
        f'[[emails]]\nidentity = "{each}.example.com"\nisp = "Gmx"\n'
        f'send = "{each} {row}"\npermanent_bounce = "0x59 {each}"\n'
        for each in range(10_000)
    )
    started_at = time.process_time()
    scenario = parse_scenario(f"begins = 2026-03-01\n{mail}", "here")
    assert time.process_time() - started_at < 4
    days = [BEGINS + timedelta(days=each) for each in range(60)]
    dimensions_list = [{}, {"ISP": "Gmx"}, {"EMAIL_IDENTITY": "7.example.com"}]
    for dimensions in dimensions_list:
        scenario.counts("DELIVERY", dimensions, days, at(31))
    started_at = time.process_time()
    for dimensions in dimensions_list:
        assert len(scenario.counts("DELIVERY", dimensions, days, at(31))) > 20
    assert time.process_time() - started_at < 0.1


def test_seed_and_today_are_parsed() -> None:
    scenario = parse_scenario('begins = 2026-03-01\nseed = 7\ntoday = "rejected"', "here")
    assert (scenario.seed, scenario.today) == (7, "rejected")
    default = parse_scenario("begins = 2026-03-01", "here")
    assert (default.seed, default.today, default.faults) == (0, "served", [])


def test_scenario_with_former_names_still_loads() -> None:
    """The file is a copy from before `mail`, `tells`, ENDED and refused got other names."""
    former = (ROOT / "tests/upgrades/scenario-1.toml").read_text()
    former += 'tells = ["REVISED"]\n[[fault]]\nkind = "refused"\n'
    former = former.replace("\nbegins", '\ntoday = "refused"\nbegins', 1)
    current = former.replace("[[mail]]", "[[emails]]").replace("tells =", "expects =")
    current = current.replace('"ENDED"', '"CLOSED"').replace('"refused"', '"rejected"')
    assert current.count("emails") == current.count("CLOSED") == 1
    assert current.count("expects") == 4
    assert current.count("rejected") == 2
    assert parse_scenario(former, "here") == parse_scenario(current, "here")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("mail = 1", "emails 1 is not a list of tables"),
        ("mail = []\nemails = []", "mail is not a key of a scenario"),
        (f"{MAIL}sned = '7'", "emails[0].sned is not a key of emails[0]"),
        ("run = [1]", "run[0] 1 is not a table. Use tables, each with the heading [[run]] and"),
        (f"{RUN}tells = 1", "run[0].expects 1 is not a list"),
        (f"{RUN}tells = [5]", "run[0].expects[0] 5 is not a reason of a notification. Use one of"),
        (f"{RUN}rules = {{ mail = 1 }}", "run[0].rules.mail 1 is not a text"),
        (
            "fault = [{ kind = [] }]",
            "fault[0].kind [] is not a kind of fault. Use one of throttled,",
        ),
    ],
)
def test_error_in_a_scenario_with_former_names_has_its_path(text: str, error: str) -> None:
    (only,) = errors_of(BEGINNING + text.replace("[[emails]]", "[[mail]]"))
    assert only.startswith(error)


def test_run_of_the_weekly_schedule_has_its_event() -> None:
    text = """
    begins = 2026-03-01
    [[run]]
    at = 2026-03-09T07:00:00Z
    [[run]]
    at = 2026-03-09T08:00:00Z
    expects = ["WEEKLY"]
    weekly_summary = true
    """
    ordinary, weekly = parse_scenario(text, "weekly.toml").runs

    assert ordinary.event == {"now": "2026-03-09T07:00:00+00:00"}
    assert weekly.event == {"now": "2026-03-09T08:00:00+00:00", "weeklySummary": True}
    assert weekly.expected_reasons == ("WEEKLY",)


def test_weekly_summary_of_a_run_is_a_boolean() -> None:
    text = "begins = 2026-03-01\n[[run]]\nat = 2026-03-09T08:00:00Z\nweekly_summary = 1"

    with pytest.raises(InvalidScenarioError, match="weekly_summary"):
        parse_scenario(text, "weekly.toml")
