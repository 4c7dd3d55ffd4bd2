import time
from datetime import UTC, date, datetime, timedelta

import pytest

from vdm_local.scenario import BadScenario, Scenario, parse_scenario

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


def test_a_row_repeats_a_count_as_often_as_it_says() -> None:
    scenario = a_scenario('send = "20x3 150 300x2"')
    assert counts(scenario, "SEND", at(31)) == {1: 20, 2: 20, 3: 20, 4: 150, 5: 300, 6: 300}


def test_a_day_is_known_as_it_ends_unless_the_row_says_otherwise() -> None:
    scenario = a_scenario('send = "20 30@+6h"')
    assert counts(scenario, "SEND", at(1, 23)) == {}
    assert counts(scenario, "SEND", at(2)) == {1: 20}
    assert counts(scenario, "SEND", at(2, 6)) == {1: 20, 2: 30}


def test_a_day_may_grow_and_may_be_revised() -> None:
    scenario = a_scenario('permanent_bounce = "5@+6h/9@+12h/7@+48h"')
    seen = [counts(scenario, "PERMANENT_BOUNCE", at(1) + timedelta(hours=h)) for h in (6, 12, 48)]
    assert seen == [{1: 5}, {1: 9}, {1: 7}]


def test_a_day_without_messages_is_not_in_the_answer() -> None:
    assert counts(a_scenario('send = "20 0 30"'), "SEND", at(31)) == {1: 20, 3: 30}


def test_deliveries_are_what_did_not_bounce() -> None:
    scenario = a_scenario('send = "100"\npermanent_bounce = "7"\ntransient_bounce = "3"')
    assert counts(scenario, "DELIVERY", at(31)) == {1: 90}
    assert counts(scenario, "DELIVERY_COMPLAINT", at(31)) == {1: 90}


def test_deliveries_to_gmail_can_draw_no_complaint() -> None:
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
def test_mail_is_found_by_any_of_its_dimensions_and_by_all(dimensions: dict[str, str]) -> None:
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
def test_other_mail_is_not_counted(dimensions: dict[str, str]) -> None:
    assert counts(a_scenario('send = "20"'), "SEND", at(31), dimensions) == {}


def test_senders_without_mail_are_senders_all_the_same() -> None:
    scenario = parse_scenario('idle_identities = ["idle.example"]\n' + STREAM, "here")
    assert scenario.identities == ["a@news.example.com", "idle.example"]
    assert scenario.configuration_sets == ["newsletter"]


@pytest.mark.parametrize(
    ("text", "says"),
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
def test_a_bad_scenario_says_what_is_wrong_with_it(text: str, says: str) -> None:
    with pytest.raises(BadScenario) as caught:
        parse_scenario(text, "here.toml")
    assert str(caught.value).startswith("here.toml: ")
    assert says in str(caught.value)


def test_mail_may_have_a_tenant_whose_name_is_spelled_in_one_way() -> None:
    scenario = a_scenario('tenant = "acme"\nsend = "20"')
    assert scenario.tenants == ["acme"]
    assert counts(scenario, "SEND", at(31), {"TENANT_NAME": "acme"}) == {1: 20}
    assert counts(scenario, "SEND", at(31), {"TENANT_NAME": "acme", "ISP": "Hotmail"}) == {1: 20}
    assert counts(scenario, "SEND", at(31), {"TENANT_NAME": "Acme"}) == {}
    assert counts(scenario, "SEND", at(31), {"TENANT_NAME": "acme", "ISP": "Gmail"}) == {}


def test_mail_that_has_one_of_two_dimensions_is_not_counted() -> None:
    other = '[[mail]]\nidentity = "b.example"\nisp = "Gmail"\nsend = "7"'
    scenario = a_scenario(f'send = "20"\n{other}')
    asked = {"EMAIL_IDENTITY": "news.example.com", "ISP": "Gmail"}
    assert counts(scenario, "SEND", at(31), asked) == {}


def test_an_account_is_the_sum_of_its_streams_however_many_they_are() -> None:
    """Above a hundred, sums are kept, each for itself; they follow the clock all the same."""
    stream = '[[mail]]\nidentity = "{}.example.com"\nisp = "Gmx"\nsend = "20 30@+6h/40@+36h"\n'
    other = '[[mail]]\nidentity = "other.example"\nisp = "Yahoo"\nsend = "7"\n'
    for many in (1, 100, 101, 250):
        mail = "".join(stream.format(number) for number in range(many))
        scenario = parse_scenario(f"begins = 2026-03-01\n{other}{mail}", "here")
        for dimensions, more in (({}, 7), ({"ISP": "Gmx"}, 0)):
            first = 20 * many + more
            assert counts(scenario, "SEND", at(1, 23), dimensions) == {}
            assert counts(scenario, "SEND", at(2, 6), dimensions) == {1: first, 2: 30 * many}
            assert counts(scenario, "SEND", at(3, 12), dimensions) == {1: first, 2: 40 * many}


def test_deliveries_follow_what_is_known_of_bounces_by_then() -> None:
    scenario = a_scenario('send = "100@+6h"\npermanent_bounce = "7@+12h/200@+48h"')
    seen = [counts(scenario, "DELIVERY", at(1) + timedelta(hours=h)) for h in (6, 12, 47, 48)]
    assert seen == [{1: 100}, {1: 93}, {1: 93}, {}]


def test_ten_thousand_senders_are_read_in_seconds_and_asked_for_in_an_instant() -> None:
    """To read them takes 0.7 s on two cores of a server, and the rest a thousandth of a second."""
    row = " ".join(str(number) for number in range(1, 61))
    mail = "".join(
        f'[[mail]]\nidentity = "{each}.example.com"\nisp = "Gmx"\n'
        f'send = "{each} {row}"\npermanent_bounce = "0x59 {each}"\n'
        for each in range(10_000)
    )
    began = time.perf_counter()
    scenario = parse_scenario(f"begins = 2026-03-01\n{mail}", "here")
    assert time.perf_counter() - began < 4
    days = [BEGINS + timedelta(days=each) for each in range(60)]
    asked = [{}, {"ISP": "Gmx"}, {"EMAIL_IDENTITY": "7.example.com"}]
    for dimensions in asked:
        scenario.counts("DELIVERY", dimensions, days, at(31))
    began = time.perf_counter()
    for dimensions in asked:
        assert len(scenario.counts("DELIVERY", dimensions, days, at(31))) > 20
    assert time.perf_counter() - began < 0.1


def test_chance_and_the_current_day_are_as_written() -> None:
    scenario = parse_scenario('begins = 2026-03-01\nseed = 7\ntoday = "refused"', "here")
    assert (scenario.seed, scenario.today) == (7, "refused")
    plain = parse_scenario("begins = 2026-03-01", "here")
    assert (plain.seed, plain.today, plain.faults) == (0, "served", [])
