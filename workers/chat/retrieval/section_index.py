"""Searches the sections of many documents by BM25F, in an index that is compact enough for megabytes of text.

The formula and its weights are those of `ranking.py`, which keeps a dictionary for each passage and so takes about ten
times as much memory.
"""

import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import log

from workers.chat.retrieval.analysis import Analyzer, detect_language
from workers.chat.retrieval.ranking import HEADING_WEIGHT, K1, MIN_IDF, OUTER_WEIGHT, B
from workers.chat.retrieval.sections import Section, find_title, split_sections

MAX_TERMS = 12
"""Terms of a question that are looked up, the rarest first: a long message does not take long."""

MAX_COVERED_TERMS = 60
"""Terms of a text whose coverage is computed, the first ones."""

OWN_LANGUAGE_WEIGHT = 1.5
"""How much more a section in the visitor's language counts than one that is as good in another."""

_WORD = re.compile(r"\w+")
_LANGUAGE_IN_NAME = re.compile(r"(.+)\.([a-z]{2})\.md", re.DOTALL)
LANGUAGE_SAMPLE = 2_000
"""Characters of a document that show its language."""


@dataclass(frozen=True, slots=True)
class FoundSection:
    """A section that shares terms with a question."""

    document: str
    title: str
    """Of the document."""
    headings: tuple[str, ...]
    text: str
    score: float
    """Above 0; comparable within one search."""
    matches_question: bool = True
    """Whether it shares terms with the question itself, not only with what was said before."""


def find_language(name: str, text: str) -> str | None:
    """Return the language of a document: that of its name, as in `prices.en.md`, or the one it seems to be in."""
    return split_language(name)[1] or detect_language(text[:LANGUAGE_SAMPLE])


def split_language(name: str) -> tuple[str, str | None]:
    """Return a document's name without its language, and the language: `prices` and `en` of `prices.en.md`."""
    named = _LANGUAGE_IN_NAME.fullmatch(name)
    return (named[1], named[2]) if named else (name, None)


class SectionIndex:
    """The sections of a tenant's documents. Building it takes seconds for megabytes of text; it does not change."""

    def __init__(self, documents: Mapping[str, str]) -> None:
        self._documents = documents
        self.titles = {name: find_title(name, text) for name, text in documents.items()}
        by_language: dict[str | None, list[str]] = {}
        for name, text in documents.items():
            by_language.setdefault(find_language(name, text), []).append(name)
        self._parts = [
            _LanguagePart(language, {name: documents[name] for name in names})
            for language, names in by_language.items()
        ]

    def search(self, question: str, *, earlier: str = "", language: str | None, limit: int) -> list[FoundSection]:
        """Return the best sections for a question; what was said `earlier` counts a third."""
        found: list[tuple[float, Section, bool]] = []
        for part in self._parts:
            weight = OWN_LANGUAGE_WEIGHT if part.language == language else 1.0
            found += [
                (score * weight, section, matches) for score, section, matches in part.search(question, earlier, limit)
            ]
        # Ties are in the order of the documents, whatever the order in which languages were found.
        found.sort(key=lambda one: (-one[0], one[1].document, one[1].start))
        return [
            FoundSection(
                section.document,
                self.titles[section.document],
                section.headings,
                self._documents[section.document][section.start : section.end].strip(),
                score,
                matches_question,
            )
            for score, section, matches_question in found[:limit]
        ]

    def measure_coverage(self, text: str, language: str | None) -> float:
        """Return how much of a text one section covers: the part of its terms, weighted by their rarity; 0 to 1.

        In the documents in its language; in all of them where none is.
        """
        own = [part for part in self._parts if part.language == language] or self._parts
        return max((part.measure_coverage(text) for part in own), default=0.0)


