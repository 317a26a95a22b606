"""Quotes the passages that answer a question in one to three sentences."""

import re

from infra.local.bedrock.knowledge_base import KnowledgeBase, get_section_key
from workers.chat.retrieval.analysis import Analyzer
from workers.chat.retrieval.markdown import Passage
from workers.chat.retrieval.ranking import Match

_NEARLY_AS_MUCH = 0.9
_MAX_ENTRIES = 7
_MAX_SENTENCES = 3
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-ZĄĆĘŁŃÓŚŹŻÄÖÜ0-9„\"(])")


def quote_best_match(matches: list[Match], knowledge: KnowledgeBase, terms: list[str]) -> str:
    """Return the text of the best match, with what belongs to it: entries alike, or the list that it introduces."""
    best = matches[0].passage
    alike = [match.passage for match in matches if match.coverage >= _NEARLY_AS_MUCH * matches[0].coverage]
    entries = [
        one
        for one in knowledge.passages
        if one in alike and one.is_entry and get_section_key(one) == get_section_key(best)
    ]
    if entries:
        return _join_entries(best.headings[-1] if best.headings else "", entries)
    if best.text.endswith(":"):
        after = knowledge.passages[knowledge.passages.index(best) + 1 :]
        return _join_entries(
            best.text, [one for one in after if one.is_entry and get_section_key(one) == get_section_key(best)]
        )
    return _end_with_period(_select_best_sentences(best.text, set(terms), knowledge.analyzer))


def _join_entries(title: str, entries: list[Passage]) -> str:
    text = _end_with_period("; ".join(entry.text.rstrip(".;, ") for entry in entries[:_MAX_ENTRIES]))
    return text if not title or title.endswith("?") else f"{title.rstrip(':')}: {text}"


def _select_best_sentences(text: str, terms: set[str], analyzer: Analyzer) -> str:
    sentences = _SENTENCE_END.split(text)
    starts = range(max(1, len(sentences) - _MAX_SENTENCES + 1))
    runs = [" ".join(sentences[start : start + _MAX_SENTENCES]) for start in starts]
    return max(runs, key=lambda run: len(terms & set(analyzer.extract_terms(run))))


def _end_with_period(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text.rstrip(':;,')}."
