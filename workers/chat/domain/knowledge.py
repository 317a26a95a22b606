"""What of a business's documents a prompt takes: all of a small base, the passages that match of a larger one.

A small base is a prefix that is the same, byte by byte, for each message of each visitor with the same language, so
that it is read from the model's cache. Visitors with different languages share none: the documents in their own come
first, because a model weighs the beginning more. A language that no document is in shares the order of the names.

A document that is a translation of one in the visitor's language is not needed, and left out: a prompt with both costs
twice as much (`docs/decisions/0056-translations.md`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from shared.language_models.tokens import estimate_tokens
from workers.chat.retrieval.section_index import LANGUAGE_SAMPLE, FoundSection, find_language, split_language

WHOLE_TOKENS = 20_000
"""Estimated tokens of the largest base that is put whole into the prompt: 40 KB."""

PASSAGE_TOKENS = 4_000
"""Estimated tokens of the passages of a larger one."""

SHORTEST_TRANSLATION = 0.7
"""Of the characters of a document: what is shorter is a summary, and does not stand for the document."""

MAX_PASSAGES = 10
MAX_SOURCES = 3
_NEARLY_AS_GOOD = 0.6
"""A passage whose score is this part of the best one's is named as a source."""


@dataclass(frozen=True, slots=True)
class PromptKnowledge:
    """The documents of a prompt."""

    documents: tuple[tuple[str, str], ...] = ()
    """Name and text of each, if the prompt has them as a whole."""
    translations: tuple[tuple[str, str], ...] = ()
    """Documents that say the same as others in another language; only in a prompt that is too short to be cached."""
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


def take_whole(documents: Mapping[str, str], language: str | None) -> PromptKnowledge:
    """Return all documents of a base for a visitor's language, translations of those that are in it set apart.

    `prices.pl.md` is a translation of `prices.en.md`. A language that no document is in has no translations.
    """
    ordered = order_documents(documents, language)
    named = [(*split_language(name), (name, text)) for name, text in ordered]
    own = {stem: len(document[1]) for stem, found, document in named if found and found == language}
    translations = tuple(
        document
        for stem, found, document in named
        if found not in {None, language} and stem in own and own[stem] >= SHORTEST_TRANSLATION * len(document[1])
    )
    return PromptKnowledge(tuple(one for one in ordered if one not in translations), translations)


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
