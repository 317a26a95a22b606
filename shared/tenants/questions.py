"""Questions of a service, which visitors answer when they book it."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from shared.languages.available import SHARED
from shared.messages.limits import MAX_ANSWER_CHARACTERS, MAX_ANSWERS
from shared.tenants.profile_types import Section, TranslatedLine

QuestionId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]

YES, NO = "yes", "no"
"""The answers to a question of the kind `yes_no`, as they are sent and stored."""

_MAX_NUMBER = 1_000_000_000
_MAX_TEXT_CHARACTERS = 3_000
"""For all texts of one service's questions in a language: an answer with free times has to hold them, too."""


class QuestionKind(StrEnum):
    """What an answer is."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    YES_NO = "yes_no"


class Choice(Section):
    """One of the answers to a question of the kind `choice`."""

    id: QuestionId
    label: TranslatedLine


class Question(Section):
    """A question; its id stays the same when the words change, because stored answers name it."""

    id: QuestionId
    kind: QuestionKind
    label: TranslatedLine
    required: bool = False
    choices: Annotated[tuple[Choice, ...], Field(max_length=20)] = ()
    minimum: Annotated[int, Field(ge=-_MAX_NUMBER, le=_MAX_NUMBER)] | None = None
    maximum: Annotated[int, Field(ge=-_MAX_NUMBER, le=_MAX_NUMBER)] | None = None
    """The bounds of a number, which is a whole one."""
    max_characters: Annotated[int, Field(ge=1, le=MAX_ANSWER_CHARACTERS)] | None = None
    """The longest text that is taken; `MAX_ANSWER_CHARACTERS` where none is given."""

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        for name, kind in _KINDS_BY_FIELD.items():
            if name in self.model_fields_set and self.kind is not kind:
                raise ValueError(f"`{name}` belongs to a question of kind {kind}: delete it, or write `kind: {kind}`")
        if self.kind is QuestionKind.CHOICE and len(self.choices) < 2:
            raise ValueError(
                "needs two `choices` at least, such as [{id: short, label: Short}, {id: long, label: Long}]"
            )
        ids = [choice.id for choice in self.choices]
        if len(set(ids)) != len(ids):
            raise ValueError("two choices have the same id")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"the minimum {self.minimum} is greater than the maximum {self.maximum}")
        return self

    def find_choice(self, choice_id: str) -> Choice | None:
        """Return the choice with this id."""
        return next((choice for choice in self.choices if choice.id == choice_id), None)

    def word_answer(self, text: str, *preferred: str) -> str:
        """Return a stored answer as a person reads it, in the first preferred language."""
        if choice := self.find_choice(text):
            return choice.label.choose_text(*preferred)
        if self.kind is QuestionKind.YES_NO and text in {YES, NO}:
            t = SHARED.get_texts(*preferred)
            return t("answer_yes") if text == YES else t("answer_no")
        return text


_KINDS_BY_FIELD = {
    "choices": QuestionKind.CHOICE,
    "minimum": QuestionKind.NUMBER,
    "maximum": QuestionKind.NUMBER,
    "max_characters": QuestionKind.TEXT,
}


def _check_questions(questions: tuple[Question, ...]) -> tuple[Question, ...]:
    ids = [question.id for question in questions]
    if len(set(ids)) != len(ids):
        raise ValueError("two questions have the same id")
    labels = [question.label for question in questions]
    labels += [choice.label for question in questions for choice in question.choices]
    if sum(max(map(len, label.root.values())) for label in labels) > _MAX_TEXT_CHARACTERS:
        raise ValueError(f"the questions of a service have together at most {_MAX_TEXT_CHARACTERS} characters")
    return questions


Questions = Annotated[tuple[Question, ...], Field(max_length=MAX_ANSWERS), AfterValidator(_check_questions)]
"""The questions of one service, in the order in which visitors see them."""
