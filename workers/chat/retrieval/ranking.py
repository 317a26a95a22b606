"""Ranks passages against a question by BM25F with headings as fields, and computes how much of it each covers.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009),
https://www.staff.city.ac.uk/~sbrp622/papers/foundations_bm25_review.pdf
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from workers.chat.retrieval.analysis import Analyzer
from workers.chat.retrieval.markdown import Passage

K1 = 1.2
"""How soon repetitions of a term stop to count; the paper recommends 1.2 to 2."""

B = 0.3
"""How much a long passage is discounted, 0 to 1. Below the paper's 0.5 to 0.8: passages are short and of one topic."""

HEADING_WEIGHT = 3.0
"""Weight of a term in the innermost heading or a table's topic, which apply to all the text below; text has 1."""

OUTER_WEIGHT = 0.3
"""Weight of a term in an outer heading."""

MIN_IDF = 1.0
"""Lower limit in the coverage, so that a term which most passages have still counts as part of a question."""


@dataclass(frozen=True, slots=True)
class Match:
    """A passage that shares terms with a question."""

    passage: Passage
    score: float
    """BM25 times the coverage, above 0, without an upper bound; comparable within one search only."""

    terms: frozenset[str]
    """The question's terms that the passage has, at least one."""

    coverage: float
    """The part of the question's terms that the passage has, weighted by their rarity; above 0, at most 1."""


class PassageIndex:
    """Searches passages of one language. Building it takes about 50 µs a word, so build it once for many questions."""

    def __init__(self, passages: Sequence[Passage], analyzer: Analyzer) -> None:
        self._passages = tuple(passages)
        self._weights = _compute_term_weights(self._passages, analyzer)
        frequencies = Counter(term for weights in self._weights for term in weights)
        self._idf = {term: self._compute_rarity(count) for term, count in frequencies.items()}

    def search(self, terms: Sequence[str]) -> list[Match]:
        """Return all passages that share a term with a question, the best first, ties in the order of the documents.

        `terms` are the question's, by an analyzer with the same synonyms; repeats count once.
        """
        question_terms = set(terms)
        total = sum(self._compute_coverage_weight(term) for term in sorted(question_terms))
        matches: list[Match] = []
        for passage, weights in zip(self._passages, self._weights, strict=True):
            shared = frozenset(question_terms & weights.keys())
            if shared:
                ordered = sorted(shared)  # so that equal sets have equal sums
                coverage = sum(self._compute_coverage_weight(term) for term in ordered) / total
                bm25 = sum(self._idf[term] * weights[term] * (K1 + 1) / (weights[term] + K1) for term in ordered)
                matches.append(Match(passage, bm25 * coverage, shared, coverage))
        return sorted(matches, key=lambda match: -match.score)

    def _compute_rarity(self, passages_with_term: int) -> float:
        count = len(self._passages)
        return math.log(1 + (count - passages_with_term + 0.5) / (passages_with_term + 0.5))

    def _compute_coverage_weight(self, term: str) -> float:
        """Return the weight of a term in the coverage; a term that no passage has gets the highest one."""
        return max(MIN_IDF, self._idf.get(term, self._compute_rarity(0)))


def _compute_term_weights(passages: Sequence[Passage], analyzer: Analyzer) -> list[dict[str, float]]:
    """Return each passage's terms with their weighted frequencies; only the text's are discounted by its length."""
    texts = [analyzer.extract_terms(passage.text) for passage in passages]
    mean_length = sum(map(len, texts)) / max(1, len(texts)) or 1.0
    weighed: list[dict[str, float]] = []
    for passage, terms in zip(passages, texts, strict=True):
        discount = 1 - B + B * len(terms) / mean_length
        weights = {term: count / discount for term, count in Counter(terms).items()}
        fields = [(title, OUTER_WEIGHT) for title in passage.headings[:-1]]
        fields += [(title, HEADING_WEIGHT) for title in (*passage.headings[-1:], passage.topic)]
        for title, weight in fields:
            for term in set(analyzer.extract_terms(title)):
                weights[term] = weights.get(term, 0.0) + weight
        weighed.append(weights)
    return weighed
