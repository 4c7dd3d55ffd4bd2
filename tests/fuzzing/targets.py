"""All targets."""

from fuzzing import (
    context,
    damaged_history,
    documents,
    events,
    fleet_events,
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
    *fleet_events.TARGETS,
    *names.TARGETS,
    *reports.TARGETS,
    *responses.TARGETS,
    *stored_items.TARGETS,
    *runs.TARGETS,
    *damaged_history.TARGETS,
)
