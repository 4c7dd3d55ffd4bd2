"""Documents that users write: rules, silences, fleets, quiet hours, and scenarios."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from builders import HOUR, NOW
from rule_texts import BOUNCE_RULE, BOUNCE_RULE_WITHOUT_NEWS, HIGHER_BOUNCE_RULE, TRANSIENT_RULE

from fuzzing.mutations import mutate_text
from fuzzing.target import Outcome, Target, accepted, rejected
from vdm_alerts.adapters.aws.codec import decode, encode
from vdm_alerts.adapters.aws.dynamodb_items import item_size
from vdm_alerts.adapters.aws.ssm_parameters import invalid_text_finding
from vdm_alerts.core.fleet.document import parse_fleet
from vdm_alerts.core.fleet.targets import (
    OrganizationAccount,
    resolve_targets,
    target_from_item,
    target_item,
)
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.target import Target as AccountTarget
from vdm_alerts.core.muting.quiet_hours import parse_quiet_hours
from vdm_alerts.core.muting.silences import Silences, expired_findings, parse_silence
from vdm_alerts.core.rules.parser import parse_rule
from vdm_alerts.core.rules.rule_set import RuleText, parse_stored_rule
from vdm_alerts.core.rules.toml_document import InvalidDocumentError
from vdm_local.endpoint import Endpoint
from vdm_local.scenario import Scenario, load_scenario
from vdm_local.text_file import UnreadableFileError

ROOT = Path(__file__).parents[2]
MAX_FINDING_SIZE = 6_000
"""Bytes of a stored finding: 5,400 of texts, and the names and the other fields."""
SCOPES = (
    *(ACCOUNT, Scope(identity="news.example.com"), Scope(identity="anna@news.example.com")),
    *(
        Scope(configuration_set="newsletter", isp="Hotmail"),
        Scope(tenant="acme"),
        Scope(isp="Gmail"),
    ),
    *(Scope(identity="ä" * 300), Scope(configuration_set="\u202e[*?")),
)
RULES = (
    BOUNCE_RULE,
    BOUNCE_RULE_WITHOUT_NEWS,
    HIGHER_BOUNCE_RULE,
    TRANSIENT_RULE,
    (ROOT / "tests" / "bad_rules" / "odd-overrides.toml").read_text(),
    *(path.read_text() for path in sorted((ROOT / "rules").glob("*.toml"))),
    """
indicator = "complaint_rate"
scopes = ["account", "identity_at_isp", "tenant"]
windows = ["1d", "32d"]
warning = "0.1%"
critical = "0.5%"
confidence = "99.5%"
min_volume = 500
min_events = 5
above_baseline = 3
hold = "2h"
clear_after = "1d"
missing_data = "keep"
top = 20
representative_volume = 1000
remind_after = ["1d", "7d"]
feedback = { "1h" = "50%", "2d" = "93%" }
include.identity = ["*.example.com", "anna@example.com"]
exclude = { isp = ["Gmail"], tenant = ["t-*"] }
[[overrides]]
identity = "news.example.com"
warning = "0.2%"
[[overrides]]
tenant = "t-*"
critical = "1%"
hold = "3d"
""",
    """
indicator = "open_rate"
scopes = ["configuration_set"]
warning = "5%"
drop_below = 0.5
remind_after = "never"
""",
)
SILENCES = (
    """
rule = "bounce-*"
identity = "*.example.com"
isp = "Hotmail"
until = 2026-03-20T09:00:00Z
reason = "Migration"
author = "Anna"
""",
    """
tenant = "acme"
until = 2026-03-12T10:00:00+01:00
reason = '''a
b'''
author = "anna@example.com"
""",
    'rule = "*"\nuntil = 2026-02-01\nreason = ""\nauthor = 5\n',
)
FLEETS = (
    (ROOT / "tests" / "infra" / "fleet.toml").read_text(),
    """
