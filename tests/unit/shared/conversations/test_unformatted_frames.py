"""What frames of the releases before announce: they carry sentences, and no field."""

import pytest

from shared.conversations.unformatted_frames import add_announcement
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, ChatSentData, Usage

SENTENCES = [
    (
        "A person of the business is with you now and reads what you write. The assistant is silent meanwhile.",
        "took_over",
    ),
    ("Rozmawia z Tobą teraz osoba z firmy i czyta to, co piszesz. Asystent w tym czasie milczy.", "took_over"),
    ("From here on, the assistant answers you again.", "handed_back"),
    ("Od teraz znowu odpowiada asystent.", "handed_back"),
    ("A person of the business is answering you and reads this, too.", "is_read"),
    ("Odpowiada Ci osoba z firmy. Przeczyta również to.", "is_read"),
]
PAID = Usage(input_tokens=900, output_tokens=12)


def read(text, **more):
    return add_announcement(ChatFinal(re="a", data=ChatFinalData(text=text, **more))).data


@pytest.mark.parametrize(("sentence", "announces"), SENTENCES)
def test_the_six_sentences_are_announcements(sentence, announces):
    """Each of both languages; nothing else of the frame changes."""
    assert read(sentence) == ChatFinalData(text=sentence, announces=announces)


@pytest.mark.parametrize("sentence", [sentence for sentence, _ in SENTENCES])
def test_a_model_that_says_a_sentence_announces_nothing(sentence):
    """No announcement costs a token, and every answer of a model does."""
    assert read(sentence, usage=PAID).announces is None


@pytest.mark.parametrize("text", ["Hello", SENTENCES[0][0].upper(), f"{SENTENCES[0][0]} "])
def test_other_words_announce_nothing(text):
    """A sentence is compared as a whole."""
    assert read(text, by="human").announces is None


def test_an_answer_without_words_is_left_to_staff():
    """Unless the visitor stopped the answer before its first word."""
    assert read("").announces == "is_read"
    assert read("", stopped=True).announces is None
    assert read("", usage=PAID).announces is None


def test_other_frames_stay_as_they_are():
    """A visitor may write one of the sentences, too."""
    sent = ChatSent(data=ChatSentData(text=SENTENCES[0][0]))
    assert add_announcement(sent) == sent
