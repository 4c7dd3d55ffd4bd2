"""The parser of scenarios, and the counts that they report."""

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from vdm_local.scenario import InvalidScenarioError, Scenario, parse_scenario

BEGINS = date(2026, 3, 1)
STREAM = """
begins = 2026-03-01

[[mail]]
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'begins' is missing"),
        ("begins = ", "Invalid value"),
        ("begins = 2026-03-01\nvdm = true", "not known in a scenario: vdm"),
        (STREAM + 'send = "20y3"', '"20y3" in the row "20y3" is no count'),
        (STREAM + 'sent = "20"', "the mail of a@news.example.com has no metric SENT"),
        ('begins = 2026-03-01\n[[mail]]\nisp = "Gmx"', "'identity' is missing"),
        ('begins = 2026-03-01\n[[run]]\nstory = "x"', "'at' is missing"),
        ('begins = "2026-03-01"', "begins must be a date, without quotes"),
        ('begins = 2026-03-01\n[mail]\nisp = "Gmx"', "mail must be a list: write [[mail]]"),
        (STREAM + "send = 3", 'the row 3 is no text; write "20x7 30", in quotes'),
        ("begins = 2026-03-01\n[[run]]\nat = 2026-03-01T09:00:00", "must be an instant"),
        ("begins = 2026-03-01\n[[run]]\nat = 2026-03-01T09:00:00Z\nx = 1", "known in a run: x"),
        ('begins = 2026-03-01\nenforcement = "FINE"', '"FINE" is none of HEALTHY,'),
        ('begins = 2026-03-01\ntoday = "late"', '"late" is none of served, refused'),
        ("begins = 2026-03-01\nseed = 0.5", "seed must be a whole number: 7"),
        ("begins = 2026-03-01\nseed = true", "seed must be a whole number: 7"),
        ("begins = 2026-03-01\nmail = [1]", "mail must be a list: write [[mail]]"),
        ('begins = 2026-03-01\n[fault]\nkind = "x"', "fault must be a list: write [[fault]]"),
    ],
)
def test_parser_error_names_reason(text: str, message: str) -> None:
    with pytest.raises(InvalidScenarioError) as caught:
        parse_scenario(text, "here.toml")
    assert str(caught.value).startswith("here.toml: ")
    assert message in str(caught.value)


def test_tenant_name_is_case_sensitive() -> None:
    scenario = a_scenario('tenant = "acme"\nsend = "20"')
    assert scenario.tenants == ["acme"]
    assert counts(scenario, "SEND", at(31), {"TENANT_NAME": "acme"}) == {1: 20}
    assert counts(scenario, "SEND", at(31), {"TENANT_NAME": "acme", "ISP": "Hotmail"}) == {1: 20}
    assert counts(scenario, "SEND", at(31), {"TENANT_NAME": "Acme"}) == {}
    assert counts(scenario, "SEND", at(31), {"TENANT_NAME": "acme", "ISP": "Gmail"}) == {}


def test_emails_with_one_of_two_dimensions_are_not_counted() -> None:
    other = '[[mail]]\nidentity = "b.example"\nisp = "Gmail"\nsend = "7"'
    scenario = a_scenario(f'send = "20"\n{other}')
    dimensions_list = {"EMAIL_IDENTITY": "news.example.com", "ISP": "Gmail"}
    assert counts(scenario, "SEND", at(31), dimensions_list) == {}


def test_account_is_sum_of_its_streams() -> None:
    """Sums of more than 100 streams are cached and still follow the clock."""
    stream = '[[mail]]\nidentity = "{}.example.com"\nisp = "Gmx"\nsend = "20 30@+6h/40@+36h"\n'
    other = '[[mail]]\nidentity = "other.example"\nisp = "Yahoo"\nsend = "7"\n'
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
        f'[[mail]]\nidentity = "{each}.example.com"\nisp = "Gmx"\n'
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
    scenario = parse_scenario('begins = 2026-03-01\nseed = 7\ntoday = "refused"', "here")
    assert (scenario.seed, scenario.today) == (7, "refused")
    default = parse_scenario("begins = 2026-03-01", "here")
    assert (default.seed, default.today, default.faults) == (0, "served", [])
