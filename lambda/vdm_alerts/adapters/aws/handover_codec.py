"""The codec of handovers: notifications as JSON, and back.

A handover lives for one execution of a fleet, between two functions of the same deployment. So it
has no schema that other versions read: what they cannot read is due again in the next execution.
"""

import json
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from cattrs import Converter
from cattrs.errors import BaseValidationError

from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.notifications.handover import Handover


class UnreadableHandoverError(VdmAlertsError):
    """A handover is not what this version writes."""


def encode_handover(handover: Handover) -> str:
    """Return *handover* as JSON."""
    return json.dumps(_converter().unstructure(handover), ensure_ascii=True)


def decode_handover(text: str) -> Handover:
    """Return the handover in *text*. Raises UnreadableHandoverError."""
    try:
        handover: Handover = _converter().structure(json.loads(text), Handover)
    except (BaseValidationError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnreadableHandoverError(
            f"the handover of a target is unreadable ({type(error).__name__}). Effect: what is due "
            "stays due. Fix: none is needed after a deployment; the next execution sends it."
        ) from error
    return handover


@cache
def _converter() -> Converter:
    converter = Converter(unstruct_collection_overrides={AbstractSet: list})
    for type_, parse in {datetime: datetime.fromisoformat, date: date.fromisoformat}.items():
        converter.register_unstructure_hook(type_, lambda moment: moment.isoformat())
        converter.register_structure_hook(type_, partial(_parsed, parse=parse))
    converter.register_unstructure_hook(timedelta, lambda length: length.total_seconds())
    converter.register_structure_hook(timedelta, lambda value, _: timedelta(seconds=value))
    converter.register_unstructure_hook(Indicator, lambda indicator: indicator.name)
    converter.register_structure_hook(Indicator, lambda name, _: Indicator[name])
    converter.register_unstructure_hook_factory(
        _has_several_classes, partial(_tagging_hook, converter)
    )
    converter.register_structure_hook_factory(
        _has_several_classes, partial(_tagged_hook, converter)
    )
    converter.register_unstructure_hook_factory(_is_mapping, partial(_pairs_hook, converter))
    converter.register_structure_hook_factory(_is_mapping, partial(_mapping_hook, converter))
    return converter


def _parsed(value: str, _: object, parse: Callable[[str], object]) -> object:
    return parse(value)


def _classes(union: object) -> Mapping[str, Any]:
    """Return the classes of *union* by name, without None."""
    if get_origin(union) not in {Union, UnionType}:
        return {}
    return {each.__name__: each for each in get_args(union) if each is not NoneType}


def _has_several_classes(type_: object) -> bool:
    return len(_classes(type_)) > 1


def _tagging_hook(converter: Converter, _union: object) -> Callable[[object], Any]:
    """Return a hook that adds the class of a value, which may also be None."""

    def unstructure(value: object) -> Any:  # noqa: ANN401 - JSON
        return None if value is None else [type(value).__name__, converter.unstructure(value)]

    return unstructure


def _tagged_hook(converter: Converter, union: object) -> Callable[[Any, object], Any]:
    """Return a hook that reads a value with its class."""
    classes = _classes(union)

    def structure(value: Any, _: object) -> Any:  # noqa: ANN401 - JSON
        if value is None:
            return None
        name, content = value
        return converter.structure(content, classes[name])

    return structure


def _is_mapping(type_: object) -> bool:
    return get_origin(type_) in {Mapping, dict}


def _pairs_hook(converter: Converter, type_: object) -> Callable[[Mapping[Any, Any]], Any]:
    """Return a hook that writes a mapping as pairs, because a key of JSON can only be text."""
    key_type, value_type = get_args(type_)

    def unstructure(mapping: Mapping[Any, Any]) -> Any:  # noqa: ANN401 - JSON
        return [
            [converter.unstructure(key, key_type), converter.unstructure(value, value_type)]
            for key, value in mapping.items()
        ]

    return unstructure


def _mapping_hook(converter: Converter, type_: object) -> Callable[[Any, object], Any]:
    """Return a hook that reads a mapping from its pairs."""
    key_type, value_type = get_args(type_)

    def structure(pairs: Any, _: object) -> Any:  # noqa: ANN401 - JSON
        return {
            converter.structure(key, key_type): converter.structure(value, value_type)
            for key, value in pairs
        }

    return structure
