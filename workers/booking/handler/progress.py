"""Tells a visitor whose command takes longer than usual that it is still being carried out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from shared.claims import Claim
from shared.clock import Clock
from shared.conversations.ports import Connection
from shared.conversations.replies import Replies
from shared.messages.commands import BookingLookup, BookingSlots
from shared.messages.server import PROGRESS, Progress
from workers.booking.handler.case import VisitorCommand

FIRST_AFTER = timedelta(seconds=4)
"""Counted from the acceptance of the command, as visitors wait; most commands take half a second."""

NEXT_AFTER = timedelta(seconds=10)


class SlowCommand:
    """One command that may take long, and where its visitor listens."""

    def __init__(self, command: VisitorCommand, claim: Claim, *, replies: Replies, clock: Clock) -> None:
        self._command = command
        self._claim = claim
        self._replies = replies
        self._clock = clock
        self._connections: asyncio.Future[Sequence[Connection]] = asyncio.get_running_loop().create_future()

    def set_connections(self, connections: Sequence[Connection]) -> None:
        """Take the connections, which the command reads anyway."""
        if not self._connections.done():
            self._connections.set_result(connections)

    async def report(self) -> None:
        """Post the frame when it is due, until cancelled."""
        waited = self._clock.now() - self._command.accepted_at
        due = FIRST_AFTER
        if not self._claim.is_first:
            # The attempt before has reported what was due in its time.
            while due < waited:
                due += NEXT_AFTER
        while True:
            await asyncio.sleep(max(0.0, (due - waited).total_seconds()))
            connections = await self._connections
            able = [connection for connection in connections if PROGRESS in connection.capabilities]
            await self._replies.post_frame(self._command.session_id, Progress(re=self._command.client_id), able)
            waited = max(waited, due)
            due = waited + NEXT_AFTER


@asynccontextmanager
async def report_progress(
    command: VisitorCommand, claim: Claim, *, replies: Replies, clock: Clock
) -> AsyncIterator[SlowCommand]:
    """Report in the background inside the `with`; an error of a post ends the reports.

    Nobody waits for a replay, and a query is answered before a report would help.
    """
    slow = SlowCommand(command, claim, replies=replies, clock=clock)
    if command.replay or isinstance(command, BookingSlots | BookingLookup):
        yield slow
        return
    task = asyncio.create_task(slow.report())
    try:
        yield slow
    finally:
        task.cancel()
        with suppress(Exception, asyncio.CancelledError):
            await task
