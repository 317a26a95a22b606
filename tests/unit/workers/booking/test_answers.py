"""Answers to the questions of a service: which are taken, and how people read them."""

from shared.messages.errors import ErrorCode
from shared.messages.notices import AnsweredQuestion
from tests.unit.shared.test_questions import CHOICES, build_service
from workers.booking.domain.answers import check_answers, word_answers
from workers.booking.domain.values import Answer, Refusal

SERVICE = build_service(
    {"id": "hair", "kind": "choice", "choices": CHOICES, "required": True},
    {"id": "people", "kind": "number", "minimum": 1, "maximum": 6},
    {"id": "age", "kind": "number"},
    {"id": "parking", "kind": "yes_no"},
    {"id": "wishes", "kind": "text", "max_characters": 5},
    {"id": "story", "kind": "text"},
)
HAIR = {"hair": "short"}


def test_answers_are_checked_against_the_questions():
    """Numbers may have the digits of any script; an empty answer is none; unknown questions are dropped."""
    for given, expected in [
        (HAIR, {}),
        (
            HAIR | {"people": "6", "parking": "no", "wishes": "quiet"},
            {"people": "6", "parking": "no", "wishes": "quiet"},
        ),
        (HAIR | {"people": "\uff13", "age": "\u0660\u0665"}, {"people": "3", "age": "5"}),
        (HAIR | {"people": " \u200b+2"}, {"people": "2"}),
        (HAIR | {"age": "-7"}, {"age": "-7"}),
        (HAIR | {"people": "", "wishes": "\u200b "}, {}),
        (HAIR | {"shoes": "43"}, {}),
        (HAIR | {"story": "a" * 500}, {"story": "a" * 500}),
    ]:
        answers = check_answers(SERVICE, given)
        assert [tuple(one) for one in answers] == [("hair", "short"), *expected.items()], given


def test_a_wrong_or_missing_answer_is_refused_with_its_question():
    """The first one in the order of the questions."""
    for given, question_id, about in [
        ({}, "hair", "answer_missing"),
        ({"hair": " "}, "hair", "answer_missing"),
        ({"hair": "\u2060"}, "hair", "answer_missing"),
        ({"hair": "Short", "people": "9"}, "hair", "answer_invalid"),
        (HAIR | {"people": "0"}, "people", "answer_invalid"),
        (HAIR | {"people": "7"}, "people", "answer_invalid"),
        (HAIR | {"people": "two"}, "people", "answer_invalid"),
        (HAIR | {"people": "2.5"}, "people", "answer_invalid"),
        (HAIR | {"age": "1" * 13}, "age", "answer_invalid"),
        (HAIR | {"parking": "Yes"}, "parking", "answer_invalid"),
        (HAIR | {"wishes": "quietly"}, "wishes", "answer_invalid"),
    ]:
        refusal = check_answers(SERVICE, given)
        assert isinstance(refusal, Refusal), given
        assert (refusal.code, refusal.question.id, refusal.about) == (ErrorCode.BAD_FRAME, question_id, about), given


def test_a_service_without_questions_takes_every_request():
    """Also of a form that still had some."""
    assert check_answers(build_service(), {"hair": "short"}) == ()


def test_stored_answers_outlive_their_questions():
    """A question or a choice that is gone is named by its id; no answer has a second line."""
    answers = (
        Answer("hair", "short"),
        Answer("gone", "a\r\nb"),
        Answer("parking", "yes"),
        Answer("wishes", "x\u2028y"),
    )
    assert word_answers(answers, SERVICE, "pl") == (
        AnsweredQuestion(question="Pytanie?", answer="Krótko"),
        AnsweredQuestion(question="gone", answer="a b"),
        AnsweredQuestion(question="Pytanie?", answer="tak"),
        AnsweredQuestion(question="Pytanie?", answer="x y"),
    )
    assert word_answers(answers[:1], None, "pl") == (AnsweredQuestion(question="hair", answer="short"),)
