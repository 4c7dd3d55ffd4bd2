"""The base class of all errors that VDM Alerts raises on purpose."""


class VdmAlertsError(Exception):
    """An error that a user can fix. The message says what failed, where, and how to fix it."""


class LeaseHeldError(VdmAlertsError):
    """Another run holds the lease of the target. The trigger must be retried later."""


class StaleStateError(VdmAlertsError):
    """Another run saved state after this run loaded it. The results of this run are void."""


class ClockWentBackError(VdmAlertsError):
    """The time of this run is before the time of the previous run of the target."""
