"""How much is said in one run, and in how many messages."""

from dataclasses import replace

from builders import a_rule, firing

from vdm_alerts.core.alerts.sequence import Attempt
from vdm_alerts.core.model.findings import MOST_NAMED, Finding, Source
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.affected import Affected
from vdm_alerts.core.notifications.incidents import Incident
from vdm_alerts.core.notifications.notification import (
    MOST_MESSAGES,
    Digest,
    incidents_in,
    numbered_in,
    summary,
    trouble,
    within_bounds,
)
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.observations.coverage import Watch

CRITICAL = Severity.CRITICAL
OFF = Finding("VDM", "VDM is off", "Switch it on", source=Source.MAIL)
BLIND = {Source.MAIL}
DENIED = Finding("ses:GetAccount", "AWS refused ses:GetAccount", "Allow it")
OUTAGE = Finding("SES", "SES is down", "Wait", passing=True)
WATCH = Watch(("bounce-rate",), {ACCOUNT.kind: 1})


def an_incident(number: int, severity: Severity = Severity.WARNING) -> Incident:
    alert = firing(Scope(identity=f"{number}.example.com"), severity)
    affected = (Affected(alert, None, Reason.FIRING),)
    return Incident(f"bounce-rate-{number}", 1, Reason.FIRING, a_rule(), affected)


def test_what_is_left_after_so_many_messages_shares_the_last() -> None:
    for number in (1, MOST_MESSAGES):
        few = [an_incident(each) for each in range(number)]
        assert within_bounds(few, others=0) == few
    many = [an_incident(each) for each in range(MOST_MESSAGES + 1)]
    *alone, last = within_bounds(many, others=0)
    assert alone == many[: MOST_MESSAGES - 1]
    assert isinstance(last, Digest)
    assert list(incidents_in(last)) == many[MOST_MESSAGES - 1 :]
    assert len(within_bounds(many, others=1)) == MOST_MESSAGES - 1


def test_a_shared_message_that_is_sent_again_has_the_same_id() -> None:
    many = [an_incident(each) for each in range(9)]
    first, again, other = (within_bounds(each, 0)[-1] for each in (many, many, many[:-1]))
    assert (first.id, first.sequence) == (again.id, again.sequence)
    assert first.id != other.id


def test_a_shared_message_is_as_urgent_as_the_worst_in_it() -> None:
    for severity in Severity:
        shared = within_bounds([*map(an_incident, range(8)), an_incident(8, severity)], 0)[-1]
        assert shared.severity is severity
        assert shared.is_urgent == (severity is CRITICAL)


def test_the_first_message_ever_has_everything_in_it_however_much() -> None:
    first = summary([an_incident(each) for each in range(50)], WATCH, {})
    assert (len(first.incidents), first.sequence, first.watch) == (50, 1, WATCH)
    nothing = summary([], WATCH, {})
    assert (nothing.severity, nothing.is_urgent) == (None, False)


def test_the_first_message_that_is_sent_again_has_the_same_number_unless_it_says_more() -> None:
    first = summary([an_incident(1)], WATCH, {})
    tried = {first.id: Attempt(first.sequence, first.news)}
    assert summary([an_incident(1)], WATCH, tried).sequence == 1
    assert summary([an_incident(1), an_incident(2)], WATCH, tried).sequence == 2


def test_several_that_share_a_message_count_their_own_and_the_first_one_ever_counts_too() -> None:
    many = [an_incident(each) for each in range(9)]
    *alone, shared = within_bounds(many, others=0)
    assert [one for each in (*alone, shared) for one in numbered_in(each)] == many
    first = summary(many, WATCH, {})
    assert numbered_in(first) == (first, *many)
    service = trouble([OFF], told=[], told_sequence=0)
    assert service is not None
    assert numbered_in(service) == (service,)


