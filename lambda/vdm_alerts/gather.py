"""The first step of a run: everything that is known, and what could not be learnt."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from vdm_alerts.amiss import SOME, amiss
from vdm_alerts.asking import Asking
from vdm_alerts.core.advice import kind_name
from vdm_alerts.core.alerts import Alert, Key
from vdm_alerts.core.findings import Finding, Source
from vdm_alerts.core.metrics import Series
from vdm_alerts.core.rates import Indicator
from vdm_alerts.core.reading.culprits import Culprit
from vdm_alerts.core.reading.queries import ACCOUNT_SENT
from vdm_alerts.core.reputation import Estimate
from vdm_alerts.core.rulebook import Rulebook, read
from vdm_alerts.core.rules import Rule
from vdm_alerts.core.silences import Silence, Silences, expired
from vdm_alerts.core.telling.notices import Watch
from vdm_alerts.core.verdicts import Healthy, Unknown, Unsure, Verdict
from vdm_alerts.ports import Memory, Ports, Standing
from vdm_alerts.survey import TOO_LONG, Limits, Survey, survey

NO_SUBSCRIBER = Finding(
    about="subscribers",
    what="Nobody has confirmed a subscription to the topic, so no alert reaches anyone",
    remedy="Confirm the subscription in the mail that Amazon SNS sent. It is void after 48 hours; "
    "then subscribe anew: aws sns subscribe --protocol email --topic-arn THE-STACKS-TOPIC "
    "--notification-endpoint you@example.com",
    hinders=False,
    passing=True,  # There is nobody to write to.
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a run knows: the rules, the answers, and what is amiss.

    *rulebook* is None where the rules could not be read, and *survey* where there was no reading
    VDM. *silent* says that the account as a whole sends nothing at the moment, and *silences* are
    what people asked not to be told of. *passing* says since when there has been each thing that
    is amiss and should pass, by what it is about, and *blind* is where nobody could look. *alerts*
    are those that are remembered.
    """

    rulebook: Rulebook | None
    survey: Survey | None
    subscribers: int | None
    findings: Sequence[Finding]
    silent: bool = False
    silences: Sequence[Silence] = ()
    passing: Mapping[str, datetime] = field(default_factory=dict)
    blind: Collection[Source] = ()
    alerts: Mapping[Key, Alert] = field(default_factory=dict)

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules that can be used, by name; none where they could not be read."""
        return self.rulebook.rules if self.rulebook else {}

    @property
    def unusable(self) -> Mapping[str, Finding]:
        """What is wrong with each rule that cannot be used as it is, as far as they are known."""
        return self.rulebook.unusable if self.rulebook else {}

    @property
    def until(self) -> date | None:
        """The last day that counts, where that is not the one that is going on."""
        at = self.survey.at if self.survey else None
        return at.last if at and at.last < at.now.date() else None

    @property
    def mail(self) -> Series | None:
        """The mail of the account as a whole; None where that could not be read."""
        mail = self.survey.found.get(ACCOUNT_SENT) if self.survey else None
        return mail if isinstance(mail, Series) else None

    @property
    def newest_day(self) -> date | None:
        """The last day on which VDM has counted mail of this account, if it is known and any."""
        return None if self.mail is None else self.mail.newest_day

    @property
    def verdicts(self) -> Mapping[Key, Verdict]:
        """The judgement of every scope that was read, by every rule that watches it.

        That one scope has no mail any longer is good news of it. That none has any is not: while
        the account is silent, a scope without mail proves nothing.
        """
        verdicts = self.survey.verdicts if self.survey else {}
        if self.silent:
            return {key: _proving_nothing(each) for key, each in verdicts.items()}
        return verdicts

    @property
    def series_unknown(self) -> int:
        """How many rates could not be judged because something could not be read."""
        verdicts = self.verdicts.values()
        return sum(isinstance(each, Unknown) and each.gap.is_failure for each in verdicts)

    def culprit(self, key: Key) -> Culprit | None:
        """Return who is behind the breach of *key*, if it is anybody in particular."""
        return self.survey.culprit(key) if self.survey else None

    def estimate(self, rule: Rule) -> Estimate | None:
        """Return an estimate of the rate of *rule* by which SES judges the account, if it does."""
        return self.survey.estimate(rule) if self.survey else None

    @property
    def watch(self) -> Watch:
        """What is watched, as people are told when it begins."""
        verdicts = self.verdicts
        scopes = {key.scope for key in verdicts}
        return Watch(
            tuple(sorted({key.rule for key in verdicts})),
            Counter(one.kind for one in scopes),
            rates=len(verdicts),
            unread=self.series_unknown,
        )

    def is_silenced(self, key: Key) -> bool:
        """Say whether somebody has asked not to hear of *key*."""
        return any(silence.covers(key.rule, key.scope) for silence in self.silences)

    def gone(self, key: Key) -> str:
        """Return why *key* is watched no more, as the beginning of a sentence; "" where it is."""
        name, scope, indicator = key
        if self.rulebook is None or (name in self.unusable and name not in self.rules):
            return ""
        rule = self.rules.get(name)
        if rule is None:
            return f"The rule {name} was deleted"
        if indicator is not rule.indicator:
            return f"The rule {name} was changed and is about another rate"
        if not rule.covers(scope):
            return f"The rule {name} was changed and does not watch {scope}"
        if self.survey and (sender := self.survey.missing(scope)):
            return f"The {kind_name(sender)} {sender} was deleted from this account"
        return ""


def _proving_nothing(verdict: Verdict) -> Verdict:
    """Return *verdict* as it is where no mail is no good news."""
    if isinstance(verdict, Healthy) and verdict.evidence is None:
        return Unsure(verdict.of, verdict.line, verdict.window, None)
    return verdict


def _by_rate(before: Memory, rulebook: Rulebook | None) -> Mapping[Key, Alert]:
    """Return the alerts of *before*, each with the rate that it is about.

    Where the memory does not say so, that is what its rule was about when last it could be read.
    """
    known = (
        one if one.indicator else replace(one, indicator=_rate_of(one.rule, before, rulebook))
        for one in before.alerts.values()
    )
    return {one.key: one for one in known}


def _rate_of(name: str, before: Memory, rulebook: Rulebook | None) -> Indicator | None:
    written = before.rules.get(name)
    rule = read(name, written) if written else None
    if rule is None and rulebook:
        rule = rulebook.rules.get(name)
    return rule.indicator if rule else None


def gather(
    ports: Ports, before: Memory, now: datetime, limits: Limits, patience: timedelta
) -> Gathered:
    """Ask for all there is, and of the scopes that *before* has alerts of, which may be gone.

    What cannot be had, or is not read within *patience*, becomes a finding, and the rest goes on.
    """
    asking = Asking()
    seen = _asked(ports, before, now, limits, patience, asking)
    passing = {each.about for each in seen.findings if each.passing and each.hinders}
    since = {about: before.passing.get(about, now) for about in sorted(passing)}
    # Of single series, whoever has waited for long has a finding of its own.
    long = {about for about, at in since.items() if about != SOME and now - at > TOO_LONG}
    findings = [each.lasting() if each.about in long else each for each in seen.findings]
    return replace(seen, findings=findings, passing=since, blind=asking.blind | _unseen(seen))


def _unseen(seen: Gathered) -> set[Source]:
    """Return what a run that has *seen* this much can say nothing of."""
    if seen.survey is None:
        return {Source.LISTS, Source.MAIL}
    return {Source.MAIL} if seen.mail is None else set()


def _asked(
    ports: Ports,
    before: Memory,
    now: datetime,
    limits: Limits,
    patience: timedelta,
    asking: Asking,
) -> Gathered:
    subscribers = asking.tried(ports.notifier.subscribers, None, Source.SUBSCRIBERS)
    if subscribers == 0:
        asking.found([NO_SUBSCRIBER], Source.SUBSCRIBERS)
    rulebook = asking.tried(
        lambda: ports.rules.rules().with_last_good(before.rules), None, Source.RULES
    )
    silences = asking.tried(ports.silences.silences, Silences(), Source.SILENCES)
    # Where SES does not say how the account stands, reading will tell whether VDM is on.
    standing = asking.tried(ports.account.standing, Standing(vdm_enabled=True), Source.ACCOUNT)
    if rulebook:
        asking.found([*rulebook.unusable.values(), *rulebook.findings], Source.RULES)
    asking.found([*silences.findings, *expired(silences, now)], Source.SILENCES)
    asking.found(standing.findings, Source.ACCOUNT)
    lasting = silences.lasting(now)
    alerts = _by_rate(before, rulebook)
    known = Gathered(rulebook, None, subscribers, asking.findings, silences=lasting, alerts=alerts)
    if rulebook is None or not (standing.vdm_enabled and rulebook.rules):
        return known

    rules = list(rulebook.rules.values())
    seen = asking.tried(
        lambda: survey(ports, rules, alerts, now, limits, patience, asking), None, Source.MAIL
    )
    if seen is None:
        return known
    known = replace(known, survey=seen)
    is_empty = known.mail is not None and not known.mail.total(seen.sweep.longest, seen.at.last)
    asking.found(amiss(seen, limits, is_empty=is_empty), Source.MAIL)
    return replace(known, silent=is_empty or not standing.may_send)
