"""A later version compares with the report that an earlier version wrote.

`record_report.py` records a report.
"""

from pathlib import Path

from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.rates import Gap, Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts_cli.report.snapshot import read_snapshot

HERE = Path(__file__).parent


def test_report_of_version_1_is_read() -> None:
    snapshot = read_snapshot(HERE / "report-1.html")
    assert str(snapshot.target) == "Account 111122223333, eu-west-1"
    assert str(snapshot.made_at) == "2026-03-20 09:00:00+00:00"
    assert (snapshot.week.days, str(snapshot.last_day)) == (7, "2026-03-19")
    account = snapshot.scopes[ACCOUNT]
    assert account.emails == 100
    assert account.rates[Indicator.BOUNCE_RATE] == Rate(10, 100)
    assert account.rates[Indicator.COMPLAINT_RATE] is Gap.ACCESS_DENIED
    assert Gap.REJECTED in {figures.emails for figures in snapshot.scopes.values()}
    assert snapshot.rules["bounce-rate"].thresholds == {
        Severity.WARNING: 0.05,
        Severity.CRITICAL: 0.1,
    }
    assert snapshot.alerts
    (alert,) = snapshot.alerts
    assert (alert.rule, alert.severity) == ("bounce-rate", Severity.WARNING)
    assert alert.scope == Scope(identity="</script><img src=x onerror=1>", isp="Yahoo")
    assert snapshot.ses_rates == {Indicator.SES_BOUNCE_RATE: 0.02}
