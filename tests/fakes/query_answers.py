"""Answers to the assistant's queries, in memory."""

import asyncio

from shared.messages.answers import QUERY_ANSWER, QueryAnswer


class FakeAnswers:
    """A `QueryAnswers` that keeps the texts of the answers."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.errors: list[Exception | None] = []
        """Each is raised by one of the next calls; None lets a call succeed."""

    async def put(self, query_id: str, answer: QueryAnswer) -> None:
        """Store an answer; another one to the same query replaces it."""
        await self._reach()
        self.texts[query_id] = answer.model_dump_json()

    async def find(self, query_id: str) -> QueryAnswer | None:
        """Return the answer if it is there."""
        await self._reach()
        text = self.texts.get(query_id)
        return QUERY_ANSWER.validate_json(text) if text else None

    async def _reach(self) -> None:
        await asyncio.sleep(0)
        if self.errors and (error := self.errors.pop(0)):
            raise error
