"""Turns a text into index terms: folded, without stop words, stemmed by the rules of its language."""

import re
import threading
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

import snowballstemmer

from workers.chat.retrieval.stop_words import STOP_WORDS

_STEMMERS = {"pl": "polish", "en": "english", "de": "german"}
_CHARACTERS = {"pl": frozenset("ąćęłńśźż"), "de": frozenset("äöüß"), "en": frozenset("'’")}
_CHARACTER_WEIGHT = 2
_STEM_CACHE_SIZE = 8192
_CURRENCY = "zł"  # prices in złoty have it in every language

Synonyms = Callable[[str], Sequence[str]]
"""Maps a folded word to its terms; a word without synonyms is stemmed."""


def fold_text(text: str) -> str:
    """Return a text in lower case without diacritics, as it is typed on a keyboard of another language."""
    # A character such as 𝕬 has a lower case only once it is decomposed.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold().replace("ł", "l"))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def split_words(text: str) -> list[str]:
    """Return the folded words of a text, in order; a number is a word too."""
    return re.findall(r"\w+", fold_text(text))


def detect_language(text: str) -> str | None:
    """Return the ISO 639-1 code of the language whose stop words and characters the text has most of.

    None where no language leads: a name or a number belongs to none.
    """
    folded = split_words(text)
    unfolded = [word for word in text.lower().split() if _CURRENCY not in word]
    counts = {
        language: sum(word in stop_words for word in folded)
        + _CHARACTER_WEIGHT * sum(bool(_CHARACTERS.get(language, frozenset()) & set(word)) for word in unfolded)
        for language, stop_words in STOP_WORDS.items()
    }
    first, second = sorted(counts, key=lambda language: -counts[language])[:2]
    return first if counts[first] > counts[second] else None


class Analyzer:
    """Analyses texts of one language; an unknown language has neither stop words nor a stemmer.

    Words are folded before they are stemmed, so that "środa" and "sroda" have the same term. Stemming:
    https://snowballstem.org/algorithms/
    """

    def __init__(self, language: str | None, synonyms: Synonyms = lambda _: ()) -> None:
        self.language = language
        self._synonyms = synonyms
        self._stop_words = STOP_WORDS.get(language or "", frozenset())

    def extract_terms(self, text: str) -> list[str]:
        """Return the terms of a text, in order, repeats included; empty if it has stop words only."""
        terms: list[str] = []
        for word in split_words(text):
            synonyms = self._synonyms(word)
            if synonyms:
                terms += synonyms
            elif word not in self._stop_words and (len(word) > 1 or word.isdigit()):
                terms.append(_stem_word(word, self.language))
        return terms


@lru_cache(maxsize=_STEM_CACHE_SIZE)
def _stem_word(word: str, language: str | None) -> str:
    name = _STEMMERS.get(language or "")
    stemmed: str = _stemmers.get(name).stemWord(word) if name else word
    return stemmed


class _Stemmers(threading.local):
    """One stemmer of each language for each thread: it keeps its word, and indexes are built on threads."""

    def __init__(self) -> None:
        self.get = cache(snowballstemmer.stemmer)


_stemmers = _Stemmers()
