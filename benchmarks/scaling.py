"""CPU time of a run with very many breached identities, silences, rules, or problems.

Each case is measured at a quarter, at a half, and at its full size. All its numbers grow together,
so that a step that compares each with each takes 16 times as long at the full size as at a quarter,
and a linear one 4 times. Every port is in memory, so the duration includes planning, evaluation,
grouping, rendering, and encoding of the state, but no call of AWS. The first run sends the summary;
the figures are of the second one, which has nothing to send.

    .venv/bin/python -m benchmarks.scaling [--rounds N] [--json]
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from benchmarks.fixture import NOW
from benchmarks.report import arguments, report
from vdm_alerts.adapters.aws.ssm_parameters import invalid_text_finding
from vdm_alerts.adapters.memory import (
    MemoryAccount,
    MemoryRules,
    MemorySeries,
    MemorySilences,
    memory_ports,
)
from vdm_alerts.app.evaluate import Lease, run
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.silences import (
    InvalidSilenceError,
    Silence,
    Silences,
    parse_silence,
)
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.rules.parser import InvalidRuleError, parse_rule
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts.ports import Ports

PARTS = (4, 2, 1)
"""The sizes of a case are its full size divided by these."""
TARGET = Target("111122223333", "eu-west-1")
EMAILS, USUAL_BOUNCES, BREACHING_BOUNCES = 10_000, 50, 900
PLAIN_RULE = """
indicator = "bounce_rate"
scopes = ["identity"]
windows = ["1d"]
confidence = "none"
warning = "5%"
"""
SILENCE = """
until = 2027-01-01T00:00:00Z
reason = "migration"
author = "anna"
"""


@dataclass(frozen=True, slots=True)
class Account:
    """An account to evaluate."""

    rules: Sequence[Rule]
    identities: Sequence[Scope]
    bounces: int = USUAL_BOUNCES
    """The bounces of each identity."""
    silences: Sequence[Silence] = ()
    problems: Sequence[Finding] = ()
    """The findings about invalid silences."""

    def ports(self) -> Ports:
        """Return the ports of this account, all in memory."""
        answers = {}
        for scope in (ACCOUNT, *self.identities):
            bounces = USUAL_BOUNCES if scope == ACCOUNT else self.bounces
            answers[Query(Metric.SEND, scope)] = Series({NOW.date(): EMAILS})
            answers[Query(Metric.PERMANENT_BOUNCE, scope)] = Series({NOW.date(): bounces})
        ports = memory_ports()
        return Ports(
            rules=MemoryRules(RuleSet({rule.name: rule for rule in self.rules})),
            silences=MemorySilences(Silences(self.silences, self.problems)),
            account=MemoryAccount(senders=self.identities),
            series=MemorySeries(answers),
            reputation=ports.reputation,
            rosters=ports.rosters,
            store=ports.store,
            notifier=ports.notifier,
            recorder=ports.recorder,
        )


def breached(part: int) -> Account:
    """Return 3,000 breached identities."""
    return Account([a_rule(0)], identities(3_000 // part), BREACHING_BOUNCES)


def silenced(part: int) -> Account:
    """Return 3,000 breached identities and 1,000 silences, each about one other identity."""
    silences = [a_silence(number, f"{number}.example.org") for number in range(1_000 // part)]
    return Account([a_rule(0)], identities(3_000 // part), BREACHING_BOUNCES, silences)


def silenced_by_pattern(part: int) -> Account:
    """Return 3,000 breached identities and 1,000 silences, each about other subdomains."""
    silences = [a_silence(number, f"*.{number}.example.*") for number in range(1_000 // part)]
    return Account([a_rule(0)], identities(3_000 // part), BREACHING_BOUNCES, silences)


def rules_about_all(part: int) -> Account:
    """Return 500 rules about each of 100 identities; only the rules become fewer."""
    return Account([a_rule(number) for number in range(500 // part)], identities(100))


def rules_about_one(part: int) -> Account:
    """Return 500 rules, each about one of 3,000 identities."""
    rules = [
        a_rule(number, f'include.identity = ["{number}.example.com"]')
        for number in range(500 // part)
    ]
    return Account(rules, identities(3_000 // part))


def problems(part: int) -> Account:
    """Return 5,000 invalid silences."""
    findings = []
    for number in range(5_000 // part):
        try:
            parse_silence("s", "until = 3\nnonsense = 1\nfoo = 2", f"/silences/{number}")
        except InvalidSilenceError as error:
            findings.append(invalid_text_finding("silence", error))
    return Account([a_rule(0)], identities(1), problems=findings)


CASES: Mapping[str, Callable[[int], Account]] = {
    "3,000 breached identities": breached,
    "  with 1,000 silences of names": silenced,
    "  with 1,000 silences of patterns": silenced_by_pattern,
    "500 rules about 100 identities": rules_about_all,
    "500 rules about 1 of 3,000 identities": rules_about_one,
    "5,000 invalid silences": problems,
}


def a_rule(number: int, text: str = "") -> Rule:
    """Return rule *number* with *text* at its end."""
    return parse_rule(f"rule-{number}", f"{PLAIN_RULE}{text}", f"/rules/{number}")


def a_silence(number: int, pattern: str) -> Silence:
    """Return silence *number* of the identities that match *pattern*."""
    return parse_silence(f"{number}", f'identity = "{pattern}"{SILENCE}', f"/silences/{number}")


def identities(count: int) -> Sequence[Scope]:
    """Return *count* identities."""
    return [Scope(identity=f"{number}.example.com") for number in range(count)]


def overrides(part: int) -> str:
    """Return a rule whose overrides have 25 patterns, each as long as a name may be."""
    patterns = (f"*{chr(97 + number)}{'?*' * 155}" for number in range(25 // part))
    lines = (f'[[overrides]]\nidentity = "{pattern}"\nwarning = "6%"' for pattern in patterns)
    return "\n".join([PLAIN_RULE, *lines])


def run_time(account: Account) -> float:
    """Return the CPU seconds of the second run for *account*."""
    ports = account.ports()
    duration = 0.0
    for hours in range(2):
        now = NOW + timedelta(hours=hours)
        started = time.process_time()
        run(ports, TARGET, now, Lease(now, now + timedelta(minutes=15)))
        duration = time.process_time() - started
    return duration


def check_time(text: str) -> float:
    """Return the CPU seconds of checking the rule *text*, whose overrides are ambiguous."""
    started = time.process_time()
    try:
        parse_rule("rule", text, "/rules/rule")
    except InvalidRuleError:
        return time.process_time() - started
    raise SystemExit("the overrides are not ambiguous")


def row(case: str, durations: Sequence[float]) -> Mapping[str, object]:
    """Return the row of a *case*, from its shortest duration at each size."""
    quarter, half, full = durations
    return {
        "case": case,
        "quarter_s": round(quarter, 2),
        "half_s": round(half, 2),
        "full_s": round(full, 2),
        "full_to_quarter": round(full / quarter, 1),
    }


def main() -> None:
    """Measure each case at each size, and print the shortest of all rounds."""
    rounds, as_json = arguments(__doc__, rounds=3)
    logging.disable()
    rows = [
        row(
            case,
            [min(run_time(account_of(part)) for _ in range(rounds)) for part in PARTS],
        )
        for case, account_of in CASES.items()
    ]
    texts = [overrides(part) for part in PARTS]
    rows.append(
        row(
            "check of 25 overrides of 320 characters",
            [min(check_time(text) for _ in range(rounds)) for text in texts],
        )
    )
    report({"rounds": rounds, "seconds of": "one processor"}, rows, as_json=as_json)


if __name__ == "__main__":
    main()
