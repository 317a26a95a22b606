"""Converts a message's `data` to the fields of a form, and back."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ops.desk.domain.values import FieldProblem
from shared.languages.catalogue import Texts

FIELD = "data."
"""The prefix of the field names in the form."""

_LONG_CHARACTERS = 60
_ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form, with the problem of its value."""

    name: str
    text: str
    problem: str = ""
    """What is wrong with it, in the reader's language; empty if nothing is."""

    @property
    def is_long(self) -> bool:
        """Return whether the field needs several lines."""
        return self.name in {"note", "text"} or "\n" in self.text or len(self.text) > _LONG_CHARACTERS


def build_fields(data: Mapping[str, Any], editable: Collection[str]) -> list[Field]:
    """Return the editable fields: those with a value first, then the empty ones."""
    filled = [
        Field(name, _value_to_text(text))
        for outer, value in data.items()
        if outer in editable
        for name, text in _list_values(outer, value)
    ]
    # Answers belong to questions, which the message does not name.
    return filled + [Field(name, "") for name in sorted(set(editable) - {*data, _ANSWERS})]


def _list_values(name: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield the value of a field, or each answer with its question's id, as `answers.people`."""
    if isinstance(value, Mapping):
        yield from ((f"{name}.{inner}", text) for inner, text in value.items())
    else:
        yield name, value


def describe_problem(problem: FieldProblem, t: Texts) -> str:
    """Return what is wrong with a field, in the reader's language."""
    return t(f"problem_{problem.kind}", limit=problem.limit)


def parse_fields(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the form with normal line ends, because browsers send CRLF, and answers as one field."""
    data: dict[str, Any] = {}
    for name, text in form.items():
        outer, _, question_id = name.partition(".")
        target = data.setdefault(outer, {}) if question_id and outer == _ANSWERS else data
        target[question_id or name] = text.replace("\r\n", "\n")
    return data


def _value_to_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
