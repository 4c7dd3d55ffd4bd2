"""How cattrs reads the lists and tables of TOML documents."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, get_args, get_origin

from cattrs import Converter
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.gen import make_dict_structure_fn

from vdm_alerts.core.rules.quoting import quote


def document_converter(table_examples: Mapping[type, str], *, min_items: int) -> Converter:
    """Return a converter that rejects unknown keys and values of a wrong type.

    *table_examples* has an example for each class of nested tables. Lists have at least
    *min_items* items. The types of single values need hooks of their own.
    """
    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook_factory(
        lambda type_: type_ in table_examples, partial(_table_hook, examples=table_examples)
    )
    converter.register_structure_hook_factory(
        _is_tuple, partial(_list_hook, examples=table_examples, min_items=min_items)
    )
    return converter


def _is_tuple(type_: Any) -> bool:  # noqa: ANN401 - cattrs calls it for any type
    """Return whether *type_* is a tuple with a type argument."""
    origin: object = get_origin(type_)
    return origin is tuple


def _table_hook(
    type_: Any,  # noqa: ANN401 - cattrs calls it for any type
    converter: Converter,
    *,
    examples: Mapping[type, str],
) -> Callable[[Any, Any], Any]:
    """Return a hook for a class in *examples*, which takes only tables."""
    structure = make_dict_structure_fn(type_, converter, _cattrs_forbid_extra_keys=True)

    def structure_checked(value: object, type_: Any) -> Any:  # noqa: ANN401 - cattrs calls it for any type
        if not isinstance(value, dict):
            message = f"{quote(value)} is not a table. Use {examples[type_]}."
            raise ValueError(message)  # noqa: TRY004 - cattrs treats every error of a value alike
        return structure(value, type_)

    return structure_checked


def _list_hook(
    type_: Any,  # noqa: ANN401 - cattrs calls it for any type
    converter: Converter,
    *,
    examples: Mapping[type, str],
    min_items: int,
) -> Callable[[Any, Any], Any]:
    """Return a hook for a tuple, which takes only lists of at least *min_items*."""
    structure = homogenous_tuple_structure_factory(type_, converter)
    item_type, _ = get_args(type_)
    if item_type in examples:
        form = f"a list of tables. Use {examples[item_type]}."
    elif min_items:
        form = "a list with at least one item. Use square brackets around the items."
    else:
        form = "a list. Use square brackets around the items."

    def structure_checked(value: object, type_: Any) -> Any:  # noqa: ANN401 - cattrs calls it for any type
        if not isinstance(value, list) or len(value) < min_items:
            message = f"{quote(value)} is not {form}"
            raise ValueError(message)
        return structure(value, type_)

    return structure_checked
