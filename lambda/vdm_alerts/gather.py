"""The first step of a run: everything that is known, and what could not be learnt."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
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
    remedy="Confirm the subscription in the mail that Amazon SNS sent. It is void after 48 hours; "
    "then subscribe anew: aws sns subscribe --protocol email --topic-arn THE-STACKS-TOPIC "
    "--notification-endpoint you@example.com",
    hinders=False,
    passing=True,  # There is nobody to write to.
)

_SENT = Query(Metric.SEND, ACCOUNT)
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Asking:
    """Asks what may be refused, and keeps a finding of each refusal."""

    findings: list[Finding] = field(default_factory=list)

    def tried(self, ask: Callable[[], T], otherwise: T) -> T:
        """Return what *ask* returns, or *otherwise* where it cannot be had."""
        try:
            return ask()
        except Hindrance as hindrance:
            self.findings.append(hindrance.finding)
        except Exception as error:  # noqa: BLE001 - one broken source must not silence the rest
            _log.error("an error that VDM Alerts does not know: %r", error, exc_info=True)
            self.findings.append(_unexpected(error))
        return otherwise


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a run knows: the rules, the answers, and what is amiss.

    *rulebook* is None where the rules could not be read. *silent* says that the account as a
    whole sends nothing at the moment.
    """

    rulebook: Rulebook | None
    scopes: Sequence[Scope]
    series: Mapping[Query, Series | Gap]
    subscribers: int | None
    findings: Sequence[Finding]
    silent: bool = False

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules that can be used, by name; none where they could not be read."""
        return self.rulebook.rules if self.rulebook else {}

    @property
    def unusable(self) -> frozenset[str]:
        """The names of the rules that cannot be used, as far as they are known."""
        return self.rulebook.unusable if self.rulebook else frozenset()

    @property
    def newest_day(self) -> date | None:
        """The last day on which VDM has counted mail of this account, if it is known and any."""
        mail = self.series.get(_SENT)
        days = mail.counts if isinstance(mail, Series) else {}
        return max((day for day, count in days.items() if count), default=None)

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

    def is_gone(self, rule: str) -> bool:
        """Say whether *rule* is known not to exist any more."""
        book = self.rulebook
        return book is not None and rule not in book.rules and rule not in book.unusable


def gather(ports: Ports, remembered: Iterable[Scope], today: date, patience: timedelta) -> Gathered:
    """Ask for all there is, and of the *remembered* scopes too, which may be gone by now.

    What cannot be had, or is not read within *patience*, becomes a finding, and the rest goes on.
    """
    asking = _Asking()
    findings = asking.findings
    subscribers = asking.tried(ports.notifier.subscribers, None)
    if subscribers == 0:
        findings.append(NO_SUBSCRIBER)
    rulebook = asking.tried(ports.rules.rules, None)
    # Where SES does not say how the account stands, reading will tell whether VDM is on.
    standing = asking.tried(ports.account.standing, Standing(vdm_enabled=True))
    findings += [*(rulebook.findings if rulebook else ()), *standing.findings]
    if rulebook is None or not (standing.vdm_enabled and rulebook.rules):
        return Gathered(rulebook, (), {}, subscribers, findings)

    nobody: Sequence[Scope] = ()
    known = [
        ACCOUNT,
        *asking.tried(ports.account.configuration_sets, nobody),
        *(Scope(isp=name) for name in KNOWN_ISPS),
        *asking.tried(ports.account.identities, nobody),
    ]
    scopes = list(dict.fromkeys([*known, *remembered]))
    wanted, window = plan(rulebook.rules.values(), scopes)
    queries = list(dict.fromkeys([_SENT, *wanted]))
    denied: Mapping[Query, Series | Gap] = dict.fromkeys(queries, Gap.ACCESS_DENIED)
    seen = len(findings)
    series = asking.tried(lambda: ports.series.read(queries, window, today, patience), denied)
    if len(findings) == seen:
        findings += _unread(series)
    mail = series[_SENT]
    is_empty = isinstance(mail, Series) and not mail.total(window, today)
    if is_empty:
        findings.append(_no_mail(window))
    silent = is_empty or not standing.may_send
    return Gathered(rulebook, scopes, series, subscribers, findings, silent)


def _unread(series: Mapping[Query, Series | Gap]) -> list[Finding]:
    """Return what to say of the series that were not read, without an error for all of them."""
    missing = [query for query, answer in series.items() if isinstance(answer, Gap)]
    refused = {str(query.scope) for query in missing if series[query] is not Gap.UNAVAILABLE}
    findings = []
    if refused:
        findings.append(
            Finding(
                about="refused",
                what=f"SES refuses to answer for {', '.join(sorted(refused)[:5])}"
                f"{f' and {len(refused) - 5} more' if len(refused) > 5 else ''}",  # noqa: PLR2004
                remedy="Why, in SES's own words, is in the function's log; what cannot be read is "
                "not watched",
            )
        )
    if unavailable := sum(series[query] is Gap.UNAVAILABLE for query in missing):
        findings.append(
            Finding(
                about="series",
                what=f"{unavailable} of {len(series)} series could not be read",
                remedy="They are asked for again at the next run",
                passing=True,
            )
        )
    return findings


def _no_mail(window: Window) -> Finding:
    return Finding(
        about="mail",
        what=f"VDM has counted no mail of this account in the last {window}, so there is no rate",
        remedy="If the account does send, deploy into the Region it sends from; VDM counts only "
        "mail to a single recipient, sent after it was switched on",
    )


def _unexpected(error: Exception) -> Finding:
    return Finding(
        about="unexpected",
        what=f"VDM Alerts met an error that it does not know, {type(error).__name__}",
        remedy="The function's log has the rest of it; please report it",
    )
