"""Answers a question from the documents, or reports that they have no answer."""

import re
from datetime import date

from infra.local.bedrock.intents import is_continuation
from infra.local.bedrock.knowledge_base import KnowledgeBase
from infra.local.bedrock.quotes import quote_best_match
from infra.local.bedrock.tool_input import find_relative_day
from infra.local.bedrock.vocabulary import WEEKDAYS
from workers.chat.retrieval.ranking import Match

_MAX_QUOTES = 2
_SENTENCE = re.compile(r"[^.?!\n]+[.?!\n]*")


class Facts:
    """Finds the passages of the documents that answer a message."""

    def __init__(self, knowledge: KnowledgeBase, today: date | None) -> None:
        self.knowledge = knowledge
        self._today = today

    def quote_passages(self, texts: list[str]) -> str | None:
        """Return the passages that answer the newest of a visitor's messages, or None.

        Of several questions in one message each is answered, up to two. A message that no passage covers is
        searched sentence by sentence.
        """
        sentences = [sentence.strip() for sentence in _SENTENCE.findall(texts[0]) if sentence.strip()]
        questions = [sentence for sentence in sentences if sentence.endswith("?")]
        for parts in (questions if len(questions) > 1 else [], [texts[0]], questions, sentences):
            quotes = list(dict.fromkeys(filter(None, (self._quote_passages(part, texts[1:]) for part in parts))))
            if quotes:
                return " ".join(quotes[:_MAX_QUOTES])
        return None

    def extract_terms(self, text: str) -> list[str]:
        """Return what a message is searched by; "tomorrow" is a day of the week if it asks for opening hours alone."""
        terms = self.knowledge.extract_terms(text)
        day = find_relative_day(text, self._today)
        return [*terms, WEEKDAYS[day.weekday()]] if day and set(terms) <= {"hours"} else terms

    def _quote_passages(self, text: str, earlier: list[str]) -> str | None:
        matches = self._find_passages([text, *earlier])
        return quote_best_match(matches, self.knowledge, self.extract_terms(text)) if matches else None

    def _find_passages(self, texts: list[str]) -> list[Match]:
        """Search a message that continues the previous one first in the section that answered the previous one."""
        text, *earlier = texts
        terms = self.extract_terms(text)
        if not terms:
            return []
        before = self._find_passages(earlier) if earlier and (is_continuation(text) or len(set(terms)) == 1) else []
        return (
            self.knowledge.find_passages(terms, within=before[0]) if before else []
        ) or self.knowledge.find_passages(terms)
