"""The first step of a run: everything that is known, and what could not be learnt."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from vdm_alerts.asking import Asking
from vdm_alerts.core.alerts import Alert, Key
from vdm_alerts.core.findings import Finding
from vdm_alerts.core.metrics import Series, Window
from vdm_alerts.core.rates import Gap
from vdm_alerts.core.reading.culprits import Culprit
from vdm_alerts.core.reading.queries import ACCOUNT_SENT
from vdm_alerts.core.reputation import Estimate
from vdm_alerts.core.rulebook import Rulebook
from vdm_alerts.core.rules import Rule
from vdm_alerts.core.silences import Silence, Silences, expired
from vdm_alerts.core.verdicts import Healthy, Unsure, Verdict
from vdm_alerts.ports import Ports, Standing
from vdm_alerts.survey import Limits, Survey, survey

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
    what people asked not to be told of.
    """

    rulebook: Rulebook | None
    survey: Survey | None
    subscribers: int | None
    findings: Sequence[Finding]
    silent: bool = False
    silences: Sequence[Silence] = ()

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules that can be used, by name; none where they could not be read."""
        return self.rulebook.rules if self.rulebook else {}

    @property
    def unusable(self) -> Collection[str]:
        """The names of the rules that cannot be used, as far as they are known."""
        return self.rulebook.unusable.keys() if self.rulebook else ()

    @property
    def until(self) -> date | None:
        """The last day that counts, where that is not the one that is going on."""
        at = self.survey.at if self.survey else None
        return at.last if at and at.last < at.now.date() else None

    @property
    def newest_day(self) -> date | None:
        """The last day on which VDM has counted mail of this account, if it is known and any."""
        mail = self.survey.found.get(ACCOUNT_SENT) if self.survey else None
        return mail.newest_day if isinstance(mail, Series) else None

    @property
    def verdicts(self) -> Mapping[Key, Verdict]:
        """The judgement of every scope that was read, by every rule that watches it.

        That one scope has no mail any longer is good news of it. That none has any is not: while
        the account is silent, a scope without mail is not judged.
        """
        verdicts = self.survey.verdicts if self.survey else {}
        if self.silent:
            return {
                key: each
                for key, each in verdicts.items()
                if not isinstance(each, Healthy | Unsure) or each.evidence
            }
        return verdicts

    def culprit(self, key: Key) -> Culprit | None:
        """Return who is behind the breach of *key*, if it is anybody in particular."""
        return self.survey.culprit(key) if self.survey else None

    def estimate(self, rule: Rule) -> Estimate | None:
        """Return an estimate of the rate of *rule* by which SES judges the account, if it does."""
        return self.survey.estimate(rule) if self.survey else None

    def is_gone(self, key: Key) -> bool:
        """Say whether *key* is known to be watched no more: its rule, or by it the scope."""
        name, scope = key
        if self.rulebook is None or name in self.unusable:
            return False
        rule = self.rules.get(name)
        return rule is None or not rule.covers(scope)


def gather(
    ports: Ports, alerts: Mapping[Key, Alert], now: datetime, limits: Limits, patience: timedelta
) -> Gathered:
    """Ask for all there is, and of the scopes of *alerts* too, which may be gone by now.

    What cannot be had, or is not read within *patience*, becomes a finding, and the rest goes on.
    """
    asking = Asking()
    findings = asking.findings
    subscribers = asking.tried(ports.notifier.subscribers, None)
    if subscribers == 0:
        findings.append(NO_SUBSCRIBER)
    rulebook = asking.tried(ports.rules.rules, None)
    silences = asking.tried(ports.silences.silences, Silences())
    # Where SES does not say how the account stands, reading will tell whether VDM is on.
    standing = asking.tried(ports.account.standing, Standing(vdm_enabled=True))
    if rulebook:
        findings += dict.fromkeys([*rulebook.unusable.values(), *rulebook.findings])
    findings += [*silences.findings, *expired(silences, now)]
    findings += standing.findings
    known = Gathered(rulebook, None, subscribers, findings, silences=silences.lasting(now))
    if rulebook is None or not (standing.vdm_enabled and rulebook.rules):
        return known

    rules = list(rulebook.rules.values())
    seen = asking.tried(lambda: survey(ports, rules, alerts, now, limits, patience, asking), None)
    if seen is None:
        return known
    if not seen.failed:
        findings += _unread(seen)
    if limits.queries_a_day is not None and seen.is_starved:
        findings.append(_too_few(limits.queries_a_day))
    mail = seen.found.get(ACCOUNT_SENT)
    is_empty = isinstance(mail, Series) and not mail.total(seen.sweep.longest, seen.at.last)
    if is_empty:
        findings.append(_no_mail(seen.sweep.longest))
    return replace(known, survey=seen, silent=is_empty or not standing.may_send)


def _unread(seen: Survey) -> list[Finding]:
    """Return what to say of the series that were not read, without an error for all of them."""
    found = seen.found
    missing = [query for query, answer in found.items() if isinstance(answer, Gap)]
    passing = {Gap.UNAVAILABLE, Gap.CUT}
    refused = {str(query.scope) for query in missing if found[query] not in passing}
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
    if unread := sum(found[query] in passing for query in missing):
        findings.append(
            Finding(
                about="series",
                what=f"{unread} of {len(found)} series could not be read",
                remedy="They are asked for again at the next run",
                passing=True,
            )
        )
    return findings


def _too_few(queries: int) -> Finding:
    return Finding(
        about="queriesPerDay",
        what=f"{queries:,} queries of VDM a day are too few to read everybody in a day",
        remedy="Deploy again with more queriesPerDay, or have rules watch less: fewer scopes, or "
        "only the largest of each (top)",
    )


def _no_mail(window: Window) -> Finding:
    return Finding(
        about="mail",
        what=f"VDM has counted no mail of this account in the last {window}, so there is no rate",
        remedy="If the account does send, deploy into the Region it sends from; VDM counts only "
        "mail to a single recipient, sent after it was switched on",
    )
