"""The root of every error that this package raises on purpose."""


class VdmAlertsError(Exception):
    """Something went wrong that a person can mend; the message says what, where and how."""
