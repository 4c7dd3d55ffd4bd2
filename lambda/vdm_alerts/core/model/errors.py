"""The root of every error that this package raises on purpose."""


class VdmAlertsError(Exception):
    """Something went wrong that a person can mend; the message says what, where and how."""


class LeaseHeldError(VdmAlertsError):
    """Another run is acting; this one has to be tried again later."""


class StaleStateError(VdmAlertsError):
    """Another run has saved since this one loaded; what this one found is not worth keeping."""


class ClockWentBackError(VdmAlertsError):
    """A run was asked to act at an instant before the last one it acted at."""
