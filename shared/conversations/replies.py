"""Sends frames to a visitor: durable ones are stored first, then posted to every live connection."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog

from shared.claims import Claim
from shared.conversations.ports import Connection, ConnectionPoster, ConnectionStore, ConversationStore, Marker
from shared.conversations.takeover import ConversationAuditEntry, ConversationTail
from shared.conversations.waiting import WaitingVisitors
from shared.errors import PermanentError, TransientError
from shared.messages.errors import RETRYABLE, ErrorCode
from shared.messages.server import Challenge, Error, ErrorData, ServerFrame, Slot
from shared.refusal_texts import About, render_refusal

log = structlog.get_logger()


def build_refusal_frame(
    code: ErrorCode,
    *,
    re: str | None,
    locale: str,
    alternatives: Sequence[Slot] = (),
    retry_after_ms: int | None = None,
    appointment_id: str | None = None,
    about: About | None = None,
    hours: int | None = None,
    other_contact_kinds: Sequence[Literal["email", "phone"]] = (),
    question: str = "",
    phone: str = "",
    detail: str | None = None,
    challenge: Challenge | None = None,
) -> Error:
    """Return the error frame for a code, worded in the visitor's language."""
    return Error(
        re=re,
        data=ErrorData(
            code=code,
            # No other code will ever be sent for that hold, so a button to try again would be of no use.
            retryable=code in RETRYABLE and about != "last_code",
            message=render_refusal(code, locale, about, hours, question, phone=phone),
            retry_after_ms=retry_after_ms,
            detail=detail,
            alternatives=tuple(alternatives),
            appointment_id=appointment_id,
            other_contact_kinds=tuple(other_contact_kinds) or None,
            challenge=challenge,
        ),
    )


def find_refusal_code(frame: ServerFrame | None) -> str | None:
    """Return the code of a frame that refuses a command; None of any other frame."""
    return frame.data.code.value if isinstance(frame, Error) else None


@dataclass(frozen=True, slots=True)
class VisitorClient:
    """What the client of a visitor's command shows and understands."""

    locale: str
    capabilities: Collection[str] = ()


def choose_client(connections: Sequence[Connection], connection_id: str, *, otherwise: str) -> VisitorClient:
    """Return the language that the newest connection asked for, and what the client of a command understands.

    If its connection is gone, only what every other one of the session understands.
    """
    own = [one for one in connections if one.connection_id == connection_id] or connections
    return VisitorClient(
        choose_locale(connections, otherwise),
        frozenset.intersection(*(one.capabilities for one in own)) if own else frozenset(),
    )


def choose_locale(connections: Sequence[Connection], otherwise: str) -> str:
    """Return the language that the newest of a session's connections asked for."""
    return next((connection.locale for connection in connections if connection.locale), otherwise)


