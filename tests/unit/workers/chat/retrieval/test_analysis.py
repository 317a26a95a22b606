"""How texts become terms."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.chat.retrieval.analysis import Analyzer, detect_language, fold_text, split_words
from workers.chat.retrieval.stop_words import STOP_WORDS

LANGUAGES = st.sampled_from(["pl", "en", "de", "uk", None])


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("pl", "cena ceny cenę ceną cen"),
        ("pl", "masaż masażu masażem masaże masazy masazach"),
        ("pl", "konsultacja konsultacji konsultację konsultacje"),
        ("en", "massage massages massaging"),
        ("en", "invoice invoices"),
        ("de", "Massage Massagen"),
        ("de", "Behandlung Behandlungen"),
    ],
)
def test_inflected_forms_are_one_term(language, forms):
    """The forms of a word have the same term, with and without diacritics."""
    assert len(set(Analyzer(language).extract_terms(forms))) == 1


def test_stop_words_are_no_terms():
    """Stop words occur in most questions, and do not tell their topic."""
    assert Analyzer("pl").extract_terms("Czy mogę prosić o fakturę?") == ["faktur"]
    assert Analyzer("en").extract_terms("Could I please have an invoice?") == ["invoic"]
    assert Analyzer("de").extract_terms("Kann ich bitte eine Rechnung haben?") == ["rechnung"]


def test_an_unknown_language_is_only_folded():
    """Without rules its words stay whole, so equal words still match."""
    assert Analyzer("cs").extract_terms("Kolik stojí masáže?") == ["kolik", "stoji", "masaze"]
    assert Analyzer(None).extract_terms("the massages") == ["the", "massages"]


def test_synonyms_replace_a_word():
    """A word may have several terms as synonyms, and a stop word one."""
    table = {"weekend": ("saturday", "sunday"), "where": ("address",)}
    analyzer = Analyzer("en", lambda word: table.get(word, ()))

    assert analyzer.extract_terms("Where at the weekend?") == ["address", "saturday", "sunday"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Jakie są godziny otwarcia?", "pl"),
        ("What are your opening hours?", "en"),
        ("Wann haben Sie geöffnet?", "de"),
        ("wizytę", "pl"),
        ("Massage, 200 zł", None),
        ("Marta", None),
        ("", None),
    ],
)
def test_a_language_is_detected_by_its_stop_words_and_characters(text, language):
    """A name, a number or a price belongs to no language."""
    assert detect_language(text) == language


def test_stop_words_are_folded():
    """An entry with a diacritic or a capital would match nothing."""
    for entries in STOP_WORDS.values():
        assert entries == {fold_text(entry) for entry in entries}


@given(st.text(), LANGUAGES)
def test_any_text_has_terms_or_none(text, language):
    """Nothing that a visitor types breaks the analysis, and folding twice changes nothing."""
    terms = Analyzer(language).extract_terms(text)

    assert len(terms) <= len(split_words(text))
    assert all(terms)
    assert split_words(fold_text(text)) == split_words(text)
    assert detect_language(text) in {None, *STOP_WORDS}


def test_texts_can_be_analysed_on_several_threads():
    """Indexes of several businesses are built at the same time, while questions are analysed."""
    texts = [" ".join(f"masowanie{chr(97 + a)}{chr(97 + b)}ami" for b in range(26)) for a in range(26)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(Analyzer("pl").extract_terms, texts * 4))
    finally:
        sys.setswitchinterval(interval)
    assert found == [Analyzer("pl").extract_terms(text) for text in texts] * 4
