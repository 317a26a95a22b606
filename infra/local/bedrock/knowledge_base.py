"""The documents of a prompt: which of them a visitor reads, and the passages that answer a question."""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

from infra.local.bedrock.vocabulary import BEGINNINGS, ConceptAnalyzer, find_concepts
from workers.chat.retrieval.analysis import detect_language, split_words
from workers.chat.retrieval.markdown import Passage, split_passages
from workers.chat.retrieval.ranking import Match, PassageIndex
from workers.chat.retrieval.spelling import correct_word
from workers.chat.retrieval.stop_words import STOP_WORDS

_DOCUMENT = re.compile(r"<document\b[^>]*?\bname=\"([^\"]*)\"[^>]*>(.*?)</document>", re.DOTALL)
_MIN_COVERAGE = 0.5  # of a question that one word of a passage covers
_MIN_COVERAGE_BY_SEVERAL = 0.4  # two words together are seldom there by chance
_MAX_CORRECTED_WORDS = 40  # a longer text has what it asks in other words too
_BEGINNING = 5  # characters that inflected forms of a word share
_KEPT_PROMPTS = 4


class PassageSet:
    """The passages of the documents in one language."""

    def __init__(self, passages: tuple[Passage, ...], language: str | None) -> None:
        self.passages = passages
        self.index = PassageIndex(passages, ConceptAnalyzer(language))
        self.words = [word for passage in passages for word in split_words(" ".join((passage.text, *passage.headings)))]


class KnowledgeBase:
    """The passages in the visitor's language; in English, or in any other, where there are none."""

    def __init__(self, facts_text: str, texts: list[str]) -> None:
        """Read the documents; `texts` are the visitor's messages, the newest first, and show the language."""
        # A prompt may quote a document more than once.
        sets = _build_passage_sets(tuple(dict.fromkeys(_DOCUMENT.findall(facts_text))))
        detected = next(filter(None, map(detect_language, texts)), None)
        self.language = detected or _guess_language(split_words(" ".join(texts)), sets)
        self.analyzer = ConceptAnalyzer(self.language)
        chosen = next((choice for choice in (self.language, "en", *sets) if choice in sets), None)
        chosen_set = sets.get(chosen) or PassageSet((), None)
        self.passages, self._index = chosen_set.passages, chosen_set.index
        self._vocabulary = BEGINNINGS | STOP_WORDS.get(self.language, frozenset()) | set(chosen_set.words)

    @property
    def titles(self) -> list[str]:
        """Return the titles of the documents."""
        return list(dict.fromkeys(passage.headings[0] for passage in self.passages if passage.headings))

    def extract_terms(self, text: str) -> list[str]:
        """Return the search terms of a message, with typing errors corrected."""
        typed = split_words(text)
        if len(typed) <= _MAX_CORRECTED_WORDS:
            text = " ".join(word if find_concepts(word) else correct_word(word, self._vocabulary) for word in typed)
        terms = self.analyzer.extract_question_terms(text)
        # A number that no document has, or of one digit, is a date, an age or an amount of the visitor's own.
        return [term for term in terms if not term.isdigit() or (len(term) > 1 and term in self._vocabulary)] or terms

    def find_passages(self, terms: list[str], *, within: Match | None = None) -> list[Match]:
        """Return the passages that cover enough of a question, the best first.

        `within` is the best match of the question before: only its section is searched.
        """
        return [
            match
            for match in self._index.search(terms)
            if match.coverage >= (_MIN_COVERAGE if len(match.terms) == 1 else _MIN_COVERAGE_BY_SEVERAL)
            and (within is None or get_section_key(match.passage) == get_section_key(within.passage))
        ]

    def find_contact_passage(self) -> str | None:
        """Return the passage with the contact details of the business, or None."""
        return next((match.passage.text for match in self._index.search(["phone", "email"])), None)


def get_section_key(passage: Passage) -> tuple[str, int]:
    """Return a key that passages of the same section share."""
    return passage.document, passage.section


@lru_cache(maxsize=_KEPT_PROMPTS)
def _build_passage_sets(documents: tuple[tuple[str, str], ...]) -> Mapping[str | None, PassageSet]:
    by_language: dict[str | None, list[Passage]] = defaultdict(list)
    for name, body in documents:
        by_language[detect_language(body)] += split_passages(name, body)
    return {language: PassageSet(tuple(passages), language) for language, passages in by_language.items()}


def _guess_language(requested: list[str], sets: Mapping[str | None, PassageSet]) -> str:
    """Return the language whose documents contain most of the words, for a message without a recognisable language."""
    beginnings = tuple(word[:_BEGINNING] for word in requested)
    counts = {
        language: sum(word.startswith(beginnings) for word in chosen_set.words)
        for language, chosen_set in sets.items()
        if language
    }
    return max(counts, key=lambda language: counts[language]) if any(counts.values()) else "en"