def test_the_end_of_trouble_that_people_may_have_heard_of_is_owed() -> None:
    begun = trouble([OFF], told=[], told_sequence=0)
    assert begun is not None
    tried = Attempt(begun.sequence, begun.news)
    may_know = begun.attempted
    again = trouble([OFF], told=may_know, told_sequence=0, attempt=tried)
    assert again is not None
    assert (again.sequence, again.is_urgent, again.fresh) == (1, False, (OFF,))
    over = trouble([], told=may_know, told_sequence=0, attempt=tried)
    assert over is not None
    assert (over.sequence, over.severity, over.gone) == (2, None, (OFF,))
    other = trouble([DENIED], told=may_know, told_sequence=0, attempt=tried, blind=BLIND)
    assert other is not None
    assert (other.sequence, other.findings, other.kept) == (2, (DENIED,), (OFF,))
    assert set(other.attempted) == {OFF, DENIED}


def test_what_people_may_have_heard_of_stays_doubtful_until_it_is_told_or_over() -> None:
    begun = trouble([OFF], told=[], told_sequence=0)
    assert begun is not None
    hidden = trouble([DENIED], told=begun.attempted, told_sequence=0, blind=BLIND)
    assert hidden is not None
    assert [(each, each.certain) for each in hidden.delivered] == [(DENIED, True), (OFF, False)]
    back = trouble([DENIED, OFF], told=hidden.delivered, told_sequence=2)
    assert back is not None
    assert back.fresh == (OFF,)
    assert all(each.certain for each in back.delivered)
    assert trouble([DENIED, OFF], told=back.delivered, told_sequence=3) is None


def test_what_is_known_to_have_been_told_is_no_news_beside_what_may_have_been() -> None:
    paused = replace(OFF, severity=CRITICAL)
    more = trouble([paused, DENIED], told=[paused], told_sequence=1)
    assert more is not None
    assert [(each, each.certain) for each in more.attempted] == [(DENIED, False), (paused, True)]
    again = trouble([paused, DENIED], told=more.attempted, told_sequence=1)
    assert again is not None
    assert (again.fresh, again.findings) == ((DENIED,), (DENIED, paused)), "the news first"
    assert (again.is_urgent, again.news) == (False, more.news)


def test_what_comes_back_after_an_end_that_people_may_have_heard_of_is_owed_again() -> None:
    over = trouble([], told=[OFF], told_sequence=1)
    assert over is not None
    tried = Attempt(over.sequence, over.news)
    again = trouble([OFF], told=over.attempted, told_sequence=1, attempt=tried)
    assert again is not None
    assert (again.sequence, again.fresh) == (3, (OFF,))


def test_no_number_is_used_twice_where_a_later_one_is_known_to_have_gone_out() -> None:
    stale = Attempt(1, "something else")
    message = trouble([OFF], told=[], told_sequence=4, attempt=stale)
    assert message is not None
    assert message.sequence == 5


def test_only_what_people_do_not_know_yet_is_urgent() -> None:
    paused = replace(OFF, severity=CRITICAL, hinders=False)
    begun = trouble([paused], told=[], told_sequence=0)
    assert begun is not None
    assert begun.is_urgent
    more = trouble([paused, DENIED], told=[paused], told_sequence=1)
    assert more is not None
    assert (more.severity, more.is_urgent) == (CRITICAL, False)


def test_nobody_is_told_the_end_of_what_needs_none() -> None:
    once = replace(OFF, needs_no_end=True, hinders=False)
    assert trouble([], told=[once], told_sequence=1) is None
    paused = replace(DENIED, hinders=False)
    message = trouble([paused], told=[once], told_sequence=1)
    assert message is not None
    assert (message.findings, message.gone, message.kept) == ((paused,), (), ())


def test_what_needs_no_end_is_not_told_anew_after_a_time_in_which_nobody_could_look() -> None:
    once = replace(OFF, needs_no_end=True, hinders=False)
    blind = trouble([DENIED], told=[once], told_sequence=1, blind=BLIND)
    assert blind is not None
    again = trouble([once], told=blind.delivered, told_sequence=2)
    assert again is not None
    assert (again.fresh, again.gone) == ((), (DENIED,))


