"""What of a business's documents a prompt takes: all of a small base, the passages that match of a larger one.

A small base is a prefix that is the same, byte by byte, for each message of each visitor with the same language, so
that it is read from the model's cache. Visitors with different languages share none: the documents in their own come
first, because a model weighs the beginning more. A language that no document is in shares the order of the names.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from shared.language_models.tokens import estimate_tokens
from workers.chat.retrieval.section_index import LANGUAGE_SAMPLE, FoundSection, find_language

WHOLE_TOKENS = 20_000
"""Estimated tokens of the largest base that is put whole into the prompt: 40 KB."""

PASSAGE_TOKENS = 4_000
"""Estimated tokens of the passages of a larger one."""

MAX_PASSAGES = 10
MAX_SOURCES = 3
_NEARLY_AS_GOOD = 0.6
"""A passage whose score is this part of the best one's is named as a source."""


@dataclass(frozen=True, slots=True)
class PromptKnowledge:
    """The documents of a prompt."""

    documents: tuple[tuple[str, str], ...] = ()
    """Name and text of each, if all of them are in the prompt."""
    titles: tuple[str, ...] = ()
    """Of a base that is searched."""
    passages: tuple[FoundSection, ...] = ()
    """What was found in it, the best first."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the titles of the documents with the best passages for the message itself."""
        matching = [found for found in self.passages if found.matches_question]
        near = (found.title for found in matching if found.score >= _NEARLY_AS_GOOD * matching[0].score)
        return tuple(dict.fromkeys(near))[:MAX_SOURCES]


def fits_whole(documents: Mapping[str, str]) -> bool:
    """Return whether all documents are put into the prompt."""
    # The texts of a large base are only counted, not encoded: this runs for each message.
    return sum(map(len, documents.values())) <= 2 * WHOLE_TOKENS and (
        sum(estimate_tokens(text) for text in documents.values()) <= WHOLE_TOKENS
    )


def order_documents(documents: Mapping[str, str], language: str | None) -> tuple[tuple[str, str], ...]:
    """Return the documents by name, those in the visitor's language first."""

    def sort_key(item: tuple[str, str]) -> tuple[bool, str]:
        name, text = item
        return language is None or _find_language(name, text[:LANGUAGE_SAMPLE]) != language, name

    return tuple(sorted(documents.items(), key=sort_key))


_find_language = lru_cache(maxsize=256)(find_language)


def select_passages(found: Sequence[FoundSection]) -> tuple[FoundSection, ...]:
    """Return the best passages within `PASSAGE_TOKENS`; always the first one."""
    return tuple(_take_within_budget(found))


def _take_within_budget(found: Iterable[FoundSection]) -> Iterable[FoundSection]:
    tokens = 0
    for section in found:
        tokens += estimate_tokens(section.text)
        if tokens > PASSAGE_TOKENS and tokens != estimate_tokens(section.text):
            return
        yield section
