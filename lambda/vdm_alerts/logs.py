"""The function's log: JSON lines. Email addresses are masked unless a setting shows them."""

import json

from aws_lambda_powertools import Logger

from vdm_alerts.core.model.naming import masked


def function_logger(*, mask_addresses: bool) -> Logger:
    """Return the logger of the whole package: its modules' loggers are children of this one."""
    return Logger(service="vdm_alerts", json_serializer=_masked_line if mask_addresses else _line)


def _line(record: object) -> str:
    return json.dumps(record, default=str, ensure_ascii=False)


def _masked_line(record: object) -> str:
    return _line(_masked(record))


def _masked(value: object) -> object:
    """Return *value* with every email address in its texts masked."""
    match value:
        case dict():
            return {key: _masked(each) for key, each in value.items()}
        case list() | tuple():
            return [_masked(each) for each in value]
        case bool() | int() | float() | None:
            return value
        case _:
            return masked(str(value))
