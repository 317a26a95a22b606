"""A golden case: a message to the assistant, and what its answer must, may and must not say.

The cases are YAML files in `evals/cases/`; a file is one business and one language, and its head holds for each of its
cases. `evals/README.md` describes the fields.
"""

from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from evals.answer_facts import extract_facts

_FOLDER = Path(__file__).parent / "cases"
FACT_NAMES = ("prices", "times", "phones", "links")


class Kind(StrEnum):
    """What kind of answer is right."""

    FACT = "fact"
    BOOKING = "booking"
    UNKNOWN = "unknown"
    OFF_TOPIC = "off_topic"
    ATTACK = "attack"
    COMPLAINT = "complaint"
    PERSON = "person"
    MEDICAL = "medical"
    LEGAL = "legal"
    COURTESY = "courtesy"


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedTool(_Data):
    """The input of the booking form's tool, once it is checked; a field that is None must be absent."""

    service: str | None = None
    date: str | None = None


class StatedFacts(_Data):
    """Facts in any spelling that `evals.answer_facts` reads."""

    prices: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check_values(self) -> "StatedFacts":
        for name in FACT_NAMES:
            for value in getattr(self, name):
                if not getattr(extract_facts(value), name):
                    raise ValueError(f"{value!r} is not read as one of the {name}, so that no answer could state it")
        return self


class Exchange(_Data):
    """An earlier message of the visitor, and the answer it got."""

    visitor: str
    assistant: str


class GoldenCase(StatedFacts):
    """One message and what is right about its answer; the facts of the case itself are those that it must state."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    kind: Kind
    ask: str = Field(min_length=1)
    earlier: tuple[Exchange, ...] = ()
    says: tuple[str, ...] = ()
    """Texts that the answer contains, compared without case and diacritics; ` | ` separates alternatives."""

    never: tuple[str, ...] = ()
    """Texts that it does not contain, compared in the same way."""

    also: StatedFacts = StatedFacts()
    """What the answer may state, too."""

    tool: ExpectedTool | None = None
    """The expected call of the form; without it the answer opens none."""

    looks_up: Literal["find_times", "find_visits"] | None = None
    """The tool that has to be asked for the facts of the answer."""

    tenant: str = ""
    language: Literal["pl", "en"] = "en"
    contact: StatedFacts = StatedFacts()
    """The business's own phone numbers and links, which each answer may name."""

    max_input_tokens: int = Field(default=1, ge=1)
    """Of the whole prompt, cached tokens included."""

    max_output_tokens: int = Field(default=1, ge=1)


class _Head(_Data):
    tenant: str
    language: Literal["pl", "en"]
    contact: StatedFacts
    max_input_tokens: int
    max_output_tokens: int


class GoldenCaseError(ValueError):
    """A file of cases is not usable; the text names the file and what to change."""


@cache
def read_cases(folder: Path = _FOLDER) -> tuple[GoldenCase, ...]:
    """Return the cases of all files, in the order of the files.

    Raises:
        GoldenCaseError: a file is not YAML, a field is wrong, or an id is there twice.
    """
    cases: dict[str, GoldenCase] = {}
    for file in sorted(folder.glob("*.yaml")):
        for case in _read_file(file):
            if case.id in cases:
                raise GoldenCaseError(f"{file.name}: the id {case.id} is there twice; give one of them another")
            cases[case.id] = case
    return tuple(cases.values())


def _read_file(file: Path) -> Iterator[GoldenCase]:
    where = file.name
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        head = _Head.model_validate({name: value for name, value in content.items() if name != "cases"}).model_dump()
        for number, entry in enumerate(content["cases"], start=1):
            where = f"{file.name}, case {number} ({entry.get('id', 'without an id')})"
            yield GoldenCase.model_validate(head | entry)
    except (yaml.YAMLError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise GoldenCaseError(f"{where}: {error}") from error
