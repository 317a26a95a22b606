"""That a refusal has words in both languages, and never any of an exception."""

from typing import get_args

import pytest

from shared.conversations.replies import build_refusal_frame
from shared.languages.available import list_languages
from shared.messages.errors import RETRYABLE, ErrorCode
from shared.refusal_texts import About, render_refusal


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_code_is_worded_in_both_languages(code):
    """A sentence each, of its own, that tells the visitor what to do."""
    english, polish = render_refusal(code, "en"), render_refusal(code, "pl")

    assert english != polish
    for text in (english, polish):
        assert text.endswith(".")
        assert text[0].isupper()
        assert 15 < len(text) < 120
        assert code.value not in text
    assert english.isascii()


def test_no_two_codes_say_the_same():
    """A visitor can tell by the words what is the matter."""
    for locale in list_languages():
        assert len({render_refusal(code, locale) for code in ErrorCode}) == len(ErrorCode)


@pytest.mark.parametrize("code", list(ErrorCode))
def test_a_refusal_says_whether_to_try_again(code):
    """In the frame that ends a command, in the visitor's language."""
    frame = build_refusal_frame(code, re="a1", locale="pl", retry_after_ms=500)

    assert (frame.re, frame.data.code, frame.data.retry_after_ms) == ("a1", code, 500)
    assert frame.data.retryable is (code in RETRYABLE)
    assert frame.data.message == render_refusal(code, "pl")
    assert frame.data.alternatives == ()


WITH_A_NUMBER = {"change_deadline"}


@pytest.mark.parametrize("about", get_args(About))
def test_a_refusal_says_what_it_is_about(about):
    """In every language, where the code's own sentence would not help; with its number, where it has one."""
    for hours in (1, 3, 24) if about in WITH_A_NUMBER else (None,):
        texts = {render_refusal(ErrorCode.INVALID_TIME, locale, about, hours, "Why?") for locale in list_languages()}
        assert len(texts) == len(list_languages())
        assert not texts & {render_refusal(ErrorCode.INVALID_TIME, locale) for locale in list_languages()}
        assert hours is None or all(str(hours) in text for text in texts)
        assert all("Why?" in text for text in texts) is about.startswith("answer_")
