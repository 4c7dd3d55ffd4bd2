"""Every check, in the order in which they run."""

import re
from collections.abc import Callable, Iterator, Sequence

from botocore.exceptions import ClientError

from vdm_alerts.adapters.aws.errors import code_of
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.findings import AccessDeniedError, OperationFailedError
from vdm_alerts_cli.doctor import (
    billing,
    configuration,
    deployment,
    export,
    feedback,
    permissions,
    providers,
    ses_account,
    vdm_behavior,
)
from vdm_alerts_cli.doctor.check import (
    Check,
    NotApplicable,
    NotRead,
    Outcome,
    Problem,
    Result,
    Topic,
    Well,
)
from vdm_alerts_cli.doctor.examination import Examination
from vdm_alerts_cli.errors import NotReadError

CHECKS: Sequence[Check] = (
    *ses_account.CHECKS,
    *deployment.CHECKS,
    *permissions.CHECKS,
    *configuration.CHECKS,
    *feedback.CHECKS,
    *vdm_behavior.CHECKS,
    *providers.CHECKS,
    *billing.CHECKS,
    *export.CHECKS,
)
"""Every check. A check comes after those that it needs."""


_MISSING_CODE = re.compile("NotFound|NonExistent|DoesNotExist")
"""The parts of the error codes of a resource that does not exist."""


def chosen_checks(*, billing: bool, export: bool) -> Sequence[Check]:
    """Return the checks to run: those of billing and export only if they are asked for."""
    left_out = {*([] if billing else [Topic.BILLING]), *([] if export else [Topic.EXPORT])}
    return [check for check in CHECKS if check.topic not in left_out]


def run_checks(
    examination: Examination,
    checks: Sequence[Check],
    advance: Callable[[int], None] = lambda _: None,
) -> Iterator[Result]:
    """Run *checks*, and yield each of their outcomes. An error ends only its own check.

    *advance* is called with 1 after each check.
    """
    outcomes: dict[str, list[Outcome]] = {}
    for check in checks:
        blocked = [_blocked(need, outcomes[need]) for need in check.needs if need in outcomes]
        results = [outcome for outcome in blocked if outcome] or _run(examination, check)
        outcomes[check.id] = results
        advance(1)
        yield from (Result(check, outcome) for outcome in results)


def _run(examination: Examination, check: Check) -> list[Outcome]:
    results: list[Outcome] = []
    try:
        for outcome in check.run(examination):
            results.append(outcome)  # noqa: PERF402 - keep what was found before an error
    except Exception as error:  # noqa: BLE001 - a check that fails must not stop the others
        results.append(_outcome_of(error, check))
    return results


def _blocked(need: str, outcomes: Sequence[Outcome]) -> Outcome | None:
    """Return why a check cannot run after the check *need*; None if it can."""
    if any(isinstance(outcome, Well) for outcome in outcomes):
        return None
    if any(isinstance(outcome, NotRead) for outcome in outcomes):
        return NotRead(f"it depends on {need}, which was not read")
    return NotApplicable(f"it depends on {need}")


def _outcome_of(error: Exception, check: Check) -> Outcome:
    """Return what *error* means: a missing resource of the stack is a problem."""
    cause = error.__cause__
    is_missing = isinstance(cause, ClientError) and _MISSING_CODE.search(code_of(cause))
    if check.topic is Topic.DEPLOYMENT and is_missing:
        return Problem(
            f"A resource of the stack was deleted: {_reason(error)}",
            "CloudFormation does not create it again. Run `make destroy`, which keeps the alert "
            "history, custom rules, and silences, and deploy again",
        )
    return NotRead(_reason(error))


def _reason(error: Exception) -> str:
    """Return why a check could not look, as a sentence without its period."""
    match error:
        case AccessDeniedError(action=action):
            return f"your credentials are not allowed to call {action}"
        case OperationFailedError():
            return error.finding.headline
        case NotReadError() | VdmAlertsError():
            return str(error).removesuffix(".")
        case _:
            return f"{type(error).__name__}: {error}"
