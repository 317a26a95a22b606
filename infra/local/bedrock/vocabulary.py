"""Extracts the terms of a message, with synonyms merged into concepts (`concepts.yaml`)."""

import re
from pathlib import Path

import yaml

from workers.chat.retrieval.analysis import Analyzer, fold_text

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""The concepts of the days, in the order of `date.weekday()`."""

_WEAK = {"where": "address", "when": "hours", "visit": "visit"}
"""Concepts that count only in a question that names nothing else, and what they ask for then."""

_WHOLE_WORD_BELOW = 5


def find_concepts(word: str) -> tuple[str, ...]:
    """Return the concepts that a folded word belongs to: those of its longest beginning that has any."""
    for length in range(len(word), 0, -1):
        if (length >= _WHOLE_WORD_BELOW or length == len(word)) and word[:length] in _CONCEPTS:
            return _CONCEPTS[word[:length]]
    return ()


class ConceptAnalyzer(Analyzer):
    """Analyses texts of one language with the concepts as synonyms."""

    def __init__(self, language: str | None) -> None:
        super().__init__(language, synonyms=find_concepts)

    def extract_terms(self, text: str) -> list[str]:
        """Return the terms of a text, phrases of several words as one."""
        plain = fold_text(text)
        for pattern, concept in _PHRASES:
            plain = pattern.sub(f" {concept} ", plain)
        return super().extract_terms(plain)

    def extract_question_terms(self, text: str) -> list[str]:
        """Return the search terms of a question."""
        terms = self.extract_terms(text)
        return [term for term in terms if term not in _WEAK] or [_WEAK[term] for term in terms]


def _load_vocabulary() -> tuple[dict[str, tuple[str, ...]], list[tuple[re.Pattern[str], str]]]:
    data = yaml.load(Path(__file__).with_name("concepts.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    concepts: dict[str, tuple[str, ...]] = {}
    for concept, beginnings in data["concepts"].items():
        for beginning in beginnings.split():
            concepts[beginning] = (*concepts.get(beginning, ()), concept)
    phrases = [(re.compile(rf"\b(?:{pattern})(?!\w)"), concept) for concept, pattern in data["phrases"].items()]
    return concepts, phrases


_CONCEPTS, _PHRASES = _load_vocabulary()
BEGINNINGS = frozenset(_CONCEPTS)
"""All prefixes of the words of a concept."""
