"""Counts a question that the documents do not answer, after its answer was stored."""

import asyncio
from collections.abc import Mapping

import structlog

from shared.clock import Clock
from shared.messages.commands import ChatSend
from shared.spending.rules import find_local_day
from shared.tenants.profile import TenantProfile
from shared.unanswered import UnansweredQuestions
from workers.chat.domain.unanswered import build_question, choose_language, index_profile, is_covered, is_question
from workers.chat.handler.answer import Answer
from workers.chat.handler.knowledge_search import KnowledgeSearch

log = structlog.get_logger()

TIMEOUT_SECONDS = 5.0
"""The visitor has the answer, but the next message waits."""


class UnansweredRecorder:
    """Looks at a question and its answer; calls the table only if the question counts."""

    def __init__(self, *, questions: UnansweredQuestions, knowledge: KnowledgeSearch, clock: Clock) -> None:
        self._questions = questions
        self._knowledge = knowledge
        self._clock = clock

    async def record(
        self,
        command: ChatSend,
        profile: TenantProfile,
        answer: Answer,
        *,
        documents: Mapping[str, str],
        language: str,
    ) -> None:
        """Count the question if nothing that the assistant knows answers it; a failure is only logged."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._record(command, profile, answer, documents, language)
        except Exception as error:  # noqa: BLE001 - the answer is stored: whatever fails here must not fail the message
            log.warning("unanswered_not_counted", error=type(error).__name__)

    async def _record(
        self,
        command: ChatSend,
        profile: TenantProfile,
        answer: Answer,
        documents: Mapping[str, str],
        language: str,
    ) -> None:
        text = command.data.text
        if not _may_count(answer) or not is_question(text):
            return
        language = choose_language(text, language)
        question = build_question(text, language)
        if question is None:
            return
        index = await self._knowledge.get_index(command.tenant, documents)
        if is_covered(index, text, answer.text.text, language):
            return
        if is_covered(index_profile(profile, language), text, answer.text.text, language):
            return
        now = self._clock.now()
        await self._questions.count_question(command.tenant, find_local_day(profile, now), question, now=now)
        log.info("question_unanswered", tenant=command.tenant)


def _may_count(answer: Answer) -> bool:
    """Whether the model has answered in words: not with a tool, and nobody has stopped or cut it."""
    is_complete = answer.stop_reason is not None and answer.ending == "complete" and not answer.stopped
    return is_complete and bool(answer.text.text) and not (answer.actions or answer.has_tool_results)
