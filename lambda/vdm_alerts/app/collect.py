"""The first step of a run: everything that is known, and what could not be learnt."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from vdm_alerts.app.failures import Asking
from vdm_alerts.app.read_metrics import survey
from vdm_alerts.core.alerts.alert import Alert, Key
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.model.account import Standing
from vdm_alerts.core.model.findings import Finding, Source
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.muting.silences import Silences, expired
from vdm_alerts.core.observations.findings import SOME, amiss
from vdm_alerts.core.observations.metric_reading import TOO_LONG, Limits
from vdm_alerts.core.observations.observation import Gathered
from vdm_alerts.core.rules.rule_set import Rulebook, read
from vdm_alerts.ports import Ports

NO_SUBSCRIBER = Finding(
    about="subscribers",
    what="Nobody has confirmed a subscription to the topic, so no alert reaches anyone",
    remedy="Confirm the subscription in the mail that Amazon SNS sent. It is void after 48 hours; "
    "then subscribe anew: aws sns subscribe --protocol email --topic-arn THE-STACKS-TOPIC "
    "--notification-endpoint you@example.com",
    hinders=False,
    passing=True,  # There is nobody to write to.
)


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
