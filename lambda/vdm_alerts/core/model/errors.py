"""The base class of all errors that VDM Alerts raises on purpose."""


class VdmAlertsError(Exception):
    """An error that a user can fix.

    The message says what failed, where, and how to fix it.
    """


class LeaseHeldError(VdmAlertsError):
    """Another run holds the lease of the target.

    That run reads the same data, so nothing is lost.
    """


class StaleStateError(VdmAlertsError):
    """Another run saved state after this run loaded it.

    The results of this run must be discarded.
    """


class ClockWentBackError(VdmAlertsError):
    """The time of a run is before that of the previous run of the target."""
