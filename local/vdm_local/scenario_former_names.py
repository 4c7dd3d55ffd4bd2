"""Former names in scenarios: files that have them still load."""

from collections.abc import Callable

from vdm_alerts.core.rules.toml_document import Table


def with_current_names(table: Table) -> Table:
    """Return the *table* of a scenario with the current names in place of the former ones.

    A former key beside the current one stays, and so is an unknown key.
    """
    table = _with_current_key(table, "mail", "emails")
    table = _with_values(table, "today", _current_rejection)
    table = _with_tables(table, "fault", _current_fault)
    return _with_tables(table, "run", _current_run)


def _current_fault(fault: Table) -> Table:
    return _with_values(fault, "kind", _current_rejection)


def _current_run(run: Table) -> Table:
    return _with_values(_with_current_key(run, "tells", "expects"), "expects", _current_reasons)


def _current_rejection(value: object) -> object:
    return "rejected" if value == "refused" else value


def _current_reasons(value: object) -> object:
    if not isinstance(value, list):
        return value
    return ["CLOSED" if reason == "ENDED" else reason for reason in value]


def _with_current_key(table: Table, former: str, current: str) -> Table:
    if current in table:
        return table
    return {current if key == former else key: value for key, value in table.items()}


def _with_values(table: Table, key: str, current_value: Callable[[object], object]) -> Table:
    return {name: current_value(value) if name == key else value for name, value in table.items()}


def _with_tables(table: Table, key: str, current_table: Callable[[Table], Table]) -> Table:
    """Return *table* with *current_table* applied to each table in the list of *key*."""

    def current_list(value: object) -> object:
        if not isinstance(value, list):
            return value
        return [current_table(entry) if isinstance(entry, dict) else entry for entry in value]

    return _with_values(table, key, current_list)