def test_of_whom_it_is_about_only_a_new_name_is_news() -> None:
    unread = Finding("unread", "Not readable", "Wait").of(["a", "b"])
    assert trouble([unread.of(["b"])], told=[unread], told_sequence=1) is None
    worse = trouble([unread.of(["b", "c"])], told=[unread], told_sequence=1)
    assert worse is not None
    assert [each.told for each in worse.fresh] == ["Not readable: b, c"]


def test_of_more_names_than_anybody_reads_only_that_there_are_more_is_news() -> None:
    names = [f"{number:02}" for number in range(30)]
    full, cut = (OFF.of(names[:count]) for count in (MOST_NAMED, MOST_NAMED + 1))
    assert cut.told.endswith("18, 19, and 1 more")
    for told, found, is_news in ((full, cut, True), (cut, full, False), (cut, cut, False)):
        assert (trouble([found], told=[told], told_sequence=1) is not None) == is_news
    assert trouble([cut.of(names[5:26])], told=[cut], told_sequence=1) is None


def test_the_words_of_somebody_else_are_no_news() -> None:
    down = Finding("SES", "SES is down", "Wait", passing=True).lasting()
    assert trouble([replace(down, words="Try later")], told=[down], told_sequence=1) is None
    assert down.told == "SES has not worked for more than a day: SES is down"


def test_something_new_that_is_wrong_with_the_service_is_told_once() -> None:
    message = trouble([OFF], told=[], told_sequence=0)
    assert message is not None
    assert (message.sequence, message.findings, message.gone) == (1, (OFF,), ())
    assert trouble([OFF], told=[OFF], told_sequence=1) is None


def test_what_else_goes_wrong_is_told_together_with_what_still_is() -> None:
    message = trouble([OFF, DENIED], told=[OFF], told_sequence=1)
    assert message is not None
    assert message.findings == (DENIED, OFF)
    assert message.sequence == 2


def test_that_all_is_well_again_is_told_once() -> None:
    message = trouble([], told=[OFF, DENIED], told_sequence=2)
    assert message is not None
    assert (message.findings, message.gone) == ((), (OFF, DENIED))
    assert trouble([], told=[], told_sequence=3) is None


def test_what_has_changed_is_news_and_not_called_gone() -> None:
    worse = replace(OFF, what="VDM was never on", severity=CRITICAL)
    message = trouble([DENIED, worse], told=[OFF, DENIED], told_sequence=2)
    assert message is not None
    assert message.findings == (worse, DENIED), "the worst first"
    assert message.gone == ()
    assert message.severity is CRITICAL


def test_what_is_gone_while_something_new_came_is_listed() -> None:
    paused = replace(DENIED, hinders=False)
    message = trouble([paused], told=[OFF], told_sequence=1)
    assert message is not None
    assert (message.findings, message.gone, message.kept) == ((paused,), (OFF,), ())


def test_nothing_is_called_gone_while_nobody_could_look() -> None:
    message = trouble([DENIED], told=[OFF], told_sequence=1, blind=BLIND)
    assert message is not None
    assert (message.findings, message.gone, message.kept) == ((DENIED,), (), (OFF,))


def test_what_is_over_where_one_could_look_is_told_whatever_is_hidden_elsewhere() -> None:
    message = trouble([DENIED], told=[DENIED, OFF], told_sequence=1, blind={Source.RULES})
    assert message is not None
    assert (message.findings, message.gone, message.kept) == ((DENIED,), (OFF,), ())


def test_what_an_earlier_version_told_of_is_not_called_over_while_anything_is_hidden() -> None:
    assert trouble([], told=[DENIED], told_sequence=1, blind=BLIND) is None
    assert trouble([], told=[DENIED], told_sequence=1) is not None


def test_a_passing_finding_is_told_to_nobody() -> None:
    assert trouble([OUTAGE], told=[], told_sequence=0) is None


def test_nothing_is_called_well_while_a_passing_finding_hides_it() -> None:
    assert trouble([OUTAGE], told=[OFF], told_sequence=1, blind=BLIND) is None
