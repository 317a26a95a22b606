"""Tells visitors who hear nothing for a while that their command is still being carried out.

It needs no table: the command names the connection that it came over, and what its client understands. So a visitor
hears something although every read fails.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from shared.conversations.ports import Connection, ConnectionPoster
from shared.messages.commands import Envelope
from shared.messages.notices import SendCode
from shared.messages.server import PROGRESS, ChatDelta, ChatSent, Progress, ProgressData, ServerFrame, Typing

REPEATED_AFTER = timedelta(seconds=10)
"""Between two frames about the same command."""

_LAST_POST_SECONDS = 2.0
"""How long the end of an attempt waits for a frame that is being posted."""

_MAX_REMEMBERED = 1000
"""Commands of which a report is remembered until their next attempt."""


@dataclass(slots=True)
class _Wait:
    """Something that a visitor waits for; times are the event loop's, in seconds."""

    key: str
    """Of the message, in all attempts."""
    session_id: str
    client_id: str
    own_connection: str | None
    """The connection that the command came over, if its client knows the frame."""
    frame: Progress
    first_seconds: float = 0.0
    quiet_since: float = 0.0
    reported_at: float = -math.inf
    connections: Collection[str] | None = None
    """Those of clients that know the frame, once somebody has read them."""
    gone: set[str] = field(default_factory=set)
    has_ended: bool = False
    is_overdue: bool = False
    """Whether a frame is due and nobody is known who understands it."""
    timer: asyncio.TimerHandle | None = None
    post: asyncio.Task[None] | None = None

    @property
    def due(self) -> float:
        return max(self.quiet_since + self.first_seconds, self.reported_at + REPEATED_AFTER.total_seconds())

    def list_receivers(self) -> Collection[str]:
        """Return the connections to post to: the command's own is known before any other."""
        receivers = set(self.connections or ())
        if self.own_connection:
            receivers.add(self.own_connection)
        return receivers - self.gone


class WaitingVisitors:
    """The commands of one process that have no answer yet; used from its event loop."""

    def __init__(self, poster: ConnectionPoster) -> None:
        self._poster = poster
        self._waits: dict[str, dict[str, _Wait]] = {}
        """By session and client id."""
        self._reported: dict[str, float] = {}

    @asynccontextmanager
    async def watch(self, command: Envelope, *, waited: timedelta, first_after: timedelta) -> AsyncIterator[None]:
        """Report in the background inside the `with`: after `first_after` without words, and every ten seconds.

        `waited` is the time since the acceptance of the command, which counts. Nobody waits for a replay or an
        internal command. An error of a post changes nothing.
        """
        if command.replay or not command.client_id:
            yield
            return
        own = command.connection_id if PROGRESS in command.capabilities else None
        frame = Progress(re=command.client_id)
        async with self._watch(
            _Wait(command.id, command.session_id, command.client_id, own, frame), waited=waited, first_after=first_after
        ):
            yield

    @asynccontextmanager
    async def watch_code(self, notice: SendCode, *, waited: timedelta, first_after: timedelta) -> AsyncIterator[None]:
        """Do the same about a code, whose command may have its answer already."""
        client = notice.waiting
        if notice.replay or client is None:
            yield
            return
        frame = Progress(re=client.client_id, data=ProgressData(appointment_id=notice.data.appointment_id))
        wait = _Wait(notice.id, notice.session_id, f"code of {client.client_id}", client.connection_id, frame)
        async with self._watch(wait, waited=waited, first_after=first_after):
            yield

    @asynccontextmanager
    async def _watch(self, wait: _Wait, *, waited: timedelta, first_after: timedelta) -> AsyncIterator[None]:
        self._begin(wait, waited.total_seconds(), first_after.total_seconds())
        try:
            yield
        except asyncio.CancelledError:
            wait.has_ended = True
            raise
        finally:
            await self._end(wait)

    def note_frame(self, session_id: str, frame: ServerFrame) -> None:
        """Take notice of a frame that is posted: words begin the time again, and an answer ends the reports."""
        wait = self._waits.get(session_id, {}).get(frame.re or "")
        if wait and not isinstance(frame, ChatSent | Typing):
            wait.quiet_since = asyncio.get_running_loop().time()
            wait.has_ended = not isinstance(frame, ChatDelta)

    def note_connections(self, session_id: str, connections: Sequence[Connection]) -> None:
        """Take notice of the connections of a session, which somebody has read."""
        for wait in self._waits.get(session_id, {}).values():
            wait.connections = {one.connection_id for one in connections if PROGRESS in one.capabilities}
            if wait.is_overdue:
                self._begin_report(wait)

    def _begin(self, wait: _Wait, waited: float, first_seconds: float) -> None:
        wait.first_seconds = first_seconds
        wait.quiet_since = asyncio.get_running_loop().time() - max(0.0, waited)
        wait.reported_at = self._reported.pop(wait.key, -math.inf)
        self._waits.setdefault(wait.session_id, {})[wait.client_id] = wait
        self._schedule(wait)

    async def _end(self, wait: _Wait) -> None:
        """Stop the reports. A frame that is being posted is finished if the attempt brought nothing else."""
        if wait.timer:
            wait.timer.cancel()
        if (waits := self._waits.get(wait.session_id)) and waits.get(wait.client_id) is wait:
            del waits[wait.client_id]
            if not waits:
                del self._waits[wait.session_id]
        if wait.post and not wait.post.done():
            if not wait.has_ended:
                await asyncio.wait([wait.post], timeout=_LAST_POST_SECONDS)
            wait.post.cancel()
            with suppress(asyncio.CancelledError):
                await wait.post
        if not wait.has_ended and wait.reported_at > -math.inf:
            while len(self._reported) >= _MAX_REMEMBERED:
                del self._reported[next(iter(self._reported))]
            self._reported[wait.key] = wait.reported_at

    def _schedule(self, wait: _Wait) -> None:
        loop = asyncio.get_running_loop()
        if wait.due > loop.time():
            wait.timer = loop.call_at(wait.due, self._begin_report, wait)
        else:
            self._begin_report(wait)

    def _begin_report(self, wait: _Wait) -> None:
        loop = asyncio.get_running_loop()
        if wait.has_ended:
            return
        if wait.due > loop.time():
            self._schedule(wait)
            return
        receivers = wait.list_receivers()
        wait.is_overdue = not receivers
        if receivers:
            wait.reported_at = loop.time()
            wait.post = loop.create_task(self._report(wait, receivers))

    async def _report(self, wait: _Wait, receivers: Collection[str]) -> None:
        text = wait.frame.to_wire_text()
        for connection_id in receivers:
            with suppress(Exception):
                if not await self._poster.post(connection_id, text):
                    wait.gone.add(connection_id)
        self._schedule(wait)