class _LanguagePart:
    """The inverted index of the documents in one language."""

    def __init__(self, language: str | None, documents: Mapping[str, str]) -> None:
        self.language = language
        self._analyzer = Analyzer(language)
        self._sections: list[Section] = []
        self._postings: dict[str, tuple[array[int], array[float]]] = {}
        terms_of: dict[str, list[str]] = {}
        lengths: array[int] = array("I")
        for name, text in documents.items():
            for section in split_sections(name, text):
                terms = self._analyze(text[section.start : section.end], terms_of)
                lengths.append(len(terms))
                self._add(len(self._sections), Counter(terms), section, terms_of)
                self._sections.append(section)
        mean = sum(lengths) / max(1, len(lengths)) or 1.0
        self._discounts = array("f", (1 - B + B * length / mean for length in lengths))

    def _analyze(self, text: str, terms_of: dict[str, list[str]]) -> list[str]:
        """Return the terms of a text; each word is folded and stemmed once, which is what takes long."""
        terms: list[str] = []
        for word in _WORD.findall(unicodedata.normalize("NFC", text).lower()):
            found = terms_of.get(word)
            if found is None:
                found = terms_of[word] = self._analyzer.extract_terms(word)
            terms += found
        return terms

    def _add(self, number: int, counts: Counter[str], section: Section, terms_of: dict[str, list[str]]) -> None:
        # A heading is in the text of its section as well; the weight counts in addition.
        weights: dict[str, float] = {term: float(count) for term, count in counts.items()}
        for title, weight in (
            *((title, OUTER_WEIGHT) for title in section.headings[:-1]),
            *((title, HEADING_WEIGHT) for title in section.headings[-1:]),
        ):
            for term in set(self._analyze(title, terms_of)):
                weights[term] = weights.get(term, 0.0) + weight
        for term, weight in weights.items():
            numbers, values = self._postings.setdefault(term, (array("I"), array("f")))
            numbers.append(number)
            values.append(weight)

    def search(self, question: str, earlier: str, limit: int) -> list[tuple[float, Section, bool]]:
        """Return the best sections with their scores, and whether they match the question itself."""
        asked = set(self._analyzer.extract_terms(question))
        weights = dict.fromkeys(self._analyzer.extract_terms(earlier), 1 / 3) | dict.fromkeys(asked, 1.0)
        known = [(self._compute_rarity(term), term) for term in weights if term in self._postings]
        scores: dict[int, float] = {}
        matching: set[int] = set()
        for rarity, term in sorted(known, key=lambda one: (-one[0] * weights[one[1]], one[1]))[:MAX_TERMS]:
            self._score(term, rarity * weights[term] * (K1 + 1), scores)
            if term in asked:
                matching.update(self._postings[term][0])
        best = sorted(scores, key=lambda number: (-scores[number], number))[:limit]
        return [(scores[number], self._sections[number], number in matching) for number in best]

    def measure_coverage(self, text: str) -> float:
        """Return how much of a text one section covers, a term that no section has included; 0 without terms."""
        terms = list(dict.fromkeys(self._analyzer.extract_terms(text)))[:MAX_COVERED_TERMS]
        weights = {term: max(MIN_IDF, self._compute_rarity(term)) for term in terms}
        covered: dict[int, float] = {}
        for term, weight in weights.items():
            for number in self._postings[term][0] if term in self._postings else ():
                covered[number] = covered.get(number, 0.0) + weight
        return max(covered.values(), default=0.0) / (sum(weights.values()) or 1.0)

    def _score(self, term: str, factor: float, scores: dict[int, float]) -> None:
        numbers, values = self._postings[term]
        discounts = self._discounts
        for number, value in zip(numbers, values, strict=True):
            frequency = value / discounts[number]
            scores[number] = scores.get(number, 0.0) + factor * frequency / (frequency + K1)

    def _compute_rarity(self, term: str) -> float:
        count = len(self._sections)
        with_term = len(self._postings[term][0]) if term in self._postings else 0
        return log(1 + (count - with_term + 0.5) / (with_term + 0.5))
