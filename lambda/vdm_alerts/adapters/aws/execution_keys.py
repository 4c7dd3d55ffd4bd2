"""The keys of the files in the bucket of a fleet. The stack imports them, so this imports nothing.

`ExecutionFiles` and `KnownTargetsFile` read and write the files.
"""

EXECUTIONS = "executions"
"""The start of the key of each file of an execution. The ResultWriter of the map writes there too.
"""
KNOWN_TARGETS = "fleet/targets.json"
"""The key of the file with the targets that the recipients know of."""
