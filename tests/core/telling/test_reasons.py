from dataclasses import replace

import pytest
from builders import NOW, firing

from vdm_alerts.core.alerts import Alert, Ok, Pending
from vdm_alerts.core.rates import Rate
from vdm_alerts.core.rules import Severity
from vdm_alerts.core.telling.reasons import Reason, due

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL


@pytest.mark.parametrize(
    ("alert", "reason"),
    [
        (firing(), Reason.FIRING),
        (firing(told=WARNING), None),
        (firing(severity=CRITICAL, told=WARNING), Reason.ESCALATED),
        (firing(severity=WARNING, told=CRITICAL), Reason.DEESCALATED),
        (replace(firing(told=WARNING), state=Ok()), Reason.RESOLVED),
        (replace(firing(told=WARNING), state=Ok(revised=Rate(1, 100))), Reason.REVISED),
        (replace(firing(told=WARNING), state=Ok(unwatched="It is gone")), Reason.ENDED),
        (replace(firing(), state=Ok()), None),
        (replace(firing(told=WARNING), state=Pending(WARNING, NOW)), None),
        (firing(told=WARNING, sequence=0), Reason.FIRING),
        (replace(firing(told=WARNING, sequence=0), state=Ok()), Reason.RESOLVED),
    ],
)
def test_a_word_is_owed_where_things_differ_from_what_was_delivered(
    alert: Alert, reason: Reason | None
) -> None:
    assert due(alert) is reason
