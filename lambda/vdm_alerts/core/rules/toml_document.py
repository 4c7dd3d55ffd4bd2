"""From a text that a person wrote to what it says, or to each problem in it with its path."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from cattrs import ClassValidationError, IterableValidationError
from cattrs.errors import ForbiddenExtraKeysError, IterableValidationNote

from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.rules.quoting import shortened, suggestion

T = TypeVar("T")
Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InvalidField:
    """What is wrong at *path* of a document, with what should stand there instead."""

    path: str
    what: str


class InvalidDocumentError(VdmAlertsError):
    """A text cannot be used; *problems* are all that is wrong with it."""

    def __init__(self, source: str, problems: Iterable[InvalidField]) -> None:
        """Say of the text at *source* everything that is wrong with it."""
        self.source = source
        self.problems = tuple(problems)
        count = len(self.problems)
        paths = [shortened(problem.path) for problem in self.problems]
        width = max(map(len, paths))
        lines = [
            f"  {path:{width}}  {problem.what}"
            for path, problem in zip(paths, self.problems, strict=True)
        ]
        heading = f"{source}: {count} {'problem' if count == 1 else 'problems'}"
        super().__init__("\n".join([heading, *lines]))


@dataclass(frozen=True, slots=True)
class DocumentType(Generic[T]):
    """One kind of document: how it is *read*, and what may be wrong between its keys.

    *noun* is what one is called, such as "a rule". *read* raises ClassValidationError with every
    problem of single values. *contradictions* yields the path and the words of every other one.
    *hints* say what to write for a key that is missing, and *bad* is the error of such a document.
    """

    noun: str
    read: Callable[[Table], T]
    cross_checks: Callable[[Table], Iterator[tuple[str, str]]]
    hints: Mapping[str, str]
    error: type[InvalidDocumentError]

    def parse(self, text: str, source: str) -> T:
        """Return what *text*, a TOML document, says.

        Raises *bad*, naming *source*, with every problem of the text at once.
        """
        try:
            table = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # The former for numbers of many digits.
            raise self.error(
                source, [InvalidField("(the text)", f"is not TOML: {error}")]
            ) from error
        problems = [InvalidField(path, what) for path, what in self.cross_checks(table)]
        try:
            document = self.read(table)
        except ClassValidationError as error:
            raise self.error(source, [*self._problems(error), *problems]) from error
        if problems:
            raise self.error(source, problems)
        return document

    def _problems(
        self, error: ClassValidationError | IterableValidationError, path: str = ""
    ) -> Iterator[InvalidField]:
        """Yield every problem that *error* holds, from the outside in."""
        noted, bare = error.group_exceptions()
        for each, note in noted:
            if isinstance(note, IterableValidationNote):
                where = f"{path}[{note.index}]"
            else:
                where = f"{path}.{note.name}".lstrip(".")
            if isinstance(each, ClassValidationError | IterableValidationError):
                yield from self._problems(each, where)
            elif isinstance(each, KeyError):
                yield InvalidField(where, f"is missing; {self.hints[where]}")
            else:
                yield InvalidField(where, str(each))
        for each in bare:
            if isinstance(each, ForbiddenExtraKeysError):
                known = [field.name for field in fields(each.cl)]
                for key in sorted(each.extra_fields):
                    where = f"{path}.{key}".lstrip(".")
                    what = f"is not a key of {path or self.noun}{suggestion(key, known)}"
                    yield InvalidField(where, what)
            else:
                yield InvalidField(path, str(each))
