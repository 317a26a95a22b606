"""Detects the language of an answer.

`workers.chat.retrieval.analysis.detect_language` does so for questions and documents. Answers have few stop words
but prices, and names of streets whose diacritics say nothing about the language of the sentence.
"""

import re
from collections import Counter

from workers.chat.retrieval.analysis import fold_text
from workers.chat.retrieval.stop_words import STOP_WORDS

_ANSWER_WORDS = {
    "pl": """
        kosztuje kosztuja trwa trwaja minut minuty minute godzin godziny cena ceny wizyta wizyty wizyte termin bezplatna
        bezplatnie nieczynne czynne otwarte przystanek numer telefonu zamkniete
    """,
    "en": """
        costs cost takes lasts minutes minute hours hour price prices visit visits free closed open stop number phone
        you we have has no with and the
    """,
    "de": "kostet dauert minuten stunden preis termin kostenlos geschlossen geoffnet nummer und nicht",
}
_CHARACTERS = {"pl": frozenset("ąćęłńśźż"), "de": frozenset("äöüß")}
_CHARACTER_WEIGHT = 2
_CURRENCY = "zł"


def _list_words() -> dict[str, frozenset[str]]:
    """Return the words of each language that no other language here has."""
    words = {language: stop_words | set(_ANSWER_WORDS[language].split()) for language, stop_words in STOP_WORDS.items()}
    uses = Counter(word for each in words.values() for word in each)
    return {language: frozenset(word for word in each if uses[word] == 1) for language, each in words.items()}


_WORDS = _list_words()


def detect_answer_language(text: str) -> str | None:
    """Return `pl`, `en` or `de`, or None where no language leads, as in an address or a list of names."""
    words = re.findall(r"[^\W\d_]+", text)
    folded = [fold_text(word) for word in words]
    native = [word for word in words if word.islower() and word != _CURRENCY]
    counts = {
        language: sum(word in known for word in folded)
        + _CHARACTER_WEIGHT * sum(bool(_CHARACTERS.get(language, frozenset()) & set(word)) for word in native)
        for language, known in _WORDS.items()
    }
    first, second = sorted(counts, key=lambda language: -counts[language])[:2]
    return first if counts[first] > counts[second] else None
