"""Who hears an answer while it streams: closed connections are left out, and new ones join."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from shared.clock import Clock
from shared.conversations.ports import Connection
from shared.conversations.replies import Replies
from shared.errors import PermanentError, TransientError
from shared.messages.commands import ChatSend
from shared.messages.server import ChatDelta, ChatDeltaData, ServerFrame, Typing

REFRESH_SECONDS = 2.0
"""Between two reads of a session's connections: an eventually consistent query of half a read unit. A visitor who
reloads the page sees the answer go on after a second on average."""

_ESTABLISHING = timedelta(seconds=10)
"""API Gateway answers 410 also before a connection is established; only a `hello` proves it earlier."""


class Listeners:
    """The connections of a session to which one answer is posted. One that is gone is not posted to again."""

    def __init__(self, command: ChatSend, connections: Sequence[Connection], *, replies: Replies, clock: Clock) -> None:
        self._command = command
        self._replies = replies
        self._clock = clock
        self._alive = list(connections)
        self._known_ids = {connection.connection_id for connection in connections}
        self._new: list[Connection] = []

    async def announce(self) -> None:
        """Post that the assistant has begun to answer."""
        await self._post(Typing(re=self._command.client_id), self._alive)

    async def post_delta(self, offset: int, text: str) -> None:
        """Post that the answer from this character on is this text."""
        await self._post(self._build_delta(offset, text), self._alive)

    async def admit(self, text: str) -> None:
        """Post to the new connections that the assistant answers, and its text so far."""
        if not self._new:
            return
        new, self._new = self._new, []
        self._alive += new
        await self._post(Typing(re=self._command.client_id), new)
        if text:
            await self._post(
                self._build_delta(0, text), [connection for connection in new if connection in self._alive]
            )

    async def find_new(self) -> bool:
        """Read the session's connections; return whether there are new ones to admit.

        Raises:
            TransientError: they could not be read.
        """
        now = self._clock.now()
        for connection in await self._replies.list_connections(self._command.session_id, may_lag=True):
            is_established = connection.locale is not None or now - connection.connected_at >= _ESTABLISHING
            if is_established and connection.connection_id not in self._known_ids:
                self._known_ids.add(connection.connection_id)
                self._new.append(connection)
        return bool(self._new)

    def _build_delta(self, offset: int, text: str) -> ChatDelta:
        return ChatDelta(re=self._command.client_id, data=ChatDeltaData(offset=offset, text=text))

    async def _post(self, frame: ServerFrame, connections: Sequence[Connection]) -> None:
        posted = await self._replies.post_frame(self._command.session_id, frame, connections)
        gone = {connection.connection_id for connection in connections}.difference(
            connection.connection_id for connection in posted
        )
        self._alive = [connection for connection in self._alive if connection.connection_id not in gone]


@asynccontextmanager
async def watch_for_listeners(listeners: Listeners, wake: Callable[[], None]) -> AsyncIterator[None]:
    """Look for new connections every `REFRESH_SECONDS` inside the `with`, and call `wake` when there are any."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            # A read that fails is repeated the next time.
            with suppress(TransientError, PermanentError):
                if await listeners.find_new():
                    wake()

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