role = "reader"
[[targets]]
account = "111111111111"
regions = ["cn-north-1"]
[[targets]]
account = "222222222222"
regions = ["us-gov-west-1", "eu-west-1"]
alias = "Shop"
[organization]
id = "o-abcdefghij"
regions = ["eu-west-1", "eu-west-1"]
include = ["ou-abcd-12345678", "r-abcd", "333333333333"]
exclude = ["444444444444"]
""",
)
HUB = AccountTarget("111111111111", "eu-west-1")
MEMBERS = (
    OrganizationAccount("222222222222", "shop"),
    OrganizationAccount("555555555555", "\u202eshop\n"),
    OrganizationAccount("666666666666", "Shop"),
)
QUIET_HOURS = (
    *(
        "22:00-07:00 Europe/Berlin",
        "9:30 - 17:00 UTC",
        "00:00-23:59 America/Argentina/Buenos_Aires",
    ),
    *("none", "", "22:00-22:00 UTC", "24:00-07:00 Europe/Berlin", "22:00-07:00 Berlin"),
)
SCENARIOS = tuple(
    path.read_text().encode()
    for path in sorted((ROOT / "tests" / "scenarios").glob("*.toml"))
    if path.stat().st_size < 1_800
)
_QUOTED = re.compile(r"""(["'`]).*?\1|\(at .*|[0-9]+|\\[uUx][0-9A-Fa-f]+""", re.DOTALL)


def without_comments(text: str) -> str:
    """Return *text* without the comment lines, which would be most of a document."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def kinds_of(invalid: InvalidDocumentError, source: str) -> Outcome:
    """Check an error that names *source*, and return the kinds of its problems."""
    text = str(invalid)
    assert text.startswith(f"{source}: "), text
    assert all(line.isprintable() for line in text.split("\n")), "forged lines"
    assert invalid.errors
    assert all(error.path and error.what for error in invalid.errors), "no path"
    finding = invalid_text_finding("rule", invalid).bounded()
    assert_storable(finding)
    return rejected(*(_QUOTED.sub("", error.what)[:40] for error in invalid.errors))


def assert_storable(finding: Finding) -> None:
    encoded = encode(finding)
    assert item_size(encoded) < MAX_FINDING_SIZE
    assert decode(encoded, Finding) == finding


def check_rule(text: str) -> Outcome:
    source = "/vdm-alerts/rules/mine"
    try:
        rule = parse_rule("mine", text, source)
    except InvalidDocumentError as invalid:
        return kinds_of(invalid, source)
    assert parse_stored_rule("mine", RuleText(text, source)) == rule
    for scope in SCOPES:
        assert rule.for_scope(scope).thresholds
    windows = {f"{window.days} days" for window in rule.windows}
    overrides = f"{len(rule.overrides)} overrides"
    return accepted(rule.indicator.key, overrides, *windows, type(rule.confidence).__name__)


def check_silence(text: str) -> Outcome:
    source = "/vdm-alerts/silences/move"
    try:
        silence = parse_silence("move", text, source)
    except InvalidDocumentError as invalid:
        return kinds_of(invalid, source)
    assert "\n" not in silence.reason + silence.author
    covered = sum(silence.covers("bounce-rate", scope) for scope in SCOPES)
    for finding in expired_findings(Silences([silence]), NOW):
        assert_storable(finding.bounded())
    return accepted(f"{covered} scopes", f"{silence.until.year // 100}")


def check_fleet(text: str) -> Outcome:
    source = "fleet.toml"
    try:
        fleet = parse_fleet(text, source)
    except InvalidDocumentError as invalid:
        return kinds_of(invalid, source)
    try:
        targets = resolve_targets(fleet, HUB, MEMBERS)
    except InvalidDocumentError as invalid:
        return kinds_of(invalid, "fleet")
    assert len({each.target for each in targets}) == len(targets)
    for each in targets:
        assert str(each.target).isprintable()
        assert target_from_item(json.loads(json.dumps(target_item(each)))) == each
    regions = sorted({each.target.region for each in targets})
    return accepted(f"{len(targets)} targets", *regions[:3])


def check_quiet_hours(text: str) -> Outcome:
    try:
        quiet_hours = parse_quiet_hours(text)
    except ValueError as error:
        return rejected(_QUOTED.sub("", str(error))[:40], type(error).__name__)
    if quiet_hours is None:
        return accepted("none")
    assert parse_quiet_hours(str(quiet_hours)) == quiet_hours
    hours = sum(quiet_hours.include(NOW + hour * HOUR) for hour in range(24))
    return accepted(f"{hours} hours", str(quiet_hours.zone).partition("/")[0])


def check_scenario(file: bytes) -> Outcome:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "story.toml"
        path.write_bytes(file)
        try:
            scenario = load_scenario(path)
        except UnreadableFileError as error:
            return rejected(str(error).removeprefix(str(path))[:30])
        except InvalidDocumentError as invalid:
            return kinds_of(invalid, str(path))
    answer_calls(scenario)
    return accepted(
        *(run.at.strftime("%H:%M") for run in scenario.runs[:3]),
        *(type(fault).__name__ for fault in scenario.faults),
        f"{len(scenario.runs)} runs, {len(scenario.streams)} streams",
    )


def answer_calls(scenario: Scenario) -> None:
    """Ask the account of *scenario* for everything that a run asks for."""
    for now in {run.at for run in scenario.runs[:2]} or {NOW}:
        endpoint = Endpoint(scenario, now)
        for path in ("account", "identities", "configuration-sets"):
            endpoint.respond("GET", f"/v2/email/{path}", {}, b"")
        days = [now.date() - timedelta(days=age) for age in range(3)] if now.year > 1 else []
        for metric in ("SEND", "DELIVERY"):
            for isp in ("Hotmail", "Yahoo"):
                counts = scenario.counts(metric, {"ISP": isp}, days, now)
                assert all(count >= 0 for count in counts.values())


def _mutate_file(random: Random, file: bytes, other: bytes) -> bytes:
    """Return *file* after changes of its text; some are no longer UTF-8."""
    text = mutate_text(random, file.decode(errors="replace"), other.decode(errors="replace"))
    return text.encode(errors="surrogatepass" if random.random() < 0.1 else "replace")


def _texts(
    name: str, inputs: int, seeds: tuple[str, ...], check: Callable[[str], Outcome]
) -> Target:
    return Target(name, inputs, [without_comments(seed) for seed in seeds], mutate_text, check)


TARGETS = (
    _texts("rules", 150_000, RULES, check_rule),
    _texts("silences", 240_000, SILENCES, check_silence),
    _texts("fleets", 100_000, FLEETS, check_fleet),
    _texts("quiet hours", 210_000, QUIET_HOURS, check_quiet_hours),
    Target("scenarios", 20_000, SCENARIOS, _mutate_file, check_scenario),
)
