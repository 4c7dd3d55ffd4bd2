"""The function's log: JSON lines, with email addresses masked if the settings say so."""

import json

from aws_lambda_powertools import Logger

from vdm_alerts.core.model.naming import mask_addresses


def function_logger(*, mask_addresses: bool) -> Logger:
    """Return the logger of the package. The loggers of its modules are its children.

    With *mask_addresses*, every email address in a log line is masked.
    """
    return Logger(service="vdm_alerts", json_serializer=_masked_line if mask_addresses else _line)


def _line(record: object) -> str:
    return json.dumps(record, default=str, ensure_ascii=False)


def _masked_line(record: object) -> str:
    return _line(_masked(record))


def _masked(value: object) -> object:
    """Return *value*, of a JSON document, with every email address in it masked."""
    match value:
        case dict():
            return {key: _masked(item) for key, item in value.items()}
        case list() | tuple():
            return [_masked(item) for item in value]
        case bool() | int() | float() | None:
            return value
        case _:
            return mask_addresses(str(value))
