"""The time of an invocation, and how much of it the steps of a run may take."""

from datetime import timedelta

LEASE_MARGIN = timedelta(seconds=10)
"""The time by which a lease outlasts the function's timeout, so that no two runs overlap."""
TIME_AFTER_READING = timedelta(minutes=2)
"""The part of the function's time that is reserved for the steps after reading metrics."""
LONGEST_INVOCATION = timedelta(minutes=15)
"""The longest timeout of Lambda. An evaluation continues only if so much time is left."""
LONGEST_SWEEP = timedelta(hours=10)
"""The time after the start of an execution in which an evaluation must end.

The rest of the time of an execution is for retries, and for the step that delivers.
"""
