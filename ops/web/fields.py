"""Pure: a message's `data` as the fields of a form, and back."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ops.desk.domain.values import FieldProblem
from shared.languages.catalogue import Texts

FIELD = "data."
"""Before the names of fields in the form."""

_LONG_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form, with what is wrong with it."""

    name: str
    text: str
    problem: str = ""
    """What is wrong with it, in the reader's language; empty if nothing is."""

    @property
    def is_long(self) -> bool:
        """Whether it takes more than a line."""
        return self.name in {"note", "text"} or "\n" in self.text or len(self.text) > _LONG_CHARACTERS


def fields_of(data: Mapping[str, Any], editable: Collection[str]) -> list[Field]:
    """Return the fields that may be edited: those that say something first, then those that do not."""
    given = [Field(name, _text(value)) for name, value in data.items() if name in editable]
    return given + [Field(name, "") for name in sorted(set(editable) - set(data))]


def problem_text(problem: FieldProblem, t: Texts) -> str:
    """Return what is wrong with a field, in the reader's language."""
    return t(f"problem_{problem.kind}", limit=problem.limit)


def data_from(given: Mapping[str, str]) -> dict[str, Any]:
    """Return what was filled in, with line ends as text has them: browsers send CRLF in forms."""
    return {name: text.replace("\r\n", "\n") for name, text in given.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
