"""What booking answers to the assistant, in memory."""

import asyncio
from collections.abc import Sequence

from shared.messages.answers import QueryAnswer
from shared.messages.commands import TimesQuery, VisitsQuery
from workers.chat.adapters.queued_queries import ANSWER_SECONDS, SHORTEST_WAIT_SECONDS
from workers.chat.domain.tool import ToolContext


class FakeBookingQueries:
    """A `BookingQueries` that gives the answers in their order, and the last one again and again.

    None stands for an answer that never comes; an exception, which stands for a bug, is raised.
    """

    def __init__(self, *answers: QueryAnswer | Exception | None) -> None:
        self.answers: Sequence[QueryAnswer | Exception | None] = answers or (None,)
        self.asked: list[TimesQuery | VisitsQuery] = []

    async def ask(self, query: TimesQuery | VisitsQuery, context: ToolContext) -> QueryAnswer | None:
        """Return the next answer; None after the time in which one may come."""
        left = context.deadline.remaining(asyncio.get_running_loop().time())
        if left < SHORTEST_WAIT_SECONDS:
            return None
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(query)
        if answer is None:
            await asyncio.sleep(min(ANSWER_SECONDS, left))
        if isinstance(answer, Exception):
            raise answer
        return answer
