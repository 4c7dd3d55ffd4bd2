"""Tests of the evidence for a review."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from builders import HOTMAIL, NEWS_IDENTITY, NOW, TARGET, TODAY, a_series, firing
from click.testing import Result
from mocked_stack import mocked_stack

from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.model.account import AccountStatus
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope
from vdm_alerts.core.model.rates import Gap, Indicator, SesRate
from vdm_alerts.core.muting.silences import parse_silence
from vdm_alerts.core.planning.queries import Query
from vdm_alerts_cli import account_counts, evidence
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.dataset import Dataset
from vdm_alerts_cli.evidence_pack import BLANKS, METRICS, EvidencePack, Paused
from vdm_alerts_cli.evidence_text import pack_document, pack_text
from vdm_alerts_cli.in_process_ses import SimulatedClock
from vdm_alerts_cli.options import OutputOptions
from vdm_alerts_cli.output import print_json

OTHER = Scope(identity="other.example.com")
BOUNCES, SENT = Metric.PERMANENT_BOUNCE, Metric.SEND
SILENCE = parse_silence(
    "move",
    'rule = "*"\nuntil = 2026-03-13T09:00:00Z\nreason = "We move"\nauthor = "ops"',
    "/vdm-alerts/silences/move",
)
RATES = {
    Indicator.SES_BOUNCE_RATE: SesRates(NOW, (SesRate(0.06, NOW),)),
    Indicator.SES_COMPLAINT_RATE: SesRates(NOW),
}
FIRED = Transition(firing().key, NOW, "Ok", "Firing WARNING", "560 of 8,000 emails bounced.")


def counts(scope: Scope, bounces: int, emails: int) -> dict[Query, Any]:
    """Return the answers on *scope*: bounces and emails of today, and no complaint."""
    zeros = {Query(metric, scope): a_series(0) for metric in METRICS}
    return {
        **zeros,
        Query(BOUNCES, scope): a_series(bounces),
        Query(SENT, scope): a_series(emails),
    }


def a_pack(answers: dict[Query, Any] | None = None, **options: Any) -> EvidencePack:
    default = counts(ACCOUNT, 600, 10_000) | counts(NEWS_IDENTITY, 450, 5_000)
    pack = EvidencePack(
        TARGET,
        NOW,
        Dataset(TARGET, NOW, TODAY, 2, default if answers is None else answers),
        alerts=[FIRED],
        ses_rates=RATES,
        status=AccountStatus(vdm_enabled=True),
        silences=[SILENCE],
        paused=Paused(["newsletter"], 0, []),
    )
    return replace(pack, **options)


UNREAD = a_pack(
    {},
    alerts=None,
    ses_rates=None,
    status=None,
    silences=None,
    paused=Paused(None, 0, None),
    unread=["the counts of VDM: denied"],
)


def section(text: str, number: int) -> list[str]:
    """Return the lines of a numbered section without its title."""
    start = text.index(f"\n{number}. ") + 1
    return text[start:].split("\n\n", maxsplit=1)[0].splitlines()[1:]


def test_text_has_the_rates_of_vdm_and_of_ses() -> None:
    text = pack_text(a_pack())
    assert text.startswith(
        "Amazon SES account 111122223333, eu-west-1\n"
        "Period: 2026-03-11 to 2026-03-12 (so far). Read 2026-03-12 09:00 UTC.\n"
    )
    bounces, complaints, blank = section(text, 1)
    assert bounces == (
        "Bounce rate in the period: 6% (600 of 10,000). As SES reports it: 6% (2026-03-12 09:00 "
        "UTC)."
    )
    assert complaints.endswith("As SES reports it: no rate in the last 14 days.")
    assert blank.startswith("[TO FILL IN: ")


def test_text_has_the_rate_of_each_day() -> None:
    heading, first, last = section(pack_text(a_pack()), 3)
    assert heading.split() == ["Day", "Emails", "Bounces", "Rate", "Complaints", "Rate"]
    assert first.split() == ["2026-03-11", "0", "0", "-", "0", "-"]
    assert last.split() == ["2026-03-12", "10,000", "600", "6%", "0", "-"]
    assert len({len(line) for line in (heading, first, last)}) == 1


def test_text_has_the_alerts_and_the_actions() -> None:
    text = pack_text(a_pack())
    assert section(text, 2) == [
        "2026-03-12 09:00  bounce-rate, news.example.com: Firing WARNING (was Ok)",
        "    560 of 8,000 emails bounced.",
    ]
    actions = section(text, 5)
    assert actions[:3] == [
        "Sending of the account: on.",
        "Configuration sets with sending off: newsletter.",
        "Tenants with sending off: none.",
    ]
    assert actions[-1] == "  rule=*, until 2026-03-13 09:00: We move (ops)"
    assert section(pack_text(a_pack(alerts=[])), 2) == ["No alert changed in the period."]


def test_main_contributor_has_most_events_of_its_kind() -> None:
    answers = counts(ACCOUNT, 600, 10_000) | counts(NEWS_IDENTITY, 450, 5_000)
    answers |= counts(OTHER, 50, 5_000) | counts(HOTMAIL, 300, 4_000)
    identity, provider, complaints = section(pack_text(a_pack(answers)), 4)
    assert identity == (
        "Most bounces of a single identity: news.example.com, 450 of 5,000 emails, 75% of the "
        "account's."
    )
    assert provider.startswith("Most bounces of a single mailbox provider: Hotmail, 300 of 4,000")
    assert complaints == "Complaints: none."


def test_unread_scope_may_be_the_main_contributor() -> None:
    answers = counts(ACCOUNT, 600, 10_000) | counts(NEWS_IDENTITY, 450, 5_000)
    answers[Query(BOUNCES, OTHER)] = Gap.UNAVAILABLE
    line, _ = section(pack_text(a_pack(answers)), 4)
    assert line.endswith("75% of the account's (1 more could not be read).")


def test_unknown_is_never_zero_and_never_good() -> None:
    text = pack_text(UNREAD)
    assert section(text, 1)[0] == (
        "Bounce rate in the period: unknown. As SES reports it: unknown."
    )
    assert section(text, 2) == ["The alert history is unknown."]
    assert section(text, 3)[1].split() == ["2026-03-11", *["unknown"] * 5]
    assert section(text, 4) == ["Bounces: unknown.", "Complaints: unknown."]
    assert section(text, 5)[:3] == [
        "Sending of the account: unknown.",
        "Configuration sets with sending off: unknown.",
        "Tenants with sending off: unknown.",
    ]
    assert section(text, 6)[-1] == "Not read: the counts of VDM: denied"


@pytest.mark.parametrize("pack", [a_pack(), UNREAD], ids=["read", "unread"])
def test_what_only_the_operator_knows_is_blank(
    pack: EvidencePack, capsys: pytest.CaptureFixture[str]
) -> None:
    text = pack_text(pack)
    for question in BLANKS.values():
        assert f"[TO FILL IN: {question}]" in text
    print_json(pack_document(pack), OutputOptions())
    document = json.loads(capsys.readouterr().out)
    assert {key: blank["answer"] for key, blank in document["to_fill_in"].items()} == dict.fromkeys(
        BLANKS
    )


def test_json_has_the_figures_of_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(pack_document(a_pack()), OutputOptions())
    document = json.loads(capsys.readouterr().out)
    assert document["rates"]["bounce_rate"] == {
        "events": 600,
        "volume": 10_000,
        "rate": 0.06,
        "ses_rate": 0.06,
        "ses_reported_at": NOW.isoformat(),
        "contributors": [
            {
                "scope": {"identity": "news.example.com"},
                "events": 450,
                "emails": 5_000,
                "share": 0.75,
                "unread_of_this_kind": 0,
            }
        ],
    }
    assert document["days"][1]["bounce_rate"] == {"events": 600, "volume": 10_000, "rate": 0.06}
    assert document["days"][0]["complaint_rate"]["rate"] is None
    assert document["silences"][0]["id"] == "move"
    print_json(pack_document(UNREAD), OutputOptions())
    unread = json.loads(capsys.readouterr().out)
    assert (unread["alerts"], unread["sending"], unread["paused_tenants"]) == (None, None, None)


def test_whole_day_is_not_called_partial() -> None:
    dataset = replace(a_pack().dataset, last_day=TODAY - timedelta(days=1))
    assert "(so far)" not in pack_text(a_pack(dataset=dataset))


class DeniedSession:
    """A session whose clients get an error for every call."""

    def client(self, service: str, **_: object) -> Any:
        client = boto3.client(service)  # type: ignore[call-overload]
        client.meta.events.register("before-call", self._deny)
        return client

    def resource(self, service: str, **_: object) -> Any:
        resource: Any = boto3.resource(service)  # type: ignore[call-overload]
        resource.meta.client.meta.events.register("before-call", self._deny)
        return resource

    def _deny(self, **_: object) -> Any:
        error = {"Code": "AccessDeniedException", "Message": "denied"}
        return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {}}


def test_everything_that_cannot_be_read_is_listed(
    run_command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = Connection(DeniedSession(), "eu-west-1", "111122223333")
    monkeypatch.setattr(evidence, "connect", lambda _: connection)
    monkeypatch.setattr(evidence, "time", SimulatedClock())
    monkeypatch.setattr(account_counts, "time", SimulatedClock())
    with mocked_stack(monkeypatch):
        result = run_command("evidence", "--days", "2")
    assert result.exit_code == 3
    assert section(result.stdout, 2) == ["The alert history is unknown."]
    assert section(result.stdout, 3)[1].split() == ["2026-03-11", *["unknown"] * 5]
    unread = [line for line in section(result.stdout, 6) if line.startswith("Not read: ")]
    sources = ("counts of VDM", "alert history", "rates of SES", "account status", "silences")
    for source in (*sources, "paused tenants"):
        assert any(source in line for line in unread), source
    assert result.stderr.count("not read: the alert history") == 1
