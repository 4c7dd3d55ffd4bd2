"""The first step of a run: everything that is known, and what could not be learnt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from vdm_alerts.core.alerts import Key
from vdm_alerts.core.findings import Finding, Hindrance
from vdm_alerts.core.metrics import ACCOUNT, KNOWN_ISPS, Metric, Scope, Series, Window
from vdm_alerts.core.rates import Gap
from vdm_alerts.core.rules import Rule
from vdm_alerts.core.sweep import Query, plan
from vdm_alerts.core.verdicts import Healthy, Verdict, judge
from vdm_alerts.ports import Ports, Rulebook, Standing

T = TypeVar("T")

NO_SUBSCRIBER = Finding(
    about="subscribers",
    what="Nobody has confirmed a subscription to the topic, so no alert reaches anyone",
    remedy="Confirm the subscription in the mail that Amazon SNS sent, or deploy with -c email=",
    passing=True,  # There is nobody to write to.
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a run knows: the rules that can be used, the answers, and what is amiss.

    *silent* says that the account as a whole sends nothing at the moment.
    """

    rules: Mapping[str, Rule]
    scopes: Sequence[Scope]
    series: Mapping[Query, Series | Gap]
    subscribers: int | None
    findings: Sequence[Finding]
    silent: bool = False

    def verdicts(self, today: date) -> Mapping[Key, Verdict]:
        """Judge every scope by every rule that covers it.

        That one scope has no mail any longer is good news of it. That none has any is not: while
        the account is silent, a scope without mail is not judged.
        """
        verdicts = {
            (rule.name, scope): judge(
                rule,
                self.series.get(Query(rule.indicator.events, scope), Gap.UNAVAILABLE),
                self.series.get(Query(rule.indicator.volume, scope), Gap.UNAVAILABLE),
                today,
            )
            for scope in self.scopes
            for rule in self.rules.values()
            if rule.covers(scope)
        }
        if self.silent:
            return {key: each for key, each in verdicts.items() if each != Healthy(None)}
        return verdicts


def gather(ports: Ports, today: date) -> Gathered:
    """Ask for all there is. What cannot be had becomes a finding, and the rest goes on."""
    findings: list[Finding] = []

    def tried(ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except Hindrance as hindrance:
            findings.append(hindrance.finding)
            return otherwise

    subscribers = tried(ports.notifier.subscribers, None)
    if subscribers == 0:
        findings.append(NO_SUBSCRIBER)
    rulebook = tried(ports.rules.rules, Rulebook({}))
    # Where SES does not say how the account stands, reading will tell whether VDM is on.
    standing = tried(ports.account.standing, Standing(vdm_enabled=True))
    findings += [*rulebook.findings, *standing.findings]
    if not (standing.vdm_enabled and rulebook.rules):
        return Gathered(rulebook.rules, (), {}, subscribers, findings)

    nobody: Sequence[Scope] = ()
    scopes = [
        ACCOUNT,
        *tried(ports.account.configuration_sets, nobody),
        *(Scope(isp=name) for name in KNOWN_ISPS),
        *tried(ports.account.identities, nobody),
    ]
    wanted, window = plan(rulebook.rules.values(), scopes)
    sent = Query(Metric.SEND, ACCOUNT)
    queries = list(dict.fromkeys([sent, *wanted]))
    denied: Mapping[Query, Series | Gap] = dict.fromkeys(queries, Gap.ACCESS_DENIED)
    series = tried(lambda: ports.series.read(queries, window, today), denied)
    mail = series[sent]
    is_empty = isinstance(mail, Series) and not mail.total(window, today)
    if is_empty:
        findings.append(_no_mail(window))
    silent = is_empty or not standing.may_send
    return Gathered(rulebook.rules, scopes, series, subscribers, findings, silent)


def _no_mail(window: Window) -> Finding:
    return Finding(
        about="mail",
        what=f"VDM has counted no mail of this account in the last {window}, so there is no rate",
        remedy="If the account does send, deploy into the Region it sends from; VDM counts only "
        "mail to a single recipient, sent after it was switched on",
    )