class Replies:
    """Sends frames to the session that a command came from.

    A connection that is gone never fails a command: its frames wait for the next `hello`.
    """

    def __init__(
        self,
        *,
        conversations: ConversationStore,
        connections: ConnectionStore,
        poster: ConnectionPoster,
    ) -> None:
        self._conversations = conversations
        self._connections = connections
        self._poster = poster
        self.waiting = WaitingVisitors(poster)
        """Those who are told when an answer takes longer."""

    async def store_and_post(
        self,
        session_id: str,
        frame: ServerFrame,
        *,
        claim: Claim,
        marker: Marker = "outcome",
        tenant: str | None = None,
    ) -> ServerFrame:
        """Store a frame as the session's next and post it; return it with its number.

        With `tenant`, the conversation is one of those that the owner sees on the page of the day.

        Raises:
            LeaseLostError: the command is another worker's; nothing was stored or posted.
        """
        stored = await self._conversations.append(session_id, frame, claim=claim, marker=marker, tenant=tenant)
        await self._post_stored(session_id, stored)
        return stored

    async def store_in_steps_and_post(
        self,
        session_id: str,
        frame: ServerFrame,
        *,
        claim: Claim,
        after: ConversationTail | None = None,
        marker: Marker = "outcome",
        tenant: str | None = None,
        on_stored: Callable[[ServerFrame], None] | None = None,
    ) -> ServerFrame:
        """Do the same in steps: for a frame that is as true when another worker goes on (`append_in_steps`).

        Raises:
            LeaseLostError: the command is another worker's; nothing was posted.
        """
        stored = await self._conversations.append_in_steps(
            session_id, frame, claim=claim, marker=marker, after=after, tenant=tenant, on_stored=on_stored
        )
        await self._post_stored(session_id, stored)
        return stored

    async def get_tail(self, session_id: str, limit: int = 1) -> ConversationTail:
        """Return the last frame, for `store_in_steps_and_post`: read early, it costs no time at the end."""
        return await self._conversations.get_tail(session_id, limit)

    async def list_last_frames(self, session_id: str, limit: int) -> Sequence[ServerFrame]:
        """Return the last frames of a conversation, oldest first."""
        return (await self._conversations.get_tail(session_id, limit)).frames

    async def recover_outcome(self, session_id: str, *, claim: Claim) -> ServerFrame | None:
        """Post the outcome that an earlier worker stored in steps without ending the command, and end it.

        Raises:
            LeaseLostError: the command is another worker's; nothing was posted.
        """
        stored = await self._conversations.recover_frame(session_id, claim=claim, marker="outcome")
        if stored is not None:
            await self._post_stored(session_id, stored)
        return stored

    async def record_action(
        self, session_id: str, frame: ServerFrame, *, claim: Claim, entry: ConversationAuditEntry, tenant: str
    ) -> ServerFrame | None:
        """Store and post a staff member's frame; None where the action changes nothing.

        Raises:
            LeaseLostError: the command is another's; nothing was stored or posted.
        """
        stored = await self._conversations.record_action(session_id, frame, claim=claim, entry=entry, tenant=tenant)
        if stored is not None:
            await self._post_stored(session_id, stored)
        return stored

    async def leave_to_staff(
        self, session_id: str, first: ServerFrame, further: ServerFrame, *, claim: Claim
    ) -> ServerFrame | None:
        """Store and post that staff read a message: `first`, or `further`; None if no takeover is active.

        Raises:
            LeaseLostError: the command is another worker's; nothing was stored or posted.
        """
        stored = await self._conversations.leave_to_staff(session_id, first, further, claim=claim)
        if stored is not None:
            await self._post_stored(session_id, stored)
        return stored

    async def _post_stored(self, session_id: str, stored: ServerFrame) -> None:
        try:
            # Read after the store: whoever registers later finds the frame with its `hello`.
            await self.post_frame(session_id, stored, await self._connections.list_connections(session_id))
        except (TransientError, PermanentError) as error:
            # The work is done and kept; what could not be posted waits for the next `hello`.
            log.warning("frame_not_posted", seq=stored.seq, error=str(error))

    async def repost_frame(self, session_id: str, seq: int | None) -> ServerFrame | None:
        """Post a frame that was stored before, and return it; without a number there is none."""
        if seq is None:
            return None
        frame = await self._conversations.get_frame(session_id, seq)
        if frame is not None:
            await self.post_frame(session_id, frame, await self._connections.list_connections(session_id))
        return frame

    async def list_connections(self, session_id: str, *, may_lag: bool = False) -> Sequence[Connection]:
        """Return where the session listens right now, for `post`; with `may_lag`, or a moment ago."""
        connections = await self._connections.list_connections(session_id, may_lag=may_lag)
        self.waiting.note_connections(session_id, connections)
        return connections

    async def post_frame(
        self, session_id: str, frame: ServerFrame, connections: Sequence[Connection]
    ) -> Sequence[Connection]:
        """Post a frame to the given connections side by side; forget those that are gone, and return the others."""
        self.waiting.note_frame(session_id, frame)
        text = frame.to_wire_text()
        posts = [self._poster.post(connection.connection_id, text) for connection in connections]
        # Most visitors have one tab, and a task for it would cost a quarter of the post.
        alive = [await posts[0]] if len(posts) == 1 else await asyncio.gather(*posts)
        for connection, is_alive in zip(connections, alive, strict=True):
            if not is_alive:
                await self._remove_connection(session_id, connection)
        return [connection for connection, is_alive in zip(connections, alive, strict=True) if is_alive]

    async def end_connections(self, session_id: str, frame: ServerFrame) -> None:
        """Post the last frame of a session to its connections, close them and forget them.

        Raises:
            TransientError: the connections can't be read; some may be closed.
        """
        while connections := await self._connections.list_connections(session_id):
            await self.post_frame(session_id, frame, connections)
            await asyncio.gather(*(self._poster.close(connection.connection_id) for connection in connections))
            forgotten = [self._connections.forget(session_id, one.connection_id) for one in connections]
            await asyncio.gather(*forgotten)

    async def _remove_connection(self, session_id: str, connection: Connection) -> None:
        try:
            await self._connections.remove(session_id, connection.connection_id)
        except TransientError as error:
            # The next post finds it gone again; the other connections have the frame.
            log.warning("connection_kept", connection_id=connection.connection_id, error=str(error))

    async def post_to(self, connection_id: str, frame: ServerFrame) -> None:
        """Post a frame that is not stored to one connection; no table is read or written."""
        await self._poster.post(connection_id, frame.to_wire_text())

    async def find_locale(self, session_id: str, otherwise: str) -> str:
        """Return the language that the newest connection asked for, long before this command."""
        return choose_locale(await self._connections.list_connections(session_id, may_lag=True), otherwise)
