"""Tests of findings about patterns that match nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import pytest
from accounts import FakeAccount
from builders import NEWS_IDENTITY, NOW, a_sender_record

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.muting.silences import parse_silence
from vdm_alerts.core.observations.pattern_findings import rule_findings, silence_findings
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.parser import parse_rule
from vdm_alerts.core.rules.rule_set import RuleSet

SOURCE = "/vdm-alerts/rules/mine"
MISSPELLED = (
    'include.identity: "news.exmaple.com" matches no identity of this account; did you mean '
    '"news.example.com"?'
)
ROSTER = SenderRoster(
    {NEWS_IDENTITY: a_sender_record(9), Scope(tenant="acme"): a_sender_record(9)},
    {Dimension.IDENTITY: NOW, Dimension.TENANT: NOW},
)


def findings_of(
    text: str,
    *,
    scopes: Sequence[str] = ("account", "identity"),
    roster: SenderRoster = ROSTER,
    replaced_defaults: Sequence[str] = (),
) -> list[Finding]:
    """Return the findings about a rule whose patterns are *text*."""
    names = ", ".join(f'"{scope}"' for scope in scopes)
    rule = parse_rule(
        "mine", f'indicator = "bounce_rate"\nscopes = [{names}]\nwarning = "5%"\n{text}', SOURCE
    )
    account = FakeAccount(rules=[rule], roster=roster)
    rule_set = RuleSet({"mine": rule}, replaced_defaults=frozenset(replaced_defaults))
    return list(rule_findings(rule_set, account.plan))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            'include.identity = ["news.exmaple.com", "news.*"]',
            MISSPELLED,
        ),
        (
            'exclude.tenant = ["nobody"]',
            'exclude.tenant: "nobody" matches no tenant of this account',
        ),
        (
            '[[overrides]]\nidentity = "*.example.org"\nwarning = "6%"',
            'overrides[0].identity: "*.example.org" matches no identity of this account',
        ),
    ],
)
def test_pattern_that_matches_nothing_is_a_finding_with_its_path(text: str, error: str) -> None:
    (finding,) = findings_of(text)
    assert finding.what == "Patterns of rule mine match nothing"
    assert finding.details == f"  {error}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        'include.identity = ["NEWS.*"]',
        'exclude.isp = ["Protonmail"]',  # SES can have providers that are not known here.
        'exclude.configuration_set = ["old"]',  # No rule monitors these, so they are not listed.
    ],
)
def test_pattern_that_matches_or_may_match_is_no_finding(text: str) -> None:
    assert findings_of(text) == []


@pytest.mark.parametrize(
    ("text", "scopes", "what"),
    [
        ('include.identity = ["x.org"]', ["identity"], "Rule mine monitors nothing"),
        ('exclude.identity = ["*"]', ["identity"], "Rule mine monitors nothing"),
        ('exclude.identity = ["*"]', ["identity_at_isp"], "Rule mine monitors nothing"),
        ('exclude.identity = ["*"]', ["identity", "isp"], None),
        ('exclude.tenant = ["acme"]', ["identity", "tenant"], None),
    ],
)
def test_rule_that_monitors_nothing_is_a_finding(
    text: str, scopes: list[str], what: str | None
) -> None:
    findings = findings_of(text, scopes=scopes)
    assert [finding.what for finding in findings] == ([what] if what else [])


def test_rule_that_monitors_nothing_in_place_of_a_default_rule_says_so() -> None:
    roster = SenderRoster({}, {Dimension.TENANT: NOW})
    (finding,) = findings_of("", scopes=["tenant"], roster=roster, replaced_defaults=["mine"])
    assert finding.what == "Rule mine monitors nothing, and replaces a default rule"
    assert findings_of("", scopes=["tenant"], roster=roster) == []


def test_senders_that_are_not_listed_are_unknown() -> None:
    assert findings_of('include.identity = ["x.org"]', roster=SenderRoster()) == []


def test_internationalized_domain_matches_the_name_that_ses_lists() -> None:
    roster = SenderRoster(
        {Scope(identity="xn--mnchen-3ya.example"): a_sender_record(9)}, {Dimension.IDENTITY: NOW}
    )
    assert findings_of('include.identity = ["münchen.example"]', roster=roster) == []


def silence_errors(keys: Mapping[str, str], until: datetime = NOW) -> list[str]:
    lines = [f'{key} = "{value}"' for key, value in keys.items()]
    text = "\n".join([*lines, f"until = {until.isoformat()}", 'reason = "r"', 'author = "a"'])
    silence = parse_silence("move", text, "/vdm-alerts/silences/move")
    rule_set = RuleSet({}, {"bounce-rate": Finding("rule", "It is invalid", "Edit it")})
    return [finding.details for finding in silence_findings([silence], rule_set, ROSTER)]


def test_silence_that_silences_nothing_is_a_finding() -> None:
    (details,) = silence_errors({"rule": "bounce_rate", "identity": "shop.example.com"})
    assert details.splitlines() == [
        '  rule: "bounce_rate" matches no rule of this account; did you mean "bounce-rate"?',
        '  identity: "shop.example.com" matches no identity of this account',
    ]


def test_silence_of_an_invalid_rule_or_a_provider_is_no_finding() -> None:
    assert silence_errors({"rule": "bounce-*", "identity": "news.*", "isp": "Hotmail"}) == []
