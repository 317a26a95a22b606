"""Checks answers to the questions of a service, and words them for people."""

import re
from collections.abc import Mapping, Sequence

from shared.messages.errors import ErrorCode
from shared.messages.limits import MAX_ANSWER_CHARACTERS
from shared.messages.notices import AnsweredQuestion
from shared.tenants.questions import NO, YES, Question, QuestionKind
from shared.tenants.services import Service
from shared.typed_names import flatten_name
from shared.typed_text import normalize_typed_text
from workers.booking.domain.values import Answer, Refusal

_NUMBER = re.compile(r"[-+]?[0-9]{1,12}")


def check_answers(service: Service, given: Mapping[str, str]) -> tuple[Answer, ...] | Refusal:
    """Return the answers in the order of the questions, or a refusal that names the first wrong or missing one.

    Answers to questions that the service does not have are dropped: the form may be older than the profile.
    """
    answers: list[Answer] = []
    for question in service.questions:
        typed = given.get(question.id, "")
        if not flatten_name(typed):
            if question.required:
                return Refusal(ErrorCode.BAD_FRAME, about="answer_missing", question=question)
            continue
        text = _parse_answer(question, typed)
        if text is None:
            return Refusal(ErrorCode.BAD_FRAME, about="answer_invalid", question=question)
        answers.append(Answer(question.id, text))
    return tuple(answers)


def _parse_answer(question: Question, typed: str) -> str | None:
    """Return the answer as it is stored; None if it is not one to this question."""
    match question.kind:
        case QuestionKind.TEXT:
            return typed if len(typed) <= (question.max_characters or MAX_ANSWER_CHARACTERS) else None
        case QuestionKind.CHOICE:
            return typed if question.find_choice(typed) else None
        case QuestionKind.YES_NO:
            return typed if typed in {YES, NO} else None
        case QuestionKind.NUMBER:
            return _parse_number(question, normalize_typed_text(typed).strip())


def _parse_number(question: Question, typed: str) -> str | None:
    if not _NUMBER.fullmatch(typed):
        return None
    number = int(typed)
    is_low = question.minimum is not None and number < question.minimum
    is_high = question.maximum is not None and number > question.maximum
    return None if is_low or is_high else str(number)


def word_answers(answers: Sequence[Answer], service: Service | None, *preferred: str) -> tuple[AnsweredQuestion, ...]:
    """Return questions and answers in the first preferred language, each on one line.

    A question or choice that is gone is named by its id.
    """
    questions = {question.id: question for question in service.questions} if service else {}
    return tuple(
        AnsweredQuestion(
            question=flatten_name(question.label.choose_text(*preferred)) if question else answer.question_id,
            answer=flatten_name(question.word_answer(answer.text, *preferred) if question else answer.text),
        )
        for answer in answers
        for question in (questions.get(answer.question_id),)
    )
