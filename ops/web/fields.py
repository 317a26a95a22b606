"""Converts a message's `data` to the fields of a form, and back."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ops.desk.domain.values import FieldProblem
from shared.languages.catalogue import Texts

FIELD = "data."
"""The prefix of the field names in the form."""

_LONG_CHARACTERS = 60


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
    filled = [Field(name, _value_to_text(value)) for name, value in data.items() if name in editable]
    return filled + [Field(name, "") for name in sorted(set(editable) - set(data))]


def describe_problem(problem: FieldProblem, t: Texts) -> str:
    """Return what is wrong with a field, in the reader's language."""
    return t(f"problem_{problem.kind}", limit=problem.limit)


def normalize_line_ends(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the form with normal line ends: browsers send CRLF."""
    return {name: text.replace("\r\n", "\n") for name, text in form.items()}


def _value_to_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
