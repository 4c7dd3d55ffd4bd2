"""One run at a time: what an invocation does while another run is active."""

import logging
from collections.abc import Callable

from vdm_alerts.core.model.errors import LeaseHeldError
from vdm_alerts.core.model.findings import OperationFailedError
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.run_report import RunReport
from vdm_alerts.ports import StateStore

_log = logging.getLogger(__name__)


def run_unless_busy(
    run: Callable[[], RunReport], store: StateStore, target: Target, *, has_news: bool
) -> RunReport | None:
    """Return the report of *run*; None if another run of *target* is active.

    *has_news* says whether something happened that the other run might have missed. If so, one more
    run follows the other run, however many invocations have news. *run* is called once more if such
    a run was requested in the meantime. Raises what *run* raises, except LeaseHeldError.
    """
    report = _report_unless_busy(run)
    if report is None and has_news:
        store.request_run(target)
        # The other run may have ended before it could find the request.
        report = _report_unless_busy(run)
    if report is not None and _is_requested(store, target):
        report = _report_unless_busy(run) or report
    return report


def _report_unless_busy(run: Callable[[], RunReport]) -> RunReport | None:
    try:
        return run()
    except LeaseHeldError:
        return None


def _is_requested(store: StateStore, target: Target) -> bool:
    """Return whether another run is requested. An error must not repeat the run that succeeded."""
    try:
        return store.take_request(target)
    except OperationFailedError as error:
        _log.warning("request for another run unreadable: %s", error)
        return False
