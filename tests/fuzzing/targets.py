"""All targets."""

from fuzzing import (
    context,
    damaged_history,
    documents,
    events,
    names,
    reports,
    responses,
    runs,
    stored_items,
)

TARGETS = (
    *documents.TARGETS,
    *context.TARGETS,
    *events.TARGETS,
    *names.TARGETS,
    *reports.TARGETS,
    *responses.TARGETS,
    *stored_items.TARGETS,
    *runs.TARGETS,
    *damaged_history.TARGETS,
)
