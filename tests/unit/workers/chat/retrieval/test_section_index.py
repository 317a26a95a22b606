"""The search in the sections of many documents."""

import pytest

from workers.chat.retrieval.section_index import SectionIndex, find_language

DOCUMENTS = {
    "cennik.pl.md": "# Cennik\n\n## Masaż\nMasaż klasyczny kosztuje 180 zł.\n\n## Sauna\nWejście do sauny: 50 zł.\n",
    "dojazd.pl.md": "# Dojazd\n\nParkujemy za budynkiem, przy ulicy Prostej.\n",
    "prices.en.md": "# Prices\n\n## Massage\nA classic massage costs 180 zł.\n\n## Sauna\nThe sauna costs 50 zł.\n",
    "rules.en.md": "# Rules\n\n" + "Please be quiet in the corridors of the house. " * 20 + "\n",
}
INDEX = SectionIndex(DOCUMENTS)


def search(question, language="pl", earlier=""):
    return INDEX.search(question, earlier=earlier, language=language, limit=3)


@pytest.mark.parametrize(
    ("question", "language", "document", "headings"),
    [
        ("Ile kosztują masaże?", "pl", "cennik.pl.md", ("Cennik", "Masaż")),
        ("ile kosztuje wejscie do SAUNY", "pl", "cennik.pl.md", ("Cennik", "Sauna")),
        ("Gdzie mogę zaparkować? Parkowanie za budynkami", "pl", "dojazd.pl.md", ("Dojazd",)),
        ("How much are massages?", "en", "prices.en.md", ("Prices", "Massage")),
        ("sauna", "pl", "cennik.pl.md", ("Cennik", "Sauna")),
        ("sauna", "en", "prices.en.md", ("Prices", "Sauna")),
        ("Is it quiet?", "en", "rules.en.md", ("Rules",)),
    ],
)
def test_the_best_section_is_found(question, language, document, headings):
    """In any form of a word, without diacritics, and in the visitor's language first."""
    best = search(question, language)[0]
    assert (best.document, best.headings) == (document, headings)
    assert best.title == headings[0]
    assert best.text in DOCUMENTS[document]


def test_a_short_message_continues_the_previous_one():
    """What was said before counts less than the message itself."""
    assert search("a sauna?", earlier="Ile kosztują masaże?")[0].headings == ("Cennik", "Sauna")
    assert search("ile to?", earlier="Ile kosztują masaże?")[0].headings == ("Cennik", "Masaż")


def test_a_message_without_a_term_of_the_documents_finds_nothing():
    """Stop words, other words, nothing, or hostile characters."""
    for question in ("", "czy to jest", "helikopter", "😀 \ud800 \x00", "x" * 4_000):
        assert search(question) == []


def test_the_language_is_in_the_name_or_in_the_text():
    """A name wins over the text."""
    for name, text, language in [
        ("a.de.md", "Ile to kosztuje? Nie wiem.", "de"),
        ("a.md", "Ile to kosztuje? Nie wiem, czy można.", "pl"),
        ("a.md", "12345", None),
        ("notes.v2.md", "How much is it? It is not much.", "en"),
    ]:
        assert find_language(name, text) == language
