"""`Alert` and `Finding` to plain dicts and back, for a memory that outlives this code."""

from datetime import datetime
from typing import Any, TypeVar

from cattrs import Converter
from cattrs.errors import BaseValidationError
from cattrs.strategies import configure_tagged_union

from vdm_alerts.core.alerts import Alert, State
from vdm_alerts.core.errors import VdmAlertsError
from vdm_alerts.core.findings import Finding
from vdm_alerts.core.rules import Severity

SCHEMA = 1
"""The version of the shape below; a newer one is not read as if it were this."""

T = TypeVar("T", Alert, Finding)


class UnreadableRecord(VdmAlertsError):
    """A remembered record has a shape that this version does not know."""


def encode(record: Alert | Finding) -> dict[str, Any]:
    """Return *record* as a dict of strings, numbers and dicts, with the schema's version."""
    return {"schema": SCHEMA, **_converter.unstructure(record)}


def decode(plain: dict[str, Any], type_: type[T]) -> T:
    """Return the record that was encoded as *plain*.

    Raises UnreadableRecord where it was written by a version with another schema.
    """
    if plain.get("schema") != SCHEMA:
        message = f"record has schema {plain.get('schema')!r}, this version reads {SCHEMA}"
        raise UnreadableRecord(message)
    try:
        return _converter.structure({key: plain[key] for key in plain if key != "schema"}, type_)
    except (BaseValidationError, KeyError, TypeError, ValueError) as error:
        message = f"record cannot be read as {type_.__name__}: {error}"
        raise UnreadableRecord(message) from error


_converter = Converter(omit_if_default=True)
_converter.register_unstructure_hook(datetime, datetime.isoformat)
_converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
_converter.register_unstructure_hook(Severity, lambda severity: severity.name)
_converter.register_structure_hook(Severity, lambda name, _: Severity[name])
configure_tagged_union(State, _converter, tag_name="is")
