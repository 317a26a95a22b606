"""Asks the booking worker by a message on its queue, and waits for the answer in a table."""

import asyncio

import structlog

from shared.answers import QueryAnswers
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, describe_error
from shared.messages.answers import QueryAnswer
from shared.messages.commands import BookingQuery, TimesQuery, VisitsQuery
from shared.queues import InternalCommandQueue
from workers.chat.domain.tool import ToolContext

log = structlog.get_logger()

ANSWER_SECONDS = 3.0
"""How long an answer is waited for in all. A visitor waits meanwhile, and can look into the form instead."""

SHORTEST_WAIT_SECONDS = 0.2
"""With less time left nothing is asked: no answer comes within it."""

_FIRST_PAUSE_SECONDS, _LAST_PAUSE_SECONDS, _GROWTH = 0.05, 0.3, 1.5
"""Between two reads of the table: at most 15 in all, of one read unit each."""


class QueuedBookingQueries:
    """A `BookingQueries` whose messages have a group each, so that none waits for another message."""

    def __init__(self, *, commands: InternalCommandQueue, answers: QueryAnswers, clock: Clock) -> None:
        self._commands = commands
        self._answers = answers
        self._clock = clock

    async def ask(self, query: TimesQuery | VisitsQuery, context: ToolContext) -> QueryAnswer | None:
        """Send the query, and read the table until its answer is there or the time is over."""
        loop, asked = asyncio.get_running_loop(), context.command
        end = min(loop.time() + ANSWER_SECONDS, context.deadline.at)
        if end - loop.time() < SHORTEST_WAIT_SECONDS:
            return None
        try:
            async with asyncio.timeout_at(end):
                message = BookingQuery(
                    id=context.call_id,
                    tenant=asked.tenant,
                    session_id=asked.session_id,
                    accepted_at=self._clock.now(),
                    locale=asked.locale,
                    data=query,
                )
                await self._commands.put(message, group=f"query#{context.call_id}")
                return await self._wait_for_answer(context.call_id)
        except (TimeoutError, TransientError, PermanentError) as error:
            log.warning("query_unanswered", about=query.about, error=describe_error(error))
            return None

    async def _wait_for_answer(self, query_id: str) -> QueryAnswer:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            await asyncio.sleep(pause)
            if answer := await self._answers.find(query_id):
                return answer
            pause = min(pause * _GROWTH, _LAST_PAUSE_SECONDS)
