"""TOML documents that users write, and the errors in them."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from cattrs import ClassValidationError, IterableValidationError
from cattrs.errors import (
    AttributeValidationNote,
    ForbiddenExtraKeysError,
    IterableValidationNote,
)

from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.rules.quoting import shorten, suggestion
from vdm_alerts.core.rules.toml_text import normalize_text, replace_invisible

T = TypeVar("T")
Table = Mapping[str, Any]
"""A TOML table whose values have not been checked."""
MAX_NAME_LENGTH = 128
"""The maximum number of characters in the name of a document."""
MAX_PARAMETER_SIZE = 8_192
"""The maximum bytes of a document that is a parameter: that of SSM Parameter Store.

Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
"""
_WHOLE_TEXT = "(the text)"
"""The path of an error that no key has."""
_LONG_KEY = re.compile(r"(?<![^\s.=\[\]{},#])(?:[^\s.=\[\]{},#]++[ \t]*+\.[ \t]*+){100}")
"""A key of more than 100 parts. The memory of `tomllib` grows with the square of their number."""
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
"""A key that TOML allows without quotes."""


@dataclass(frozen=True, slots=True)
class InvalidField:
    """An error at one place of a document."""

    path: str
    """The place, such as "overrides[3].isp"."""
    what: str
    """What is wrong, and what to write instead. The text follows the path."""
    code: str = ""
    """Identifies the kind of a cross-field error, for programs. Empty for other errors."""


class InvalidDocumentError(VdmAlertsError):
    """A document is invalid. The message lists all of its errors."""

    def __init__(self, source: str, errors: Iterable[InvalidField]) -> None:
        """Create the error for *source* from at least one of *errors*."""
        self.source = source
        self.errors = tuple(errors)
        count = len(self.errors)
        paths = [shorten(escape_invisible(error.path)) for error in self.errors]
        width = max(map(len, paths))
        lines = [
            f"  {path:{width}}  {escape_invisible(error.what)}"
            for path, error in zip(paths, self.errors, strict=True)
        ]
        heading = f"{source}: {count} {'error' if count == 1 else 'errors'}"
        super().__init__("\n".join([heading, *lines]))


@dataclass(frozen=True, slots=True)
class DocumentType(Generic[T]):
    """A type of document: how to read and to check it."""

    noun: str
    """The name of the type with an article, such as "a rule"."""
    read: Callable[[Table], T]
    """Reads a table. Raises ClassValidationError with the errors of all single values."""
    cross_field_errors: Callable[[Table], Iterator[InvalidField]]
    """Yields the errors that concern more than one key of a table."""
    missing_key_hints: Mapping[str, str]
    """What to write for each required key, of nested tables too."""
    error_class: type[InvalidDocumentError]
    """The error that `parse` raises."""
    max_size: int | None = None
    """The maximum bytes of a text. None is no limit."""

    def parse(self, text: str, source: str) -> T:
        """Return the content of *text*, a TOML document.

        The name of the document is the last part of *source*; it has at most `MAX_NAME_LENGTH`
        characters, because keys of stored items contain it. The text may begin with a byte order
        mark, and its lines may end as on any system. Raises an `error_class` error with all errors
        of the text. The error names *source*, the place of the document.
        """
        size = len(text.encode(errors="replace"))
        if self.max_size and size > self.max_size:  # The time of some checks is not linear.
            what = f"has {size:,} bytes; a parameter has at most {self.max_size:,}"
            raise self.error_class(source, [InvalidField(_WHOLE_TEXT, what)])
        # Without its invisible characters, the rest of the text can be checked too.
        plain_text, text_errors = replace_invisible(normalize_text(text))
        errors = [InvalidField(_WHOLE_TEXT, error) for error in text_errors]
        if (length := len(source.rpartition("/")[2])) > MAX_NAME_LENGTH:
            too_long = f"has {length} characters. Use at most {MAX_NAME_LENGTH}."
            errors.append(InvalidField("(the name)", too_long))
        if _LONG_KEY.search(plain_text):
            errors.append(
                InvalidField(_WHOLE_TEXT, "has a key of more than 100 parts. Shorten it.")
            )
            raise self.error_class(source, errors)
        try:
            table = tomllib.loads(plain_text)
        except (ValueError, RecursionError) as error:  # ValueError also for very long numbers.
            errors.append(InvalidField(_WHOLE_TEXT, f"is not valid TOML: {error}"))
            raise self.error_class(source, errors) from error
        cross_field_errors = list(self.cross_field_errors(table))
        try:
            document = self.read(table)
        except ClassValidationError as error:
            errors += [*self._value_errors(error), *cross_field_errors]
            raise self.error_class(source, errors) from error
        if errors or cross_field_errors:
            raise self.error_class(source, [*errors, *cross_field_errors])
        return document

    def _value_errors(
        self, group: ClassValidationError | IterableValidationError, path: str = ""
    ) -> Iterator[InvalidField]:
        """Yield the errors in *group*, which cattrs raised for *path*."""
        errors_with_notes, errors_without_notes = group.group_exceptions()
        for error, note in errors_with_notes:
            error_path = _path_below(path, note)
            if isinstance(error, ClassValidationError | IterableValidationError):
                yield from self._value_errors(error, error_path)
            elif isinstance(error, KeyError):
                key = error_path.rpartition(".")[2]
                yield InvalidField(error_path, f"is missing. {self.missing_key_hints[key]}")
            else:
                yield InvalidField(error_path, str(error))
        for error in errors_without_notes:
            if isinstance(error, ForbiddenExtraKeysError):
                yield from self._unknown_key_errors(error, path)
            else:
                yield InvalidField(path, str(error))

    def _unknown_key_errors(
        self, error: ForbiddenExtraKeysError, path: str
    ) -> Iterator[InvalidField]:
        """Yield an error for each unknown key of the table at *path*."""
        valid_keys = [field.name for field in fields(error.cl)]
        for key in sorted(error.extra_fields):
            what = f"is not a key of {path or self.noun}. {suggestion(key, valid_keys)}"
            yield InvalidField(_joined(path, key), what)


def _path_below(path: str, note: AttributeValidationNote | IterableValidationNote) -> str:
    """Return the path of the value that *note* is about, in the list or table at *path*."""
    if isinstance(note, AttributeValidationNote):
        return _joined(path, note.name)
    return f"{path}[{note.index}]" if isinstance(note.index, int) else _joined(path, note.index)


def _joined(path: str, key: str) -> str:
    """Return the path of *key* in the table at *path*, with quotes where TOML needs them."""
    key = key if _BARE_KEY.fullmatch(key) else f'"{key}"'
    return f"{path}.{key}" if path else key
