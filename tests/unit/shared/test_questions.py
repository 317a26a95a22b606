"""Questions of a service in a profile."""

import pytest
from pydantic import ValidationError

from shared.languages.available import list_languages
from shared.tenants.services import Service

CHOICES = [{"id": "short", "label": {"pl": "Krótko", "en": "Short"}}, {"id": "long", "label": "Long"}]
LABEL = {"pl": "Pytanie?", "en": "A question?"}


def build_service(*questions):
    content = {"id": "cut", "name": {"pl": "Strzyżenie"}, "duration_minutes": 30}
    return Service.model_validate(content | {"questions": [{"id": "q", "label": LABEL} | one for one in questions]})


def test_questions_of_each_kind_are_read():
    """In order; a question is optional unless it says otherwise."""
    service = build_service(
        {"id": "wishes", "kind": "text", "max_characters": 200},
        {"id": "hair", "kind": "choice", "choices": CHOICES, "required": True},
        {"id": "people", "kind": "number", "minimum": 1, "maximum": 6},
        {"id": "parking", "kind": "yes_no", "label": "Parking?"},
    )
    assert [(one.id, one.kind, one.required) for one in service.questions] == [
        ("wishes", "text", False),
        ("hair", "choice", True),
        ("people", "number", False),
        ("parking", "yes_no", False),
    ]
    assert service.questions[1].find_choice("short").label.choose_text("pl") == "Krótko"
    assert service.questions[1].find_choice("Short") is None


def test_a_wrong_question_is_refused_with_the_reason():
    """An owner who mixes up kinds and bounds is told what belongs where."""
    for questions, message in [
        ([{"kind": "date"}], "'text', 'choice', 'number' or 'yes_no'"),
        ([{"kind": "text", "id": "Ä"}], "should match pattern"),
        ([{"kind": "text", "label": {}}], "needs a text in one language at least"),
        ([{"kind": "text", "label": "x" * 201}], "at most 200 characters"),
        ([{"kind": "text", "choices": CHOICES}], "`choices` belongs to a question of kind choice"),
        ([{"kind": "text", "minimum": 1}], "`minimum` belongs to a question of kind number"),
        ([{"kind": "number", "max_characters": 9}], "`max_characters` belongs to a question of kind text"),
        ([{"kind": "text", "max_characters": 501}], "less than or equal to 500"),
        ([{"kind": "choice"}], "needs two `choices` at least"),
        ([{"kind": "choice", "choices": CHOICES[:1]}], "needs two `choices` at least"),
        ([{"kind": "choice", "choices": CHOICES[:1] * 2}], "two choices have the same id"),
        ([{"kind": "choice", "choices": [{"id": f"c{n}", "label": "x"} for n in range(21)]}], "at most 20 items"),
        ([{"kind": "number", "minimum": 3, "maximum": 2}], "the minimum 3 is greater than the maximum 2"),
        ([{"kind": "number", "maximum": 10**10}], "less than or equal to 1000000000"),
        ([{"kind": "yes_no"}] * 2, "two questions have the same id"),
        ([{"kind": "yes_no", "id": f"q{number}"} for number in range(11)], "at most 10 items"),
        (
            [
                {"kind": "choice", "id": f"q{n}", "choices": [{"id": f"c{m}", "label": "x" * 200} for m in range(2)]}
                for n in range(8)
            ],
            "have together at most 3000 characters",
        ),
    ]:
        with pytest.raises(ValidationError) as caught:
            build_service(*questions)
        assert message in caught.value.errors()[0]["msg"], questions


def test_an_answer_is_worded_in_every_language():
    """Yes and no have words of their own, a choice has its label, anything else is what was typed."""
    hair, parking, wishes = build_service(
        {"id": "hair", "kind": "choice", "choices": CHOICES},
        {"id": "parking", "kind": "yes_no"},
        {"id": "wishes", "kind": "text"},
    ).questions
    assert (hair.word_answer("short", "pl"), hair.word_answer("gone", "pl")) == ("Krótko", "gone")
    assert (parking.word_answer("yes", "pl"), parking.word_answer("no", "de", "pl")) == ("tak", "nein")
    assert len({parking.word_answer("yes", language) for language in list_languages()}) == len(list_languages())
    assert wishes.word_answer("yes", "pl") == "yes"
