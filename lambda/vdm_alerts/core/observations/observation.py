"""Everything that one run has learned."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from vdm_alerts.core.alerts.alert import Alert, Key
from vdm_alerts.core.evaluation.ses_estimate import Estimate
from vdm_alerts.core.evaluation.verdicts import Healthy, Unknown, Unsure, Verdict
from vdm_alerts.core.model.findings import Finding, Source
from vdm_alerts.core.model.metrics import Series
from vdm_alerts.core.model.wording import kind_name
from vdm_alerts.core.muting.silences import Silence
from vdm_alerts.core.observations.coverage import Watch
from vdm_alerts.core.observations.metric_reading import Survey
from vdm_alerts.core.planning.contributor import Culprit
from vdm_alerts.core.planning.queries import ACCOUNT_SENT
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.rules.rule_set import Rulebook


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
